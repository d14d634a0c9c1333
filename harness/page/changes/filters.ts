// Rules of nftables and of the old iptables, and what tc(8) does on a device. Pure.
import {isOf, ruleKey, rulesIn, type TableKey, tablesOf} from '../../diagnose/differences/filter-rules.ts'
import type {TrafficControlFacts} from '../../facts/facts.ts'
import type {Chain, Ruleset} from '../../facts/ruleset.ts'
import {rulingOf} from '../../trace/nftables/words.ts'
import {joined, type Line, type Sort} from './line.ts'

export const FILTERS: Sort = {
  what: 'rules of nftables and iptables without their counters',
  tools: ['nft', 'iptables-legacy-save', 'ip6tables-legacy-save'],
  lines: ({ruleset}) => tablesOf(ruleset).flatMap((table) => tableLines(table, ruleset)),
}

function tableLines(table: TableKey, ruleset: Ruleset): Line[] {
  const where = whereOf(table)
  const items = ruleset.filter(isOf(table))
  const chains = items.flatMap(({chain}) => (chain ? [chain] : []))
  const rules = rulesIn(ruleset, table)
  return [
    ...chains.flatMap((chain) => chainLine(chain, where)),
    ...rules.map((rule) => ({
      text: `${where} ${rule.chain}: ${rulingOf(rule).text}`,
      key: `${where} ${ruleKey(rule)}`,
      // The only device that it may be about, where it names one.
      ...devOf(
        rule.expr,
        chains.find(({name}) => name === rule.chain),
      ),
    })),
    ...items.flatMap(({set, map}) => [set, map].flatMap((each) => (each ? setLine(each, where) : []))),
  ]
}

/** The old iptables is another tool, whose tables are the kernel's own. */
function whereOf({family, name}: TableKey): string {
  const [, old] = /^iptables-legacy (\w+)$/.exec(name) ?? []
  return old === undefined ? `nft: ${family} ${name}` : `${family === 'ip6' ? 'ip6tables' : 'iptables'}-legacy: ${old}`
}

/** The old iptables has its chains once anybody has asked: only what they do by themselves is somebody's doing. */
function chainLine({name, type, hook, prio, policy = 'accept'}: Chain, where: string): Line[] {
  if (!where.startsWith('nft: ')) return policy === 'accept' || policy === '-' ? [] : [{text: `${where} ${name}: policy ${policy}`}]
  const base = hook === undefined ? '' : ` type ${type} hook ${hook} priority ${prio}; policy ${policy}`
  return [{text: `${where} ${name}: chain${base}`}]
}

function devOf(expr: readonly object[], chain: Chain | undefined): {readonly dev?: string} {
  const told = [...JSON.stringify(expr).matchAll(/"meta":\{"key":"[io]ifname"\}\},"right":"([^"*]+)"/g)].map(([, name]) => name)
  const names = new Set([...told, ...[chain?.dev ?? []].flat()])
  const [dev, ...others] = names
  return dev === undefined || others.length > 0 ? {} : {dev}
}

/** What packets put into a set, and time takes out again, is not told. */
function setLine({name, elem = [], flags = []}: NonNullable<Ruleset[number]['set']>, where: string): Line[] {
  if ([flags].flat().some((flag) => flag === 'dynamic' || flag === 'timeout')) return [{text: `${where} ${name}: set`}]
  const text = `${where} ${name}: set { ${elem.map(plainWords).join(', ')} }`
  return [{text: short(text), key: text}]
}

export const TRAFFIC_CONTROL: Sort = {
  what: 'tc’s queues and classifiers',
  tools: ['tc'],
  lines: ({trafficControl}) =>
    trafficControl.map((each) => ({text: short(controlWords(each)), key: `${each.dev} ${each.side} ${each.text}`, dev: each.dev})),
}

function controlWords({dev, side, kind, text}: TrafficControlFacts): string {
  const [, holder, options = text] = /^qdisc (\S+) ?(.*)$/s.exec(text) ?? []
  const words = options === '' ? '' : parsedWords(options)
  return joined([
    `tc: ${holder === undefined ? `filter dev ${dev} ${side} ${kind}` : `qdisc ${kind} dev ${dev}`}`,
    holder && side === 'root' && 'root',
    words,
  ])
}

function parsedWords(json: string): string {
  try {
    return plainWords(JSON.parse(json))
  } catch {
    return json
  }
}

/** A tool's JSON without its marks: `limit 0`. */
function plainWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(plainWords).join(' ')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([name, own]) => `${name} ${plainWords(own)}`)
    .join(' ')
}

const LONGEST = 160

function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}
