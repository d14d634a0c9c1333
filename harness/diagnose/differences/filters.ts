// Rules and policies of nftables and the old iptables that are new. Pure. What came into one table for one purpose is one
// change: two rules that drop are one fault, a rule that drops and one that translates are two.
import type {NamespaceFacts} from '../../facts/facts.ts'
import type {Chain, Rule, Ruleset} from '../../facts/ruleset.ts'
import type {Cause} from '../../model.ts'
import {rulingOf} from '../../trace/nftables/words.ts'
import type {Change, Scene} from './change.ts'
import {beyond, isOf, rulesIn, type TableKey, tablesOf} from './filter-rules.ts'
import {type FilterTool, toolFor} from './filter-tool.ts'
import {goneChanges, goneWithHandle} from './filters-gone.ts'

/** What does nothing by itself, and is no part of a fault: counters, logs, marks that nobody asks for. */
const INERT: readonly string[] = [
  'match',
  'counter',
  'log',
  'limit',
  'quota',
  'notrack',
  'ct helper',
  'ct timeout',
  'meter',
  'set',
  'comment',
]
/** Verdicts that only matter beside others. */
const SUPPORTING: readonly string[] = ['accept', 'return', 'jump', 'goto', 'continue']

export function filterChanges(scene: Scene): Change[] {
  return [...tablesOf(scene.is.ruleset).flatMap((table) => newIn(table, scene)), ...goneChanges(scene)]
}

interface Group {
  readonly rules: Rule[]
  readonly chains: Chain[]
}

function newIn(table: TableKey, {was, is, run, place, idleRules}: Scene): Change[] {
  const fresh = !was.ruleset.some(isOf(table))
  const added = beyond(rulesIn(is.ruleset, table), rulesIn(was.ruleset, table))
  const strict = is.ruleset.filter(isOf(table)).flatMap(({chain}) => {
    const before = was.ruleset.filter(isOf(table)).find((item) => item.chain?.name === chain?.name)?.chain
    return chain && chain.policy === 'drop' && before?.policy !== 'drop' ? [chain] : []
  })
  const groups = new Map<Cause, Group>()
  const groupOf = (cause: Cause): Group => {
    const group = groups.get(cause) ?? {rules: [], chains: []}
    groups.set(cause, group)
    return group
  }
  for (const rule of added.filter((each) => isDecisive(each) && !idleRules.has(each))) groupOf(causeOf(rule)).rules.push(rule)
  for (const chain of strict) groupOf(causeOfVerdict(table.family, 'filter-drop')).chains.push(chain)
  const tool = toolFor(table, run)
  const beside = added.some((rule) => idleRules.has(rule))
  const idle = beside || added.some((rule) => rule.expr.every((each) => Object.keys(each).every((word) => INERT.includes(word))))
  const whole = fresh && groups.size === 1 && !idle && tool.deleteTable !== undefined
  return [...groups].map(([cause, group]): Change => {
    const others = [...groups.values()].filter((each) => each !== group).flatMap(({rules}) => rules)
    const leadsTo = (rule: Rule) => rule.expr.flatMap(targetsOf).some((target) => group.rules.some(({chain}) => chain === target))
    const supporting = groups.size > 1 ? [] : added.filter((rule) => isSupporting(rule) && !others.includes(rule) && !idleRules.has(rule))
    const own = [...group.rules, ...(beside ? supporting.filter(leadsTo) : supporting)]
    const gone = goneWithHandle(own, table, {was, is})
    return {
      kind: 'filter',
      cause,
      object: objectOf(table, group),
      ...(fresh &&
        groups.size > 1 &&
        !idle &&
        tool.deleteTable !== undefined && {table: {node: place.node, purposes: groups.size, remove: tool.deleteTable}}),
      ...(silences(group) && {silences: true as const}),
      evidence: fresh ? `there was no table ${table.family} ${table.name}` : evidenceOf(table, group),
      undo:
        whole && tool.deleteTable ? [tool.deleteTable] : [...undoOf(own, group, table, {was, is}, tool), ...gone.flatMap(tool.insertRule)],
      revert: (now) => without(now, whole ? 'all' : own, group.chains, table, gone),
    }
  })
}

function without(now: NamespaceFacts, rules: readonly Rule[] | 'all', chains: readonly Chain[], table: TableKey, gone: readonly Rule[]) {
  if (rules === 'all') return {...now, ruleset: now.ruleset.filter((item) => !isOf(table)(item))}
  const keys = new Set(rules.map(({chain, handle}) => `${chain} ${handle}`))
  const kept = now.ruleset.filter((item) => !(item.rule && isOf(table)(item) && keys.has(`${item.rule.chain} ${item.rule.handle}`)))
  const open = kept.map((item) =>
    item.chain && isOf(table)(item) && chains.some(({name}) => name === item.chain?.name)
      ? {...item, chain: {...item.chain, policy: 'accept'}}
      : item,
  )
  return {...now, ruleset: [...open, ...gone.map((rule) => ({rule}))]}
}

