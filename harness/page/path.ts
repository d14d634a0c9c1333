// Which devices and cables of the picture a packet passes, from the places and devices that its trace names. Pure.
import {switchOf} from '../facts/switches.ts'
import {idOf, UNDERLAY} from '../topology/topology.ts'
import type {Carriage, Trace} from '../trace/path.ts'
import {holds, isUnderlay, type Passage, type Port, segmentOf, type World} from '../trace/segment.ts'

/**
 * From each hop's device along its segment to the next hop, or through flow switches. Of a packet that is stopped on a segment, as
 * far as its device, and in a tunnel as far as the packet that carries it gets.
 */
export function passedBy(world: World, {hops}: Trace): string[][] {
  return hops.flatMap(({place, dev, nextHop, switched, tunnels = []}, index) => {
    const link = dev === undefined ? undefined : world.facts.get(place)?.links.find(({name}) => name === dev)
    if (!link) return []
    if (switched) return switched.map(({ports}) => betweenSwitches(world, ports))
    const from: Port = {place, link}
    const stopped = tunnels.find(({outer}) => outer.ended !== 'delivered')
    if (stopped) {
      const into = segmentOf(world, from, true).find(({ports}) => isAt(stopped.from, ports.at(-1)))
      return [idsOf(world, into?.ports ?? [from]), ...passedBy(world, stopped.outer)]
    }
    const ways = waysTo(world, from, hops[index + 1]?.place)
    const meant = ways.find(({ports}) => {
      const there = ports.at(-1)
      const facts = there && world.facts.get(there.place)
      return facts && nextHop !== undefined && holds({...facts, links: [there.link]}, nextHop)
    })
    return [idsOf(world, (meant ?? ways[0])?.ports ?? [from])]
  })
}

/** A frame goes where nothing blocks it. Where something does everywhere, any way will do, be it to a tunnel's end of another number. */
function waysTo(world: World, from: Port, place: string | undefined): readonly Passage[] {
  const [free, all] = [false, true].map((lax) => segmentOf(world, from, lax).filter(({ports}) => ports.at(-1)?.place === place))
  return (free?.length ? free : all) ?? []
}

function isAt({place, dev}: Carriage['from'], port: Port | undefined): boolean {
  return port?.place === place && port.link.name === dev
}

/** The ways of what carries it through tunnels, each from one end of a tunnel to the other; but of one that is stopped. */
export function carriedBy(world: World, {hops}: Trace): string[][][] {
  return hops.flatMap(({tunnels = [], switched = []}) => [
    ...tunnels.flatMap(({from, to, outer}) => {
      const whole = [[idOf(from.place, from.dev)], ...passedBy(world, outer), [idOf(to.place, to.dev)]]
      return [...(outer.ended === 'delivered' ? [whole] : []), ...carriedBy(world, outer)]
    }),
    // What lies below a switch's own tunnel is among the devices that it passed.
    ...switched.flatMap(({tunnel}) => (tunnel ? [[tunnel.map(({place, bridge}) => idOf(place, bridge))]] : [])),
  ])
}

/** With the flow switches at both ends of it, where these are ports of one. */
function betweenSwitches(world: World, ports: readonly Port[]): string[] {
  const [before, after] = [ports[0], ports.at(-1)].map((port) => {
    const found = port && switchOf(world.facts.get(port.place)?.switches, port.link.name)
    return found && found.bridge !== port.link.name ? [idOf(port.place, found.bridge)] : []
  })
  return [...(before ?? []), ...idsOf(world, ports), ...(after ?? [])]
}

/** Between two machines' devices on the underlay stands the underlay. */
function idsOf(world: World, ports: readonly Port[]): string[] {
  return ports.flatMap((port, index) => {
    const before = ports[index - 1]
    const crossed = before && before.place !== port.place && isUnderlay(world, before) && isUnderlay(world, port)
    return [...(crossed ? [UNDERLAY] : []), idOf(port.place, port.link.name)]
  })
}

/** What of a picture a packet passes. */
export interface Steps {
  /** Ids of devices, and of each two that are plugged together, `A\nB`. */
  readonly ids: ReadonlySet<string>
  /** Each two devices between which a place routes it. */
  readonly routed: readonly (readonly [string, string])[]
  /** The last device. */
  readonly last?: string
}

/** @param within ways beside them: of what carries the packet in tunnels */
export function stepsOf(ways: readonly (readonly string[])[], within: readonly (readonly (readonly string[])[])[] = []): Steps {
  const chains = [ways, ...within]
  const last = ways.at(-1)?.at(-1)
  return {ids: new Set(chains.flatMap(pluggedIn)), routed: chains.flatMap(routedIn), ...(last !== undefined && {last})}
}

function pluggedIn(ways: readonly (readonly string[])[]): string[] {
  return ways.flatMap((ids) => ids.flatMap((id, index) => [id, ...(index === 0 ? [] : [`${ids[index - 1]}\n${id}`])]))
}

function routedIn(ways: readonly (readonly string[])[]): [string, string][] {
  return ways.slice(1).flatMap(([to], index): [string, string][] => {
    const from = ways[index]?.at(-1)
    return from === undefined || to === undefined || from === to ? [] : [[from, to]]
  })
}
