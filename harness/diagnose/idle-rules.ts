// New rules that stop and translate nothing of what was probed, and so are no part of a fault that stands beside them in
// their table: each is put by itself into the lab as it worked. Pure.
import type {Facts, NamespaceFacts} from '../facts/facts.ts'
import type {Rule, RulesetItem} from '../facts/ruleset.ts'
import type {Probe} from '../model.ts'
import {beyond, isOf, rulesIn, type TableKey, tablesOf} from './differences/filter-rules.ts'
import {causeOf, isDecisive} from './differences/filters.ts'
import type {Observed} from './observed.ts'
import {predict} from './prediction.ts'

/** What the path of a packet shows: bridges and ARP are not asked of what neighbours know already. */
const FAMILIES: readonly string[] = ['ip', 'ip6', 'inet']
const SHOWN: readonly string[] = ['filter-drop', 'filter-reject', 'source-nat', 'destination-nat']
/** In one table; beyond that nothing is told apart. */
const MOST_RULES = 16

/** None where all rules of a table are idle by themselves: then they matter together, or nobody knows. */
export function idleRules({before, facts, places, probes, mtu}: Observed): ReadonlySet<Rule> {
  const idle = new Set<Rule>()
  if (!before) return idle
  for (const {name} of places) {
    const [was, is] = [before.get(name), facts.get(name)]
    if (!was || !is) continue
    for (const table of tablesOf(is.ruleset).filter(({family}) => FAMILIES.includes(family))) {
      const added = beyond(rulesIn(is.ruleset, table), rulesIn(was.ruleset, table)).filter(isDecisive)
      if (added.length < 2 || added.length > MOST_RULES) continue
      const matters = (rule: Rule) => {
        const alone = new Map(before).set(name, {...was, ruleset: withAlone(rule, added, table, {was, is})})
        return !isShown(rule) || probes.some((probe) => fate(alone, probe) !== fate(before, probe))
      }
      const without = added.filter((rule) => !matters(rule))
      if (without.length < added.length) for (const rule of without) idle.add(rule)
    }
  }
  return idle

  function fate(world: Facts, probe: Probe): string {
    const known = FATES.get(probe)?.get(world)
    if (known !== undefined) return known
    const {forward, back, stop} = predict({facts: world, places, mtu}, probe)
    const doubts = [...forward.doubts, ...(back?.doubts ?? [])].length
    const found = JSON.stringify([stop?.ended, stop?.at, stop?.object, doubts, forward.translated, back?.translated])
    FATES.set(probe, (FATES.get(probe) ?? new WeakMap<Facts, string>()).set(world, found))
    return found
  }
}

/** Of each probe: the lab as it was is asked once for each rule. */
const FATES = new WeakMap<Probe, WeakMap<Facts, string>>()

/** What packets that were probed show of a rule; of routers' errors and of IPv6's neighbours none was sent by itself. */
function isShown(rule: Rule): boolean {
  const matches = rule.expr.filter((each) => !('reject' in each))
  return SHOWN.includes(causeOf(rule)) && !/icmp|mangle/.test(JSON.stringify(matches))
}

/** The ruleset as it was, and of the table all that there is now but the other rules that decide. */
function withAlone(
  rule: Rule,
  added: readonly Rule[],
  table: TableKey,
  {was, is}: Record<'was' | 'is', NamespaceFacts>,
): readonly RulesetItem[] {
  const others = added.filter((each) => each !== rule)
  const policy = (name: string) => was.ruleset.filter(isOf(table)).find(({chain}) => chain?.name === name)?.chain?.policy ?? 'accept'
  const now = is.ruleset.filter((item) => isOf(table)(item) && !(item.rule && others.includes(item.rule)))
  const open = now.map((item) =>
    item.chain?.policy === undefined ? item : {...item, chain: {...item.chain, policy: policy(item.chain.name)}},
  )
  return [...was.ruleset.filter((item) => !isOf(table)(item)), ...open]
}