function undoOf(own: readonly Rule[], {chains}: Group, table: TableKey, {was, is}: Pick<Scene, 'was' | 'is'>, tool: FilterTool): string[] {
  const had = (ruleset: Ruleset, name: string) => ruleset.filter(isOf(table)).some(({chain}) => chain?.name === name)
  // A chain that somebody made to jump to goes with the rules that jump there.
  const targets = new Set(own.flatMap(({expr}) => expr.flatMap(targetsOf)))
  const made = [...targets].filter((name) => had(is.ruleset, name) && !had(was.ruleset, name))
  const rules = own.filter(({chain}) => !made.includes(chain)).toSorted((a, b) => b.handle - a.handle)
  return [
    ...chains.map(({name}) => tool.acceptPolicy(name)),
    ...rules.map(tool.deleteRule),
    ...made.map(tool.emptyChain),
    ...made.map(tool.deleteChain),
  ]
}

function targetsOf(expression: Rule['expr'][number]): string[] {
  const {jump, goto} = expression as {jump?: {target: string}; goto?: {target: string}}
  return [jump?.target, goto?.target].filter((name) => name !== undefined)
}

/** It drops, rejects, translates or changes a packet by itself. */
export function isDecisive({expr}: Rule): boolean {
  return expr.some((each) => {
    const [word = ''] = Object.keys(each)
    if (word === 'vmap') return /"(drop|reject)"|"@/.test(JSON.stringify(each))
    if (word === 'mangle') return !/"(mark|priority|nftrace)"/.test(JSON.stringify((each.mangle as {key?: unknown}).key))
    const {type, name = ''} = (each.xt ?? {}) as {type?: string; name?: string}
    if (word === 'xt') return type === 'target' && !['LOG', 'NFLOG', 'TRACE', 'MARK', 'CONNMARK', 'CT', 'COMMENT'].includes(name)
    return !INERT.includes(word) && !SUPPORTING.includes(word)
  })
}

function isSupporting({expr}: Rule): boolean {
  return expr.some((each) => Object.keys(each).some((word) => SUPPORTING.includes(word) || word === 'vmap'))
}

/** The rule that acts, where there is one alone; else where they stand. */
function objectOf({family, name}: TableKey, {rules, chains}: Group): string {
  const [only, ...others] = rules
  if (chains[0] && !only) return `${family} ${name} ${chains[0].name}: policy drop`
  if (!only) return `${family} ${name}`
  if (others.length > 0) return `${family} ${name} ${[...new Set(rules.map(({chain}) => chain))].join(' ')}`
  return `${family} ${name} ${only.chain} handle ${only.handle}: ${rulingOf(only).text}`
}

function evidenceOf({family, name}: TableKey, {rules, chains}: Group): string {
  const [chain] = chains
  if (chain) return `the policy of ${family} ${name} ${chain.name} was accept`
  return `there was no such rule in ${family} ${name} ${rules[0]?.chain}`
}

/** A rule for ICMP errors, and no other ICMP. */
function silences({rules}: Group): boolean {
  return rules.some(({expr}) =>
    /destination-unreachable|frag-needed|fragmentation-needed|packet-too-big|"3(\/4)?"/.test(JSON.stringify(expr)),
  )
}

/** What a rule that decides is a fault by. */
export function causeOf({expr, family}: Rule): Cause {
  const named = expr.map((each) => (each.xt as {name?: string} | undefined)?.name?.toLowerCase())
  const words = new Set<string | undefined>([...expr.flatMap((each) => Object.keys(each)), ...named])
  if (family === 'bridge' || family === 'arp') return causeOfVerdict(family, 'filter-drop')
  if (words.has('masquerade') || words.has('snat')) return 'source-nat'
  if (words.has('dnat') || words.has('redirect')) return 'destination-nat'
  const mangled = JSON.stringify(expr.filter((each) => 'mangle' in each).map((each) => (each.mangle as {key?: unknown}).key))
  if (mangled.includes('checksum')) return 'bad-checksum'
  if (mangled.includes('saddr') || mangled.includes('sport')) return 'source-nat'
  if (mangled.includes('daddr') || mangled.includes('dport')) return 'destination-nat'
  return words.has('reject') ? 'filter-reject' : 'filter-drop'
}

function causeOfVerdict(family: string, otherwise: Cause): Cause {
  return family === 'bridge' ? 'bridge-filter-drop' : family === 'arp' ? 'arp-suppressed' : otherwise
}
