// Rules, policies and tables of nftables that are gone: what let a packet pass, or translated it, does so no more. Pure.
import type {NamespaceFacts} from '../../facts/facts.ts'
import type {Rule, RulesetItem} from '../../facts/ruleset.ts'
import {rulingOf} from '../../trace/nftables/words.ts'
import type {Change, Scene} from './change.ts'
import {beyond, isOf, ruleKey, rulesIn, type TableKey, tablesOf} from './filter-rules.ts'
import {nftJson, type Position, plain, toolFor} from './filter-tool.ts'

export function goneChanges({was, is, run}: Scene): Change[] {
  return tablesOf(was.ruleset).flatMap((table): Change[] => {
    const items = was.ruleset.filter(isOf(table))
    if (!is.ruleset.some(isOf(table))) return [goneTable(table, items, run)]
    const gone = placed(beyond(rulesIn(was.ruleset, table), rulesIn(is.ruleset, table)), was.ruleset, is)
    const tool = toolFor(table, run)
    return gone
      .filter((rule) => !rulesIn(is.ruleset, table).some(({handle, chain}) => handle === rule.handle && chain === rule.chain))
      .map((rule) => ({
        kind: 'filter',
        cause: 'filter-drop',
        object: `${table.family} ${table.name} ${rule.chain}: ${rulingOf(rule).text}`,
        evidence: `there was a rule in ${table.family} ${table.name} ${rule.chain}: ${rulingOf(rule).text}`,
        undo: tool.insertRule(rule),
        revert: (now) => ({...now, ruleset: inserted(now.ruleset, rule)}),
      }))
  })
}

/** What `nft replace rule` replaced: it had the number that another rule has now. */
export function goneWithHandle(added: readonly Rule[], table: TableKey, {was, is}: Pick<Scene, 'was' | 'is'>): PlacedRule[] {
  if (table.name.startsWith('iptables-legacy ')) return []
  const gone = beyond(rulesIn(was.ruleset, table), rulesIn(is.ruleset, table))
  return placed(
    gone.filter((rule) => added.some(({handle, chain}) => handle === rule.handle && chain === rule.chain)),
    was.ruleset,
    is,
  )
}

type PlacedRule = Rule & Position

/** With their places in their chains, as they were. */
function placed(rules: readonly Rule[], ruleset: NamespaceFacts['ruleset'], is: NamespaceFacts): PlacedRule[] {
  return rules.map((rule) => {
    const chain = rulesIn(ruleset, {family: rule.family, name: rule.table}).filter((each) => each.chain === rule.chain)
    const now = rulesIn(is.ruleset, {family: rule.family, name: rule.table}).filter((each) => each.chain === rule.chain)
    return {...rule, last: chain.indexOf(rule) >= now.length, index: chain.indexOf(rule)}
  })
}

/** At its place among the rules of its chain. */
function inserted(ruleset: NamespaceFacts['ruleset'], {index, last: _, ...rule}: PlacedRule): RulesetItem[] {
  const same = ruleset.flatMap((item, at) =>
    item.rule && item.rule.chain === rule.chain && item.rule.table === rule.table && item.rule.family === rule.family ? [at] : [],
  )
  return ruleset.toSpliced(same[index] ?? ruleset.length, 0, {rule})
}

function goneTable({family, name}: TableKey, items: readonly RulesetItem[], run: string): Change {
  const commands = items.map((item) => {
    const [kind = ''] = Object.keys(item)
    const body = item[kind as keyof RulesetItem]
    return {add: {[kind]: body && 'handle' in body ? plain(body as Rule) : body}}
  })
  const rules = items.flatMap(({rule}) => (rule ? [ruleKey(rule)] : []))
  return {
    kind: 'filter',
    cause: 'filter-drop',
    object: `${family} ${name}`,
    evidence: `there was a table ${family} ${name} with ${rules.length} rules`,
    undo: name.startsWith('iptables-legacy ') ? [] : [nftJson(run, commands)],
    revert: (now) => ({...now, ruleset: [...now.ruleset, ...items]}),
  }
}
