// Which devices and cables of the picture a packet passes, from the places and devices that its trace names. Pure.
import {idOf, UNDERLAY} from '../topology/topology.ts'
import {holds, isUnderlay, type Port, segmentOf, type World} from '../trace/segment.ts'
import type {Trace} from '../trace.ts'

/** From each hop's device along its segment to the next hop. Of a packet that is stopped on a segment, as far as its device. */
export function passedBy(world: World, {hops}: Trace): string[][] {
  return hops.flatMap(({place, dev, nextHop}, index) => {
    const link = dev === undefined ? undefined : world.facts.get(place)?.links.find(({name}) => name === dev)
    if (!link) return []
    const from: Port = {place, link}
    const next = hops[index + 1]?.place
    const ways = segmentOf(world, from, true).filter(({ports}) => ports.at(-1)?.place === next)
    const meant = ways.find(({ports}) => {
      const there = ports.at(-1)
      const facts = there && world.facts.get(there.place)
      return facts && nextHop !== undefined && holds({...facts, links: [there.link]}, nextHop)
    })
    return [idsOf(world, (meant ?? ways[0])?.ports ?? [from])]
  })
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

export function stepsOf(ways: readonly (readonly string[])[]): Steps {
  const plugged = ways.flatMap((ids) => ids.flatMap((id, index) => [id, ...(index === 0 ? [] : [`${ids[index - 1]}\n${id}`])]))
  const routed = ways.slice(1).flatMap(([to], index): [string, string][] => {
    const from = ways[index]?.at(-1)
    return from === undefined || to === undefined || from === to ? [] : [[from, to]]
  })
  const last = ways.at(-1)?.at(-1)
  return {ids: new Set(plugged), routed, ...(last !== undefined && {last})}
}
