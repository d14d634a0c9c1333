// Hosts and prefixes, on ip-num. Text in, text out; the arithmetic stays in here.
import {IPv4, IPv4CidrRange, IPv6, IPv6CidrRange} from 'ip-num'

export type Family = 4 | 6

/** The family of a host address in its usual notation (RFC 4632, RFC 4291), or undefined when it is none. */
export function familyOf(host: string): Family | undefined {
  return parseHost(host)?.family
}

/** True when `host` is in `prefix`. False also when one of them is malformed or the families differ. */
export function contains(prefix: string, host: string): boolean {
  const range = parsePrefix(prefix)
  const address = parseHost(host)
  if (!range || !address || range.family !== address.family) return false
  return range.first <= address.value && address.value <= range.last
}

/** True when the two prefixes share an address. */
export function overlap(a: string, b: string): boolean {
  const [left, right] = [parsePrefix(a), parsePrefix(b)]
  if (!left || !right || left.family !== right.family) return false
  return left.first <= right.last && right.first <= left.last
}

/** True when `prefix` is in CIDR notation, with no host bits set. */
export function isPrefix(prefix: string): boolean {
  const range = parsePrefix(prefix)
  const host = parseHost(prefix.split('/')[0] ?? '')
  return range !== undefined && host !== undefined && range.first === host.value
}

/** True when `host` may be given to an interface in `prefix`: inside it and, for IPv4, neither its first nor its last address. */
export function isUsableHost(prefix: string, host: string): boolean {
  const range = parsePrefix(prefix)
  const address = parseHost(host)
  if (!range || !address || !contains(prefix, host)) return false
  if (address.family === 6 || range.last - range.first < 2n) return true // RFC 3021: both addresses of a /31 are hosts
  return address.value !== range.first && address.value !== range.last
}

function parseHost(host: string): {family: Family; value: bigint} | undefined {
  try {
    if (host.includes(':')) return {family: 6, value: IPv6.fromString(host).getValue()}
    if (!/^\d+\.\d+\.\d+\.\d+$/.test(host)) return undefined
    return {family: 4, value: IPv4.fromString(host).getValue()}
  } catch {
    return undefined
  }
}

function parsePrefix(prefix: string): {family: Family; first: bigint; last: bigint} | undefined {
  try {
    const family = prefix.includes(':') ? 6 : 4
    const range = family === 6 ? IPv6CidrRange.fromCidr(prefix) : IPv4CidrRange.fromCidr(prefix)
    return {family, first: range.getFirst().getValue(), last: range.getLast().getValue()}
  } catch {
    return undefined
  }
}
