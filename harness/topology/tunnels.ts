// Which tunnel devices lead to one another: by their one other end, by their group, or by their forwarding entries
// (bridge(8), fdb). Pure.
import {isUnicast, sameHost} from '../address.ts'
import type {Facts} from '../facts/facts.ts'
import type {Port} from '../trace/segment.ts'
import {type Connection, idOf} from './topology.ts'

interface End extends Port {
  readonly id: string
  readonly vni: number
  readonly port: number
  /** Addresses that it sends to. */
  readonly remotes: readonly string[]
}

/** One connection for each two ends, whichever of them knows the other. */
export function tunnelsOf(ports: readonly Port[], facts: Facts): {readonly tunnels: Connection[]; readonly outside: string[]} {
  const ends = ports.flatMap((port) => endOf(port, facts))
  const found = new Map<string, Connection>()
  const outside = new Set<string>()
  for (const end of ends) {
    for (const remote of end.remotes) {
      for (const connection of tunnelTo(remote, end, ends, ports)) {
        if (connection.to === remote) outside.add(remote)
        const key = [connection.from, connection.to].sort().join('\n')
        if (!found.has(key)) found.set(key, connection)
      }
    }
  }
  return {tunnels: [...found.values()], outside: [...outside]}
}

function endOf({place, link}: Port, facts: Facts): End[] {
  const {vxlan, name} = link
  if (!vxlan) return []
  const learned = facts.get(place)?.fdb.flatMap(({dev, remote}) => (dev === name && remote !== undefined ? [remote] : [])) ?? []
  const remotes = [...(vxlan.remote === undefined ? [] : [vxlan.remote]), ...learned].filter((remote) => !/^(0\.0\.0\.0|::)$/.test(remote))
  return [{place, link, id: idOf(place, name), vni: vxlan.id, port: vxlan.port, remotes: [...new Set(remotes)]}]
}

function tunnelTo(remote: string, end: End, ends: readonly End[], ports: readonly Port[]): Connection[] {
  // A group is joined by all that send to it.
  if (isGroup(remote))
    return ends
      .filter((other) => other.vni === end.vni && other.place !== end.place && other.remotes.includes(remote))
      .map((other) => joined(end, other))
  const holder = ports.find(({place, link}) => place !== end.place && link.addresses.some(({address}) => sameHost(address, remote)))
  if (!holder) return [{kind: 'tunnel', from: end.id, to: remote, up: false, note: `nobody in the lab holds ${remote}`}]
  const there = ends.filter(({place}) => place === holder.place)
  const other = there.find(({vni}) => vni === end.vni)
  if (other) return [joined(end, other)]
  const [instead] = there
  const note = `no identifier ${end.vni} at ${holder.place}${instead ? `, which has ${instead.vni}` : ''}`
  return [{kind: 'tunnel', from: end.id, to: instead?.id ?? idOf(holder.place, holder.link.name), up: false, note}]
}

function joined(a: End, b: End): Connection {
  const knows = (end: End, other: End) => end.remotes.some((remote) => isGroup(remote) || isAt(remote, other))
  const notes = [
    ...[a, b].filter(({link}) => !link.up).map(({place, link}) => `${link.name} is down at ${place}`),
    ...(a.port === b.port ? [] : [`ports ${a.port} and ${b.port}`]),
    ...(knows(b, a) ? [] : [`${b.place} does not send back`]),
  ]
  return {
    kind: 'tunnel',
    from: a.id,
    to: b.id,
    up: a.link.up && b.link.up && a.port === b.port,
    ...(notes.length > 0 && {note: notes.join(', ')}),
  }

  function isAt(remote: string, other: End): boolean {
    const {local} = other.link.vxlan ?? {}
    return local === undefined || sameHost(local, remote)
  }
}

/** Multicast: 224.0.0.0/4 (RFC 5771), ff00::/8 (RFC 4291). */
function isGroup(address: string): boolean {
  return !isUnicast(address) && /^(22[4-9]|23\d)\.|^ff/i.test(address)
}
