// What an nftables ruleset does to a packet at a hook: the chains in order of priority, their rules as far as they are
// understood (nft(8), libnftables-json(5)). Pure. A rule whose match is not understood is not taken to match, and is told.
import type {Chain, Expression, Rule, Ruleset} from '../facts/ruleset.ts'
import {type Asked, elements, equals, fieldOf, type Match, matches} from './nftables/match.ts'
import type {Packet} from './nftables/packet.ts'
import {type Ruling, rulingOf} from './nftables/words.ts'

export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress'

export interface FilterResult {
  readonly verdict: 'accept' | 'drop' | 'reject'
  readonly by?: Ruling
  /** What rules made of the packet's addresses and ports, and which. */
  readonly translated?: Translation
  /** The packet's mark afterwards. */
  readonly mark: number
  /** Rules that would have decided otherwise, had their match been understood. */
  readonly doubts: readonly Ruling[]
}

export interface Translation {
  readonly cause: 'source-nat' | 'destination-nat'
  readonly by: Ruling
  /** The new address, where the rule names one; a masquerade takes that of the device it leaves by. */
  readonly address?: string
  readonly port?: number
}

/**
 * Runs a packet through all base chains of a hook. Translation chains see only the first packet of a flow: not replies.
 * @param families whose chains: those of the packet's own family unless it is said; `bridge` for frames, `arp`
 */
export function runHook(
  ruleset: Ruleset,
  hook: Hook,
  packet: Packet,
  families: readonly string[] = packet.family === 4 ? ['ip', 'inet'] : ['ip6', 'inet'],
): FilterResult {
  const device = hook === 'egress' ? packet.oif : packet.iif
  const chains = chainsOf(ruleset, hook, families).filter((chain) => isOn(chain, device))
  const run = new Run(ruleset, packet)
  for (const chain of chains) {
    if (chain.type === 'nat' && (packet.reply || packet.established)) continue
    const ended = run.base(chain)
    if (ended === 'drop' || ended === 'reject') return run.result(ended)
  }
  return run.result('accept')
}

/** In the order in which the kernel runs them. Most namespaces have none. */
function chainsOf(ruleset: Ruleset, hook: Hook, families: readonly string[]): Chain[] {
  if (ruleset.length === 0) return []
  return ruleset
    .flatMap(({chain}) => (chain?.hook === hook && families.includes(chain.family) ? [chain] : []))
    .sort((a, b) => (a.prio ?? 0) - (b.prio ?? 0))
}

/** A chain of a device, where it names one: not all versions of nft(8) print that. */
function isOn({hook, dev}: Chain, device: string | undefined): boolean {
  if ((hook !== 'ingress' && hook !== 'egress') || dev === undefined) return true
  return [dev].flat().includes(device ?? '')
}

type Ended = 'accept' | 'drop' | 'reject' | 'return' | 'next'

/** Deeper than any that the kernel takes (nf_tables' jump stack, NFT_JUMP_STACK_SIZE). */
const DEEPEST = 16

class Run {
  readonly #ruleset: Ruleset
  #packet: Packet
  readonly #doubts: Ruling[] = []
  #by: Ruling | undefined
  #translated: Translation | undefined
  /** A rule that may have let it pass the chain: what drops it afterwards is not certain. */
  #spared: Ruling | undefined

  constructor(ruleset: Ruleset, packet: Packet) {
    this.#ruleset = ruleset
    this.#packet = packet
  }

