// The old iptables' rules, which nft(8) does not show, as iptables-legacy-save(8) prints them, in the form of an nftables
// ruleset: one way to judge both. Pure. A match that is not understood is an `xt` match of that name, as nft would say.
import type {Expression, RulesetItem} from './ruleset.ts'

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
    return [{rule: {family, table: named, chain: words[1], handle, expr: expressionsOf(words.slice(2), family)}}]
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

function expressionsOf(words: readonly string[], family: 'ip' | 'ip6'): Expression[] {
  const found: Expression[] = []
  let not = false
  for (let at = 0; at < words.length; at++) {
    const [word = '', next = ''] = [words[at], words[at + 1]]
    if (word === '!') {
      not = true
      continue
    }
    if (word === '-j' || word === '-g') return [...found, target(next, word, words.slice(at + 2))]
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
const KNOWN_MODULES: readonly string[] = ['tcp', 'udp', 'icmp', 'icmp6', 'comment', 'conntrack', 'state', 'multiport']

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
  if (/port/.test(option)) return {set: value.split(',').map(portsOf)}
  return value
}

function portsOf(text: string): unknown {
  const [first = '', last] = text.split(':')
  return last === undefined ? Number(first) : {range: [Number(first), Number(last)]}
}

function target(name: string, option: string, more: readonly string[]): Expression {
  const [host, port] = (more[more.findIndex((word) => word === '--to-destination' || word === '--to-source') + 1] ?? '').split(':')
  const to = {...(host && {addr: host}), ...(port && {port: Number(port)})}
  const known: Readonly<Record<string, Expression>> = {
    ACCEPT: {accept: null},
    DROP: {drop: null},
    RETURN: {return: null},
    REJECT: {reject: null},
    MASQUERADE: {masquerade: null},
    SNAT: {snat: to},
    DNAT: {dnat: to},
  }
  if (known[name]) return known[name]
  if (/^[A-Z0-9]+$/.test(name) && XT_TARGETS.includes(name)) return {xt: {type: 'target', name}}
  return {[option === '-g' ? 'goto' : 'jump']: {target: name}}
}

/** Targets of iptables-extensions(8), told from chains of a person's own by their name. */
const XT_TARGETS: readonly string[] = [
  ...['LOG', 'NFLOG', 'TRACE', 'MARK', 'CONNMARK', 'CT', 'NFQUEUE', 'REDIRECT', 'NETMAP', 'TPROXY', 'TEE', 'TTL', 'HL', 'TCPMSS', 'DSCP'],
  ...['CHECKSUM', 'CLASSIFY', 'NOTRACK', 'SET', 'SYNPROXY', 'ECN', 'TOS', 'AUDIT'],
]
