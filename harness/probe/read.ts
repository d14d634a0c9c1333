// From the agents' rows to Probes. Pure: recorded rows give the same probes anywhere.
import {PACKET_SIZES, type Place, type Probe} from '../model.ts'
import {icmpReader} from './icmp.ts'
import {type Row, unobservableIn} from './rows.ts'
import {socketReader} from './socket.ts'

/**
 * @param mtu the size in bytes that counted as full
 * @returns a probe for each ordered pair of places, protocol and size; `answered: null` where the rows do not tell
 */
export function readProbes(rows: readonly Row[], places: readonly Place[], mtu: number): Probe[] {
  const unobservable = unobservableIn(rows)
  const icmp = icmpReader(rows, unobservable)
  const socket = socketReader(rows, unobservable, mtu)
  return places.flatMap((from) =>
    places
      .filter((to) => to.name !== from.name)
      .flatMap((to) =>
        PACKET_SIZES.flatMap((size) => [icmp(from, to, size), socket('tcp', from, to, size), socket('udp', from, to, size)]),
      ),
  )
}
