// A rule in words, where it stands and as nft(8) writes it. Pure.
import type {Expression, Rule} from '../../facts/ruleset.ts'
import type {Match} from './match.ts'

/** A rule, or a chain's policy, that decided. */
export interface Ruling {
  readonly family: string
  readonly table: string
  readonly chain: string
  /** Undefined for the chain's policy. */
  readonly handle?: number
  /** As nft(8) writes it. */
  readonly text: string
}

/** Where a rule stands, and its words. */
export function rulingOf({family, table, chain, handle, expr}: Rule): Ruling {
  return {
    family,
    table,
    chain,
    handle,
    text: expr
      .map(words)
      .filter((text) => text !== '')
      .join(' '),
  }
}

/** nft(8)'s own notation, as far as rules that people write by hand go. */
function words(expression: Expression): string {
  const [word = ''] = Object.keys(expression)
  const value = expression[word] as Readonly<Record<string, unknown>> | null
  if (word === 'match') {
    const {op, left, right} = value as unknown as Match
    return [leftWords(left), op === '==' || op === 'in' ? '' : op, rightWords(right)].filter((text) => text !== '').join(' ')
  }
  if (word === 'counter') return 'counter'
  if (word === 'xt') return `xt ${value?.type} ${value?.name}`
  if (word === 'jump' || word === 'goto') return `${word} ${value?.target}`
  if (word === 'vmap') return 'vmap'
  if (word === 'snat' || word === 'dnat')
    return `${word} to ${rightWords(value?.addr)}${value?.port === undefined ? '' : `:${rightWords(value.port)}`}`
  if (word === 'mangle') return `${leftWords(value?.key)} set ${rightWords(value?.value)}`
  return word
}

function leftWords(left: unknown): string {
  const {payload, meta, ct} = (left ?? {}) as {payload?: {protocol: string; field: string}; meta?: {key: string}; ct?: {key: string}}
  if (payload) return `${payload.protocol} ${payload.field}`
  if (meta) return ['iifname', 'oifname', 'iif', 'oif', 'mark'].includes(meta.key) ? meta.key : `meta ${meta.key}`
  return ct ? `ct ${ct.key}` : '?'
}

function rightWords(right: unknown): string {
  if (Array.isArray(right)) return right.map(rightWords).join(',')
  if (typeof right !== 'object' || right === null) return String(right)
  const {set, prefix, range} = right as {set?: unknown[]; prefix?: {addr: string; len: number}; range?: unknown[]}
  if (set) return `{ ${set.map(rightWords).join(', ')} }`
  if (prefix) return `${prefix.addr}/${prefix.len}`
  return range ? range.map(rightWords).join('-') : '?'
}
