// Routes: what `ip -j -d route` prints as facts, and facts as ip-route(8) writes and takes them. Pure.
import {prefixLengthOf} from '../address.ts'
import type {Family} from '../model.ts'
import type {NextHopFacts, RouteFacts} from './facts.ts'

/** A route as ip(8) prints it. */
export interface IpRoute extends IpNextHop {
  type?: string
  dst: string
  prefsrc?: string
  pref?: string
  metric?: number
  table?: string
  protocol?: string
  scope?: string
  tos?: string
  nexthops?: IpNextHop[]
  /** One object, of which the keys are ip-route(8)'s words. */
  metrics?: Readonly<Record<string, string | number>>[]
}

interface IpNextHop {
  gateway?: string
  via?: {family: string; host: string}
  dev?: string
  weight?: number
  flags?: string[]
}

/** Daemons that take a route back when whoever told of it is gone (ip-route(8), rt_protos). */
const BGP_DAEMONS: readonly string[] = ['bird', 'bgp', 'zebra', 'gobgp']

export function routeFrom(printed: IpRoute): RouteFacts {
  const {type = 'unicast', dst, prefsrc, pref, metric = 0, table = 'main', protocol = '', nexthops = [], metrics = []} = printed
  // Only IPv6 routes have a preference (RFC 4191); a default route may have no address to tell its family by. An IPv4 route
  // may have an IPv6 next hop (RFC 8950), so the destination decides where there is one.
  const told = dst === 'default' ? [printed.gateway, prefsrc].some((text) => text?.includes(':')) || pref !== undefined : dst.includes(':')
  const family: Family = told ? 6 : 4
  const to = dst === 'default' ? (family === 6 ? '::/0' : '0.0.0.0/0') : dst.includes('/') ? dst : `${dst}/${family === 6 ? 128 : 32}`
  const {mtu} = metrics[0] ?? {}
  const details = detailsOf(printed, family)
  return {
    family,
    to,
    ...hopFrom(printed),
    ...(prefsrc !== undefined && {source: prefsrc}),
    metric,
    type,
    table,
    ...(nexthops.length > 0 && {nextHops: nexthops.map((hop) => ({...hopFrom(hop), weight: hop.weight ?? 1}))}),
    ...(mtu !== undefined && {mtu: Number(mtu)}),
    ...(details !== '' && {details}),
    ...(BGP_DAEMONS.includes(protocol) && {daemon: protocol}),
  }
}

function hopFrom({gateway, via, dev, flags = []}: IpNextHop): Omit<NextHopFacts, 'weight'> {
  const next = gateway ?? via?.host
  return {...(next !== undefined && {via: next}), ...(dev !== undefined && {dev}), ...(flags.includes('onlink') && {onlink: true})}
}

/** What ip-route(8) would not set by itself. It takes a route without a next hop for one to hosts on the link. */
function detailsOf(
  {type = 'unicast', protocol = 'boot', scope = 'global', tos, pref = 'medium', metrics = [], ...more}: IpRoute,
  family: Family,
) {
  const usual = type === 'local' ? 'host' : type === 'unicast' && !more.gateway && !more.via && !more.nexthops ? 'link' : 'global'
  const limits = Object.entries(metrics[0] ?? {}).filter(([word]) => word !== 'mtu')
  return [
    tos === undefined ? '' : `tos ${tos}`,
    protocol === 'boot' ? '' : `proto ${protocol}`,
    family === 6 || (scope === usual && protocol !== 'kernel') ? '' : `scope ${scope}`,
    ...limits.map(([word, value]) => `${word === 'congestion' ? 'congctl' : word} ${value}${/^rt/.test(word) ? 'ms' : ''}`),
    pref === 'medium' ? '' : `pref ${pref}`,
  ]
    .filter((word) => word !== '')
    .join(' ')
}

/** The route as it is read: where it leads, and by what. */
export function routeWords(route: RouteFacts): string {
  const {via, source, metric} = route
  return joined([
    ...start(route),
    source === undefined || via === undefined ? '' : `src ${source}`,
    metric === 0 || metric === 1024 ? '' : `metric ${metric}`,
    route.mtu === undefined ? '' : `mtu ${route.mtu}`,
    ...several(route),
  ])
}

/** The route to the last word, as it is typed after `ip route add`. */
export function routeLine(route: RouteFacts): string {
  const {family, source, metric, mtu, details = '', onlink} = route
  return joined([
    ...start(route),
    details,
    source === undefined ? '' : `src ${source}`,
    metric === (family === 6 ? 1024 : 0) ? '' : `metric ${metric}`,
    mtu === undefined ? '' : `mtu ${mtu}`,
    onlink ? 'onlink' : '',
    ...several(route),
  ])
}

function start({type, to, via, dev, table, nextHops}: RouteFacts): string[] {
  // One that was taken of several stands beside them.
  const hop = nextHops ? '' : hopWords({via, dev})
  const destination = prefixLengthOf(to) === 0 ? 'default' : to.replace(/\/(32|128)$/, '')
  return [type === 'unicast' ? '' : type, destination, hop, table === 'main' ? '' : `table ${table}`]
}

function several({nextHops = []}: RouteFacts): string[] {
  return nextHops.flatMap((hop) => ['nexthop', hopWords(hop), hop.weight === 1 ? '' : `weight ${hop.weight}`, hop.onlink ? 'onlink' : ''])
}

function hopWords({via, dev}: {readonly via?: string | undefined; readonly dev?: string | undefined}): string {
  return joined([via === undefined ? '' : `via ${via}`, dev === undefined ? '' : `dev ${dev}`])
}

function joined(words: readonly string[]): string {
  return words.filter((word) => word !== '').join(' ')
}
