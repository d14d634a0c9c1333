// Where what was watched disagrees with what the facts predict, in sentences. Neither is mended by the other. Pure.
import type {BothWays} from '../both-ways.ts'
import type {Cause, Observation, Sighting} from '../model.ts'
import type {Trace} from '../trace/path.ts'
import {causesOf} from './reasons.ts'

type Watched = Pick<Observation, 'answered' | 'sightings' | 'rules' | 'drops' | 'unobserved'>

/** Where these end a path, a packet may have gone to others than those whom it was meant for. */
const ASTRAY: readonly (Cause | 'delivered')[] = [
  'duplicate-address',
  'duplicate-mac',
  'neighbour-wrong',
  'fdb-wrong',
  'leaves-lab',
  'routing-loop',
]

/** The way that the facts stop: the request's, else the reply's; undefined where they stop neither. */
export function stopOf({forward, back}: Pick<BothWays, 'forward' | 'back'>): Trace | undefined {
  return [forward, back].find((path) => path !== undefined && path.ended !== 'delivered')
}

export function conflictsIn(ways: BothWays, watched: Watched): string[] {
  const {forward, back} = ways
  const stop = stopOf(ways)
  const {answered} = watched
  // What is not known disagrees with nothing.
  if (answered === true)
    return stop && stop.ended !== 'unknown'
      ? [`the facts stop the ${wayOf(ways, stop)} at ${stop.at} (${stop.ended}), and this one was answered`]
      : []
  if (!stop && settled(doubtsOf(ways), watched)) return []
  return [
    ...wayConflicts(ways, forward, 'request', watched),
    ...(back && arrived(watched, forward.at, 'request') ? wayConflicts(ways, back, 'reply', watched) : []),
    ...ruleConflicts(ways, watched, stop),
    ...dropConflicts(watched, stop),
  ]
}

/** What may have stopped it on either way and cannot be judged from facts. */
export function doubtsOf({forward, back}: Pick<BothWays, 'forward' | 'back'>): Trace['doubts'] {
  return [...forward.doubts, ...(back?.doubts ?? [])]
}

/** It ended where the facts leave open whether it does. */
function settled(doubts: Trace['doubts'], {rules, sightings}: Watched): boolean {
  const end = rules[0]?.place ?? (lastSeen(sightings, 'reply') ?? lastSeen(sightings, 'request'))?.place
  return doubts.some(({at}) => at === end)
}

export function wayOf({forward}: Pick<BothWays, 'forward'>, path: Trace): 'request' | 'reply' {
  return path === forward ? 'request' : 'reply'
}

function wayConflicts({from, to, size, protocol}: BothWays, path: Trace, way: 'request' | 'reply', watched: Watched): string[] {
  // A sender that has learned of a path's MTU (RFC 1191) sends no packet that is larger, and TCP a smaller one.
  const adapted = size === 'full' && (protocol === 'tcp' || path.ended === 'mtu-too-small' || path.ended === 'mtu-blackhole')
  if (adapted && !watched.sightings.some((each) => each.way === way)) return []
  const [start, end] = way === 'request' ? [from, to] : [path.hops[0]?.place ?? to, from]
  // In a switch's own tunnel it is not known for what it is.
  const furthest = path.ended === 'delivered' ? path.at : (path.hops.findLast(({flow}) => flow === undefined)?.place ?? start)
  const blind = new Set(watched.unobserved.filter(({what}) => what === 'packets').map(({place}) => place))
  const found: string[] = []
  if (furthest !== start && !blind.has(furthest) && !arrived(watched, furthest, way))
    found.push(`the facts bring the ${way} to ${furthest}, and ${lastWords(watched.sightings, way)}`)
  const beyond =
    path.ended !== 'delivered' && path.ended !== 'unknown' && !ASTRAY.includes(path.ended) && end !== furthest && end !== path.at
  if (beyond && arrived(watched, end, way)) found.push(`the facts stop the ${way} at ${path.at} (${path.ended}), and it came to ${end}`)
  return found
}

function arrived({sightings}: Pick<Watched, 'sightings'>, place: string, way: Sighting['way']): boolean {
  return sightings.some((each) => each.place === place && each.way === way && each.direction === 'in')
}

/** The last device that took a packet or sent it on; frames for others tell nothing of its way. */
export function lastSeen(sightings: readonly Sighting[], way: Sighting['way']): Sighting | undefined {
  return sightings.findLast((each) => each.way === way && each.direction !== 'past')
}

function lastWords(sightings: readonly Sighting[], way: 'request' | 'reply'): string {
  const last = lastSeen(sightings, way)
  return last
    ? `it was last seen ${last.direction === 'in' ? 'coming in' : 'going out'} at ${last.place}/${last.device}`
    : 'it was seen nowhere'
}

function ruleConflicts(ways: BothWays, {rules}: Watched, stop: Trace | undefined): string[] {
  if (stop?.ended === 'unknown') return []
  return rules
    .filter(({place, way}) => !stop || stop.at !== place || wayOf(ways, stop) !== way)
    .map(({place, way, family, table, chain, text}) => {
      const predicted = stop ? `the facts stop the ${wayOf(ways, stop)} at ${stop.at} (${stop.ended})` : 'the facts let it pass both ways'
      return `${predicted}, and ${family} ${table} ${chain} at ${place} dropped the ${way}: ${text}`
    })
}

function dropConflicts({drops}: Watched, stop: Trace | undefined): string[] {
  const reasons = new Map(drops.map((drop) => [`${drop.reason} in ${drop.function}`, drop.reason]))
  return [...reasons].flatMap(([words, reason]) => {
    const causes = causesOf(reason)
    if (!stop) return [`the facts let it pass both ways, and the kernel dropped it: ${words}`]
    const fits = !causes || stop.ended === 'delivered' || stop.ended === 'unknown' || causes.includes(stop.ended)
    return fits ? [] : [`the facts stop it by ${stop.ended}, and the kernel dropped it: ${words}`]
  })
}
