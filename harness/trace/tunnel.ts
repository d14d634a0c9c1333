// VXLAN (RFC 7348, ip-link(8)): a device whose frames travel in UDP packets to other machines' devices. Its forwarding database
// (bridge(8), `self`) says where each MAC address is; the all-zero one where everything goes that is meant for many or is of
// no known place. Pure.
import {familyOf, isUnicast, sameHost} from '../address.ts'
import type {FdbFacts, LinkFacts, NamespaceFacts, VxlanFacts} from '../facts/facts.ts'
import type {Packet} from './nftables/packet.ts'
import type {Block, Port, World} from './world.ts'

/** Where a VXLAN device sends what is for everybody (vxlan(7) has none; drivers/net/vxlan: all_zeros_mac). */
const EVERYWHERE = '00:00:00:00:00:00'

type Tunnel = Port & {readonly link: LinkFacts & {readonly vxlan: VxlanFacts}}

export function isTunnel(port: Port): port is Tunnel {
  return port.link.kind === 'vxlan' && port.link.vxlan !== undefined && !port.link.vxlan.external
}

/** Both are ends of tunnels, on two machines: between them a frame is carried. */
export function isCarriedBetween(port: Port, next: Port | undefined): next is Tunnel {
  return next !== undefined && isTunnel(port) && isTunnel(next) && port.place !== next.place
}

/**
 * The devices that a frame gets to from a tunnel's end.
 * @param lax also those that it would get to if numbers, ports and entries were right: whatever keeps it is told by carriageBlock
 */
export function otherEnds(world: World, from: Port, lax: boolean): Port[] {
  if (!isTunnel(from)) return []
  const remotes = remotesOf(world, from)
  return [...world.facts].flatMap(([place, there]): Port[] => {
    if (place === from.place || !there || world.places.some(({name, netns}) => name === place && netns !== undefined)) return []
    const known = remotes.some((remote) => holdsAddress(there, remote))
    return there.links
      .filter((link) => isTunnel({place, link}))
      .filter(({vxlan}) => (known && agree(vxlan, from.link.vxlan)) || (lax && (known || vxlan?.id === from.link.vxlan.id)))
      .map((link) => ({place, link}))
  })
}

function agree(a: VxlanFacts | undefined, b: VxlanFacts): boolean {
  return a?.id === b.id && a.port === b.port
}

function holdsAddress(here: NamespaceFacts, address: string): boolean {
  return here.links.some(({addresses}) => addresses.some((own) => sameHost(own.address, address)))
}

function entriesOf({facts}: World, {place, link}: Port): FdbFacts[] {
  return facts.get(place)?.fdb.filter(({dev, master, remote}) => dev === link.name && master === undefined && remote !== undefined) ?? []
}

function remotesOf(world: World, from: Tunnel): string[] {
  const {remote} = from.link.vxlan
  return [
    ...new Set([
      ...entriesOf(world, from).map((entry) => entry.remote ?? ''),
      ...(remote !== undefined && isUnicast(remote) ? [remote] : []),
    ]),
  ]
}

/** Where a tunnel's end sends a frame for this MAC: the entry's place, or everywhere. */
function sentTo(world: World, from: Tunnel, mac: string): string[] {
  const entries = entriesOf(world, from)
  const own = entries.filter((entry) => entry.mac === mac)
  const {remote} = from.link.vxlan
  const flood = [
    ...entries.filter((entry) => entry.mac === EVERYWHERE).map((entry) => entry.remote ?? ''),
    ...(remote === undefined ? [] : [remote]),
  ]
  return own.length > 0 ? own.map((entry) => entry.remote ?? '') : flood
}

/** What keeps one tunnel's end from being another's other end, whatever the frame. */
export function mismatch(world: World, from: Port, to: Port): Block | undefined {
  if (!isTunnel(from) || !isTunnel(to)) return undefined
  const [a, b] = [from.link.vxlan, to.link.vxlan]
  if (a.id !== b.id) {
    const odd = fewer(world, from, to, (vxlan) => vxlan.id)
    return {...spot(odd, 'vni-mismatch'), evidence: `${words(from)} has VNI ${a.id}, ${words(to)} has ${b.id}`}
  }
  if (a.port !== b.port) {
    const odd = fewer(world, from, to, (vxlan) => vxlan.port)
    return {...spot(odd, 'tunnel-port-mismatch'), evidence: `${words(from)} sends to UDP port ${a.port}, ${words(to)} has ${b.port}`}
  }
  if (!to.link.up) return {...spot(to, 'tunnel-endpoint-down'), evidence: `${words(to)} is down`}
  return undefined
}

