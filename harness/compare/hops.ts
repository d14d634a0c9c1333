// How many routers a packet crosses: what is gone of its time to live where it arrives.
import {INITIAL_TTL} from '../checks/hops.ts'
import {placesAfter} from '../model.ts'
import {probePairs} from '../probe/probe.ts'
import {type Hops, type Measured, measured, unknown} from './measured.ts'
import type {Standing} from './network.ts'

/** Bytes; a small packet is smaller than any MTU. */
const ANY = 576

export async function measureHops({lab, network: {scenario, whole, from, to}}: Standing): Promise<Measured<Hops>> {
  const pair = {from: from.name, to: to.name, address: to.address}
  const options = {mtu: ANY, sizes: ['small'], protocols: ['icmp']} as const
  const [probe] = (await probePairs(lab.fleet, placesAfter(scenario, whole), [pair], options)).filter(({protocol}) => protocol === 'icmp')
  if (probe?.ttl === undefined) return unknown(`no time to live was seen${probe?.error ? `: ${probe.error}` : ''}`)
  return measured({ttl: probe.ttl, routers: INITIAL_TTL - probe.ttl})
}
