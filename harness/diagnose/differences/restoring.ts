// The literal lines that put a device, or a whole namespace, back as it was: with its MAC address, its place on a bridge and
// its addresses, so that nobody has to learn it anew (ip-link(8), ip-address(8), bridge(8)). Pure.
import {contains, familyOf, prefixLengthOf, sameHost} from '../../address.ts'
import type {Facts, LinkFacts, NamespaceFacts} from '../../facts/facts.ts'
import {routeLine} from '../../facts/routes.ts'
import type {Place} from '../../model.ts'
import {type Port, peerOf} from '../../trace/segment.ts'

/** A device where it was, and how it was. */
export interface Lost {
  readonly place: Place
  readonly link: LinkFacts
  readonly before: Facts
  readonly now: Facts
  readonly places: readonly Place[]
}

/** How ip(8) is called at a place, and what comes before other commands. */
function calls(netns: string | undefined): {readonly ip: string; readonly run: string} {
  return netns === undefined ? {ip: 'ip', run: ''} : {ip: `ip -n ${netns}`, run: `ip netns exec ${netns} `}
}

/** A device that came back empty: what it is a port of, up, its addresses. Its routes are for whoever misses them. */
export function asItWas(netns: string | undefined, {name, master, mtu, up, arp, port, addresses, mac}: LinkFacts): string[] {
  const {ip, run} = calls(netns)
  const flags = portFlags({port})
  return [
    ...(mtu === 1500 || name === 'lo' ? [] : [`${ip} link set dev ${name} mtu ${mtu}`]),
    ...(arp || name === 'lo' ? [] : [`${ip} link set dev ${name} arp off`]),
    ...(master === undefined ? [] : [`${ip} link set dev ${name} master ${master}`]),
    ...(flags.length > 0 ? [`${run}bridge link set dev ${name} ${flags.join(' ')}`] : []),
    ...(up ? [`${ip} link set dev ${name} up`] : []),
    ...addressLines(
      netns,
      name,
      addresses.filter((each) => !isKernels(each.address, mac)),
    ),
  ]
}

/** What bridge(8) has to be told of a port that is not as a new one is. */
export function portFlags({port}: {readonly port?: LinkFacts['port']}): string[] {
  if (!port) return []
  return [
    ...(port.isolated ? ['isolated on'] : []),
    ...(port.hairpin ? ['hairpin on'] : []),
    ...(port.learning ? [] : ['learning off']),
    ...(port.flood ? [] : ['flood off']),
    ...(port.broadcast ? [] : ['bcast_flood off']),
    ...(port.multicast ? [] : ['mcast_flood off']),
  ]
}

/** Addresses for a device that lacks them. */
export function addressLines(netns: string | undefined, device: string, addresses: LinkFacts['addresses']): string[] {
  return addresses.map(
    ({address, prefixLength}) =>
      `${calls(netns).ip} addr add ${address}/${prefixLength} dev ${device}${familyOf(address) === 6 ? ' nodad' : ''}`,
  )
}

/** The link-local address that the kernel gives each device by its MAC (RFC 4291, appendix A), and the loopback's own. */
export function isKernels(address: string, mac: string): boolean {
  if (address === '::1' || address.startsWith('127.')) return true
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16))
  if (bytes.length !== 6) return false
  const id = [(bytes[0] ?? 0) ^ 2, bytes[1], bytes[2], 0xff, 0xfe, bytes[3], bytes[4], bytes[5]] as number[]
  const groups = [0, 2, 4, 6].map((at) => ((id[at] as number) * 256 + (id[at + 1] as number)).toString(16))
  return familyOf(address) === 6 && sameHost(address, `fe80::${groups.join(':')}`)
}

/** A device that is gone from the machine: made anew with the other end that went with it. None where nobody knows how. */
export function madeAnew(lost: Lost): string[] {
  const {place, link} = lost
  if (link.kind === 'bridge') return bridgeAnew(lost)
  if (link.kind === 'vxlan' && link.vxlan) {
    const {id, port, local, remote, dev, learning, external} = link.vxlan
    const words = [
      external ? 'external' : `id ${id}`,
      ...(local === undefined ? [] : [`local ${local}`]),
      ...(remote === undefined ? [] : [`remote ${remote}`]),
      `dstport ${port}`,
      ...(dev === undefined ? [] : [`dev ${dev}`]),
      ...(learning ? [] : ['nolearning']),
    ]
    return [
      `${calls(place.netns).ip} link add ${link.name} address ${link.mac} type vxlan ${words.join(' ')}`,
      ...asItWas(place.netns, link),
      ...tunnelEntries(lost),
    ]
  }
  const other = endOf(lost)
  if (!other) return []
  const there = placeOf(lost, other.place)
  const made = cable({place, link}, {place: there, link: other.link})
  return [...made, ...asItWas(there.netns, other.link), ...asItWas(place.netns, link)]
}

