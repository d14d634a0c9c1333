// A ruleset's tables and rules, told apart. Pure.
import type {Rule, Ruleset, RulesetItem} from '../../facts/ruleset.ts'

export interface TableKey {
  readonly family: string
  readonly name: string
}

/** The old iptables has no tables of its own in a ruleset, only chains. */
export function tablesOf(ruleset: Ruleset): TableKey[] {
  const keys = new Map<string, TableKey>()
  for (const {table, chain} of ruleset) {
    const key = table ? {family: table.family, name: table.name} : chain && {family: chain.family, name: chain.table}
    if (key) keys.set(`${key.family} ${key.name}`, key)
  }
  return [...keys.values()]
}

export function isOf({family, name}: TableKey) {
  return ({table, chain, rule, set, map}: RulesetItem): boolean =>
    (table?.family === family && table.name === name) ||
    [chain, rule, set, map].some((part) => part?.family === family && part.table === name)
}

/** A rule's words without what the kernel counts. */
export function ruleKey({chain, expr}: Rule): string {
  return `${chain} ${JSON.stringify(expr, (field, value) => (field === 'packets' || field === 'bytes' ? 0 : value))}`
}

export function rulesIn(ruleset: Ruleset, table: TableKey): Rule[] {
  return ruleset.filter(isOf(table)).flatMap(({rule}) => (rule ? [rule] : []))
}

/** What is in one list more often than in the other. */
export function beyond(rules: readonly Rule[], others: readonly Rule[]): Rule[] {
  const left = Map.groupBy(others, ruleKey)
  return rules.filter((rule) => left.get(ruleKey(rule))?.pop() === undefined)
}
