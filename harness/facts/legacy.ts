// The old iptables' rules, which nft(8) does not show, as iptables-legacy-save(8) prints them, in the form of an nftables
// ruleset: one way to judge both. Pure. A match that is not understood is an `xt` match of that name, as nft would say.
import type {Expression, Ruleset, RulesetItem} from './ruleset.ts'

/** Priorities of the tables' hooks (linux/netfilter_ipv4.h). */
const PRIORITIES: Readonly<Record<string, number>> = {raw: -300, mangle: -150, nat: -100, filter: 0, security: 50}
const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']

/** @param text the tool's lines, joined by vertical tabs */
export function rulesetOfLegacy(text: string, family: 'ip' | 'ip6'): RulesetItem[] {
  if (text.startsWith('!')) return []
  let table = ''
  // The tool itself numbers the rules of a chain.
  const numbers = new Map<string, number>()
  return text.split('\v').flatMap((line): RulesetItem[] => {
    if (line.startsWith('*')) {
      table = line.slice(1)
      return []
    }
    const named = `iptables-legacy ${table}`
    if (line.startsWith(':')) return [{chain: chainFrom(line, family, named, table)}]
    const words = wordsOf(line)
    if (words[0] !== '-A' || words[1] === undefined) return []
    const handle = (numbers.get(`${table} ${words[1]}`) ?? 0) + 1
    numbers.set(`${table} ${words[1]}`, handle)
    return [{rule: {family, table: named, chain: words[1], handle, expr: expressionsOf(words.slice(1), family)}}]
  })
}

/**
 * nft(8) tells of what iptables(8) matches by a module only the module's name: such rules are taken from iptables-save(8).
 * @param saved what iptables-nft-save and ip6tables-nft-save print, in the form that rulesetOfLegacy takes
 */
export function withModules(ruleset: Ruleset, saved: Readonly<Record<'ip' | 'ip6', string>>): Ruleset {
  const told = new Map<string, readonly Expression[]>(
    (['ip', 'ip6'] as const).flatMap((family) =>
      rulesetOfLegacy(saved[family], family).flatMap(({rule}) =>
        rule ? [[`${family} ${rule.table.replace('iptables-legacy ', '')} ${rule.chain} ${rule.handle}`, rule.expr] as const] : [],
      ),
    ),
  )
  const numbers = new Map<string, number>()
  return ruleset.map((item) => {
    if (!item.rule) return item
    const {family, table, chain, expr} = item.rule
    const number = (numbers.get(`${family} ${table} ${chain}`) ?? 0) + 1
    numbers.set(`${family} ${table} ${chain}`, number)
    const own = told.get(`${family} ${table} ${chain} ${number}`)
    return own && expr.some((each) => 'xt' in each) ? {rule: {...item.rule, expr: own}} : item
  })
}

function chainFrom(line: string, family: string, table: string, name: string): NonNullable<RulesetItem['chain']> {
  const [chain = '', policy = ''] = line.slice(1).split(' ')
  if (!HOOKS.includes(chain)) return {family, table, name: chain}
  const prio = name === 'nat' && (chain === 'POSTROUTING' || chain === 'INPUT') ? 100 : (PRIORITIES[name] ?? 0)
  return {
    family,
    table,
    name: chain,
    type: name === 'nat' ? 'nat' : 'filter',
    hook: chain.toLowerCase(),
    prio,
    policy: policy.toLowerCase(),
  }
}

/** Words as a shell would have them: a comment may be quoted. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

function expressionsOf([hook = '', ...words]: readonly string[], family: 'ip' | 'ip6'): Expression[] {
  const found: Expression[] = []
  let not = false
  for (let at = 0; at < words.length; at++) {
    const [word = '', next = ''] = [words[at], words[at + 1]]
    if (word === '!') {
      not = true
      continue
    }
    if (word === '-j' || word === '-g') return [...found, target(next, word, words.slice(at + 2), hook)]
    const left = matched(word, family)
    if (left) {
      found.push({match: {op: not ? '!=' : '==', left, right: rightOf(word, next)}})
      at++
    } else if (word === '-m' && !KNOWN_MODULES.includes(next)) {
      found.push({xt: {type: 'match', name: next}})
      at++
    } else if (word === '-m') at++
    not = false
  }
  return found
}

/** Modules whose options are told below, or that change nothing. */
const KNOWN_MODULES: readonly string[] = [
  ...[
    'tcp',
    'udp',
    'icmp',
    'icmp6',
    'comment',
    'conntrack',
    'state',
    'multiport',
    'mark',
    'length',
    'iprange',
    'mac',
    'addrtype',
    'pkttype',
  ],
  ...['ttl'],
]