  /** A chain that hangs on the hook. */
  base(chain: Chain): Ended {
    // Which device such a chain is for, some versions of nft(8) do not print as JSON.
    this.#spared = isDevices(chain) && chain.dev === undefined ? {...placeOf(chain), text: 'for a device that nft did not name'} : undefined
    const ended = this.chain(chain)
    if (!this.#spared || (ended !== 'drop' && ended !== 'reject')) return ended
    this.#doubts.push(this.#spared, ...(this.#by ? [this.#by] : []))
    this.#by = undefined
    return 'accept'
  }

  result(verdict: FilterResult['verdict']): FilterResult {
    return {
      verdict,
      ...(verdict !== 'accept' && this.#by && {by: this.#by}),
      ...(this.#translated && {translated: this.#translated}),
      mark: this.#packet.mark ?? 0,
      doubts: this.#doubts,
    }
  }

  chain(chain: Chain, depth = 0): Ended {
    for (const {rule} of this.#ruleset) {
      if (!rule || rule.family !== chain.family || rule.table !== chain.table || rule.chain !== chain.name) continue
      const ended = this.#rule(rule, chain, depth)
      if (ended !== 'next')
        return ended === 'return' && chain.hook === undefined ? 'next' : ended === 'return' ? this.#policy(chain) : ended
    }
    return chain.hook === undefined ? 'next' : this.#policy(chain)
  }

  #policy(chain: Chain): Ended {
    if (chain.policy !== 'drop') return 'accept'
    this.#by = {...placeOf(chain), text: 'policy drop'}
    return 'drop'
  }

  #rule(rule: Rule, chain: Chain, depth: number): Ended {
    const ruling = rulingOf(rule)
    let sure = true
    for (const expression of rule.expr) {
      if ('match' in expression) {
        const matched = matches(expression.match as Match, this.#asked(chain))
        if (matched === false) return 'next'
        if (matched === undefined) sure = false
        continue
      }
      if (UNCERTAIN.some((word) => word in expression)) sure = false
      const {type, name} = (expression.xt ?? {}) as {type?: string; name?: string}
      if (type === 'match' && name !== 'comment') sure = false
      if (type === 'match' || (name !== undefined && XT_NOTES.includes(name))) continue
      const ended = this.#statement(XT_TARGETS[name ?? ''] ?? expression, chain, ruling, depth, sure)
      if (ended !== 'next') return ended
    }
    return 'next'
  }

  #statement(expression: Expression, chain: Chain, ruling: Ruling, depth: number, sure: boolean): Ended {
    const [word = ''] = Object.keys(expression)
    if (word === 'vmap') return this.#verdictMap(expression.vmap as {key: unknown; data: unknown}, chain, ruling, depth, sure)
    if (!ACTING.includes(word)) return 'next'
    // nft(8) leaves out the match on TCP that this implies.
    if ((expression.reject as {type?: string} | undefined)?.type === 'tcp reset' && this.#packet.protocol !== 'tcp') return 'next'
    if (!sure) {
      if (word === 'accept' || word === 'return') this.#spared ??= ruling
      else this.#doubts.push(ruling)
      return 'next'
    }
    if (word === 'drop' || word === 'reject') {
      this.#by = ruling
      return word
    }
    if (word === 'accept' || word === 'return') return word
    if (word === 'jump' || word === 'goto') return this.#jump(expression[word] as {target: string}, chain, word, depth)
    if (word === 'xt' || word === 'queue' || word === 'tproxy') {
      this.#doubts.push(ruling)
      return 'next'
    }
    if (word === 'mangle') return this.#mangle(expression.mangle as {key: unknown; value: unknown}, ruling)
    const {addr, port} = (expression[word] ?? {}) as {addr?: unknown; port?: unknown}
    const cause = word === 'snat' || word === 'masquerade' ? 'source-nat' : 'destination-nat'
    this.#translated ??= {
      cause,
      by: ruling,
      ...(typeof addr === 'string' && {address: addr}),
      ...(typeof port === 'number' && {port}),
    }
    return 'accept'
  }

  #jump({target}: {target: string}, chain: Chain, word: 'jump' | 'goto', depth: number): Ended {
    const next = this.#ruleset.find(
      (item) => item.chain?.name === target && item.chain.table === chain.table && item.chain.family === chain.family,
    )?.chain
    if (!next || depth > DEEPEST) return 'next'
    const ended = this.chain(next, depth + 1)
    return ended === 'next' && word === 'goto' ? 'return' : ended
  }

  /** `ip saddr set 10.0.0.1`: translation without state. */
  #mangle({key, value}: {key: unknown; value: unknown}, by: Ruling): Ended {
    const {payload, meta} = key as {payload?: {field?: string}; meta?: {key?: string}}
    const {field} = payload ?? {}
    if (meta?.key === 'mark' && typeof value === 'number') this.#packet = {...this.#packet, mark: value}
    if (field === 'checksum') this.#doubts.push(by)
    if (field === 'saddr' || field === 'sport')
      this.#translated ??= {cause: 'source-nat', by, ...(typeof value === 'string' && {address: value})}
    if (field === 'daddr' || field === 'dport')
      this.#translated ??= {cause: 'destination-nat', by, ...(typeof value === 'string' && {address: value})}
    return 'next'
  }

  #asked(chain: Chain): Asked {
    return {packet: this.#packet, ruleset: this.#ruleset, chain}
  }

  #verdictMap({key, data}: {key: unknown; data: unknown}, chain: Chain, ruling: Ruling, depth: number, sure: boolean): Ended {
    const asked = this.#asked(chain)
    const all = typeof data === 'string' ? elements(data, asked) : ((data as {set?: unknown[]}).set ?? [])
    for (const element of all) {
      const [from, verdict] = element as [unknown, Expression]
      if (equals(fieldOf(key, asked.packet), from, asked) === true) return this.#statement(verdict, chain, ruling, depth, sure)
    }
    return 'next'
  }
}

/** Statements that decide, or that change the packet. */
const ACTING: readonly string[] = [
  ...['accept', 'drop', 'reject', 'return', 'jump', 'goto', 'snat', 'dnat', 'masquerade', 'redirect', 'mangle'],
  ...['xt', 'queue', 'tproxy'],
]

/** What makes the rest of a rule a matter of time, chance or a module that nft(8) does not know. */
const UNCERTAIN: readonly string[] = ['limit', 'quota', 'ct count']

/** Targets of iptables(8) that nft(8) tells by name alone and that need no more, and those that change nothing. */
const XT_TARGETS: Readonly<Record<string, Expression>> = {REJECT: {reject: null}, MASQUERADE: {masquerade: null}}
const XT_NOTES: readonly string[] = ['LOG', 'NFLOG', 'TRACE']

function isDevices({family, hook}: Chain): boolean {
  return family === 'netdev' || hook === 'ingress' || hook === 'egress'
}

function placeOf({family, table, name}: Chain): Pick<Ruling, 'family' | 'table' | 'chain'> {
  return {family, table, chain: name}
}
