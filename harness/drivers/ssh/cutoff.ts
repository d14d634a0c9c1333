// Lines that would cut podwire off from a machine on which a recipe runs bare: judged by their words and by how the
// connection goes, before they run. What words do not tell (a script, a batch) is the dead man's switch's affair.
import {contains, prefixLengthOf, sameHost} from '../../address.ts'
import {filterCuts} from './cutoff-filters.ts'
import type {HeldNode} from './fleet.ts'
import {wordAfter as after, type OwnWay, ownWay} from './own-way.ts'

/** Whether a line can have to do with the way at all: only then is the machine asked. */
const MAY = /\b(?:ip|ifconfig|route|nft|ip6?tables[\w-]*|ifdown|nmcli|networkctl|systemctl|service|sysctl|reboot|poweroff|halt|shutdown)\b/

/** @returns why a line would cut podwire off, undefined when it may run */
export async function cutsOff({machine}: HeldNode, command: string): Promise<string | undefined> {
  if (!MAY.test(command)) return undefined
  const way = await ownWay(machine)
  const why = way && cutBy(command, way)
  return why && `not run: ${why}; podwire would lose ${machine.node}. With --allow-cutoff it runs, and the machine undoes it by itself`
}

/** Pure: the line against the way. */
export function cutBy(line: string, way: OwnWay): string | undefined {
  for (const words of simpleCommands(line)) {
    const why = judge(words, way)
    if (why !== undefined) return why
  }
  return undefined
}

/** Words and what ends a command, as a shell line has them: what is quoted ends none. */
const TOKENS = /(?:'[^']*'|"[^"]*"|\\.|[^\s'";|&(){}\\])+|[;|&\n(){}]/g

