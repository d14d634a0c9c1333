// What mends a tunnel: the recipe's own lines for what is missing, after what stands in their way is gone. Pure.
import type {NamespaceFacts} from '../facts/facts.ts'
import type {Cause} from '../model.ts'

/** A cause in a tunnel, and what is at its machine. */
export interface BrokenTunnel {
  readonly cause: Cause
  /** As harness/trace/tunnel.ts names it: a device, or an entry as bridge(8) and ip-neighbour(8) write one. */
  readonly object: string
  readonly here: NamespaceFacts | undefined
  /** What was typed at its machine to wire it, in order. */
  readonly lines: readonly string[]
}

const OF_TUNNELS: readonly Cause[] = [
  ...(['vtep-fdb-missing', 'vtep-fdb-wrong', 'vtep-neighbour-missing'] as const),
  ...(['vni-mismatch', 'tunnel-port-mismatch', 'tunnel-endpoint-down'] as const),
]

export function isOfTunnel(cause: Cause): boolean {
  return OF_TUNNELS.includes(cause)
}

/** Commands for the machine; none where the recipe has no line for it. */
export function tunnelFix({cause, object, here, lines}: BrokenTunnel): string[] {
  const [first = '', , device = ''] = object.split(' ')
  switch (cause) {
    case 'vtep-fdb-missing':
      return lines
        .filter((line) => isEntry(line, first, device) && (first !== EVERYWHERE || names(line, object.split(' ')[4] ?? '')))
        .slice(-1)
    case 'vtep-fdb-wrong': {
      const right = lines.filter((line) => isEntry(line, first, device)).slice(-1)
      return right.length === 0 ? [] : [`bridge fdb del ${object} self`, ...right]
    }
    case 'vtep-neighbour-missing':
      // What was asked for and not answered has an entry too.
      return neighbourLines(lines, first, device)
    case 'vni-mismatch':
    case 'tunnel-port-mismatch':
      return [`ip link del ${object}`, ...lines.filter((line) => names(line, object))]
    case 'tunnel-endpoint-down': {
      const link = here?.links.find(({name}) => name === object)
      if (!here || !link) return lines.filter((line) => names(line, object))
      // One that is up has no other end for another reason.
      return [...(link.up ? [] : [`ip link set dev ${object} up`]), ...lines.filter((line) => isLost(line, object, here))]
    }
    default:
      return []
  }
}

/** The recipe's lines that fix an entry, so that they take whatever entry is there for theirs. */
export function neighbourLines(lines: readonly string[], address: string, device: string): string[] {
  return lines
    .filter((line) => /^ip (-n \S+ )?neigh (add|replace) /.test(line) && names(line, address) && names(line, device))
    .map((line) => line.replace(' neigh add ', ' neigh replace '))
}

const EVERYWHERE = '00:00:00:00:00:00'

function isEntry(line: string, mac: string, device: string): boolean {
  return /^bridge fdb (add|append|replace) /.test(line) && names(line, mac) && names(line, device)
}

function names(line: string, word: string): boolean {
  return line.split(/\s+/).includes(word)
}

/** Routes and neighbours go when a device goes down; its forwarding entries stay. */
function isLost(line: string, device: string, {routes, neighbours}: NamespaceFacts): boolean {
  if (!names(line, device)) return false
  const [, what, , target] = line.split(/\s+/)
  if (what === 'route') return !routes.some(({to}) => to === target)
  return what === 'neigh' && !neighbours.some(({address, dev}) => address === target && dev === device)
}