function matched(option: string, family: 'ip' | 'ip6'): object | undefined {
  const payload = (protocol: string, field: string) => ({payload: {protocol, field}})
  switch (option) {
    case '-s':
      return payload(family, 'saddr')
    case '-d':
      return payload(family, 'daddr')
    case '-i':
      return {meta: {key: 'iifname'}}
    case '-o':
      return {meta: {key: 'oifname'}}
    case '-p':
      return {meta: {key: 'l4proto'}}
    case '--sport':
    case '--sports':
      return payload('th', 'sport')
    case '--dport':
    case '--dports':
      return payload('th', 'dport')
    case '--icmp-type':
      return payload('icmp', 'type')
    case '--icmpv6-type':
      return payload('icmpv6', 'type')
    case '--ctstate':
    case '--state':
      return {ct: {key: 'state'}}
    case '--mark':
      return {meta: {key: 'mark'}}
    case '--length':
      return {meta: {key: 'length'}}
    case '--pkt-type':
      return {meta: {key: 'pkttype'}}
    case '--ttl-eq':
      return payload(family, 'ttl')
    case '--mac-source':
      return payload('ether', 'saddr')
    case '--src-range':
      return payload(family, 'saddr')
    case '--dst-range':
      return payload(family, 'daddr')
    case '--src-type':
      return {fib: {result: 'type', flags: ['saddr']}}
    case '--dst-type':
      return {fib: {result: 'type', flags: ['daddr']}}
    default:
      return undefined
  }
}

const ICMP_TYPES: Readonly<Record<string, string>> = {'0': 'echo-reply', '8': 'echo-request', '128': 'echo-request', '129': 'echo-reply'}

function rightOf(option: string, value: string): unknown {
  if (option === '-s' || option === '-d') {
    const [addr = '', len] = value.split('/')
    return len === undefined ? addr : {prefix: {addr, len: Number(len)}}
  }
  if (option === '-i' || option === '-o') return value.replace(/\+$/, '*')
  if (option === '--icmp-type' || option === '--icmpv6-type') return ICMP_TYPES[value] ?? value
  if (option.endsWith('state')) return {set: value.toLowerCase().split(',')}
  if (option === '--mark') return Number(value.split('/')[0])
  if (option === '--length') return portsOf(value)
  if (option === '--ttl-eq') return Number(value)
  if (option.endsWith('-range')) return {range: value.split('-')}
  if (option.endsWith('-type')) return value.toLowerCase()
  if (/port/.test(option)) return {set: value.split(',').map(portsOf)}
  return value
}

function portsOf(text: string): unknown {
  const [first = '', last] = text.split(':')
  return last === undefined ? Number(first) : {range: [Number(first), Number(last)]}
}

function target(name: string, option: string, more: readonly string[], hook: string): Expression {
  const after = (...options: readonly string[]) => more[more.findIndex((word) => options.includes(word)) + 1] ?? ''
  const [host, port] = after('--to-destination', '--to-source').split(':')
  const to = {...(host && {addr: host}), ...(port && {port: Number(port)})}
  const known: Readonly<Record<string, Expression>> = {
    ACCEPT: {accept: null},
    DROP: {drop: null},
    RETURN: {return: null},
    REJECT: {reject: null},
    MASQUERADE: {masquerade: null},
    SNAT: {snat: to},
    DNAT: {dnat: to},
    // Whole networks for others, the hosts' parts as they are.
    NETMAP: {[hook === 'PREROUTING' || hook === 'OUTPUT' ? 'dnat' : 'snat']: {}},
    REDIRECT: {redirect: {port: Number(after('--to-ports').split('-')[0])}},
  }
  if (known[name]) return known[name]
  if (/^[A-Z0-9]+$/.test(name) && XT_TARGETS.includes(name)) return {xt: {type: 'target', name}}
  return {[option === '-g' ? 'goto' : 'jump']: {target: name}}
}

/** Targets of iptables-extensions(8), told from chains of a person's own by their name. */
const XT_TARGETS: readonly string[] = [
  ...['LOG', 'NFLOG', 'TRACE', 'MARK', 'CONNMARK', 'CT', 'NFQUEUE', 'TPROXY', 'TEE', 'TTL', 'HL', 'TCPMSS', 'DSCP'],
  ...['CHECKSUM', 'CLASSIFY', 'NOTRACK', 'SET', 'SYNPROXY', 'ECN', 'TOS', 'AUDIT'],
]