/** Commands of a shell line, without assignments and what only runs another. Quotes are taken off. */
function simpleCommands(line: string): string[][] {
  const commands: string[][] = [[]]
  for (const [token] of line.matchAll(TOKENS)) {
    if (/^[;|&\n(){}]$/.test(token)) commands.push([])
    else commands.at(-1)?.push(token.replaceAll(/['"]|\\(?=.)/g, ''))
  }
  for (const words of commands) {
    while (words[0] !== undefined && (/^\w+=/.test(words[0]) || RUNNERS.includes(words[0]))) words.shift()
    if (words[0] === 'timeout') words.splice(0, 2)
  }
  return commands
}

/** What only runs another command, or stands before one. */
const RUNNERS: readonly string[] = ['sudo', 'exec', 'command', 'env', 'nohup', '-n', '!', 'then', 'do', 'else', 'if', 'while']

function judge(words: readonly string[], way: OwnWay): string | undefined {
  const name = (words[0] ?? '').replace(/^.*\//, '')
  const rest = words.slice(1)
  if (name === 'ip') return ipCuts(rest, way)
  if (/^ip6?tables|^nft$/.test(name)) return filterCuts(name, rest, way)
  if (name === 'ifconfig' && isOwn(rest[0], way) && rest.includes('down')) return down(rest[0])
  if (name === 'ifdown' && (isOwn(rest[0], way) || rest.includes('-a'))) return down(rest[0])
  if (name === 'route' && rest[0] === 'del')
    return routeCuts(
      'del',
      rest.slice(1).filter((word) => !word.startsWith('-')),
      way,
    )
  if (/^(?:reboot|poweroff|halt|shutdown)$/.test(name)) return `${name} ends the machine`
  if (
    name === 'systemctl' &&
    /^(?:stop|restart|disable)$/.test(rest[0] ?? '') &&
    rest.some((unit) => /network|^sshd?(?:\.service)?$/i.test(unit))
  )
    return `${rest[0]} ${rest.at(-1)} takes its network or its sshd away`
  if (name === 'sysctl' && way.server.includes(':') && rest.some((word) => /ipv6\.conf\.\S+\.disable_ipv6=1/.test(word)))
    return `it came in by ${way.server}, and IPv6 would be off`
  return undefined
}

/** iproute2 takes any beginning of its objects' and commands' names. */
const begins = (whole: string, word: string | undefined) => word !== undefined && word !== '' && whole.startsWith(word)

function ipCuts(words: readonly string[], way: OwnWay): string | undefined {
  let at = 0
  for (; words[at]?.startsWith('-'); at++) if (/^-(?:n|netns)$/.test(words[at] ?? '')) return undefined // another namespace
  const [object, verb = '', ...rest] = words.slice(at)
  if (begins('link', object)) return linkCuts(verb, rest, way)
  if (begins('address', object)) return addressCuts(verb, rest, way)
  if (begins('route', object)) return routeCuts(verb, rest, way)
  if (begins('rule', object) || object === 'ru') return ruleCuts(verb, rest, way)
  if (begins('neighbour', object) || begins('neighbor', object)) return neighbourCuts(verb, rest, way)
  return undefined
}

function linkCuts(verb: string, words: readonly string[], way: OwnWay): string | undefined {
  const device = after(words, 'dev') ?? words[0]
  if (begins('set', verb) && words[0] === 'group' && words.includes('down')) return 'it takes links down by group'
  if (!isOwn(device, way)) return undefined
  if (begins('delete', verb)) return `${device} is the device that it came in by`
  if (!begins('set', verb)) return undefined
  if (words.includes('down')) return down(device)
  if (words.includes('netns')) return `${device} would go to another namespace`
  return words.includes('master') && device === way.devices[0] ? `${device} would be a port, and hold ${way.server} no longer` : undefined
}

function addressCuts(verb: string, words: readonly string[], way: OwnWay): string | undefined {
  const device = after(words, 'dev')
  if (begins('flush', verb)) return device === undefined || isOwn(device, way) ? `it came in by ${way.server}` : undefined
  const [address = ''] = words.filter((word, index) => word !== 'dev' && words[index - 1] !== 'dev' && /^[\d:a-f]/.test(word))
  if (begins('delete', verb)) return sameHost(address.split('/')[0] ?? '', way.server) ? `it came in by ${way.server}` : undefined
  if (!begins('add', verb) || device === undefined || isOwn(device, way)) return undefined
  // The address brings a route to its network, which may hide the one that answers take.
  const covers = address.includes('/') && contains(address, way.client) && (prefixLengthOf(address) ?? 0) >= lengthOf(way.route)
  return covers ? `answers to ${way.client} would leave by ${device}` : undefined
}

const REFUSING = ['blackhole', 'unreachable', 'prohibit', 'throw']

function routeCuts(verb: string, words: readonly string[], way: OwnWay): string | undefined {
  const device = after(words, 'dev')
  const via = after(words, 'via')
  const table = after(words, 'table')
  const other = table !== undefined && !['main', '254', 'all'].includes(table)
  if (begins('flush', verb)) {
    const elsewhere = other || words.includes('cache') || (device !== undefined && !isOwn(device, way))
    return elsewhere ? undefined : `answers to ${way.client} leave by ${way.route}`
  }
  if (other) return undefined
  const refusing = REFUSING.includes(words[0] ?? '')
  const to = prefixOf(refusing ? words[1] : words[0])
  if (to === undefined || !covers(to, way.client)) return undefined
  const same = lengthOf(to) === lengthOf(way.route)
  const elsewhere = device !== undefined && !isOwn(device, way)
  if (begins('delete', verb))
    return same && !elsewhere && (via === undefined || via === way.via) ? `answers to ${way.client} leave by ${way.route}` : undefined
  const takes = ['replace', 'change', 'prepend'].some((word) => begins(word, verb))
    ? lengthOf(to) >= lengthOf(way.route)
    : lengthOf(to) > lengthOf(way.route)
  if (!takes || (!refusing && !elsewhere && via === way.via)) return undefined
  return `answers to ${way.client} would ${refusing ? 'be refused' : `leave ${via === undefined ? `by ${device ?? 'another way'}` : `through ${via}`}`}`
}

function ruleCuts(verb: string, words: readonly string[], way: OwnWay): string | undefined {
  if (begins('flush', verb)) return 'without rules no route is looked up'
  const table = after(words, 'lookup') ?? after(words, 'table')
  if (begins('delete', verb)) {
    const main = table === 'main' || ['32766'].includes(after(words, 'pref') ?? after(words, 'priority') ?? '')
    return main ? 'the main table would no longer be looked up' : undefined
  }
  if (!begins('add', verb) || table === 'main') return undefined
  const [from, to, iif] = ['from', 'to', 'iif'].map((word) => after(words, word))
  if (iif !== undefined && iif !== 'lo') return undefined
  if (words.includes('fwmark')) return undefined
  const concerns = covers(prefixOf(from) ?? 'default', way.server) && covers(prefixOf(to) ?? 'default', way.client)
  return concerns
    ? `answers from ${way.server} to ${way.client} would go by ${table === undefined ? 'that rule' : `table ${table}`}`
    : undefined
}

function neighbourCuts(verb: string, words: readonly string[], way: OwnWay): string | undefined {
  if (!['add', 'replace', 'change'].some((word) => begins(word, verb)) || words.includes('proxy')) return undefined
  return sameHost(words[0] ?? '', way.via ?? way.client) ? `answers go to ${words[0]}` : undefined
}

function isOwn(device: string | undefined, {devices}: OwnWay): boolean {
  return device !== undefined && devices.includes(device)
}

function down(device: string | undefined): string {
  return `${device} is the device that it came in by`
}

function prefixOf(word: string | undefined): string | undefined {
  if (word === undefined || word === 'all' || word === 'any') return word === undefined ? undefined : 'default'
  return /^(?:default|[\d.]+(?:\/\d+)?|[\da-f:]+(?:\/\d+)?)$/i.test(word) ? word : undefined
}

function covers(prefix: string, host: string): boolean {
  return prefix === 'default' || sameHost(prefix, host) || contains(prefix, host)
}

/** 0 for the default route; a host's is the whole address. */
function lengthOf(prefix: string): number {
  if (prefix === 'default') return 0
  return prefixLengthOf(prefix) ?? (prefix.includes(':') ? 128 : 32)
}
