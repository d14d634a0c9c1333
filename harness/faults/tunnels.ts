// Tunnels whose entries somebody fixed: each machine is told where the others are, and nothing is learned.
import {isUnicast, sameHost} from '../address.ts'
import type {FdbFacts, LinkFacts, NeighbourFacts, VxlanFacts} from '../facts/facts.ts'
import {atNode, type Fault, having, type Injection, on, pairs, spot} from './fault.ts'
import {addressLines, podOn, routeLines, type Site, Unfit, type Wired} from './wired.ts'

/** A device, and the entry by which it leads to another machine. */
interface Way {
  readonly link: LinkFacts & {readonly vxlan: VxlanFacts}
  readonly entry: FdbFacts & {readonly remote: string}
  /** Who has the entry's MAC address, by its own. */
  readonly neighbour: NeighbourFacts
  readonly far: Site
}

/** The first way of a node into a tunnel that is told where one MAC address is. */
function wayOf({nodes}: Wired, {name, facts}: Site): Way {
  for (const link of facts.links)
    for (const entry of facts.fdb) {
      const {remote} = entry
      const neighbour = facts.neighbours.find((each) => each.dev === link.name && each.mac === entry.mac && each.state === 'PERMANENT')
      const far = nodes.find((node) => remote !== undefined && sameHost(node.address, remote))
      if (link.vxlan && entry.dev === link.name && entry.permanent && remote !== undefined && isUnicast(remote) && neighbour && far)
        return {link: {...link, vxlan: link.vxlan}, entry: {...entry, remote}, neighbour, far}
    }
  throw new Unfit(`${name} has no tunnel whose entries are fixed`)
}

function between(lab: Wired, node: Site, far: Site): Injection['breaks'] {
  return {pairs: pairs([podOn(lab, node), podOn(lab, far)], [podOn(lab, far), podOn(lab, node)])}
}

function fixed({mac, remote}: Pick<Way['entry'], 'mac' | 'remote'>, device: string): string {
  return `bridge fdb replace ${mac} dev ${device} dst ${remote} self permanent`
}

/** All that goes with the device but its forwarding entries. */
function restored(site: Site, link: LinkFacts): string[] {
  const known = site.facts.neighbours.filter(({dev, state, mac}) => dev === link.name && state === 'PERMANENT' && mac !== undefined)
  return [
    ...known.map(({address, mac}) => `ip neigh replace ${address} lladdr ${mac} dev ${link.name} nud permanent`),
    ...routeLines(site, link),
  ]
}

/** The device made again, with what somebody has told it. */
function made(site: Site, {link}: Way, part: Partial<VxlanFacts> = {}): string[] {
  const {id, port, local, dev, learning} = {...link.vxlan, ...part}
  const where = `${local === undefined ? '' : ` local ${local}`}${dev === undefined ? '' : ` dev ${dev}`}`
  const entries = site.facts.fdb.flatMap(({mac, remote, permanent, dev: own}) =>
    own === link.name && permanent && remote !== undefined ? [fixed({mac, remote}, link.name)] : [],
  )
  return [
    `ip link del ${link.name}`,
    `ip link add ${link.name} address ${link.mac} mtu ${link.mtu} type vxlan id ${id}${where} dstport ${port}${learning ? '' : ' nolearning'}`,
    ...addressLines(site, link, 4),
    `ip link set ${link.name} up`,
    ...entries,
    ...restored(site, link),
  ]
}

function remade(
  lab: Wired,
  node: Site,
  cause: 'vni-mismatch' | 'tunnel-port-mismatch',
  part: (vxlan: VxlanFacts) => Partial<VxlanFacts>,
): Injection {
  const way = wayOf(lab, node)
  return {
    inject: on(node.node, ...made(node, way, part(way.link.vxlan))),
    heal: on(node.node, ...made(node, way)),
    expect: {cause, where: spot(node, having(way.link.name))},
    breaks: between(lab, node, way.far),
  }
}

/** The tunnel is told a MAC address for another node's end that is not its own. */
export function strangerBehind(lab: Wired, node: Site, mac: string): Injection {
  const {link, neighbour, far} = wayOf(lab, node)
  const fixing = (lladdr: string) => on(node.node, `ip neigh replace ${neighbour.address} lladdr ${lladdr} dev ${link.name} nud permanent`)
  return {
    inject: fixing(mac),
    heal: fixing(neighbour.mac ?? ''),
    expect: {cause: 'neighbour-wrong', where: spot(node, having(neighbour.address, link.name, mac))},
    breaks: between(lab, node, far),
  }
}

export const TUNNEL_FAULTS: readonly Fault[] = [
  {
    cause: 'vtep-fdb-missing',
    variants: [
      atNode("the tunnel is not told where another node's end is", (lab, node) => {
        const {link, entry, far} = wayOf(lab, node)
        return {
          inject: on(node.node, `bridge fdb del ${entry.mac} dev ${link.name} dst ${entry.remote} self`),
          heal: on(node.node, fixed(entry, link.name)),
          expect: {cause: 'vtep-fdb-missing', where: spot(node, having(entry.mac, link.name))},
          breaks: between(lab, node, far),
        }
      }),
    ],
  },
  {
    cause: 'vtep-fdb-wrong',
    variants: [
      atNode("the tunnel is told that another node's end is at a third", (lab, node) => {
        const {link, entry, far} = wayOf(lab, node)
        const third = lab.nodes.find(({name}) => name !== node.name && name !== far.name)
        if (!third) throw new Unfit('there is no third node')
        return {
          inject: on(node.node, fixed({...entry, remote: third.address}, link.name)),
          heal: on(node.node, fixed(entry, link.name)),
          expect: {cause: 'vtep-fdb-wrong', where: spot(node, having(entry.mac, link.name, third.address))},
          breaks: between(lab, node, far),
        }
      }),
    ],
  },
  {
    cause: 'vtep-neighbour-missing',
    variants: [
      atNode("the tunnel is not told the MAC address of another node's end", (lab, node) => {
        const {link, neighbour, far} = wayOf(lab, node)
        return {
          inject: on(node.node, `ip neigh del ${neighbour.address} dev ${link.name}`),
          heal: on(node.node, `ip neigh replace ${neighbour.address} lladdr ${neighbour.mac} dev ${link.name} nud permanent`),
          expect: {cause: 'vtep-neighbour-missing', where: spot(node, having(neighbour.address, link.name))},
          breaks: between(lab, node, far),
        }
      }),
    ],
  },
  {
    cause: 'vni-mismatch',
    variants: [
      atNode("the node's end of the tunnel has another identifier than the others", (lab, node) =>
        remade(lab, node, 'vni-mismatch', ({id}) => ({id: id + 1})),
      ),
    ],
  },
  {
    cause: 'tunnel-port-mismatch',
    variants: [
      atNode("the node's end of the tunnel has another UDP port than the others", (lab, node) =>
        remade(lab, node, 'tunnel-port-mismatch', ({port}) => ({port: port + 1})),
      ),
    ],
  },
  {
    cause: 'tunnel-endpoint-down',
    variants: [
      atNode("the node's end of the tunnel is down", (lab, node) => {
        const {link, far} = wayOf(lab, node)
        return {
          inject: on(node.node, `ip link set ${link.name} down`),
          heal: on(node.node, `ip link set ${link.name} up`, ...restored(node, link)),
          expect: {cause: 'tunnel-endpoint-down', where: spot(node, having(link.name))},
          breaks: between(lab, node, far),
        }
      }),
    ],
  },
]
