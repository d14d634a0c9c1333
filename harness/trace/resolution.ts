// Who on a segment answers for an address when it is asked (RFC 826, arp(7), networking/ip-sysctl.rst): those that hold it,
// those that answer for others, and what keeps the answer back. Pure. For IPv6 it is whoever holds it.
import {networkOf, sameHost} from '../address.ts'
import type {LinkFacts, NamespaceFacts, NeighbourFacts} from '../facts/facts.ts'
import type {Family} from '../model.ts'
import {carried, doubtOf, rulingWords} from './frames.ts'
import type {Packet} from './nftables/packet.ts'
import {runHook} from './nftables.ts'
import {rememberedIn} from './remembered.ts'
import {lookUp, sourceOn} from './routing.ts'
import {type Block, holderLink, holds, isPart, type Passage, type Port, portKey, segmentOf, type World} from './segment.ts'
import {deviceSetting, refusedSource} from './source.ts'

export interface Asked {
  readonly family: Family
  readonly nextHop: string
  /** The source of the packet that waits for the answer. */
  readonly source: string | undefined
}

export interface Resolution {
  /** The ways to those that answer. */
  readonly answers: readonly Passage[]
  /** What keeps somebody's answer back who would give one. */
  readonly kept: readonly Block[]
  readonly doubts: readonly Block[]
}

export function endOf({ports}: Passage): Port {
  return ports.at(-1) as Port
}

/** The entry for a neighbour, where it has its MAC address. */
export function neighbourIn({neighbours}: NamespaceFacts, device: string, nextHop: string): NeighbourFacts | undefined {
  const entry = neighbours.find(({address, dev, proxy}) => !proxy && dev === device && sameHost(address, nextHop))
  return entry?.mac === undefined || ['FAILED', 'INCOMPLETE', 'NONE'].includes(entry.state) ? undefined : entry
}

/** Asks everybody on the segment that a device is on. */
export const resolve: (world: World, from: Port, asked: Asked) => Resolution = rememberedIn(
  (from: Port, {family, nextHop, source}: Asked) => `${portKey(from)} ${family} ${nextHop} ${source}`,
  askedFor,
)

function askedFor(world: World, from: Port, asked: Asked): Resolution {
  const answers: Passage[] = []
  const kept: Block[] = []
  const doubts: Block[] = []
  if (from.link.master !== undefined) return {answers, kept: [enslaved(from, from.link.master)], doubts}
  const sender = requestSource(world.facts.get(from.place), from.link, asked)
  for (const way of segmentOf(world, from)) {
    const end = endOf(way)
    const there = world.facts.get(end.place)
    // A port of a bridge is no device of its own.
    if (!there || isPart(end.link) || end.place === from.place) continue
    const willing = holds(there, asked.nextHop) || (asked.family === 4 && answersForOther(there, end.link, asked.nextHop, sender))
    if (!willing) continue
    const said = answeredBefore(world, way, asked.nextHop)
    if (said === end.link.mac) answers.push(way)
    if (said !== undefined) continue
    const block = suppressed(world, from, way, asked, sender, doubts)
    if (block) kept.push(block)
    else answers.push(way)
  }
  return {answers, kept, doubts}
}

/**
 * A bridge that is not to flood a port with questions for whom it knows (bridge(8), neigh_suppress) answers by itself, and leaves
 * its own address to itself (br_do_proxy_suppress_arp).
 * @returns the MAC address that it says; empty where it only keeps the question; undefined where it passes it on
 */
function answeredBefore({facts}: World, {ports}: Passage, nextHop: string): string | undefined {
  const index = ports.findIndex(({place, link}, at) => link.port?.suppress && isBridgeOf(ports[at - 1], place, link))
  const bridge = ports[index - 1]
  if (!bridge) return undefined
  if (bridge.link.addresses.some(({address}) => sameHost(address, nextHop))) return ''
  const known = facts.get(bridge.place)?.neighbours.find((each) => each.dev === bridge.link.name && sameHost(each.address, nextHop))
  return known && !['FAILED', 'INCOMPLETE'].includes(known.state) ? known.mac : undefined
}

function isBridgeOf(before: Port | undefined, place: string, {master}: LinkFacts): boolean {
  return before?.place === place && before.link.name === master
}

/** A port of a bridge may send, but what comes in by it is the bridge's. */
function enslaved({place, link}: Port, bridge: string): Block {
  const evidence = `${link.name} at ${place} is a port of ${bridge}, which takes the answers to what it asks`
  return {cause: 'wrong-device', at: place, object: link.name, evidence}
}

/** The address that a device asks from (arp_announce). */
function requestSource(here: NamespaceFacts | undefined, link: LinkFacts, {source, nextHop}: Asked): string | undefined {
  if (!here) return undefined
  const mode = deviceSetting(here, link.name, 'arp_announce')
  const near = (address: string) =>
    link.addresses.some(
      (own) => networkOf(own.address, own.prefixLength) === networkOf(address, own.prefixLength) && sameNetwork(own, nextHop),
    )
  const own = source !== undefined && holds(here, source) && (mode === 0 || (mode === 1 && near(source)))
  return own ? source : sourceOn(here, 4, link.name, nextHop)
}

