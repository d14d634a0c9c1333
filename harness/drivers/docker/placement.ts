// Which engine holds which node. `--engines a,b,c` spreads the nodes in turn; `node1=a` puts one there.
import {type Endpoint, EndpointError, endpointFor} from './endpoint.ts'

export interface Placement {
  /** Every engine once, in the order in which they were named. */
  readonly endpoints: readonly Endpoint[]
  /** Places of engines, by nodes that were put there. */
  readonly placed: ReadonlyMap<string, number>
  /** Engines that take the other nodes in turn: those that were named without a node, else all. */
  readonly spread: readonly number[]
}

/**
 * @param words ENGINE or NODE=ENGINE each; see endpointFor
 * @throws EndpointError
 */
export function readPlacement(words: readonly string[], env?: NodeJS.ProcessEnv): Placement {
  const endpoints: Endpoint[] = []
  const placed = new Map<string, number>()
  const spread: number[] = []
  for (const word of words) {
    const [, node, text] = /^([a-z0-9-]+)=(.+)$/i.exec(word) ?? [undefined, undefined, word]
    if (text === '') throw new EndpointError('an engine without a name', 'name them with a comma between, and no blank')
    const endpoint = endpointFor(text, env)
    const known = endpoints.findIndex(({url}) => url === endpoint.url)
    const index = known < 0 ? endpoints.push(endpoint) - 1 : known
    if (node !== undefined) {
      if (placed.has(node)) throw new EndpointError(`${node} is put on two engines`)
      placed.set(node, index)
    } else if (spread.includes(index)) throw twice(endpoints[index] as Endpoint, endpoint)
    else spread.push(index)
  }
  return {endpoints, placed, spread: spread.length > 0 ? spread : [...endpoints.keys()]}
}

function twice(first: Endpoint, second: Endpoint): EndpointError {
  const what = first.name === second.name ? `${first.name} is given twice` : `${first.name} and ${second.name} are one engine, ${first.url}`
  return new EndpointError(what, 'give each engine once: nodes are spread over them in turn, or put on one by NODE=ENGINE')
}

/** The engine of each node. */
export function placeNodes(nodes: readonly string[], {placed, spread}: Placement): Map<string, number> {
  let next = 0
  return new Map(nodes.map((node) => [node, placed.get(node) ?? (spread[next++ % spread.length] as number)]))
}
