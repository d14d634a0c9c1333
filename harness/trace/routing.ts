// Which route a packet takes in one namespace: rules in order of priority, in each table the longest prefix and then the
// lowest metric (ip-rule(8), ip-route(8), RFC 1812 5.2.4.3). Pure.
import {contains, familyOf, networkOf, prefixLengthOf} from '../address.ts'
import type {NamespaceFacts, RouteFacts, RuleFacts} from '../facts/facts.ts'
import type {Family} from '../model.ts'

/** What routing looks at. */
export interface Routed {
  readonly family: Family
  /** Absent while the sender has not chosen one. */
  readonly source?: string | undefined
  readonly destination: string
  /** The device it came in by; absent where it begins. */
  readonly iif?: string | undefined
  readonly protocol?: string | undefined
}

export interface Routing {
  /** Absent when no table has one, or a rule refuses. */
  readonly route?: RouteFacts
  /** The rule that led to it, where it is another than the kernel's own three. */
  readonly rule?: RuleFacts
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

export function lookUp(here: NamespaceFacts, packet: Routed): Routing {
  const rules = here.rules[packet.family].length === 0 ? OWN_RULES : here.rules[packet.family]
  for (const rule of [...rules].sort((a, b) => a.priority - b.priority)) {
    if (!applies(rule, packet)) continue
    const named = OWN_PRIORITIES.includes(rule.priority) ? {} : {rule}
    if (rule.action !== 'lookup' && rule.action !== 'to_tbl') {
      if (rule.action === 'nop' || rule.action === 'goto') continue
      return named
    }
    const route = inTable(here, rule.table ?? 'main', packet)
    if (route && route.type !== 'throw') return {route, ...named}
  }
  return {}
}

/** The route that a table alone would give. */
export function inTable(here: NamespaceFacts, table: string, {family, destination}: Routed): RouteFacts | undefined {
  return here.routes
    .filter((route) => route.table === table && route.family === family && contains(route.to, destination))
    .sort((a, b) => (prefixLengthOf(b.to) ?? 0) - (prefixLengthOf(a.to) ?? 0) || a.metric - b.metric)[0]
}

function applies(rule: RuleFacts, {source, destination, iif, protocol}: Routed): boolean {
  const matches =
    (rule.from === undefined || (source !== undefined && contains(rule.from, source))) &&
    (rule.to === undefined || contains(rule.to, destination)) &&
    (rule.iif === undefined || rule.iif === (iif ?? 'lo')) &&
    rule.oif === undefined &&
    rule.mark === undefined &&
    (rule.protocol === undefined || rule.protocol === protocol)
  return matches !== rule.not
}

/** The address that a packet leaves with: the route's own source, else the first of the device it leaves by (RFC 6724 in part). */
export function sourceFor(here: NamespaceFacts, route: RouteFacts): string | undefined {
  if (route.source !== undefined) return route.source
  const ofFamily = (name: string | undefined) =>
    here.links
      .filter((link) => name === undefined || link.name === name)
      .flatMap(({addresses}) => addresses)
      .filter(({address, scope}) => familyOf(address) === route.family && scope === 'global')
      .map(({address, prefixLength}) => ({
        address,
        near: route.via !== undefined && contains(networkOf(address, prefixLength) ?? '', route.via),
      }))
  const own = ofFamily(route.dev)
  return (own.find(({near}) => near) ?? own[0] ?? ofFamily(undefined)[0])?.address
}

/** The route as ip-route(8) writes it. */
export function routeWords({type, to, via, dev, source, metric, table}: RouteFacts): string {
  const destination = prefixLengthOf(to) === 0 ? 'default' : to.replace(/\/(32|128)$/, '')
  return [
    type === 'unicast' ? '' : type,
    destination,
    via === undefined ? '' : `via ${via}`,
    dev === undefined ? '' : `dev ${dev}`,
    table === 'main' ? '' : `table ${table}`,
    source === undefined || via === undefined ? '' : `src ${source}`,
    metric === 0 || metric === 1024 ? '' : `metric ${metric}`,
  ]
    .filter((word) => word !== '')
    .join(' ')
}

/** The rule as ip-rule(8) writes it. */
export function ruleWords({priority, not, from, to, iif, oif, mark, protocol, action, table}: RuleFacts): string {
  return [
    `${priority}:`,
    not ? 'not' : '',
    `from ${from ?? 'all'}`,
    to === undefined ? '' : `to ${to}`,
    iif === undefined ? '' : `iif ${iif}`,
    oif === undefined ? '' : `oif ${oif}`,
    mark === undefined ? '' : `fwmark ${mark}`,
    protocol === undefined ? '' : `ipproto ${protocol}`,
    action === 'lookup' || action === 'to_tbl' ? `lookup ${table}` : action,
  ]
    .filter((word) => word !== '')
    .join(' ')
}
