// A frame's way through flow switches (Open vSwitch): from the device by which it comes to one of them to a device that the kernel
// of a place takes it in by. What each switch does with it is among the facts once it has been asked; before that it is a question.
// Between switches it goes along devices, cables and the switches' own tunnels. Pure.
import {sameHost} from '../address.ts'
import type {NamespaceFacts} from '../facts/facts.ts'
import {switchOf} from '../facts/switches.ts'
import {type Answer, answerFrom, type Output, type Tunnel} from './flows.ts'
import {carried} from './frames.ts'
import type {Packet} from './nftables/packet.ts'
import {blockIn, isPart, segmentOf} from './segment.ts'
import type {Block, Passage, Port, World} from './world.ts'

/** A line to type at a place, whose output belongs among its answers. */
export interface Question {
  readonly place: string
  readonly line: string
}

/** What is asked about: an IP packet in its frame, or an ARP request for its destination. */
export interface Frame {
  readonly source: string
  readonly destination: string
  readonly packet: Packet
  readonly arp?: true
  /** Which of several ways a switch shares its packets out over, from 0. */
  readonly branch: number
  /** It came in by a tunnel. */
  readonly tunnel?: Tunnel
}

/** What one switch did. */
export interface SwitchHop {
  readonly place: string
  readonly words: string
}

export interface Crossing {
  readonly hops: readonly SwitchHop[]
  /** Where a kernel takes it in. */
  readonly port?: Port
  /** The MAC address that a switch has answered by itself. */
  readonly answer?: string
  readonly ttl?: number
  readonly stop?: Block
  readonly question?: Question
  /** The devices that it passed between switches. */
  readonly ways: readonly SwitchPassage[]
}

