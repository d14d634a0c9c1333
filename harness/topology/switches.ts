// What is plugged into the flow switches of Open vSwitch, and their own tunnels, which are no devices of the kernel's, as its
// database has them (ovs-vswitchd.conf.db(5)). Pure.
import type {NamespaceFacts} from '../facts/facts.ts'
import type {SwitchFacts, SwitchPortFacts} from '../facts/switches.ts'
import {holds, isUnderlay, type World} from '../trace/segment.ts'
import {type Connection, idOf} from './topology.ts'

interface End {
  readonly place: string
  readonly bridge: string
  readonly port: SwitchPortFacts & {readonly remote: string}
}

/** Ports that are devices, each once. */
export function pluggedInto(world: World): Connection[] {
  return switchesIn(world).flatMap(({place, here, each: {bridge, ports}}) =>
    here.links
      .filter(({name}) => name !== bridge && ports.some((port) => port.name === name))
      .map((link): Connection => {
        const ends = [idOf(place, link.name), idOf(place, bridge)] as const
        // What leads out of the machine stands on the other side of the switch.
        const [from, to] = isUnderlay(world, {place, link}) ? [ends[1], ends[0]] : ends
        const up = link.up && link.carrier
        return {kind: 'port', from, to, up, ...(!link.up && {note: `${link.name} is down at ${place}`})}
      }),
  )
}

/** One connection for each two switches that send to one another, whichever of them knows the other. */
export function switchTunnels(world: World): {readonly tunnels: Connection[]; readonly outside: string[]} {
  const ends = switchesIn(world).flatMap(({place, each: {bridge, ports}}) =>
    ports.flatMap((port): End[] => (port.remote === undefined ? [] : [{place, bridge, port: {...port, remote: port.remote}}])),
  )
  const found = new Map<string, Connection>()
  const outside = new Set<string>()
  for (const end of ends) {
    const connection = tunnelFrom(world, end, ends)
    if (connection.to === end.port.remote) outside.add(connection.to)
    const key = [connection.from, connection.to].sort().join('\n')
    if (!found.has(key)) found.set(key, connection)
  }
  return {tunnels: [...found.values()], outside: [...outside]}
}

function tunnelFrom(world: World, {place, bridge, port: {type, remote}}: End, ends: readonly End[]): Connection {
  const from = idOf(place, bridge)
  const holder = [...world.facts].find(([name, here]) => name !== place && holds(here, remote))?.[0]
  if (holder === undefined) return {kind: 'tunnel', from, to: remote, up: false, note: `nobody in the lab holds ${remote}`}
  const there = ends.filter((end) => end.place === holder && end.port.type === type)
  const back = there.find(({port}) => holds(world.facts.get(place), port.remote))
  if (back) return {kind: 'tunnel', from, to: idOf(holder, back.bridge), up: true}
  const [other] = there
  const to = other ? idOf(holder, other.bridge) : remote
  return {kind: 'tunnel', from, to, up: other !== undefined, note: `${holder} ${other ? 'does not send back' : `has no ${type} port`}`}
}

function switchesIn({facts}: World): {readonly place: string; readonly here: NamespaceFacts; readonly each: SwitchFacts}[] {
  return [...facts].flatMap(([place, here]) => here?.switches?.map((each) => ({place, here, each})) ?? [])
}
