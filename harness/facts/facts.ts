// The kernel's state at every place as plain data: links, addresses, routes, forwarding. Read from JSON where tools give
// it (ip-address(8), ip-route(8), ip-netns(8)), in one command a machine.
import type {Fleet} from '../driver.ts'
import type {Family, Place} from '../model.ts'

export interface LinkFacts {
  readonly index: number
  readonly name: string
  /** The driver's name for its kind: veth, bridge, vxlan ... (ip-link(8)); empty for a device without one. */
  readonly kind: string
  /** Administratively up. */
  readonly up: boolean
  /** There is somebody at the other end. */
  readonly carrier: boolean
  readonly mtu: number
  /** The bridge it is a port of. */
  readonly master?: string
  /** A veth's other end: the index it has there, and the namespace, absent where it is in this same one. */
  readonly peer?: {readonly index: number; readonly netnsId?: number}
  readonly addresses: readonly {readonly address: string; readonly prefixLength: number; readonly scope: string}[]
}

export interface RouteFacts {
  readonly family: Family
  /** In CIDR notation; 0.0.0.0/0 or ::/0 for the default route. */
  readonly to: string
  readonly via?: string
  readonly dev?: string
  readonly source?: string
  readonly metric: number
  /** unicast, unreachable, blackhole, prohibit ... */
  readonly type: string
  readonly table: string
}

export interface NamespaceFacts {
  readonly links: readonly LinkFacts[]
  readonly routes: readonly RouteFacts[]
  readonly forwarding: Readonly<Record<Family, boolean>>
  /** The names of the namespaces that this one knows by a number (ip netns list-id). Only a machine's own. */
  readonly netnsNames: ReadonlyMap<number, string>
}

/** By place; undefined where the place, or its machine, could not be asked. */
export type Facts = ReadonlyMap<string, NamespaceFacts | undefined>

/** Asks all machines side by side, in one command each. Never rejects. */
export async function readFacts(fleet: Fleet, places: readonly Place[]): Promise<Facts> {
  const found = new Map<string, NamespaceFacts | undefined>()
  await Promise.all(
    [...Map.groupBy(places, ({node}) => node)].map(async ([node, here]) => {
      const {stdout} = await fleet.run(node, here.map(question).join('; '), {shell: 'observer'})
      const lines = stdout.toString().split('\n')
      for (const [index, {name}] of here.entries()) found.set(name, parseFacts(lines.slice(index * PARTS, (index + 1) * PARTS)))
    }),
  )
  return found
}

const PARTS = 4

/** One line for each part; a part that cannot be told leaves its line empty. Runs on the machine, in its own namespace. */
function question({netns}: Place): string {
  const ip = netns === undefined ? 'ip' : `ip -n ${netns}`
  const inside = netns === undefined ? '' : `ip netns exec ${netns} `
  const sysctls = 'sysctl -nb net.ipv4.ip_forward net.ipv6.conf.all.forwarding'
  return [
    `${ip} -j -d addr show 2>/dev/null | tr -d '\n'; echo`,
    `${ip} -j route show table all 2>/dev/null | tr -d '\n'; echo`,
    `${inside}${sysctls} 2>/dev/null; echo`,
    netns === undefined ? `ip -j netns list 2>/dev/null | tr -d '\n'; echo` : 'echo',
  ]
    .join('; ')
    .replaceAll('\n', '\\n')
}

interface IpAddr {
  ifindex: number
  ifname: string
  flags: string[]
  mtu: number
  master?: string
  link_index?: number
  link_netnsid?: number
  linkinfo?: {info_kind?: string}
  addr_info?: {local?: string; prefixlen?: number; scope?: string}[]
}

interface IpRoute {
  type?: string
  dst: string
  gateway?: string
  via?: {family: string; host: string}
  dev?: string
  prefsrc?: string
  pref?: string
  metric?: number
  table?: string
  flags?: string[]
}

interface IpNetns {
  name: string
  id?: number
}

/** @param parts what `question` made the machine print for one namespace; undefined when it could not be asked, or gave half an answer */
export function parseFacts([links = '', routes = '', forwarding = '', names = '']: readonly string[]): NamespaceFacts | undefined {
  const [ofLinks, ofRoutes, ofNames] = [listIn<IpAddr>(links), listIn<IpRoute>(routes || '[]'), listIn<IpNetns>(names || '[]')]
  if (!ofLinks || !ofRoutes || !ofNames) return undefined
  return {
    links: ofLinks.map(linkFrom),
    routes: ofRoutes.filter(({dst, table}) => dst !== undefined && table !== 'local').map(routeFrom),
    forwarding: {4: forwarding[0] === '1', 6: forwarding[1] === '1'},
    netnsNames: new Map(ofNames.flatMap(({name, id}) => (id === undefined ? [] : [[id, name]]))),
  }
}

/** A machine that goes away in the middle of its answer has not answered. */
function listIn<T>(json: string): T[] | undefined {
  try {
    return JSON.parse(json) as T[]
  } catch {
    return undefined
  }
}

function linkFrom({ifindex, ifname, flags, mtu, master, link_index, link_netnsid, linkinfo, addr_info = []}: IpAddr): LinkFacts {
  const kind = linkinfo?.info_kind ?? ''
  return {
    index: ifindex,
    name: ifname,
    kind,
    up: flags.includes('UP'),
    carrier: flags.includes('LOWER_UP'),
    mtu,
    ...(master !== undefined && {master}),
    ...(kind === 'veth' &&
      link_index !== undefined && {peer: {index: link_index, ...(link_netnsid !== undefined && {netnsId: link_netnsid})}}),
    addresses: addr_info.flatMap(({local, prefixlen = 0, scope = ''}) =>
      local === undefined ? [] : [{address: local, prefixLength: prefixlen, scope}],
    ),
  }
}

function routeFrom({type = 'unicast', dst, gateway, via, dev, prefsrc, pref, metric = 0, table = 'main'}: IpRoute): RouteFacts {
  const next = gateway ?? via?.host
  // `default` is written alike in both families: then its addresses tell, or the preference that only IPv6 has (RFC 4191). A
  // next hop under `via` is of the other family than the route (RFC 8950).
  const family: Family = [dst, gateway, prefsrc].some((text) => text?.includes(':')) || (dst === 'default' && pref !== undefined) ? 6 : 4
  const host = family === 6 ? '128' : '32'
  const to = dst === 'default' ? (family === 6 ? '::/0' : '0.0.0.0/0') : dst.includes('/') ? dst : `${dst}/${host}`
  return {
    family,
    to,
    ...(next !== undefined && {via: next}),
    ...(dev !== undefined && {dev}),
    ...(prefsrc !== undefined && {source: prefsrc}),
    metric,
    type,
    table,
  }
}
