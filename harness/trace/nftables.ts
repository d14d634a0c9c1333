// What an nftables ruleset does to a packet at a hook: the chains in order of priority, their rules as far as they are
// understood (nft(8), libnftables-json(5)). Pure. A rule whose match is not understood is not taken to match, and is told.
import {contains, familyOf, sameHost} from '../address.ts'
import type {Chain, Expression, Rule, Ruleset} from '../facts/ruleset.ts'
import type {Family, Protocol} from '../model.ts'

/** A packet as filters see it. */
export interface Packet {
  readonly family: Family
  readonly source: string
  readonly destination: string
  readonly protocol: Protocol
  /** For ICMP: whether it is a request or the reply to one. */
  readonly reply: boolean
  readonly sourcePort: number
  readonly destinationPort: number
  /** Bytes, with the IP header. */
  readonly length: number
  readonly iif?: string
  readonly oif?: string
  /** A later packet of a flow whose first one was answered. */
  readonly established?: boolean
  /** Time to live, or hop limit, as it is at the hook. */
  readonly ttl?: number
  /** What rules before have set it to. */
  readonly mark?: number
  /** Its frame, where the hook is one that sees frames. */
  readonly ether?: {readonly source: string; readonly destination: string}
  /** The frame is no IP packet but this. */
  readonly arp?: {readonly operation: 'request' | 'reply'; readonly source: string; readonly destination: string}
  /** What an address is to the namespace of the hook: local, unicast ... (nft(8), fib expression). */
  readonly typeOf?: (address: string) => string
}

