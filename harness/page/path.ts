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

/** Ids of the devices, and of each two that follow one another, `A\nB`: a connection of the topology. */
export function stepsOf(ways: readonly (readonly string[])[]): string[] {
  return ways.flatMap((ids) => ids.flatMap((id, index) => [id, ...(index === 0 ? [] : [`${ids[index - 1]}\n${id}`])]))
}
