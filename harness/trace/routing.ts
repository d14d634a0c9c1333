// Which route a packet takes in one namespace: rules in order of priority, in each table the longest prefix and then the
// lowest metric (ip-rule(8), ip-route(8), RFC 1812 5.2.4.3). Pure.
import {contains, familyOf, networkOf, prefixLengthOf} from '../address.ts'
import type {NamespaceFacts, RouteFacts, RuleFacts} from '../facts/facts.ts'
import type {Family} from '../model.ts'
import {rememberedOf} from './remembered.ts'

/** What routing looks at. */
export interface Routed {
  readonly family: Family
  /** Absent while the sender has not chosen one. */
  readonly source?: string | undefined
  readonly destination: string
  /** The device it came in by; absent where it begins. */
  readonly iif?: string | undefined
  readonly protocol?: string | undefined
  readonly sourcePort?: number | undefined
  readonly destinationPort?: number | undefined
  readonly mark?: number | undefined
  /** Which next hop of a route that has several: the kernel's hash chooses, and nobody knows its seed. */
  readonly branch?: number | undefined
}

export interface Routing {
  /** Absent when no table has one, or a rule refuses. */
  readonly route?: RouteFacts
  /** The rule that led to it, where it is another than the kernel's own three. */
  readonly rule?: RuleFacts
  /** A rule that comes before and of which it cannot be told whether it applies. */
  readonly doubt?: RuleFacts
}

/** The priorities of the kernel's own rules: local, main, default. */
const OWN_PRIORITIES: readonly number[] = [0, 32766, 32767]

/** What a namespace has before anybody adds a rule. */
const OWN_RULES: readonly RuleFacts[] = ['local', 'main', 'default'].map((table, index) => ({
  priority: OWN_PRIORITIES[index] ?? 0,
  not: false,
  action: 'lookup',
  table,
}))

/** Rules that refuse (FR_ACT_UNREACHABLE, FR_ACT_PROHIBIT, FR_ACT_BLACKHOLE). */
const REFUSING: readonly string[] = ['unreachable', 'prohibit', 'blackhole']

export function lookUp(here: NamespaceFacts, packet: Routed): Routing {
  const rules = here.rules[packet.family].length === 0 ? OWN_RULES : here.rules[packet.family]
  let from = 0
  let doubt: RuleFacts | undefined
  for (const rule of [...rules].sort((a, b) => a.priority - b.priority)) {
    if (rule.priority < from) continue
    const applied = applies(rule, packet)
    if (applied === undefined) doubt ??= rule
    if (!applied) continue
    const found = {...(isOwn(rule) ? {} : {rule}), ...(doubt && {doubt})}
    if (REFUSING.includes(rule.action)) return found
    if (rule.action === 'goto') from = rule.target ?? 0
    if (rule.action !== 'lookup' && rule.action !== 'to_tbl') continue
    const route = inTable(here, rule.table ?? 'main', packet)
    if (!route || route.type === 'throw') continue
    if (rule.suppressPrefixLength !== undefined && (prefixLengthOf(route.to) ?? 0) <= rule.suppressPrefixLength) continue
    return {route, ...found}
  }
  return doubt ? {doubt} : {}
}

function isOwn({priority, action, table, from, to, not}: RuleFacts): boolean {
  const own = OWN_RULES.find((each) => each.priority === priority)
  return own !== undefined && own.table === table && own.action === action && from === undefined && to === undefined && !not
}

/** The route that a table alone would give. */
export function inTable(here: NamespaceFacts, table: string, {family, destination, branch = 0}: Routed): RouteFacts | undefined {
  const found = bestIn(here, `${family} ${destination} ${table}`)
  const hop = found?.nextHops?.[branch % found.nextHops.length]
  if (!found || !hop) return found
  const {weight: _, ...taken} = hop
  return {...found, ...taken}
}

