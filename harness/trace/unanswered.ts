// Why nobody on the segment answers for a next hop: who is meant is cut off from it, on another one, or not there at all. Pure.
import {sameHost} from '../address.ts'
import type {LinkFacts, RouteFacts} from '../facts/facts.ts'
import {routeWords} from '../facts/routes.ts'
import type {Place} from '../model.ts'
import {bridgeAddressLost, looseEnd, lostEnd} from './absence.ts'
import {carried} from './frames.ts'
import type {Packet} from './nftables/packet.ts'
import {endOf, neighbourIn} from './resolution.ts'
import {blockIn, holderLink, holds, holdsThere, segmentOf} from './segment.ts'
import {isCarriedBetween, missingEnd} from './tunnel.ts'
import type {Block, Passage, Port, World} from './world.ts'

/** Who is looked for, where, and by which route. */
export interface Search {
  /** The device that the route sends it out by. */
  readonly from: Port
  readonly nextHop: string
  readonly route: RouteFacts
  readonly packet: Packet
}

/** What keeps somebody from answering. */
export interface Unanswered extends Block {
  /** It is the route that looks for him there: a rule that led to the route is to blame before it. */
  readonly byRoute?: true
}

/** What keeps whoever should hold the next hop's address from being on the segment. */
export function whyUnanswered(world: World, search: Search): Unanswered {
  const {from, nextHop, route} = search
  const meant = world.places.find(({addresses}) => addresses.some((address) => sameHost(address, nextHop)))
  const cutOff = whyCutOff(world, search) ?? endMissing(world, search, meant)
  if (cutOff) return cutOff
  const holder = [...world.facts].find(([, facts]) => holds(facts, nextHop))
  if (holder) return whyElsewhere(world, search, holder[0])
  const absent = meant && whyAbsent(world, meant, search)
  if (absent) return absent
  const own = route.via === undefined ? undefined : bridgeAddressLost(world, from, nextHop)
  if (own) return own
  const kind = world.places.find(({name}) => name === from.place)?.kind
  if (isDefault(route) && kind !== 'pod')
    return byRoute(
      from,
      'leaves-lab',
      `${from.place} sends it to ${nextHop} by ${routeWords(route)}, and nobody in the lab is there`,
      route,
    )
  const evidence = `nobody on ${from.link.name} of ${from.place} holds ${nextHop}`
  if (route.via !== undefined) return byRoute(from, 'next-hop-unreachable', evidence, route)
  return {...byRoute(from, 'neighbour-unresolved', evidence, route), object: nextHop}
}

function isDefault({to}: RouteFacts): boolean {
  return to === '0.0.0.0/0' || to === '::/0'
}

function byRoute({place}: Port, cause: Block['cause'], evidence: string, route: RouteFacts): Unanswered {
  return {cause, at: place, object: routeWords(route), evidence, byRoute: true}
}

/** He is on the segment, and something on the way lets nothing through, or carries it elsewhere. */
function whyCutOff(world: World, search: Search): Block | undefined {
  const way = segmentOf(world, search.from, true).find((each) => holdsThere(world, each, search.nextHop))
  return way && (blockIn(world, way.ports) ?? notCarried(world, way, search))
}

/** By a tunnel on the way that has no entry for it, or another's. Who is not routed into it is asked for by everybody's address. */
function notCarried(world: World, way: Passage, {nextHop, packet}: Search): Block | undefined {
  const from = way.ports[0] as Port
  const routed = isCarriedBetween(from, way.ports[1])
  // Who has no MAC address for him asks for him first, by the same tunnel.
  const asked: Packet = {...packet, arp: {operation: 'request', source: packet.source, destination: nextHop}}
  const here = world.facts.get(from.place)
  const asks = routed && packet.family === 4 && here && !neighbourIn(here, from.link.name, nextHop)
  const unasked = asks ? carried(world, way, asked, 'ff:ff:ff:ff:ff:ff').block : undefined
  return unasked ?? carried(world, way, packet, routed ? endOf(way).link.mac : 'ff:ff:ff:ff:ff:ff').block
}

/** A tunnel of this segment, or the one that it is routed into, leads to a machine that has no other end of it. */
function endMissing(world: World, {from, packet}: Search, meant: Place | undefined): Block | undefined {
  // The machine of whoever is meant in the end.
  const owner = () => world.places.find(({addresses}) => addresses.some((address) => sameHost(address, packet.destination)))?.node
  const concerned = (place: string) => (meant?.node ?? owner()) === place
  const ends = [from, ...segmentOf(world, from).map(endOf)].filter(({place}) => !concerned(place))
  const own = world.places.find(({name}) => name === from.place)?.node
  // Where one's own machine has no end, others' still lead to it.
  const others = meant
    ? [...world.facts].flatMap(([place, there]) => (place === own ? [] : (there?.links ?? []).map((link) => ({place, link}))))
    : []
  return (
    ends.map((end) => missingEnd(world, end, concerned)).find((block) => block !== undefined) ??
    others.map((end) => missingEnd(world, end, (place) => place === own)).find((block) => block !== undefined)
  )
}

/** Somebody holds it, on another segment. */
function whyElsewhere(world: World, {from, nextHop, route}: Search, place: string): Unanswered {
  const there = holderLink(world.facts.get(place), nextHop) as LinkFacts
  const near = world.facts
    .get(from.place)
    ?.links.find(
      (link) =>
        link.name !== from.link.name &&
        link.name !== 'lo' &&
        segmentOf(world, {place: from.place, link}, true).some((way) => holdsThere(world, way, nextHop)),
    )
  // Its veth pair may be broken rather than the route wrong: on no bridge, or without a carrier.
  const loose = near ? undefined : looseEnd(world, {place, link: there}, from)
  if (loose) return loose
  if (near)
    return byRoute(from, 'wrong-device', `${from.place} looks for ${nextHop} on ${from.link.name}, and ${place} is on ${near.name}`, route)
  const cause = route.via === undefined ? 'wrong-device' : 'next-hop-unreachable'
  return byRoute(from, cause, `${nextHop} is ${place}, which is not on ${from.link.name} of ${from.place}`, route)
}

/** He is not there, or not whole. */
function whyAbsent(world: World, meant: Place, {packet}: Search): Block | undefined {
  const there = world.facts.get(meant.name)
  if (there) return lostEnd(world, meant, there, packet.family)
  if (!world.facts.get(meant.node)) return nodeDown(meant)
  return {cause: 'pod-missing', at: meant.name, object: meant.netns ?? meant.name, evidence: `${meant.name} is not there`}
}

/** The machine of a place tells nothing of itself. */
export function nodeDown({node}: Place): Block {
  return {cause: 'node-down', at: node, object: node, evidence: `nothing could be asked of ${node}`}
}
