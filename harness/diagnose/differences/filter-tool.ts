// How rules are taken away and put back, by nft(8) and by the old iptables-legacy(8). Pure.
import type {Chain, Rule} from '../../facts/ruleset.ts'

/** Where a rule stood in its chain, from 0, and whether no rule stands there now. */
export interface Position {
  readonly index: number
  readonly last: boolean
}

/** Commands for one table. */
export interface FilterTool {
  readonly deleteRule: (rule: Rule) => string
  /** Where it stood. None where it cannot be written. */
  readonly insertRule: (rule: Rule & Position) => string[]
  readonly acceptPolicy: (chain: string) => string
  readonly emptyChain: (chain: string) => string
  readonly deleteChain: (chain: string) => string
  /** The old iptables' tables are the kernel's own. */
  readonly deleteTable?: string
}

/** @param run what comes before a command in the namespace */
export function toolFor({family, name}: {readonly family: string; readonly name: string}, run: string): FilterTool {
  const [, old] = /^iptables-legacy (\w+)$/.exec(name) ?? []
  if (old !== undefined) {
    const tool = `${run}${family === 'ip6' ? 'ip6tables' : 'iptables'}-legacy -t ${old}`
    return {
      // The old iptables numbers the rules of a chain.
      deleteRule: ({chain, handle}) => `${tool} -D ${chain} ${handle}`,
      insertRule: () => [],
      acceptPolicy: (chain) => `${tool} -P ${chain} ACCEPT`,
      emptyChain: (chain) => `${tool} -F ${chain}`,
      deleteChain: (chain) => `${tool} -X ${chain}`,
    }
  }
  return {
    deleteRule: ({chain, handle}) => `${run}nft delete rule ${family} ${name} ${chain} handle ${handle}`,
    insertRule: ({index, last, ...rule}) => [nftJson(run, [last ? {add: {rule: plain(rule)}} : {insert: {rule: {...plain(rule), index}}}])],
    acceptPolicy: (chain) => `${run}nft chain ${family} ${name} ${chain} '{ policy accept; }'`,
    emptyChain: (chain) => `${run}nft flush chain ${family} ${name} ${chain}`,
    deleteChain: (chain) => `${run}nft delete chain ${family} ${name} ${chain}`,
    deleteTable: `${run}nft delete table ${family} ${name}`,
  }
}

/** Commands in nft(8)'s own JSON (libnftables-json(5)), which every rule that it prints can be written in. */
export function nftJson(run: string, commands: readonly object[]): string {
  const json = JSON.stringify({nftables: commands}).replaceAll("'", "'\\''")
  return `echo '${json}' | ${run}nft -j -f -`
}

/** Without the number that the kernel gave it. */
export function plain<T extends Rule | Chain>({handle: _, ...rest}: T & {handle?: unknown}): object {
  return rest
}
