// Tables, rules and policies of nftables and the old iptables that are new. Pure.
import type {NamespaceFacts} from '../../facts/facts.ts'
import type {Rule, Ruleset} from '../../facts/ruleset.ts'
import type {Cause} from '../../model.ts'
import {rulingOf} from '../../trace/nftables.ts'
import type {Change, Scene} from './change.ts'

/** A table that was not there goes as a whole; in one that was, each rule that was not, and a policy goes back. */
export function filterChanges({was, is, run}: Scene): Change[] {
  const tables = is.ruleset.flatMap(({table}) => (table ? [table] : []))
  return tables.flatMap(({family, name}): Change[] => {
    const of = (ruleset: Ruleset) =>
      ruleset.filter(
        ({table, chain, rule, set, map}) =>
          [chain, rule, set, map].some((part) => part?.table === name && part.family === family) ||
          (table?.name === name && table.family === family),
      )
    const without = (now: NamespaceFacts) => ({...now, ruleset: now.ruleset.filter((item) => !of(now.ruleset).includes(item))})
    const rules = of(is.ruleset).flatMap(({rule}) => (rule ? [rule] : []))
    // The old iptables' rules are read by a tool of their own, and their handles are their numbers in the chain.
    const legacy = name.startsWith('iptables-legacy ')
    if (!was.ruleset.some(({table}) => table?.name === name && table.family === family)) {
      return [
        {
          kind: 'filter',
          cause: causeOfRules(rules, family),
          object: objectOf(family, name, rules),
          evidence: `there was no table ${family} ${name}`,
          undo: legacy
            ? rules.map(({chain, handle}) => `${run}iptables-legacy -t ${name.split(' ').at(-1)} -D ${chain} ${handle}`).reverse()
            : [`${run}nft delete table ${family} ${name}`],
          revert: without,
        },
      ]
    }
    const key = ({chain, expr}: Rule) =>
      `${chain} ${JSON.stringify(expr, (field, value) => (field === 'packets' || field === 'bytes' ? 0 : value))}`
    const old = new Set(of(was.ruleset).flatMap(({rule}) => (rule ? [key(rule)] : [])))
    const added = rules.filter((rule) => !old.has(key(rule)))
    const chains = of(is.ruleset).flatMap(({chain}) => {
      const before = of(was.ruleset).find((item) => item.chain?.name === chain?.name)?.chain
      return chain && chain.policy === 'drop' && before?.policy === 'accept' ? [chain] : []
    })
    return [
      ...added.map(
        (rule): Change => ({
          kind: 'filter',
          cause: causeOfRules([rule], family),
          object: `${family} ${name} ${rule.chain} handle ${rule.handle}`,
          evidence: `there was no such rule in ${family} ${name} ${rule.chain}`,
          undo: [`${run}nft delete rule ${family} ${name} ${rule.chain} handle ${rule.handle}`],
          revert: (now) => ({
            ...now,
            ruleset: now.ruleset.filter(
              (item) => item.rule?.handle !== rule.handle || item.rule.table !== name || item.rule.family !== family,
            ),
          }),
        }),
      ),
      ...chains.map(
        (chain): Change => ({
          kind: 'filter',
          cause: 'filter-drop',
          object: `${family} ${name} ${chain.name}`,
          evidence: `the policy of ${family} ${name} ${chain.name} was accept`,
          undo: [`${run}nft chain ${family} ${name} ${chain.name} '{ policy accept; }'`],
          revert: (now) => ({
            ...now,
            ruleset: now.ruleset.map((item) =>
              item.chain?.name === chain.name && item.chain.table === name ? {...item, chain: {...item.chain, policy: 'accept'}} : item,
            ),
          }),
        }),
      ),
    ]
  })
}

/** The rule that acts, where there is one alone; else the table. */
function objectOf(family: string, name: string, rules: readonly Rule[]): string {
  const [only, ...others] = rules
  if (!only || others.length > 0) return `${family} ${name}`
  const {chain, handle, text} = rulingOf(only)
  return `${family} ${name} ${chain} handle ${handle}: ${text}`
}

function causeOfRules(rules: readonly Rule[], family: string): Cause {
  const named = rules.flatMap(({expr}) => expr.map((each) => (each.xt as {name?: string} | undefined)?.name?.toLowerCase()))
  const words = new Set<string | undefined>([...rules.flatMap(({expr}) => expr.flatMap((each) => Object.keys(each))), ...named])
  if (family === 'bridge') return 'bridge-filter-drop'
  if (family === 'arp') return 'arp-suppressed'
  if (words.has('masquerade') || words.has('snat')) return 'source-nat'
  if (words.has('dnat') || words.has('redirect')) return 'destination-nat'
  const mangled = JSON.stringify(rules.map(({expr}) => expr.filter((each) => 'mangle' in each)))
  if (mangled.includes('checksum')) return 'bad-checksum'
  if (mangled.includes('saddr') || mangled.includes('sport')) return 'source-nat'
  if (mangled.includes('daddr') || mangled.includes('dport')) return 'destination-nat'
  return words.has('reject') ? 'filter-reject' : 'filter-drop'
}
