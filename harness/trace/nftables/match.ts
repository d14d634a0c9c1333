// Whether a packet is what a rule's match asks for (nft(8), libnftables-json(5)). Pure.
import {contains, familyOf, sameHost} from '../../address.ts'
import type {Chain, Ruleset} from '../../facts/ruleset.ts'
import {metaOf, type Packet, payloadOf} from './packet.ts'

export interface Match {
  readonly op: string
  readonly left: unknown
  readonly right: unknown
}

/** What is asked, and where the rule stands: sets are named in its table. */
export interface Asked {
  readonly packet: Packet
  readonly ruleset: Ruleset
  readonly chain: Chain
}

/** @returns undefined where it is not understood */
export function matches({op, left, right}: Match, asked: Asked): boolean | undefined {
  const value = fieldOf(left, asked.packet)
  if (value === undefined) return undefined
  if (value === null) return false // it has no such field, so the rule does not apply, whatever it asks of it
  if (value instanceof Set) return flagsMatch(value as ReadonlySet<string>, op, right)
  const equal = equals(value, right, asked)
  if (equal === undefined) return undefined
  if (op === '!=') return !equal
  if (op === '==' || op === 'in') return equal
  if (typeof value === 'boolean') return undefined
  const [a, b] = [Number(value), Number(right)]
  if (Number.isNaN(a) || Number.isNaN(b)) return undefined
  return {'<': a < b, '>': a > b, '<=': a <= b, '>=': a >= b}[op]
}

/** What the packet has in a field; null where the field is of a protocol that the packet is not; undefined: not known. */
export function fieldOf(left: unknown, packet: Packet): unknown {
  const {payload, meta, ct, concat, fib, ...rest} = (left ?? {}) as {
    payload?: {protocol: string; field: string}
    meta?: {key: string}
    ct?: {key: string}
    concat?: unknown[]
    fib?: {result: string; flags: string | string[]}
    '&'?: [unknown, unknown]
  }
  if (rest['&']) return masked(rest['&'], packet)
  if (concat) {
    const parts = concat.map((part) => fieldOf(part, packet))
    return parts.includes(undefined) ? undefined : parts.includes(null) ? null : parts
  }
  if (payload) return payloadOf(packet, payload.protocol, payload.field)
  if (meta) return metaOf(packet, meta.key)
  if (ct?.key === 'state') return packet.reply || packet.established ? 'established' : 'new'
  if (fib?.result === 'type') return addressType(packet, [fib.flags].flat())
  return undefined
}

function addressType({source, destination, typeOf, arp}: Packet, flags: readonly string[]): unknown {
  if (arp) return null
  if (flags.includes('iif') || flags.includes('oif') || flags.includes('mark')) return undefined
  return typeOf?.(flags.includes('saddr') ? source : destination)
}

function masked([left, mask]: [unknown, unknown], packet: Packet): unknown {
  const value = fieldOf(left, packet)
  if (value instanceof Set) return new Set([...value].filter((flag) => flagsIn(mask).includes(flag as string)))
  return typeof value === 'number' && typeof mask === 'number' ? value & mask : value === null ? null : undefined
}

/** @returns undefined where it is not understood */
export function equals(value: unknown, right: unknown, asked: Asked): boolean | undefined {
  if (value === null) return false
  if (value === undefined) return undefined
  if (Array.isArray(right)) return anyOf(right.map((one) => equals(value, one, asked)))
  if (typeof right === 'string' && right.startsWith('@')) return anyOf(elements(right, asked).map((one) => equals(value, one, asked)))
  if (typeof right === 'object' && right !== null) return equalsObject(value, right as Readonly<Record<string, unknown>>, asked)
  if (typeof value === 'string' && typeof right === 'string') {
    if (familyOf(value) !== undefined && familyOf(right) !== undefined) return sameHost(value, right)
    if (right.endsWith('*')) return value.startsWith(right.slice(0, -1))
    if (value === 'icmp' || value === 'ipv6-icmp') return right === value || (value === 'ipv6-icmp' && right === 'icmpv6')
    return value === right
  }
  return Number(value) === Number(right)
}

function equalsObject(value: unknown, right: Readonly<Record<string, unknown>>, asked: Asked): boolean | undefined {
  const {set, prefix, range, elem, concat} = right
  if (Array.isArray(set)) return anyOf(set.map((one) => equals(value, one, asked)))
  if (elem !== undefined) return equals(value, (elem as {val: unknown}).val, asked)
  if (Array.isArray(concat)) return Array.isArray(value) ? allOf(value.map((part, index) => equals(part, concat[index], asked))) : undefined
  if (prefix !== undefined) {
    const {addr, len} = prefix as {addr: string; len: number}
    return typeof value === 'string' ? contains(`${addr}/${len}`, value) : undefined
  }
  if (Array.isArray(range)) {
    const [low, high] = range
    if (typeof low === 'string' && typeof value === 'string' && familyOf(low) !== undefined) return betweenHosts(value, low, String(high))
    return Number(value) >= Number(low) && Number(value) <= Number(high)
  }
  return undefined
}

/** Those of a named set or map: `@pods`. */
export function elements(reference: string, {ruleset, chain}: Asked): readonly unknown[] {
  const name = reference.slice(1)
  const found = ruleset.find(({set, map}) => {
    const named = set ?? map
    return named?.name === name && named.table === chain.table && named.family === chain.family
  })
  return (found?.set ?? found?.map)?.elem ?? []
}

/** `syn`, `[syn, ack]`, `{"|": [syn, ack]}` */
function flagsIn(words: unknown): string[] {
  if (typeof words === 'string') return [words]
  if (Array.isArray(words)) return words.flatMap(flagsIn)
  return typeof words === 'object' && words !== null && '|' in words ? flagsIn(words['|']) : []
}

function flagsMatch(value: ReadonlySet<string>, op: string, right: unknown): boolean | undefined {
  const flags = flagsIn(right)
  if (op === 'in') return flags.some((flag) => value.has(flag))
  const same = value.size === flags.length && flags.every((flag) => value.has(flag))
  return op === '==' ? same : op === '!=' ? !same : undefined
}

function anyOf(results: readonly (boolean | undefined)[]): boolean | undefined {
  return results.includes(true) ? true : results.includes(undefined) ? undefined : false
}

function allOf(results: readonly (boolean | undefined)[]): boolean | undefined {
  return results.includes(false) ? false : results.includes(undefined) ? undefined : true
}

function betweenHosts(value: string, low: string, high: string): boolean {
  const number = (host: string) => host.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return !value.includes(':') && number(value) >= number(low) && number(value) <= number(high)
}
