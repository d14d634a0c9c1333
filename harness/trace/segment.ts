// A segment: the devices that frames pass between two places without being routed, across veth pairs and bridges. Pure.
// The machines' devices that hold their addresses there are on one segment, the underlay, whatever a driver makes it of.
import {sameHost} from '../address.ts'
import type {LinkFacts, NamespaceFacts} from '../facts/facts.ts'
import {underlayDevice} from '../facts/interfaces.ts'
import {rememberedIn, rememberedOf} from './remembered.ts'
import {isCarriedBetween, isTunnel, mismatch, otherEnds} from './tunnel.ts'
import type {Block, Passage, Port, World} from './world.ts'

export type {Block, Passage, Port, World} from './world.ts'

/** Every device that frames from `from` get to, each with the way there; blocked ones only when `lax`. */
export function segmentOf(world: World, from: Port, lax = false): readonly Passage[] {
  return segmentAt(world, from, lax)
}

const segmentAt = rememberedIn((from: Port, lax: boolean) => `${portKey(from)} ${lax}`, searched)

function searched(world: World, from: Port, lax: boolean): Passage[] {
  const found = new Map<string, Passage>()
  const queue: Passage[] = [{ports: [from]}]
  for (let passage = queue.shift(); passage; passage = queue.shift()) {
    const port = passage.ports.at(-1) as Port
    const key = portKey(port)
    if (found.has(key)) continue
    found.set(key, passage)
    // What a tunnel's end was handed by another it does not hand to a third.
    const carried = isCarriedBetween(passage.ports.at(-2) ?? port, port)
    for (const next of [...neighboursOf(world, port), ...(carried ? [] : otherEnds(world, port, lax))]) {
      const ports = [...passage.ports, next]
      if (!found.has(portKey(next)) && (lax || !blockIn(world, ports))) queue.push({ports})
    }
  }
  found.delete(portKey(from))
  return [...found.values()]
}

export function portKey({place, link}: Port): string {
  return `${place} ${link.index}`
}

/** What keeps frames from getting along these devices: the first thing on the way that does. */
export function blockIn(world: World, ports: readonly Port[]): Block | undefined {
  for (const [index, port] of ports.entries()) {
    const {place, link} = port
    if (!link.up) return downBlock(world, port)
    const [before, after] = [ports[index - 1], ports[index + 1]]
    const amiss = isCarriedBetween(port, after) ? mismatch(world, port, after) : undefined
    if (amiss) return amiss
    if (link.kind === 'bridge' && before?.link.port && after?.link.port && before.link.port.isolated && after.link.port.isolated)
      return {
        cause: 'port-isolated',
        at: place,
        object: after.link.name,
        evidence: `${before.link.name} and ${after.link.name} are both isolated at ${place}`,
      }
    // `disabled` is what a port is without a carrier: what took that away is the cause.
    if (
      link.port &&
      (['listening', 'learning', 'blocking'].includes(link.port.state) ||
        (link.port.state === 'disabled' && link.carrier && isUp(world, place, link.master)))
    )
      return {cause: 'stp-listening', at: place, object: link.name, evidence: `${link.name} is ${link.port.state} at ${place}`}
  }
  return undefined
}

function isUp({facts}: World, place: string, device: string | undefined): boolean {
  return facts.get(place)?.links.some(({name, up}) => name === device && up) ?? false
}

function downBlock(world: World, port: Port): Block {
  const {place, link} = port
  const cause = isTunnel(port)
    ? 'tunnel-endpoint-down'
    : link.kind === 'bridge'
      ? 'bridge-down'
      : isHostEnd(world, port)
        ? 'peer-down'
        : 'interface-down'
  return {cause, at: place, object: link.name, evidence: `${link.name} is down at ${place}`}
}

/** The end of a veth pair that is at a machine, the other being in a namespace. */
export function isHostEnd(world: World, {place, link}: Port): boolean {
  return (
    link.kind === 'veth' && netnsOf(world, place) === undefined && link.peer?.netnsId !== undefined && !isUnderlay(world, {place, link})
  )
}

function neighboursOf(world: World, port: Port): Port[] {
  const {place, link} = port
  const here = world.facts.get(place)
  if (!here) return []
  const near = here.links
    .filter(({master, name, lower}) => master === link.name || name === link.master || lower === link.name || name === link.lower)
    .map((other) => ({place, link: other}))
  const other = peerOf(world, port)
  if (other) return [...near, other]
  return isUnderlay(world, port) ? [...near, ...underlayPorts(world)] : near
}

export function isUnderlay(world: World, {place, link}: Port): boolean {
  const machine = world.places.find(({name, netns}) => name === place && netns === undefined)
  return machine !== undefined && underlayDevice(world.facts.get(place)?.links ?? [], machine)?.name === link.name
}

function underlayPorts({facts, places}: World): Port[] {
  return places.flatMap((place) => {
    const link = place.netns === undefined ? underlayDevice(facts.get(place.name)?.links ?? [], place) : undefined
    return link ? [{place: place.name, link}] : []
  })
}

/** Undefined for a machine's own namespace. */
function netnsOf({places}: World, place: string): string | undefined {
  const found = places.find(({name}) => name === place)
  return found ? found.netns : place.split('/')[1]
}

function machineOf({places}: World, place: string): string {
  return places.find(({name}) => name === place)?.node ?? place.split('/')[0] ?? place
}

/** The other end of a veth pair, wherever it is: a machine knows its namespaces by number, they know it as their creator. */
export const peerOf: (world: World, port: Port) => Port | undefined = rememberedIn(portKey, otherEnd)

function otherEnd(world: World, port: Port): Port | undefined {
  const {peer} = port.link
  if (!peer || isUnderlay(world, port)) return undefined
  const own = machineOf(world, port.place)
  const candidates =
    peer.netnsId === undefined
      ? [port.place]
      : [...world.facts.keys()].filter((name) => {
          if (machineOf(world, name) !== own || name === port.place) return false
          if (netnsOf(world, port.place) !== undefined) return true
          return world.facts.get(port.place)?.netnsNames.get(peer.netnsId ?? -1) === netnsOf(world, name)
        })
  for (const place of candidates) {
    const link = world.facts.get(place)?.links.find(({index, peer: back}) => index === peer.index && back?.index === port.link.index)
    if (link) return {place, link}
  }
  return undefined
}

/** What comes in by it is another device's: the bridge's that it is a port of, or the macvlan's that takes over all of it. */
export function isPart({master, upper}: LinkFacts): boolean {
  return master !== undefined || upper !== undefined
}

export function holds(here: NamespaceFacts | undefined, address: string): boolean {
  return holderLink(here, address) !== undefined
}

/** The device that holds an address. */
export function holderLink(here: NamespaceFacts | undefined, address: string): LinkFacts | undefined {
  return here && holderIn(here, address)
}

const holderIn = rememberedOf((here: NamespaceFacts, address): LinkFacts | undefined =>
  here.links.find(({addresses}) => addresses.some((own) => sameHost(own.address, address))),
)

/** The way's end is a device by which this address answers. */
export function holdsThere(world: World, {ports}: Passage, address: string): boolean {
  const {place, link} = ports.at(-1) as Port
  // Linux answers for an address on whatever device asks (the weak host model), but a port of a bridge is no device of its own.
  return holds(world.facts.get(place), address) && !isPart(link)
}
