// Who a next hop is taken for: whom the neighbour entry names, or who answers when he is asked for (ip-neighbour(8), RFC 826,
// RFC 4861). Pure.
import {sameHost} from '../address.ts'
import type {NamespaceFacts} from '../facts/facts.ts'
import {endOf, neighbourIn, resolve} from './resolution.ts'
import {holdsThere, isPart, segmentOf} from './segment.ts'
import {type Search, type Unanswered, whyUnanswered} from './unanswered.ts'
import type {Block, Passage, Port, World} from './world.ts'

/** Who is taken for the next hop. */
export interface Taken {
  /** The way to him, or what keeps everybody from being found. */
  readonly found: Passage | Unanswered
  /** The entry leads elsewhere than to the next hop: should the packet not arrive, that is why. */
  readonly astray?: Block
  readonly doubts: readonly Block[]
}

/** An address that is asked for, and the one that asks, where it has one. */
export interface Asking extends Search {
  readonly source: string | undefined
}

/** By the entry that is there, or by asking. */
export function takenFor(world: World, here: NamespaceFacts, asking: Asking): Taken {
  const {way, astray} = byEntry(world, here, asking)
  const taken = way ? {found: way, doubts: []} : byAsking(world, asking)
  return {...taken, ...(astray && {astray})}
}

/** The ways to those who have the address or answer for it, whatever keeps them from answering. */
export function answering(world: World, {from, nextHop, packet, source}: Asking): Passage[] {
  const holders = segmentOf(world, from).filter((way) => holdsThere(world, way, nextHop))
  if (holders.length > 0) return holders
  return [...resolve(world, from, {family: packet.family, nextHop, source}).answers]
}

function byEntry(world: World, here: NamespaceFacts, asking: Asking): {way?: Passage | Unanswered; astray?: Block} {
  const {from, nextHop} = asking
  const entry = neighbourIn(here, from.link.name, nextHop)
  const mac = entry?.mac
  if (mac === undefined) return {}
  // A device that asks nobody takes its own address for everybody's, and forgets it once it asks (arp_netdev_event).
  if (entry?.state === 'NOARP' && mac === from.link.mac) return {}
  const right = answering(world, asking)
  const way = segmentOf(world, from).find((each) => takes(each, mac))
  const rightly = right.some((each) => takes(each, mac))
  // What was learned is asked again; what is permanent is not.
  if ((rightly || right.length === 0) && entry?.state !== 'PERMANENT' && entry?.state !== 'NOARP') return {}
  if (!rightly && right.length === 0 && !way) return {}
  const holder = right[0] && endOf(right[0])
  const astray: Block | undefined =
    rightly || !holder
      ? undefined
      : {
          cause: 'neighbour-wrong',
          at: from.place,
          object: `${nextHop} dev ${from.link.name} lladdr ${mac}`,
          evidence: `${from.place} holds ${mac} for ${nextHop} (${entry?.state}), which has ${holder.link.mac}`,
        }
  const nobody: Block = {
    cause: 'neighbour-wrong',
    at: from.place,
    object: nextHop,
    evidence: `nobody on ${from.link.name} of ${from.place} has ${mac}`,
  }
  return {way: way ?? nobody, ...(astray && {astray})}
}

/** The device has this MAC; a port of a bridge hands on to the bridge what is for itself. */
function takes(way: Passage, mac: string): boolean {
  const [{place, link}, by] = [endOf(way), way.ports.at(-2)]
  if (isPart(link)) return false
  // What comes in by a bridge's port with that port's own MAC is the machine's, too (eth_type_trans, br_pass_frame_up).
  return link.mac === mac || (by?.place === place && by.link.master === link.name && by.link.mac === mac)
}

function byAsking(world: World, asking: Asking): Taken {
  const {from, nextHop, packet, source} = asking
  const {answers, kept, doubts} = resolve(world, from, {family: packet.family, nextHop, source})
  const places = new Map(answers.map((way) => [endOf(way).place, way]))
  const [way, ...others] = places.values()
  if (!way) return {found: kept[0] ?? whyUnanswered(world, asking), doubts}
  if (others.length > 0) {
    const evidence = `${[...places.keys()].join(' and ')} both hold ${nextHop}`
    return {found: {cause: 'duplicate-address', at: from.place, object: nextHop, evidence}, doubts}
  }
  return {found: twinOf(world, from, way, nextHop) ?? way, doubts}
}

/** Another place on the segment with the same MAC address: either may get what is sent to it. */
function twinOf(world: World, from: Port, way: Passage, nextHop: string): Block | undefined {
  const {place, link} = endOf(way)
  const twin = segmentOf(world, from).find((each) => {
    const other = endOf(each)
    // Two that share both addresses are one gateway, wherever one is.
    const shares = other.link.addresses.some(({address}) => sameHost(address, nextHop))
    return other.link.mac === link.mac && other.place !== place && other.link.addresses.some(({scope}) => scope === 'global') && !shares
  })
  return (
    twin && {
      cause: 'duplicate-mac',
      at: place,
      object: `${link.name} ${link.mac}`,
      evidence: `${place} and ${endOf(twin).place} both have ${link.mac}`,
    }
  )
}
