// The rows of watch.pl as packets that passed devices. Pure.
import type {Facts} from '../facts/facts.ts'
import type {Probe, Sighting} from '../model.ts'
import {fieldsOf, type Row} from '../probe/rows.ts'

/** What the sender of one exchange is known by in the rows. */
export interface Marks {
  /** Of its pair in the run. */
  readonly number: number
  readonly probe: Probe
  /** Bytes of the packet that the facts are asked about. */
  readonly length: number
}

/** Kinds of packet(7) that this host takes, or sent. */
const DIRECTIONS: Readonly<Record<string, Sighting['direction']>> = {0: 'in', 1: 'in', 2: 'in', 3: 'past', 4: 'out'}

/** @returns in the order of time, each device once a way and direction, however often it was sent */
export function sightingsOf(rows: readonly Row[], facts: Facts, {number, probe, length}: Marks): Sighting[] {
  const own = probe.request.sent?.sourcePort
  const found = fieldsOf(rows, 'passed').flatMap(([place = '', index, kind = '', at = '', way, pair, , ...flow]) => {
    const [source = '', from, destination = '', to, bytes] = flow
    const ports = [Number(from), Number(to)]
    // TCP's first packets hold no message: they are told by the sender's port.
    if (pair === '-' ? own !== undefined && way !== 'error' && !ports.includes(own) : Number(pair) !== number) return []
    // A connection is made by small packets, whatever is sent over it then.
    if (probe.protocol === 'tcp' && probe.size === 'full' && way !== 'error' && Number(bytes) < length) return []
    const device = facts.get(place)?.links.find((link) => link.index === Number(index))?.name ?? `device ${index}`
    const direction = DIRECTIONS[kind]
    if (device === 'lo' || direction === undefined) return []
    return [{at, sighting: {place, device, direction, way: way as Sighting['way'], source, destination}}]
  })
  // Seconds since 1970 with nine digits behind the point: as text they are in the order of numbers, and as numbers too long.
  const ordered = found.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).map(({sighting}) => sighting)
  return [...new Map(ordered.map((sighting) => [keyOf(sighting), sighting])).values()]
}

function keyOf({place, device, direction, way}: Sighting): string {
  return `${place} ${device} ${direction} ${way}`
}
