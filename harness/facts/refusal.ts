// What is true about a node that refused a line, next to what the line says: which networks it is on, and the known name
// or address nearest to one in the line that nothing has. Pure.
import {familyOf} from '../address.ts'
import type {Scenario} from '../model.ts'
import {nearest} from '../scenario/problem.ts'
import type {Interface} from './interfaces.ts'

export interface Refusal {
  readonly notes: readonly string[]
  readonly help: readonly string[]
}

/** After these words of iproute2's grammar comes the name of a device, or of a namespace. */
const BEFORE_DEVICE = new Set(['dev', 'master', 'oif', 'iif'])
const BEFORE_NAMESPACE = new Set(['-n', '-netns', 'netns'])

/**
 * @param node the node that refused
 * @param interfaces what the node has; undefined when it could not be asked
 */
export function explainRefusal(
  command: string,
  node: string,
  scenario: Pick<Scenario, 'nodes' | 'pods'>,
  interfaces: readonly Interface[] | undefined,
): Refusal {
  const networks = (interfaces ?? []).flatMap(({name, addresses}) =>
    addresses.map(({address, prefixLength}) => `${networkOf(address, prefixLength)} (${name})`),
  )
  const notes = networks.length === 0 ? [] : [`${node} is on ${networks.join(' and ')}`]
  const help: string[] = []
  const words = command.split(/\s+/)
  const known = knownAddresses(scenario)
  const devices = (interfaces ?? []).map(({name}) => name)
  for (const [index, word] of words.entries()) {
    const before = words[index - 1] ?? ''
    const address = word.split('/')[0] ?? ''
    if (before === 'via' && familyOf(address) !== undefined && !isKnown(address, known, interfaces)) {
      const meant = nearest(address, [...known.keys()])
      if (meant !== undefined) help.push(`did you mean ${meant}, ${known.get(meant)}?`)
    }
    if (BEFORE_DEVICE.has(before) && !devices.includes(word)) help.push(...didYouMean(word, devices))
    if (BEFORE_NAMESPACE.has(before) && !scenario.pods.some(({name}) => name === word))
      help.push(
        ...didYouMean(
          word,
          scenario.pods.map(({name}) => name),
        ),
      )
  }
  return {notes, help}
}

function didYouMean(word: string, known: readonly string[]): string[] {
  const meant = nearest(word, known)
  return meant === undefined ? [] : [`did you mean ${meant}?`]
}

function knownAddresses({nodes, pods}: Pick<Scenario, 'nodes' | 'pods'>): Map<string, string> {
  return new Map([
    ...nodes.map(({name, address}): [string, string] => [address, `${name} on the underlay`]),
    ...pods.map(({name, address, node}): [string, string] => [address, `${name} on ${node}`]),
  ])
}

function isKnown(address: string, known: ReadonlyMap<string, string>, interfaces: readonly Interface[] | undefined): boolean {
  if (known.has(address)) return true
  return (interfaces ?? []).some(({addresses}) => addresses.some((own) => own.address === address))
}

function networkOf(address: string, prefixLength: number): string {
  if (address.includes(':')) return `${address}/${prefixLength}`
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const network = value - (value % 2 ** (32 - prefixLength))
  return `${[24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.')}/${prefixLength}`
}