/** Of two that disagree the one whose value fewer of their kind have; the other end where that does not tell. */
function fewer(world: World, from: Tunnel, to: Tunnel, value: (vxlan: VxlanFacts) => number): Port {
  const all = [...world.facts.values()].flatMap(
    (here) => here?.links.flatMap(({vxlan, name}) => (vxlan && name === to.link.name ? [value(vxlan)] : [])) ?? [],
  )
  const count = (port: Tunnel) => all.filter((each) => each === value(port.link.vxlan)).length
  return count(from) < count(to) ? from : to
}

function spot({place, link}: Port, cause: Block['cause']): Omit<Block, 'evidence'> {
  return {cause, at: place, object: link.name}
}

function words({place, link}: Port): string {
  return `${link.name} at ${place}`
}

/**
 * What keeps a frame from being carried from one tunnel's end to another.
 * @param first the frame begins at this end: it is routed into the tunnel, and bridged into it otherwise
 */
export function carriageBlock(world: World, from: Port, to: Port, mac: string, packet: Packet, first: boolean): Block | undefined {
  const amiss = mismatch(world, from, to)
  if (amiss || !isTunnel(from)) return amiss
  // Who answers has learned where the question came from.
  if (from.link.vxlan.learning && !first && (packet.reply || packet.arp?.operation === 'reply')) return undefined
  const targets = sentTo(world, from, mac)
  const there = world.facts.get(to.place)
  if (targets.some((remote) => there && holdsAddress(there, remote))) return undefined
  const own = entriesOf(world, from).find((entry) => entry.mac === mac)
  // Who is routed into a tunnel without floods asks nobody: his neighbours have to be told him.
  if (packet.arp && first) {
    const address = packet.arp.operation === 'request' ? packet.arp.destination : packet.arp.source
    const object = `${address} dev ${from.link.name}`
    return {
      cause: 'vtep-neighbour-missing',
      at: from.place,
      object,
      evidence: `${words(from)} has no neighbour entry for ${address}, and floods nothing to ${to.place}`,
    }
  }
  const remote = world.places.find(({name}) => name === to.place)?.address ?? to.link.vxlan?.local ?? to.place
  if (own) {
    const object = `${mac} dev ${from.link.name} dst ${own.remote}`
    return {
      cause: 'vtep-fdb-wrong',
      at: from.place,
      object,
      evidence: `${words(from)} sends ${mac} to ${own.remote}, and it is at ${to.place}, ${remote}`,
    }
  }
  const key = first ? mac : EVERYWHERE
  const object = `${key} dev ${from.link.name} dst ${remote}`
  const what = first ? `has no entry for ${mac}, which is at` : 'has no entry to flood to'
  return {cause: 'vtep-fdb-missing', at: from.place, object, evidence: `${words(from)} ${what} ${to.place}, ${remote}`}
}

/** The machine that an entry leads to has no such device: the tunnel has no other end there. */
export function missingEnd(world: World, from: Port, wanted: (place: string) => boolean): Block | undefined {
  if (!isTunnel(from)) return undefined
  for (const remote of remotesOf(world, from)) {
    const holder = [...world.facts].find(([, there]) => there && holdsAddress(there, remote))
    if (!holder) continue
    const [place, there] = holder
    if (!wanted(place) || there?.links.some(({kind}) => kind === 'vxlan')) continue
    return {
      cause: 'tunnel-endpoint-down',
      at: place,
      object: from.link.name,
      evidence: `${words(from)} sends to ${remote}, and ${place} has no VXLAN device`,
    }
  }
  return undefined
}

/** Why a tunnel's end sends a frame for this MAC to a machine: its entry as bridge(8) writes it, or the remote of the device itself. */
export function entryFor(world: World, from: Port, mac: string, remote: string): string | undefined {
  if (!isTunnel(from)) return undefined
  const entries = entriesOf(world, from).filter((entry) => entry.remote !== undefined && sameHost(entry.remote, remote))
  const entry = entries.find((each) => each.mac === mac) ?? entries.find((each) => each.mac === EVERYWHERE)
  if (entry) return `${entry.mac} dev ${from.link.name} dst ${entry.remote}`
  const own = from.link.vxlan.remote
  return own !== undefined && sameHost(own, remote) ? `${from.link.name} remote ${own}` : undefined
}

/** What stands before a packet in a tunnel to this address: IP, UDP, VXLAN and its own Ethernet header (RFC 7348, 5). */
export function vxlanHeaders(destination: string): number {
  return (familyOf(destination) === 6 ? 40 : 20) + 8 + 8 + 14
}

/** Where a carried frame's UDP packet goes, by addresses. */
export function outerOf(world: World, from: Port, to: Port): {source?: string; destination: string; port: number} | undefined {
  if (!isTunnel(from)) return undefined
  const there = world.facts.get(to.place)
  const destination = remotesOf(world, from).find((remote) => there && holdsAddress(there, remote))
  if (destination === undefined) return undefined
  const {local, port} = from.link.vxlan
  return {...(local !== undefined && {source: local}), destination, port}
}