/** What a tunnel's device has been told of the others, and nobody tells it twice. */
function tunnelEntries({place, link, before}: Lost): string[] {
  const {ip, run} = calls(place.netns)
  const was = before.get(place.name)
  const known = was?.neighbours.filter(({dev, state, mac}) => dev === link.name && state === 'PERMANENT' && mac !== undefined) ?? []
  const told = was?.fdb.filter(({dev, permanent, remote}) => dev === link.name && permanent && remote !== undefined) ?? []
  return [
    ...known.map(({address, mac}) => `${ip} neigh replace ${address} lladdr ${mac} dev ${link.name} nud permanent`),
    ...told.map(({mac, remote}) => `${run}bridge fdb append ${mac} dev ${link.name} dst ${remote} self permanent`),
  ]
}

/** The other end of a veth pair when the lab worked; undefined where it was out of sight. */
export function endOf({place, link, before, places}: Lost): Port | undefined {
  return peerOf({facts: before, places}, {place: place.name, link})
}

function placeOf({places}: Lost, name: string): Pick<Place, 'netns' | 'name'> {
  return places.find((each) => each.name === name) ?? {name, netns: name.split('/')[1]}
}

interface End {
  readonly place: Pick<Place, 'netns'>
  readonly link: LinkFacts
}

/** The machine's own end first: ip(8) makes the other one where it belongs. */
function cable(a: End, b: End): string[] {
  const [near, far] = a.place.netns === undefined ? [a, b] : [b, a]
  const {ip} = calls(near.place.netns)
  const there = far.place.netns === undefined ? '' : ` netns ${far.place.netns}`
  return [`${ip} link add ${near.link.name} address ${near.link.mac} type veth peer name ${far.link.name} address ${far.link.mac}${there}`]
}

function bridgeAnew({place, link, before, now}: Lost): string[] {
  const {ip} = calls(place.netns)
  const was = before.get(place.name)
  const ports = (was?.links ?? []).filter(({master}) => master === link.name)
  // A bridge without an address of its own takes the smallest of its ports'.
  const own = ports.some(({mac}) => mac === link.mac) ? '' : ` address ${link.mac}`
  const here = ports.filter(({name}) => now.get(place.name)?.links.some((each) => each.name === name))
  return [
    `${ip} link add ${link.name}${own} type bridge${link.bridge?.stp ? ' stp_state 1' : ''}`,
    ...here.map(({name}) => `${ip} link set dev ${name} master ${link.name}`),
    ...asItWas(place.netns, link),
  ]
}

/** A namespace that is gone, with its cables and all that was in it. */
export function namespaceAnew({place, before, now, places}: Omit<Lost, 'link'>): string[] {
  const was = before.get(place.name)
  if (!was || place.netns === undefined) return []
  const {ip} = calls(place.netns)
  const devices = was.links.filter(({kind}) => kind === 'veth')
  return [
    `ip netns add ${place.netns}`,
    ...was.links.filter(({name, up}) => name === 'lo' && up).map(() => `${ip} link set dev lo up`),
    ...devices.flatMap((link) => madeAnew({place, link, before, now, places})),
    ...routeLines(was, place.netns),
  ]
}

/** Routes that somebody added: the kernel puts its own back by itself. */
function routeLines({routes, links}: NamespaceFacts, netns: string | undefined): string[] {
  const {ip} = calls(netns)
  const added = routes.filter(({to, via, type}) => (via !== undefined || type !== 'unicast' || !isOnLink(to, links)) && !/^f[ef]/.test(to))
  // Those without a next hop first: the others may lead over them.
  return added
    .toSorted(
      (a, b) => Number(a.via !== undefined) - Number(b.via !== undefined) || (prefixLengthOf(b.to) ?? 0) - (prefixLengthOf(a.to) ?? 0),
    )
    .map((route) => `${ip} ${route.family === 6 ? '-6 ' : ''}route add ${routeLine(route)}`)
}

function isOnLink(to: string, links: readonly LinkFacts[]): boolean {
  return links.some(({addresses}) =>
    addresses.some(({address, prefixLength}) => prefixLengthOf(to) === prefixLength && contains(to, address)),
  )
}