export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress'

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
  readonly #packet: Packet
  readonly #doubts: Ruling[] = []
  #by: Ruling | undefined
  #translated: Translation | undefined
  #mark: number
  /** A rule that may have let it pass the chain: what drops it afterwards is not certain. */
  #spared: Ruling | undefined

  constructor(ruleset: Ruleset, packet: Packet) {
    this.#ruleset = ruleset
    this.#packet = packet
    this.#mark = packet.mark ?? 0
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
      mark: this.#mark,
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
        const matched = this.#match(expression.match as Match, chain)
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
    if (meta?.key === 'mark' && typeof value === 'number') this.#mark = value
    if (field === 'checksum') this.#doubts.push(by)
    if (field === 'saddr' || field === 'sport')
      this.#translated ??= {cause: 'source-nat', by, ...(typeof value === 'string' && {address: value})}
    if (field === 'daddr' || field === 'dport')
      this.#translated ??= {cause: 'destination-nat', by, ...(typeof value === 'string' && {address: value})}
    return 'next'
  }

  #verdictMap({key, data}: {key: unknown; data: unknown}, chain: Chain, ruling: Ruling, depth: number, sure: boolean): Ended {
    const elements = typeof data === 'string' ? this.#elements(data, chain) : ((data as {set?: unknown[]}).set ?? [])
    for (const element of elements) {
      const [from, verdict] = element as [unknown, Expression]
      if (this.#equals(this.#valueOf(key), from, chain) === true) return this.#statement(verdict, chain, ruling, depth, sure)
    }
    return 'next'
  }

  /** Undefined: not understood. */
  #match({op, left, right}: Match, chain: Chain): boolean | undefined {
    const value = this.#valueOf(left)
    if (value === undefined) return undefined
    if (value === null) return false // it has no such field, so the rule does not apply, whatever it asks of it
    if (value instanceof Set) return flagsMatch(value as ReadonlySet<string>, op, right)
    const equal = this.#equals(value, right, chain)
    if (equal === undefined) return undefined
    if (op === '!=') return !equal
    if (op === '==' || op === 'in') return equal
    if (typeof value === 'boolean') return undefined
    const [a, b] = [Number(value), Number(right)]
    if (Number.isNaN(a) || Number.isNaN(b)) return undefined
    return {'<': a < b, '>': a > b, '<=': a <= b, '>=': a >= b}[op]
  }

  /** What the packet has in a field; null where the field is of a protocol that the packet is not; undefined: not known. */
  #valueOf(left: unknown): unknown {
    const {payload, meta, ct, concat, fib, ...rest} = (left ?? {}) as {
      payload?: {protocol: string; field: string}
      meta?: {key: string}
      ct?: {key: string}
      concat?: unknown[]
      fib?: {result: string; flags: string | string[]}
      '&'?: [unknown, unknown]
    }
    if (rest['&']) return this.#masked(rest['&'])
    if (concat) {
      const parts = concat.map((part) => this.#valueOf(part))
      return parts.includes(undefined) ? undefined : parts.includes(null) ? null : parts
    }
    if (payload) return this.#payload(payload.protocol, payload.field)
    if (meta) return this.#meta(meta.key)
    if (ct?.key === 'state') return this.#packet.reply || this.#packet.established ? 'established' : 'new'
    if (fib?.result === 'type') return this.#addressType([fib.flags].flat())
    return undefined
  }

  #addressType(flags: readonly string[]): unknown {
    const {source, destination, typeOf, arp} = this.#packet
    if (arp) return null
    if (flags.includes('iif') || flags.includes('oif') || flags.includes('mark')) return undefined
    return typeOf?.(flags.includes('saddr') ? source : destination)
  }

  #masked([left, mask]: [unknown, unknown]): unknown {
    const value = this.#valueOf(left)
    if (value instanceof Set) return new Set([...value].filter((flag) => flagsIn(mask).includes(flag as string)))
    return typeof value === 'number' && typeof mask === 'number' ? value & mask : value === null ? null : undefined
  }

  #payload(protocol: string, field: string): unknown {
    const {family, source, destination, sourcePort, destinationPort, reply, arp, length, ttl} = this.#packet
    const own = this.#packet.protocol
    if (protocol === 'ether') return this.#ether(field)
    if (protocol === 'arp') return arp ? arpField(arp, field) : null
    if (arp) return null
    if (protocol === 'ip' || protocol === 'ip6') {
      if ((protocol === 'ip' ? 4 : 6) !== family) return null
      const l4 = this.#l4()
      // Don't Fragment is set, and nothing else.
      const fields = {
        saddr: source,
        daddr: destination,
        protocol: l4,
        nexthdr: l4,
        length,
        version: family,
        ttl,
        hoplimit: ttl,
        dscp: 'cs0',
      }
      return {...fields, 'frag-off': 0x4000, hdrlength: 5}[field]
    }
    if (protocol === 'tcp' || protocol === 'udp' || protocol === 'th') {
      if (own === 'icmp' || (protocol !== 'th' && protocol !== own)) return null
      return {sport: sourcePort, dport: destinationPort, ...(own === 'tcp' && {flags: this.#flags()})}[field]
    }
    if (protocol === 'icmp' || protocol === 'icmpv6') {
      if (own !== 'icmp' || (protocol === 'icmp' ? 4 : 6) !== family) return null
      return {type: reply ? 'echo-reply' : 'echo-request', code: 0}[field]
    }
    return ['sctp', 'dccp', 'udplite', 'esp', 'ah', 'comp', 'igmp', 'vlan'].includes(protocol) ? null : undefined
  }

  #ether(field: string): unknown {
    const {ether, arp, family} = this.#packet
    if (field === 'type') return arp ? 'arp' : family === 4 ? 'ip' : 'ip6'
    return {saddr: ether?.source, daddr: ether?.destination}[field]
  }

  /** Of the segment that opens a connection, the one that answers it, and all later ones. */
  #flags(): ReadonlySet<string> {
    return new Set(this.#packet.established ? ['ack'] : this.#packet.reply ? ['syn', 'ack'] : ['syn'])
  }

  #l4(): string {
    const {protocol, family} = this.#packet
    return protocol === 'icmp' && family === 6 ? 'ipv6-icmp' : protocol
  }

  #meta(key: string): unknown {
    const {family, iif, oif, length, arp} = this.#packet
    const l3 = arp ? 'arp' : family === 4 ? 'ip' : 'ip6'
    const known: Readonly<Record<string, unknown>> = {
      iifname: iif ?? '',
      iif: iif ?? '',
      oifname: oif ?? '',
      oif: oif ?? '',
      l4proto: arp ? null : this.#l4(),
      nfproto: family === 4 ? 'ipv4' : 'ipv6',
      protocol: l3,
      length,
      mark: this.#mark,
      pkttype: arp?.operation === 'request' ? 'broadcast' : 'host',
    }
    return known[key]
  }

  #equals(value: unknown, right: unknown, chain: Chain): boolean | undefined {
    if (value === null) return false
    if (value === undefined) return undefined
    if (Array.isArray(right)) return anyOf(right.map((one) => this.#equals(value, one, chain)))
    if (typeof right === 'string' && right.startsWith('@'))
      return anyOf(this.#elements(right, chain).map((one) => this.#equals(value, one, chain)))
    if (typeof right === 'object' && right !== null) return this.#equalsObject(value, right as Readonly<Record<string, unknown>>, chain)
    if (typeof value === 'string' && typeof right === 'string') {
      if (familyOf(value) !== undefined && familyOf(right) !== undefined) return sameHost(value, right)
      if (right.endsWith('*')) return value.startsWith(right.slice(0, -1))
      if (value === 'icmp' || value === 'ipv6-icmp') return right === value || (value === 'ipv6-icmp' && right === 'icmpv6')
      return value === right
    }
    return Number(value) === Number(right)
  }

  #equalsObject(value: unknown, right: Readonly<Record<string, unknown>>, chain: Chain): boolean | undefined {
    const {set, prefix, range, elem, concat} = right
    if (Array.isArray(set)) return anyOf(set.map((one) => this.#equals(value, one, chain)))
    if (elem !== undefined) return this.#equals(value, (elem as {val: unknown}).val, chain)
    if (Array.isArray(concat))
      return Array.isArray(value) ? allOf(value.map((part, index) => this.#equals(part, concat[index], chain))) : undefined
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

  #elements(reference: string, chain: Chain): readonly unknown[] {
    const name = reference.slice(1)
    const found = this.#ruleset.find(({set, map}) => {
      const named = set ?? map
      return named?.name === name && named.table === chain.table && named.family === chain.family
    })
    return (found?.set ?? found?.map)?.elem ?? []
  }
}

interface Match {
  readonly op: string
  readonly left: unknown
  readonly right: unknown
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

/** ARP of IPv4 over Ethernet (RFC 826): hardware type 1, addresses of 6 and 4 bytes. arptables asks for these in each rule. */
function arpField({operation, source, destination}: NonNullable<Packet['arp']>, field: string): unknown {
  return {htype: 1, hlen: 6, plen: 4, ptype: 'ip', operation, 'saddr ip': source, 'daddr ip': destination}[field]
}
