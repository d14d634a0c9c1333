// Why an exchange was not answered: the path that the facts predict, held against what the kernel said. Pure. Where the
// two disagree, or the path is whole and packets are lost on it, the reason is unknown.
import type {Facts} from '../facts/facts.ts'
import type {Cause, Place, Probe} from '../model.ts'
import {sourceTo, traceTo} from '../trace.ts'
import type {Reason} from './expectation.ts'

/** What the sender's own kernel can have meant by an error number (ip(7), errno(3)). */
const BY_ERRNO: Readonly<Record<string, readonly Cause[]>> = {
  ENETUNREACH: [
    ...(['no-route', 'gateway-missing', 'unreachable-route', 'policy-rule', 'ipv6-disabled'] as const),
    // What a route hangs on; it went with it.
    ...(['interface-missing', 'wrong-namespace', 'interface-down', 'peer-down', 'bridge-missing', 'bridge-down'] as const),
    ...(['address-missing', 'address-outside-subnet', 'wrong-prefix-length'] as const),
  ],
  EHOSTUNREACH: [
    'neighbour-unresolved',
    'next-hop-unreachable',
    'unreachable-route',
    'address-missing',
    'pod-missing',
    'interface-down',
    'peer-down',
    'forwarding-off',
  ],
  EACCES: ['prohibit-route'],
  EINVAL: ['blackhole-route'],
}

/** @param mtu the length of a full packet */
export function reasonOf(probe: Probe, facts: Facts, places: readonly Place[], mtu = 1500): Reason {
  const found = predicted(probe, facts, places, mtu)
  const allowed = BY_ERRNO[probe.error ?? '']
  if (allowed && found.at === probe.from && found.cause !== 'unknown' && !allowed.includes(found.cause))
    return {cause: 'unknown', evidence: `the tables say ${found.cause} (${found.evidence}), the kernel ${probe.error}`}
  return found
}

function predicted({from, to, address, protocol, size}: Probe, facts: Facts, places: readonly Place[], mtu: number): Reason {
  const length = size === 'full' ? {length: mtu} : {}
  const there = traceTo(facts, places, from, address, {protocol, ...length})
  if (there.ended !== 'delivered') return {cause: there.ended, at: there.at, evidence: there.evidence}
  if (places.some(({name}) => name === to) && there.at !== to)
    return {cause: 'duplicate-address', at: there.at, evidence: `${address} is found at ${there.at}`}
  const source = sourceTo(facts, from, address)
  if (source === undefined) return {cause: 'unknown', evidence: `${from} has no address to send from`}
  const back = traceTo(facts, places, there.at, source, {protocol, ...length, reply: true, source: address})
  if (back.ended === 'no-route' || back.ended === 'gateway-missing') return {cause: 'no-return-route', at: back.at, evidence: back.evidence}
  if (back.ended !== 'delivered') return {cause: back.ended, at: back.at, evidence: back.evidence}
  return {cause: 'unknown', evidence: 'links, addresses and routes let it pass both ways'}
}