const bestIn = rememberedOf((here: NamespaceFacts, asked): RouteFacts | undefined => {
  const [family, destination = '', ...table] = asked.split(' ')
  const [found] = here.routes
    .filter((route) => route.table === table.join(' ') && `${route.family}` === family && contains(route.to, destination))
    .sort((a, b) => (prefixLengthOf(b.to) ?? 0) - (prefixLengthOf(a.to) ?? 0) || a.metric - b.metric)
  return found
})

/** Undefined: it has a selector of which the facts do not tell. */
function applies(
  rule: RuleFacts,
  {source, destination, iif, protocol, sourcePort, destinationPort, mark = 0}: Routed,
): boolean | undefined {
  const ported = protocol === 'tcp' || protocol === 'udp'
  const within = (range: readonly [number, number] | undefined, port: number | undefined) =>
    range === undefined || (ported && port !== undefined && port >= range[0] && port <= range[1])
  const matches =
    (rule.from === undefined || (source !== undefined && contains(rule.from, source))) &&
    (rule.to === undefined || contains(rule.to, destination)) &&
    (rule.iif === undefined || rule.iif === (iif ?? 'lo')) &&
    rule.oif === undefined && // for sockets that are bound to a device
    (rule.mark === undefined || (mark & (rule.markMask ?? -1)) === rule.mark) &&
    (rule.protocol === undefined || rule.protocol === protocol) &&
    (rule.tos ?? 0) === 0 &&
    within(rule.sourcePorts, sourcePort) &&
    within(rule.destinationPorts, destinationPort)
  if (rule.others !== undefined) return !matches && !rule.not ? false : undefined
  return matches !== rule.not
}

/** The address that a packet leaves with: the route's own source, else the first of the device it leaves by (RFC 6724 in part). */
export function sourceFor(here: NamespaceFacts, route: RouteFacts): string | undefined {
  return route.source ?? sourceOn(here, route.family, route.dev, route.via)
}

/** The address that a device lends (inet_select_addr): one near the next hop, else its first, else the first of any device. */
export function sourceOn(here: NamespaceFacts, family: Family, dev: string | undefined, near: string | undefined): string | undefined {
  const ofFamily = (name: string | undefined) =>
    here.links
      .filter((link) => name === undefined || link.name === name)
      .flatMap(({addresses}) => addresses)
      .filter(({address, scope}) => familyOf(address) === family && scope === 'global')
      .map(({address, prefixLength}) => ({
        address,
        near: near !== undefined && contains(networkOf(address, prefixLength) ?? '', near),
      }))
  const own = ofFamily(dev)
  return (own.find((each) => each.near) ?? own[0] ?? ofFamily(undefined)[0])?.address
}

/** The rule as ip-rule(8) writes it. */
export function ruleWords(rule: RuleFacts): string {
  const {priority, not, from, to, tos, mark, markMask, iif, oif, protocol, sourcePorts, destinationPorts, action, table, target} = rule
  const ports = (word: string, range: readonly [number, number] | undefined) =>
    range === undefined ? '' : `${word} ${range[0] === range[1] ? range[0] : range.join('-')}`
  const hexadecimal = (value: number) => `0x${value.toString(16)}`
  return [
    `${priority}:`,
    not ? 'not' : '',
    `from ${from ?? 'all'}`,
    to === undefined ? '' : `to ${to}`,
    tos === undefined ? '' : `tos ${hexadecimal(tos)}`,
    mark === undefined ? '' : `fwmark ${hexadecimal(mark)}${markMask === undefined ? '' : `/${hexadecimal(markMask)}`}`,
    iif === undefined ? '' : `iif ${iif}`,
    oif === undefined ? '' : `oif ${oif}`,
    protocol === undefined ? '' : `ipproto ${protocol}`,
    ports('sport', sourcePorts),
    ports('dport', destinationPorts),
    action === 'lookup' || action === 'to_tbl' ? `lookup ${table}` : action === 'goto' ? `goto ${target}` : action,
    rule.suppressPrefixLength === undefined ? '' : `suppress_prefixlength ${rule.suppressPrefixLength}`,
  ]
    .filter((word) => word !== '')
    .join(' ')
}