export interface SwitchPassage extends Passage {
  /** The switches between which it is in a tunnel of theirs, which is no device. */
  readonly tunnel?: readonly {readonly place: string; readonly bridge: string}[]
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff'
/** More than any fabric has on a way. */
const MOST = 8

function isSwitchPort({facts}: World, {place, link}: Port): boolean {
  return switchOf(facts.get(place)?.switches, link.name) !== undefined
}

/** The port of a switch that frames of a device get to; the device itself where it is one. */
export function switchBehind(world: World, from: Port): Passage | undefined {
  if (isSwitchPort(world, from)) return {ports: [from]}
  return segmentOf(world, from).find((way) => isSwitchPort(world, way.ports.at(-1) as Port))
}

/** @param device by which it comes to a switch of the place */
export function throughSwitches(world: World, place: string, device: string, frame: Frame, left = MOST): Crossing {
  const here = world.facts.get(place)
  const bridge = switchOf(here?.switches, device)?.bridge
  const stopped = (stop: Omit<Block, 'at'>): Crossing => ({hops: [], ways: [], stop: {...stop, at: place}})
  if (!here || bridge === undefined)
    return stopped({cause: 'unknown', object: device, evidence: `${device} at ${place} is a port of no switch`})
  if (left === 0) return stopped({cause: 'unknown', object: bridge, evidence: `still on its way after ${MOST} switches`})
  const line = lineOf(bridge, device, frame)
  const text = here.answers?.get(line)
  if (text === undefined)
    return {
      ...stopped({cause: 'unknown', object: bridge, evidence: `${bridge} at ${place} was not asked what it does with it`}),
      question: {place, line},
    }
  const answer = answerFrom(text)
  if (!answer)
    return stopped({
      cause: 'unknown',
      object: bridge,
      evidence: `${bridge} at ${place} does not say what it does with it: ${text.trim().split('\n')[0]}`,
    })
  const found: Crossing[] = []
  for (const output of answer.outputs) {
    const next = sent(world, place, device, bridge, output, frame, left)
    const hop = {place, words: hopWords(bridge, device, output, here)}
    const whole = {...next, hops: [hop, ...next.hops], ...(output.ttl !== undefined && next.ttl === undefined && {ttl: output.ttl})}
    if (next.port || next.answer !== undefined) return whole
    found.push(whole)
  }
  return (
    found.find(({question}) => question) ??
    found[0] ?? {hops: [{place, words: `${bridge}: ${device}`}], ways: [], stop: dropped(here, place, bridge, answer)}
  )
}

/** ovs-fields(7). A switch that shares packets out does so by a hash that is given here, or it would not say over which way. */
function lineOf(bridge: string, device: string, {source, destination, packet, arp, branch, tunnel}: Frame): string {
  const {family, protocol, reply, sourcePort, destinationPort, ttl = 64} = packet
  const v6 = family === 6
  const kind = arp ? 'arp' : v6 ? {icmp: 'icmp6', tcp: 'tcp6', udp: 'udp6'}[protocol] : protocol
  const network = v6 ? ['ipv6_src', 'ipv6_dst'] : ['nw_src', 'nw_dst']
  const inside = arp
    ? ['arp_op=1', `arp_spa=${packet.source}`, `arp_tpa=${packet.destination}`, `arp_sha=${source}`]
    : [
        `${network[0]}=${packet.source}`,
        `${network[1]}=${packet.destination}`,
        `nw_ttl=${ttl}`,
        ...(protocol === 'icmp' && !v6 ? [`icmp_type=${reply ? 0 : 8}`] : []),
        ...(protocol === 'icmp' && v6 ? [`icmpv6_type=${reply ? 129 : 128}`] : []),
        ...(protocol === 'icmp' ? [] : [`${protocol}_src=${sourcePort}`, `${protocol}_dst=${destinationPort}`]),
      ]
  const outer = tunnel
    ? [
        `tun_id=${tunnel.vni}`,
        `tun_src=${tunnel.source}`,
        `tun_dst=${tunnel.destination}`,
        ...(tunnel.option === undefined ? [] : [`tun_metadata0=${tunnel.option}`]),
      ]
    : []
  const flow = [`dp_hash=${branch + 1}`, `in_port=${device}`, ...outer, kind, `dl_src=${source}`, `dl_dst=${destination}`, ...inside].join(
    ',',
  )
  // A reply belongs to a connection that every look into the connections finds.
  const known = reply && !arp ? '--ct-next trk,est,rpl --ct-next trk,est,rpl --ct-next trk,est,rpl ' : ''
  return `ovs-appctl --timeout=2 ofproto/trace --names ${known}${bridge} '${flow}'`
}

function hopWords(bridge: string, device: string, {device: out, ttl, tunnel}: Output, here: NamespaceFacts): string {
  const geneve = here.switches?.flatMap(({ports}) => ports).find(({remote}) => remote !== undefined && remote === tunnel?.destination)
  const routed = ttl === undefined ? '' : `, routed (ttl ${ttl})`
  const into = tunnel ? `, in ${geneve?.type ?? 'a tunnel'} ${tunnel.vni} to ${tunnel.destination}` : ''
  return `${bridge}: ${device} -> ${out}${routed}${into}`
}

function dropped(here: NamespaceFacts, at: string, bridge: string, {controller, asked, last}: Answer): Block {
  const {controllers = []} = here.switches?.find((each) => each.bridge === bridge) ?? {}
  const [first] = controllers
  if (controller && controllers.some(({connected}) => connected))
    return {
      cause: 'unknown',
      at,
      object: bridge,
      evidence: `${bridge} at ${at} hands it to its controller ${first?.target}, and what that does is not seen`,
    }
  if (controller)
    return {
      cause: 'flow-missing',
      at,
      object: first ? `${bridge} controller ${first.target}` : bridge,
      evidence: `${bridge} at ${at} has no flow for it but to ask its controller, ${first ? `and ${first.target} is not connected` : 'and has none'}`,
    }
  if (asked !== undefined)
    return {
      cause: 'neighbour-unresolved',
      at,
      object: asked,
      evidence: `${bridge} at ${at} does not know the MAC address of ${asked}, where its tunnel leads`,
    }
  const object = last?.words ?? bridge
  if (last?.drops) return {cause: 'filter-drop', at, object, evidence: `${bridge} at ${at} drops it by the flow ${object}`}
  const remarks = last?.remarks.length ? ` (${last.remarks.join(', ')})` : ''
  return {cause: 'flow-missing', at, object, evidence: `${bridge} at ${at} has no flow that sends it on: it ends at ${object}${remarks}`}
}

/** Where what a switch sends out by a device gets to. */
function sent(world: World, place: string, device: string, bridge: string, output: Output, frame: Frame, left: number): Crossing {
  if (frame.arp && output.answer !== undefined && output.device === device) return {hops: [], ways: [], answer: output.answer}
  const packet = output.ttl === undefined ? frame.packet : {...frame.packet, ttl: output.ttl}
  const {tunnel: _, ...bare} = frame // it was taken out of that
  const inner: Frame = {...bare, source: output.source ?? frame.source, destination: output.destination ?? frame.destination, packet}
  const here = world.facts.get(place)
  const link = here?.links.find(({name}) => name === output.device)
  const nobody = (evidence: string): Crossing => ({
    hops: [],
    ways: [],
    stop: {cause: 'unknown', at: place, object: output.device, evidence},
  })
  if (!here || !link) return nobody(`${bridge} at ${place} sends it out by ${output.device}, which is no device there`)
  const port: Port = {place, link}
  if (output.tunnel) return inTunnel(world, port, bridge, output.tunnel, inner, left)
  const type = here.switches?.flatMap(({ports}) => ports).find(({name}) => name === output.device)?.type
  if (type === 'internal') {
    if (!link.up)
      return {
        hops: [],
        ways: [],
        stop: {cause: 'interface-down', at: place, object: link.name, evidence: `${link.name} is down at ${place}`},
      }
    return takes(world, port, inner) ? {hops: [], ways: [], port} : nobody(`${link.name} at ${place} has not ${inner.destination}`)
  }
  const way = wayOn(world, port, inner)
  if (!way) return lost(world, port, inner)
  const {block} = carried(
    world,
    way,
    {...packet, ...(frame.arp && {arp: {operation: 'request', source: packet.source, destination: packet.destination}})},
    inner.destination,
  )
  if (block) return {hops: [], ways: [way], stop: block}
  const end = way.ports.at(-1) as Port
  if (!isSwitchPort(world, end)) return {hops: [], ways: [way], port: end}
  const next = throughSwitches(world, end.place, end.link.name, inner, left - 1)
  return {...next, ways: [way, ...next.ways]}
}

/** A device that the frame is for. An ARP request is for everybody, and who has the address takes it. */
function takes({facts}: World, {place, link}: Port, {destination, arp, packet}: Frame): boolean {
  if (arp && destination === BROADCAST)
    return facts.get(place)?.links.some(({addresses}) => addresses.some(({address}) => sameHost(address, packet.destination))) ?? false
  return link.mac === destination
}

/** To whoever takes it, or else to the next switch: of several to the one at whose machine a device has the MAC address. */
function wayOn(world: World, from: Port, frame: Frame): Passage | undefined {
  const all = segmentOf(world, from).filter((way) => way.ports.at(-1)?.place !== from.place)
  const last = (way: Passage) => way.ports.at(-1) as Port
  const taking = all.find((way) => !isPart(last(way).link) && !isSwitchPort(world, last(way)) && takes(world, last(way), frame))
  if (taking) return taking
  const switches = all.filter((way) => isSwitchPort(world, last(way)))
  const right = switches.find((way) =>
    world.facts.get(last(way).place)?.links.some((link) => takes(world, {place: last(way).place, link}, frame)),
  )
  return right ?? (switches.length === 1 ? switches[0] : undefined)
}

/** Nobody behind a device takes it: for what is down or wrong on the way, where something is. */
function lost(world: World, from: Port, frame: Frame): Crossing {
  const {place, link} = from
  const ways = segmentOf(world, from, true)
  const block =
    (link.up ? undefined : blockIn(world, [from])) ?? ways.map(({ports}) => blockIn(world, ports)).find((each) => each !== undefined)
  const nobody: Block = {
    cause: 'unknown',
    at: place,
    object: link.name,
    evidence: `nobody behind ${link.name} at ${place} takes ${frame.destination}`,
  }
  return {hops: [], ways: [], stop: block ?? nobody}
}

/** The outer packet goes to whoever has the tunnel's other end, and there the switch looks at both, one after the other. */
function inTunnel(world: World, from: Port, own: string, tunnel: Tunnel, inner: Frame, left: number): Crossing {
  const {packet} = inner
  const stopped = (stop: Block): Crossing => ({hops: [], ways: [], stop})
  // An Ethernet header goes into it with the packet, and its own header is in front of one.
  const length = packet.length + tunnel.bytes
  const outer: Packet = {
    family: packet.family,
    source: tunnel.source,
    destination: tunnel.destination,
    protocol: 'udp',
    reply: false,
    sourcePort: 40_000,
    destinationPort: tunnel.port,
    length,
    ttl: 64,
  }
  if (length > from.link.mtu)
    return stopped({
      cause: 'mtu-blackhole',
      at: from.place,
      object: from.link.name,
      evidence: `${from.link.name} at ${from.place} takes ${from.link.mtu} bytes, the packet has ${length} in its tunnel`,
    })
  const frame: Frame = {source: tunnel.from, destination: tunnel.to, packet: outer, branch: inner.branch}
  const way = wayOn(world, from, frame)
  const end = way?.ports.at(-1)
  if (!way || !end) return lost(world, from, frame)
  const {block} = carried(world, way, outer, tunnel.to)
  if (block) return {hops: [], ways: [way], stop: block}
  const there = world.facts.get(end.place)
  const bridge = switchOf(there?.switches, end.link.name)?.bridge
  const nothing = (evidence: string, cause: Block['cause'] = 'unknown') =>
    stopped({cause, at: end.place, object: bridge ?? end.link.name, evidence})
  if (!there || bridge === undefined)
    return nothing(`${end.link.name} at ${end.place} is a port of no switch, and what takes the tunnel's packets is not seen`)
  const line = lineOf(bridge, end.link.name, frame)
  const text = there.answers?.get(line)
  if (text === undefined)
    return {...nothing(`${bridge} at ${end.place} was not asked what it does with it`), question: {place: end.place, line}}
  const answer = answerFrom(text)
  if (!answer) return nothing(`${bridge} at ${end.place} does not say what it does with it`)
  if (answer.ends === undefined)
    return nothing(
      `${bridge} at ${end.place} has no tunnel for what comes from ${tunnel.source} to UDP port ${tunnel.port}`,
      'tunnel-endpoint-down',
    )
  const entry = there.switches?.flatMap(({ports}) => ports).find(({remote}) => remote !== undefined && sameHost(remote, tunnel.source))
  if (!entry) return nothing(`no tunnel at ${end.place} leads to ${tunnel.source}`, 'tunnel-endpoint-down')
  const next = throughSwitches(world, end.place, entry.name, {...inner, tunnel}, left - 1)
  const other = switchOf(there.switches, entry.name)?.bridge ?? bridge
  const ends = [
    {place: from.place, bridge: own},
    {place: end.place, bridge: other},
  ]
  return {...next, ways: [{...way, tunnel: ends}, ...next.ways]}
}
