// The way of a packet as Linux takes it, from facts alone: at each place the longest matching route, the link it leaves
// by, and who holds the next hop's address on that segment. Pure. What it does not know of (filters, rules, tunnels) it
// does not judge: a path that it finds whole may still lose packets.
import {contains, familyOf, prefixLengthOf, sameHost} from './address.ts'
import type {Facts, LinkFacts, NamespaceFacts, RouteFacts} from './facts/facts.ts'
import type {Cause, Family, Place} from './model.ts'

/** One place that a packet passes, and what it is handed to there. */
export interface Hop {
  readonly place: string
  /** The route taken, in the kernel's words; absent where the packet has arrived. */
  readonly route?: string
  readonly dev?: string
  readonly nextHop?: string
}

/** How a path ended: `delivered` at a place that holds the address, or stopped by a cause. `unknown` when facts are missing. */
export interface Disposition {
  readonly ended: 'delivered' | Cause
  readonly at: string
  /** What was seen there, in a sentence. */
  readonly evidence: string
}

export interface Trace extends Disposition {
  readonly hops: readonly Hop[]
}

/** More than any packet that leaves with a time to live of 64 can pass (RFC 791). */
const MOST_HOPS = 64

/** The way from a place to an address. */
export function traceTo(facts: Facts, places: readonly Place[], from: string, address: string): Trace {
  const family = familyOf(address) ?? 4
  const hops: Hop[] = []
  const passed = new Set<string>()
  let at = from
  while (hops.length < MOST_HOPS) {
    const here = facts.get(at)
    if (!here) return {hops, ended: 'unknown', at, evidence: `${at} could not be asked`}
    if (holds(here, address)) return {hops: [...hops, {place: at}], ended: 'delivered', at, evidence: `${at} holds ${address}`}
    if (passed.has(at)) return {hops, ended: 'routing-loop', at, evidence: `${at} has passed it on before`}
    passed.add(at)
    if (at !== from && !here.forwarding[family])
      return {hops: [...hops, {place: at}], ended: 'forwarding-off', at, evidence: `${forwardingName(family)} is 0 at ${at}`}
    const step = nextFrom(facts, places, at, here, address, family)
    hops.push({place: at, ...step.hop})
    if (step.stopped) return {hops, ...step.stopped}
    at = step.next
  }
  return {hops, ended: 'routing-loop', at, evidence: `still on its way after ${MOST_HOPS} routers`}
}

/** The address that a place sends from to another: the route's own source, else the first of the link it leaves by (RFC 6724 in part). */
export function sourceTo(facts: Facts, from: string, address: string): string | undefined {
  const here = facts.get(from)
  const family = familyOf(address) ?? 4
  const route = here && lookUp(here, address, family)
  if (!here || !route) return undefined
  const link = here.links.find(({name}) => name === route.dev)
  return route.source ?? link?.addresses.find((own) => familyOf(own.address) === family && own.scope === 'global')?.address
}

type Step = {hop: Omit<Hop, 'place'>; stopped: Disposition} | {hop: Omit<Hop, 'place'>; stopped?: undefined; next: string}

function nextFrom(facts: Facts, places: readonly Place[], at: string, here: NamespaceFacts, address: string, family: Family): Step {
  const route = lookUp(here, address, family)
  const stop = (ended: Cause, evidence: string, hop: Omit<Hop, 'place'> = {}, where = at): Step => ({
    hop,
    stopped: {ended, at: where, evidence},
  })
  if (!route) {
    const gatewayless = places.find(({name}) => name === at)?.kind === 'pod' && !here.routes.some(({to}) => prefixLengthOf(to) === 0)
    return gatewayless ? stop('gateway-missing', `${at} has no default route`) : stop('no-route', `${at} has no route to ${address}`)
  }
  const hop = {route: wordsOf(route), ...(route.dev !== undefined && {dev: route.dev}), nextHop: route.via ?? address}
  if (route.type === 'unreachable' || route.type === 'blackhole' || route.type === 'prohibit')
    return stop(`${route.type}-route`, `${at} has the route ${wordsOf(route)}`, hop)
  const link = here.links.find(({name}) => name === route.dev)
  if (!link) return stop('unknown', `${at} has no device ${route.dev}`, hop)
  if (!link.up) return stop('interface-down', `${link.name} is down at ${at}`, hop)
  if (!link.carrier) return stop('peer-down', `${link.name} has no carrier at ${at}`, hop)
  const holders = segmentOf(facts, places, at, link).filter(({place}) => holds(facts.get(place), hop.nextHop))
  const [holder, ...others] = [...new Set(holders.map(({place}) => place))]
  if (holder !== undefined && others.length === 0) return {hop, next: holder}
  if (holder !== undefined) return stop('duplicate-address', `${[holder, ...others].join(' and ')} both hold ${hop.nextHop}`, hop)
  return {hop, stopped: whyNotThere(facts, places, at, link, hop.nextHop, route)}
}

