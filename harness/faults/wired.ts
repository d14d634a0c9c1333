// A running lab as faults see it: the places with their devices, cables and routes, from its facts. Pure.
import {contains, familyOf, networkOf, prefixLengthOf} from '../address.ts'
import type {Facts, LinkFacts, NamespaceFacts, RouteFacts} from '../facts/facts.ts'
import {routeLine} from '../facts/routes.ts'
import type {Family, Place} from '../model.ts'

/** A place, with the device that holds its address. */
export interface Site {
  readonly name: string
  readonly node: string
  readonly netns: string | undefined
  readonly address: string
  readonly prefixLength: number
  readonly device: LinkFacts
  readonly facts: NamespaceFacts
  /** How ip(8) is called for it: `ip`, or `ip -n pod1`. */
  readonly ip: string
  /** What comes before any other command: nothing, or `ip netns exec pod1 `. */
  readonly inside: string
}

/** A pod whose cable ends on a bridge of its node. */
export interface Pod extends Site {
  readonly netns: string
  /** The machine's end of the cable, a port of the bridge. */
  readonly port: LinkFacts
  readonly bridge: LinkFacts
  /** The bridge's own address, with its prefix length. */
  readonly gateway: {readonly address: string; readonly prefixLength: number}
  /** The pods' network on this node, in CIDR notation. */
  readonly subnet: string
  readonly home: Site
}

export interface Wired {
  readonly facts: Facts
  readonly nodes: readonly Site[]
  readonly pods: readonly Pod[]
}

/** Places that are whole: those that lack a device, an address or a bridge are left out. */
export function wiredFrom(facts: Facts, places: readonly Place[]): Wired {
  const nodes = places.filter(({kind}) => kind === 'node').flatMap((place) => siteOf(facts, place))
  const pods = places.filter(({kind}) => kind === 'pod').flatMap((place) => podOf(facts, place, nodes))
  return {facts, nodes, pods}
}

function siteOf(facts: Facts, {name, node, netns, addresses}: Place): Site[] {
  const here = facts.get(name)
  const address = addresses.find((each) => familyOf(each) === 4)
  const device = here?.links.find((link) => link.addresses.some((own) => own.address === address))
  const own = device?.addresses.find((each) => each.address === address)
  if (!here || !device || !own || address === undefined) return []
  const typed = netns === undefined ? {ip: 'ip', inside: ''} : {ip: `ip -n ${netns}`, inside: `ip netns exec ${netns} `}
  return [{name, node, netns, address, prefixLength: own.prefixLength, device, facts: here, ...typed}]
}

function podOf(facts: Facts, place: Place, nodes: readonly Site[]): Pod[] {
  const [site] = siteOf(facts, place)
  const home = nodes.find(({name}) => name === place.node)
  const {peer} = site?.device ?? {}
  if (!site || !home || !peer || site.netns === undefined) return []
  const port = home.facts.links.find((link) => link.index === peer.index && leadsTo(link, site, home))
  const bridge = home.facts.links.find(({name}) => name === port?.master)
  const gateway = bridge?.addresses.find(({address}) => familyOf(address) === 4)
  if (!port || !bridge || !gateway) return []
  const subnet = networkOf(gateway.address, gateway.prefixLength) ?? ''
  return [{...site, netns: site.netns, port, bridge, gateway, subnet, home}]
}

/** The other end of a cable knows this one by its number, and its namespace by a number that has a name. */
function leadsTo({peer}: LinkFacts, site: Site, home: Site): boolean {
  return peer?.index === site.device.index && (peer.netnsId === undefined || home.facts.netnsNames.get(peer.netnsId) === site.netns)
}

/** A fault that this lab, or this place of it, has no use for: it lacks what would be broken. */
export class Unfit extends Error {
  override readonly name = 'Unfit'
}

/** @throws Unfit with what this lab lacks */
function orUnfit<T>(value: T | undefined, lack: string): T {
  if (value === undefined) throw new Unfit(lack)
  return value
}

/** Another pod on the same bridge. */
export function twinOf({pods}: Wired, pod: Pod): Pod {
  const found = pods.find(({name, node, bridge}) => name !== pod.name && node === pod.node && bridge.name === pod.bridge.name)
  return orUnfit(found, `${pod.node} has no second pod on ${pod.bridge.name}`)
}

/** A pod on this node. */
export function podOn({pods}: Wired, {node}: Pick<Site, 'node'>): Pod {
  return orUnfit(
    pods.find((pod) => pod.node === node),
    `${node} has no pod on a bridge`,
  )
}

/** A pod on another node. */
export function farFrom({pods}: Wired, {node}: Pick<Site, 'node'>): Pod {
  return orUnfit(
    pods.find((pod) => pod.node !== node),
    'there is no pod on another node',
  )
}

/** A node that is neither of these. */
export function thirdNode({nodes}: Wired, ...others: readonly Pick<Site, 'node'>[]): Site {
  return orUnfit(
    nodes.find(({name}) => !others.some(({node}) => node === name)),
    'there is no third node',
  )
}

/** The route by which a place sends to an address through another router. */
export function routeTo({name, facts}: Site, address: string): RouteFacts & {via: string} {
  const [found] = facts.routes
    .filter(({table, type, to, via}) => table === 'main' && type === 'unicast' && via !== undefined && contains(to, address))
    .sort((a, b) => (prefixLengthOf(b.to) ?? 0) - (prefixLengthOf(a.to) ?? 0))
  return {...orUnfit(found, `${name} has no route of its own to ${address}`), via: found?.via ?? ''}
}

/** Lines that give a device back what goes with it when it goes down: IPv6 addresses and everybody's own routes (ip-address(8)). */
export function afterDown(site: Pick<Site, 'facts' | 'ip'>, device: LinkFacts): string[] {
  return [...addressLines(site, device, 6), ...routeLines(site, device)]
}

/** Lines that give a device all that it has, once it is up again. */
export function afterMove(site: Pick<Site, 'facts' | 'ip'>, device: LinkFacts): string[] {
  return [...addressLines(site, device, 4), ...afterDown(site, device)]
}

export function addressLines({ip}: Pick<Site, 'ip'>, device: LinkFacts, family: Family): string[] {
  return device.addresses
    .filter(({address, scope}) => familyOf(address) === family && scope === 'global')
    .map(({address, prefixLength}) => `${ip} addr add ${address}/${prefixLength} dev ${device.name}${family === 6 ? ' nodad' : ''}`)
}

/** What somebody added: the kernel puts its own routes back by itself. */
export function routeLines({facts, ip}: Pick<Site, 'facts' | 'ip'>, device: LinkFacts): string[] {
  return facts.routes
    .filter(({dev, via, table}) => dev === device.name && via !== undefined && table === 'main')
    .map((route) => `${ip} route add ${routeLine(route)}`)
}
