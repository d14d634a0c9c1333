// The claim of how many routers packets cross: every router takes one from the time to live (RFC 791; the hop limit,
// RFC 8200), and what is left is read at the receiver.
import type {PairVerdict, Probe} from '../model.ts'
import {pairOf} from './reach.ts'

/** What Linux sends with (net.ipv4.ip_default_ttl, net.ipv6.conf.*.hop_limit). */
export const INITIAL_TTL = 64

/** @param probes those of the pair; only ICMP's receivers see the time to live */
export function hopsVerdicts(probes: readonly Probe[], routers: number): PairVerdict[] {
  return probes
    .filter(({protocol}) => protocol === 'icmp')
    .map((probe) => {
      const base = pairOf(probe)
      if (probe.ttl === undefined)
        return {...base, verdict: 'unknown', evidence: [`no time to live was seen${probe.error ? ` (${probe.error})` : ''}`]}
      const crossed = INITIAL_TTL - probe.ttl
      return crossed === routers
        ? {...base, verdict: 'pass', evidence: []}
        : {...base, verdict: 'fail', evidence: [`${crossed} routers were crossed (ttl ${probe.ttl}), not ${routers}`]}
    })
}
