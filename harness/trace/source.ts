// Whether a namespace takes a packet or an ARP request by where it says that it comes from: martian sources and the reverse
// path filter (networking/ip-sysctl.rst: accept_local, rp_filter; fib_validate_source). Pure.
import type {LinkFacts, NamespaceFacts} from '../facts/facts.ts'
import {lookUp} from './routing.ts'
import {type Block, holds} from './segment.ts'

/** A setting that counts when it is on for the device or for all (IN_DEV_MAXCONF, IN_DEV_ORCONF). */
export function deviceSetting(here: NamespaceFacts | undefined, device: string, name: string): number {
  const of = (which: string) => Number(here?.sysctls.get(`ipv4.conf.${which}.${name}`) ?? 0)
  return Math.max(of('all'), of(device))
}

/** @returns what keeps an IPv4 packet with this source from being taken in by a device; undefined when nothing does */
export function refusedSource(
  at: string,
  here: NamespaceFacts,
  iif: LinkFacts,
  {source, destination, protocol}: {readonly source: string; readonly destination: string; readonly protocol?: string},
): Block | undefined {
  if (holds(here, source) && deviceSetting(here, iif.name, 'accept_local') === 0)
    return {
      cause: 'martian-source',
      at,
      object: source,
      evidence: `${at} refuses ${source}, which is its own, as a source on ${iif.name}`,
    }
  const mode = deviceSetting(here, iif.name, 'rp_filter')
  if (mode === 0) return undefined
  const {route} = lookUp(here, {family: 4, destination: source, source: destination, protocol})
  const known = route?.type === 'unicast'
  const numbered = iif.addresses.some(({address}) => !address.includes(':'))
  if (known && (route.dev === iif.name || (mode === 2 && numbered))) return undefined
  const name = Number(here.sysctls.get(`ipv4.conf.${iif.name}.rp_filter`) ?? 0) === mode ? iif.name : 'all'
  return {
    cause: 'reverse-path-filter',
    at,
    object: `net.ipv4.conf.${name}.rp_filter`,
    evidence: `net.ipv4.conf.${name}.rp_filter is ${mode} at ${at}, and ${source} ${known ? `is reached by ${route.dev}` : 'has no route'}, not by ${iif.name}`,
  }
}