function sameNetwork({address, prefixLength}: {readonly address: string; readonly prefixLength: number}, other: string): boolean {
  return networkOf(address, prefixLength) === networkOf(other, prefixLength)
}

/** Proxy ARP: it forwards, and its way there leaves by another device than the question came in by (arp_process). */
function answersForOther(there: NamespaceFacts, link: LinkFacts, nextHop: string, sender: string | undefined): boolean {
  const listed = there.neighbours.some(({address, dev, proxy}) => proxy && dev === link.name && sameHost(address, nextHop))
  if (!listed && deviceSetting(there, link.name, 'proxy_arp') === 0) return false
  if ((there.sysctls.get(`ipv4.conf.${link.name}.forwarding`) ?? (there.forwarding[4] ? '1' : '0')) === '0') return false
  const {route} = lookUp(there, {family: 4, destination: nextHop, source: sender, iif: link.name})
  return route?.type === 'unicast' && route.dev !== link.name
}

/** What keeps the question from getting there, or the answer from being given or coming back. */
function suppressed(
  world: World,
  from: Port,
  way: Passage,
  {family, nextHop}: Asked,
  sender: string | undefined,
  doubts: Block[],
): Block | undefined {
  const end = endOf(way)
  const [here, there] = [world.facts.get(from.place), world.facts.get(end.place)] as [NamespaceFacts, NamespaceFacts]
  for (const {place, link} of [from, end])
    if (!link.arp) return {cause: 'arp-suppressed', at: place, object: link.name, evidence: `${link.name} at ${place} is set to NOARP`}
  if (family !== 4) return undefined
  const setting = ignoring(end, there, nextHop, sender)
  if (setting) return setting
  if (sender !== undefined) {
    const refused = refusedSource(end.place, there, end.link, {source: sender, destination: nextHop})
    if (refused) return {...refused, evidence: `${refused.evidence}: it does not answer when it is asked for ${nextHop}`}
  }
  const request = arpPacket('request', sender ?? '0.0.0.0', nextHop)
  const reply = arpPacket('reply', nextHop, sender ?? '0.0.0.0')
  const back: Passage = {ports: way.ports.toReversed()}
  return (
    atPlace(from.place, here, 'output', {...request, oif: from.link.name}, doubts) ??
    onWay(world, way, request, 'ff:ff:ff:ff:ff:ff', doubts) ??
    atPlace(end.place, there, 'input', {...request, iif: end.link.name}, doubts) ??
    atPlace(end.place, there, 'output', {...reply, oif: end.link.name}, doubts) ??
    onWay(world, back, reply, from.link.mac, doubts) ??
    atPlace(from.place, here, 'input', {...reply, iif: from.link.name}, doubts)
  )
}

/** arp_ignore and arp_filter. */
function ignoring({place, link}: Port, there: NamespaceFacts, nextHop: string, sender: string | undefined): Block | undefined {
  const holder = holderLink(there, nextHop)
  if (!holder) return undefined
  const onIt = link.addresses.find(({address}) => sameHost(address, nextHop))
  const mode = deviceSetting(there, link.name, 'arp_ignore')
  const near = sender === undefined || (onIt !== undefined && sameNetwork(onIt, sender))
  const name = Number(there.sysctls.get(`ipv4.conf.${link.name}.arp_ignore`) ?? 0) === mode ? link.name : 'all'
  if (mode === 8 || ((mode === 1 || mode === 2) && !onIt) || (mode === 2 && !near))
    return {
      cause: 'arp-suppressed',
      at: place,
      object: `net.ipv4.conf.${name}.arp_ignore`,
      evidence: `arp_ignore is ${mode} at ${place}: it does not answer for ${nextHop} on ${link.name}`,
    }
  if (deviceSetting(there, link.name, 'arp_filter') === 0 || sender === undefined) return undefined
  const {route} = lookUp(there, {family: 4, destination: sender, source: nextHop})
  if (route?.dev === link.name) return undefined
  return {
    cause: 'arp-suppressed',
    at: place,
    object: `net.ipv4.conf.${link.name}.arp_filter`,
    evidence: `arp_filter is on at ${place}, and its way to ${sender} is not ${link.name}`,
  }
}

function arpPacket(operation: 'request' | 'reply', source: string, destination: string): Packet {
  const none = {protocol: 'icmp', reply: false, sourcePort: 0, destinationPort: 0, length: 28} as const
  return {...none, family: 4, source, destination, arp: {operation, source, destination}}
}

function atPlace(at: string, here: NamespaceFacts, hook: 'input' | 'output', packet: Packet, doubts: Block[]): Block | undefined {
  const {verdict, by, doubts: unsure} = runHook(here.ruleset, hook, packet, ['arp'])
  for (const ruling of unsure) doubts.push(doubtOf(ruling, at))
  if (verdict === 'accept' || !by) return undefined
  return {cause: 'arp-suppressed', at, object: rulingWords(by), evidence: `${rulingWords(by)} at ${at} drops ARP`}
}

function onWay(world: World, way: Passage, packet: Packet, destination: string, doubts: Block[]): Block | undefined {
  const {block, doubts: unsure} = carried(world, way, packet, destination)
  // A program that lets packets pass may stop ARP, but where it is one of both it has been told already.
  doubts.push(...unsure.filter(({cause}) => cause === 'filter-drop' || cause === 'bridge-filter-drop'))
  return block
}
