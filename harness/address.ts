// Hosts and prefixes, on ip-num. Text in, text out; the arithmetic stays in here.
import {collapseIPv6Number, IPv4, IPv4CidrRange, IPv6, IPv6CidrRange} from 'ip-num'
import type {Family} from './model.ts'

/** Texts; a few hundred bytes each. */
const MOST_REMEMBERED = 10_000

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

/** The length of a prefix in CIDR notation, in bits; undefined when it is none. */
export function prefixLengthOf(prefix: string): number | undefined {
  return parsePrefix(prefix) && Number(prefix.split('/')[1])
}

/** Not the unspecified address, loopback, multicast or reserved: RFC 6890's special blocks that no interface is reached at. */
const NOT_UNICAST = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', '::1/128', 'ff00::/8', 'fe80::/10']

/** True when an interface can be reached at `host` from another machine. Link-local IPv6 is left out: it needs a zone. */
export function isUnicast(host: string): boolean {
  return familyOf(host) !== undefined && !NOT_UNICAST.some((prefix) => contains(prefix, host))
}

/** The network that a host with this prefix length is on, in CIDR notation: 10.244.1.2, 24 gives 10.244.1.0/24. Undefined for no address. */
export function networkOf(host: string, prefixLength: number): string | undefined {
  return networkIn(`${host}/${prefixLength}`)
}

const networkIn = remembering((interfaceAddress: string): string | undefined => {
  const slash = interfaceAddress.lastIndexOf('/')
  const prefixLength = Number(interfaceAddress.slice(slash + 1))
  const address = parseHost(interfaceAddress.slice(0, slash))
  if (!address || prefixLength < 0 || prefixLength > (address.family === 4 ? 32 : 128)) return undefined
  const span = 1n << BigInt((address.family === 4 ? 32 : 128) - prefixLength)
  const first = address.value - (address.value % span)
  const text = address.family === 4 ? new IPv4(first).toString() : collapseIPv6Number(new IPv6(first).toString())
  return `${text}/${prefixLength}`
})

/** True when two texts mean the same host: fd00::1 and fd00:0:0::1. */
export function sameHost(a: string, b: string): boolean {
  if (a === b) return true
  if (a.includes(':') !== b.includes(':')) return false
  const [left, right] = [parseHost(a), parseHost(b)]
  return left !== undefined && left.family === right?.family && left.value === right.value
}

const parseHost = remembering((host: string): {family: Family; value: bigint} | undefined => {
  try {
    if (host.includes(':')) return {family: 6, value: IPv6.fromString(host).getValue()}
    if (!/^\d+\.\d+\.\d+\.\d+$/.test(host)) return undefined
    return {family: 4, value: IPv4.fromString(host).getValue()}
  } catch {
    return undefined
  }
})

const parsePrefix = remembering((prefix: string): {family: Family; first: bigint; last: bigint} | undefined => {
  try {
    const family = prefix.includes(':') ? 6 : 4
    const range = family === 6 ? IPv6CidrRange.fromCidr(prefix) : IPv4CidrRange.fromCidr(prefix)
    return {family, first: range.getFirst().getValue(), last: range.getLast().getValue()}
  } catch {
    return undefined
  }
})

/** A lab has few addresses, and a diagnosis of many pairs asks for each of them a hundred thousand times. */
function remembering<T>(parse: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined || known.has(text)) return found as T
    if (known.size >= MOST_REMEMBERED) known.clear()
    const parsed = parse(text)
    known.set(text, parsed)
    return parsed
  }
}

/** The broadcast address of the IPv4 network that a host is in: undefined where there is none (RFC 3021). */
export function lastOf(host: string, prefixLength: number): string | undefined {
  return prefixLength > 30 ? undefined : lastIn(`${host}/${prefixLength}`)
}

const lastIn = remembering((interfaceAddress: string): string | undefined => {
  const range = parsePrefix(interfaceAddress)
  return range?.family === 4 ? new IPv4(range.last).toString() : undefined
})