/** Nobody on the segment holds the next hop's address: what keeps the place that should from being there. */
function whyNotThere(facts: Facts, places: readonly Place[], at: string, link: LinkFacts, nextHop: string, route: RouteFacts): Disposition {
  for (const [place, its] of facts) {
    const own = its?.links.find(({addresses}) => addresses.some(({address}) => sameHost(address, nextHop)))
    if (!own) continue
    if (!own.up) return {ended: 'interface-down', at: place, evidence: `${own.name} is down at ${place}`}
    if (!own.carrier) return {ended: 'peer-down', at: place, evidence: `${own.name} has no carrier at ${place}`}
    return route.via === undefined
      ? {ended: 'wrong-device', at, evidence: `${at} looks for ${nextHop} on ${link.name}, and ${place} is not there`}
      : {ended: 'next-hop-unreachable', at, evidence: `${nextHop} is ${place}, which is not on ${link.name} of ${at}`}
  }
  const meant = places.find(({addresses}) => addresses.some((address) => sameHost(address, nextHop)))
  if (meant && facts.get(meant.name)) return {ended: 'address-missing', at: meant.name, evidence: `${meant.name} does not hold ${nextHop}`}
  if (meant) return {ended: 'pod-missing', at: meant.name, evidence: `${meant.name} is not there`}
  if (route.via !== undefined) return {ended: 'next-hop-unreachable', at, evidence: `nobody on ${link.name} of ${at} holds ${nextHop}`}
  return {ended: 'neighbour-unresolved', at, evidence: `nobody on ${link.name} of ${at} holds ${nextHop}`}
}

/** Longest prefix, then lowest metric, in the main table (RFC 1812, 5.2.4.3). A link that is down takes its routes with it. */
function lookUp(here: NamespaceFacts, address: string, family: Family): RouteFacts | undefined {
  return here.routes
    .filter((route) => route.table === 'main' && route.family === family && contains(route.to, address))
    .sort((a, b) => (prefixLengthOf(b.to) ?? 0) - (prefixLengthOf(a.to) ?? 0) || a.metric - b.metric)[0]
}

function holds(here: NamespaceFacts | undefined, address: string): boolean {
  return here?.links.some(({addresses}) => addresses.some((own) => sameHost(own.address, address))) ?? false
}

/** A device of a place. */
interface Port {
  readonly place: string
  readonly link: LinkFacts
}

/**
 * All devices on one segment with a device: across veth pairs and bridges, as far as links are up. The machines' eth0
 * are on one segment, the underlay, whatever a driver makes it of.
 */
function segmentOf(facts: Facts, places: readonly Place[], at: string, link: LinkFacts): Port[] {
  const found = new Map<string, Port>()
  const queue: Port[] = [{place: at, link}]
  for (let port = queue.shift(); port; port = queue.shift()) {
    const key = `${port.place} ${port.link.index}`
    if (found.has(key) || !port.link.up) continue
    found.set(key, port)
    queue.push(...neighboursOf(facts, places, port))
  }
  return [...found.values()].filter(({place, link: {index}}) => place !== at || index !== link.index)
}

function neighboursOf(facts: Facts, places: readonly Place[], {place, link}: Port): Port[] {
  const here = facts.get(place)
  if (!here) return []
  const near = here.links.filter(({master, name}) => master === link.name || name === link.master).map((other) => ({place, link: other}))
  const other = peerOf(facts, places, {place, link})
  if (other) return [...near, other]
  return isUnderlay(places, {place, link}) ? [...near, ...underlayPorts(facts, places)] : near
}

function isUnderlay(places: readonly Place[], {place, link}: Port): boolean {
  return link.name === 'eth0' && places.some(({name, netns}) => name === place && netns === undefined)
}

function underlayPorts(facts: Facts, places: readonly Place[]): Port[] {
  return places.flatMap(({name, netns}) => {
    const link = netns === undefined ? facts.get(name)?.links.find((own) => own.name === 'eth0') : undefined
    return link ? [{place: name, link}] : []
  })
}

/** The other end of a veth, where it is at a place: a machine knows its namespaces by number, they know it as their creator. */
function peerOf(facts: Facts, places: readonly Place[], {place, link}: Port): Port | undefined {
  const {peer} = link
  if (!peer || isUnderlay(places, {place, link})) return undefined
  const own = places.find(({name}) => name === place)
  const candidates =
    peer.netnsId === undefined
      ? [place]
      : places
          .filter(({name, node}) => node === own?.node && name !== place)
          .filter(({netns}) => own?.netns !== undefined || facts.get(place)?.netnsNames.get(peer.netnsId ?? -1) === netns)
          .map(({name}) => name)
  for (const candidate of candidates) {
    const there = facts.get(candidate)?.links.find(({index, peer: back}) => index === peer.index && back?.index === link.index)
    if (there) return {place: candidate, link: there}
  }
  return undefined
}

function forwardingName(family: Family): string {
  return family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding'
}

function wordsOf({type, to, via, dev}: RouteFacts): string {
  return [type === 'unicast' ? '' : type, to, via === undefined ? '' : `via ${via}`, dev === undefined ? '' : `dev ${dev}`]
    .filter((word) => word !== '')
    .join(' ')
}
