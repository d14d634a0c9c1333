// From the agents' rows to Probes. Pure: recorded rows give the same probes anywhere.
import {familyOf} from '../address.ts'
import {PACKET_SIZES, type PacketSize, type Pair, type Place, PROTOCOLS, type Probe, type Protocol} from '../model.ts'
import {icmpReader} from './icmp.ts'
import {resultsIn} from './results.ts'
import {type Ends, PROBE_PORT, type Row, unobservableIn} from './rows.ts'
import {socketReader} from './socket.ts'

export interface Probed {
  readonly places: readonly Place[]
  /** In the order in which the agents were told of them. */
  readonly pairs: readonly Pair[]
  /** The size in bytes that counted as full. */
  readonly mtu: number
  readonly sizes?: readonly PacketSize[]
  readonly protocols?: readonly Protocol[]
}

/** @returns a probe for each pair, size and protocol; `answered: null` where the rows do not tell */
export function readProbes(rows: readonly Row[], {places, pairs, mtu, sizes = PACKET_SIZES, protocols = PROTOCOLS}: Probed): Probe[] {
  const unobservable = unobservableIn(rows)
  const results = resultsIn(rows, PROBE_PORT)
  const icmp = icmpReader(results, unobservable)
  const socket = socketReader(results, unobservable, mtu)
  const byName = new Map(places.map((place) => [place.name, place]))
  return pairs.flatMap((pair, number) => {
    const from = byName.get(pair.from) ?? {name: pair.from, node: pair.from}
    const ends: Ends = {from, to: byName.get(pair.to), family: familyOf(pair.address) ?? 4}
    return sizes.flatMap((size) => {
      const exchange = {pair, number, size}
      return protocols.map((protocol) => (protocol === 'icmp' ? icmp(exchange, ends) : socket(protocol, exchange, ends)))
    })
  })
}
