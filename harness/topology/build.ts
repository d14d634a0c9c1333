// From the facts of a lab to its topology. Pure.
import {isUnicast} from '../address.ts'
import type {LinkFacts, NamespaceFacts} from '../facts/facts.ts'
import {type SwitchFacts, switchOf} from '../facts/switches.ts'
import type {Place} from '../model.ts'
import {isUnderlay, type Port, peerOf, type World} from '../trace/segment.ts'
import {pluggedInto, switchTunnels} from './switches.ts'
import {type Connection, type Device, idOf, type Space, SWITCH, type Topology, UNDERLAY} from './topology.ts'
import {tunnelsOf} from './tunnels.ts'
import {underlayOf} from './underlay.ts'

/** @param declared the network that was meant to join the machines, in CIDR notation: told where no machine has an address there */
export function topologyOf(world: World, declared: string): Topology {
  const ports = portsOf(world)
  const {tunnels, outside} = tunnelsOf(ports, world.facts)
  const ofSwitches = switchTunnels(world)
  const connections = [
    ...ports.flatMap((port) => vethOf(world, port)),
    ...ports.flatMap((port) => enslavedOf(world, port)),
    ...pluggedInto(world),
    ...ports.flatMap((port): Connection[] => {
      if (!isUnderlay(world, port)) return []
      return [{kind: 'underlay', from: idOf(port.place, port.link.name), to: UNDERLAY, up: isWhole(port.link), ...noteOf([port])}]
    }),
    ...tunnels,
    ...ofSwitches.tunnels,
  ]
  const connected = new Set(connections.flatMap(({from, to}) => [from, to]))
  return {
    underlay: underlayOf(world, ports, declared),
    spaces: spacesOf(world, connected),
    connections,
    outside: [...new Set([...outside, ...ofSwitches.outside])],
  }
}

function portsOf({facts}: World): Port[] {
  return [...facts].flatMap(([place, here]) => here?.links.map((link) => ({place, link})) ?? [])
}

/** Once for each pair: from the end in a namespace, else from the end that comes first. */
function vethOf(world: World, port: Port): Connection[] {
  const peer = peerOf(world, port)
  if (!peer) return []
  const [own, other] = [port, peer].map(({place, link}) => ({
    id: idOf(place, link.name),
    outer: isMachine(world, place),
    bridged: link.master !== undefined,
  }))
  if (!own || !other) return []
  const rank = (end: typeof own) => `${end.outer ? 1 : 0}${end.bridged ? 1 : 0} ${end.id}`
  if (rank(own) > rank(other)) return []
  return [{kind: 'veth', from: own.id, to: other.id, up: isWhole(port.link) && isWhole(peer.link), ...noteOf([port, peer])}]
}

function enslavedOf(world: World, port: Port): Connection[] {
  const {place, link} = port
  const here = world.facts.get(place)
  const bridge = here?.links.find(({name}) => name === link.master)
  // The master of all ports of the kernel's flow switches is none of these switches.
  if (!bridge || switchOf(here?.switches, link.name)) return []
  const state = link.port?.state ?? 'forwarding'
  const notes = [
    ...downWords([port, {place, link: bridge}]),
    // A port that is down forwards nothing, and its own state says no more.
    ...(link.up && state !== 'forwarding' && state !== 'disabled' ? [state] : []),
    ...(link.port?.isolated ? ['isolated'] : []),
  ]
  const up = isWhole(link) && bridge.up
  return [{kind: 'port', from: idOf(place, link.name), to: idOf(place, bridge.name), up, ...(notes.length > 0 && {note: notes.join(', ')})}]
}

function isWhole({up, carrier}: LinkFacts): boolean {
  return up && carrier
}

function noteOf(ports: readonly Port[]): {readonly note?: string} {
  const words = downWords(ports)
  return words.length > 0 ? {note: words.join(', ')} : {}
}

function downWords(ports: readonly Port[]): string[] {
  return ports.filter(({link}) => !link.up).map(({place, link}) => `${link.name} is down at ${place}`)
}

function spacesOf(world: World, connected: ReadonlySet<string>): Space[] {
  const {places, facts} = world
  const declared = places.map((place) => spaceOf(place.name, place, facts.get(place.name), connected))
  const others = [...facts].filter(([name]) => !places.some((place) => place.name === name))
  const found = others.map(([name, here]) => spaceOf(name, {kind: 'namespace', node: name.split('/')[0] ?? name}, here, connected))
  const all = [...declared, ...found]
  const machines = all.filter(({name, machine}) => name === machine)
  return machines.flatMap((machine) => [machine, ...all.filter((space) => space !== machine && space.machine === machine.name)])
}

function spaceOf(
  name: string,
  {kind, node}: {readonly kind: Place['kind'] | 'namespace'; readonly node: string},
  here: NamespaceFacts | undefined,
  connected: ReadonlySet<string>,
): Space {
  const devices = here?.links.map((link) => deviceOf(name, link, here.switches)).filter((device) => isWorthSeeing(device, connected)) ?? []
  return {
    name,
    kind,
    machine: node,
    seen: here !== undefined,
    forwards: here?.forwarding[4] === true || here?.forwarding[6] === true,
    devices,
  }
}

function deviceOf(
  place: string,
  {name, kind, up, carrier, mtu, mac, addresses, vxlan}: LinkFacts,
  switches: readonly SwitchFacts[] | undefined,
): Device {
  const isSwitch = switches?.some(({bridge}) => bridge === name) ?? false
  return {
    id: idOf(place, name),
    name,
    // Where the switch runs in user space, its device is one of those that anybody can make.
    kind: isSwitch ? SWITCH : kind,
    // It is the switch's port to the machine, and where it holds no address, that is shut and the switch is not.
    state: isSwitch && addresses.length === 0 ? 'up' : !up ? 'down' : carrier ? 'up' : 'no-carrier',
    mtu,
    mac,
    addresses: addresses.filter(({address}) => isUnicast(address)).map(({address, prefixLength}) => `${address}/${prefixLength}`),
    ...(vxlan && {vni: vxlan.id}),
  }
}

const BUILT = ['bridge', 'veth', 'vxlan', SWITCH]

/** Not the loopback that all have, nor what the kernel puts into every namespace by itself and nobody uses. */
function isWorthSeeing({id, name, kind, state, addresses}: Device, connected: ReadonlySet<string>): boolean {
  if (addresses.length > 0 || connected.has(id)) return true
  return name !== 'lo' && (BUILT.includes(kind) || state === 'up')
}

function isMachine({places}: World, place: string): boolean {
  return places.some(({name, netns}) => name === place && netns === undefined)
}
