// Packet filters that would drop podwire's own connection. What a rule matches is judged by the words that are known here;
// a rule with others is taken to match.
import {contains, sameHost} from '../../address.ts'
import type {OwnWay} from './own-way.ts'

/** @param words after the command's name */
export function filterCuts(name: string, words: readonly string[], way: OwnWay): string | undefined {
  return name === 'nft' ? nftCuts(words, way) : name.endsWith('-restore') ? undefined : iptablesCuts(words, way)
}

/** Chains that a connection to the machine itself passes, and which end of it is its source there. */
const INWARD = ['INPUT', 'PREROUTING']
const OUTWARD = ['OUTPUT', 'POSTROUTING']

function iptablesCuts(words: readonly string[], way: OwnWay): string | undefined {
  const at = words.findIndex((word) => /^-(?:[AIPR]|-append|-insert|-policy|-replace)$/.test(word))
  const chain = words[at + 1] ?? ''
  if (at < 0 || ![...INWARD, ...OUTWARD].includes(chain)) return undefined
  const policy = /^-(?:P|-policy)$/.test(words[at] ?? '')
  const target = policy ? words[at + 2] : optionOf(words, '-j', '--jump')
  if (target !== 'DROP' && target !== 'REJECT') return undefined
  const inward = INWARD.includes(chain)
  const [source, destination] = inward ? [way.client, way.server] : [way.server, way.client]
  const misses =
    outside(optionOf(words, '-s', '--source'), source) ||
    outside(optionOf(words, '-d', '--destination'), destination) ||
    otherThan(optionOf(words, '-p', '--protocol'), ['tcp', 'all', '6']) ||
    otherThan(optionOf(words, '-i', '--in-interface'), way.devices) ||
    otherThan(optionOf(words, '-o', '--out-interface'), way.devices) ||
    otherThan(optionOf(words, inward ? '--dport' : '--sport'), [String(way.port), 'ssh'])
  return misses ? undefined : dropped(chain, way)
}

function nftCuts(words: readonly string[], way: OwnWay): string | undefined {
  const text = words.join(' ').replaceAll('\\', '')
  if (/\bpolicy (?:drop|reject)\b/.test(text) && /\bhook (?:input|output|prerouting|postrouting|ingress)\b/.test(text))
    return `every packet that no rule accepts would be dropped, those of ${way.client} too`
  const [, family, table, chain, rule] =
    /^(?:-\S+ )*(?:add|insert|replace) rule (?:(ip6?|inet|arp|bridge|netdev) )?(\S+) (\S+) (.*)$/.exec(text) ?? []
  if (rule === undefined || !/\b(?:drop|reject)\b/.test(rule)) return undefined
  const hook = way.hooks.get(`${family ?? 'ip'} ${table} ${chain}`)
  if (hook === undefined || hook === 'forward' || family === 'arp' || family === 'bridge') return undefined
  const inward = hook !== 'output' && hook !== 'postrouting'
  const [source, destination] = inward ? [way.client, way.server] : [way.server, way.client]
  const misses =
    outside(/\bip6? saddr (\S+)/.exec(rule)?.[1], source) ||
    outside(/\bip6? daddr (\S+)/.exec(rule)?.[1], destination) ||
    /\b(?:udp|icmp|icmpv6|sctp) /.test(rule) ||
    /\bl4proto (?!tcp|6\b|\{)/.test(rule) ||
    otherThan(/\biif(?:name)? "?([^\s"{]+)/.exec(rule)?.[1], way.devices) ||
    otherThan(/\boif(?:name)? "?([^\s"{]+)/.exec(rule)?.[1], way.devices) ||
    otherThan(new RegExp(`\\btcp ${inward ? 'dport' : 'sport'} ([^\\s{]+)`).exec(rule)?.[1], [String(way.port), 'ssh'])
  return misses ? undefined : dropped(`${table} ${chain}`, way)
}

function dropped(chain: string, {client}: OwnWay): string {
  return `${chain} would drop what comes from ${client}, or goes there`
}

/** Of what is not said, nothing is outside. */
function outside(prefix: string | undefined, host: string): boolean {
  return prefix !== undefined && /^[\d.:a-f/]+$/i.test(prefix) && !sameHost(prefix, host) && !contains(prefix, host)
}

function otherThan(value: string | undefined, known: readonly string[]): boolean {
  return value !== undefined && !known.includes(value)
}

function optionOf(words: readonly string[], ...options: readonly string[]): string | undefined {
  const at = words.findIndex((word) => options.includes(word))
  return at < 0 || words[at - 1] === '!' ? undefined : words[at + 1]
}
