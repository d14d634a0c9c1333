// Bytes that a packet has more on the wire than when it left the pod: one echo request, captured on the underlay. Its length is
// known, since we made it; what is around it is not looked at.

import type {TappedPacket} from '../capture/merge.ts'
import {tapName} from '../capture/taps.ts'
import {exchange} from '../checks/wire.ts'
import {placesAfter} from '../model.ts'
import {type Measured, measured, type Overhead, unknown} from './measured.ts'
import type {Standing} from './network.ts'

/** Bytes of an Ethernet header, and of an echo request of ping(8) as it sends it where nothing is said: 56 bytes in ICMP in IPv4. */
const [ETHERNET, REQUEST] = [14, 56 + 8 + 20]

export async function measureOverhead({lab, network: {scenario, whole, from, to, tap}}: Standing): Promise<Measured<Overhead>> {
  const elsewhere = tap.place !== from.node || tap.device !== 'eth0'
  const ends = {from: from.name, to: to.name, ...(elsewhere && {at: {place: tap.place, device: tap.device}})}
  const {packets, answered} = await exchange(lab.fleet, tap, ends, placesAfter(scenario, whole))
  if (!answered) return unknown('the request was not answered')
  const request = requestAmong(packets, from.address, to.address)
  if (!request) return unknown(`the request was not seen at ${tapName(tap)}`)
  const sent = ETHERNET + REQUEST
  return measured({bytes: request.length - sent, at: tapName(tap), frame: request.length, sent})
}

/** It goes from the one to the other: both addresses stand side by side in its own header (RFC 791), whatever is before that. */
function requestAmong(packets: readonly TappedPacket[], from: string, to: string): TappedPacket | undefined {
  const ends = Buffer.from([...from.split('.'), ...to.split('.')].map(Number))
  return packets.find(({bytes}) => bytes.includes(ends))
}
