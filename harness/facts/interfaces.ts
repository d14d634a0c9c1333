// The interfaces of every place: names, states, MTUs, addresses. Read with `ip -j addr` (ip-address(8)), as data.
import {isUnicast, sameHost} from '../address.ts'
import type {Fleet} from '../driver.ts'
import type {Place, Scenario} from '../model.ts'
import type {Facts, LinkFacts} from './facts.ts'

export interface Interface {
  readonly name: string
  readonly mtu: number
  readonly up: boolean
  /** Without 127.0.0.0/8, ::1 and fe80::/10, which are the same everywhere by design; of any scope, and on lo too. */
  readonly addresses: readonly {readonly address: string; readonly prefixLength: number}[]
}

/** undefined: the place, or its node, could not be asked. */
export type Interfaces = ReadonlyMap<string, readonly Interface[] | undefined>

interface IpLink {
  ifname?: string
  mtu?: number
  flags?: string[]
  addr_info?: {local?: string; prefixlen?: number; scope?: string}[]
}

/** Asks all nodes side by side, in one command a node. Never rejects. */
export async function readInterfaces(fleet: Fleet, places: readonly Place[]): Promise<Interfaces> {
  const nodes = [...new Set(places.map(({node}) => node))]
  const found = new Map<string, readonly Interface[] | undefined>()
  await Promise.all(
    nodes.map(async (node) => {
      const here = places.filter((place) => place.node === node)
      // One process each: a place that cannot be asked gives nothing before its mark.
      const line = here.map(({netns}) => `ip -j ${netns === undefined ? '' : `-n ${netns} `}addr show 2>/dev/null; echo -`).join('; ')
      const {stdout} = await fleet.run(node, line, {shell: 'observer'})
      const answers = stdout.toString().split(/^-$/m)
      for (const [index, place] of here.entries()) found.set(place.name, parseInterfaces(answers[index] ?? ''))
    }),
  )
  return found
}

/** @param json what `ip -j addr` printed for one namespace */
export function parseInterfaces(json: string): Interface[] | undefined {
  if (json.trim() === '') return undefined
  const links = JSON.parse(json) as IpLink[]
  return links
    .filter(({ifname}) => ifname !== undefined)
    .map(({ifname = '', mtu = 0, flags = [], addr_info = []}) => ({
      name: ifname,
      mtu,
      up: flags.includes('UP'),
      addresses: addr_info.flatMap(({local, prefixlen}) =>
        local === undefined || !isUnicast(local) ? [] : [{address: local, prefixLength: prefixlen ?? 32}],
      ),
    }))
}

/** As readInterfaces tells them, of facts that have been read. */
export function interfacesIn(facts: Facts): Interfaces {
  const own = (link: LinkFacts) => ({...link, addresses: link.addresses.filter(({address}) => isUnicast(address))})
  return new Map([...facts].map(([place, here]) => [place, here?.links.map(own)]))
}

/**
 * The device by which a node is on the underlay: eth0, as drivers make it, or, on a machine that a lab runs on bare, the one
 * that holds its address there. An eth0 without any address has lost the node's: then whatever holds that is no underlay, and
 * neither is a tunnel that leads over eth0.
 */
export function underlayDevice<Link extends Pick<Interface, 'name' | 'addresses'> & {readonly vxlan?: {readonly local?: string}}>(
  links: readonly Link[],
  {address}: Pick<Place, 'address'>,
): Link | undefined {
  const eth0 = links.find(({name}) => name === 'eth0')
  const holder = links.find(({addresses}) => addresses.some((own) => sameHost(own.address, address)))
  const numbered = eth0?.addresses.filter((own) => isUnicast(own.address) && own.address.includes('.')) ?? []
  const {local} = holder?.vxlan ?? {}
  const over = local !== undefined && numbered.some((own) => sameHost(own.address, local))
  return eth0 && (numbered.length === 0 || over) ? eth0 : (holder ?? eth0)
}

/**
 * The underlay's MTU: what most nodes' devices there have, so that one with less falls short of it, and one with more is no measure
 * for the others. Of as many of each it is 1500, Ethernet's own, or else the largest; 1500 when no node could be asked.
 */
function underlayMtu(interfaces: Interfaces, places: readonly Place[]): number {
  const found = places.filter(({kind}) => kind === 'node').flatMap((node) => underlayDevice(interfaces.get(node.name) ?? [], node) ?? [])
  const sizes = Map.groupBy(found, ({mtu}) => mtu)
  const most = Math.max(...[...sizes.values()].map(({length}) => length))
  const common = [...sizes].filter(([, {length}]) => length === most).map(([mtu]) => mtu)
  return common.length === 0 || common.includes(1500) ? 1500 : Math.max(...common)
}

/** Bytes of a full packet: the scenario's own MTU where it names one, else the underlay's. */
export function fullMtu({mtu}: Pick<Scenario, 'mtu'>, interfaces: Interfaces, places: readonly Place[]): number {
  return mtu ?? underlayMtu(interfaces, places)
}

/** The same, where nothing else is asked of the interfaces: the nodes alone are. */
export async function readFullMtu(fleet: Fleet, {mtu}: {readonly mtu?: number | undefined}, places: readonly Place[]): Promise<number> {
  if (mtu !== undefined) return mtu
  const nodes = places.filter(({kind}) => kind === 'node')
  return fullMtu({}, await readInterfaces(fleet, nodes), nodes)
}
