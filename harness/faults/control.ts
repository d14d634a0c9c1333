// What control planes bring: routes by BGP sessions, flows on a switch, entries in the maps of programs.
import {prefixLengthOf} from '../address.ts'
import {entryFor} from '../facts/programs.ts'
import {atNode, type Fault, having, on, pairs, spot} from './fault.ts'
import {type Site, Unfit, type Wired} from './wired.ts'

/** Pods by the names of their namespaces: they need not be on a bridge. */
function podsOn({facts}: Site): {name: string}[] {
  return [...facts.netnsNames.values()].map((name) => ({name})).sort((a, b) => a.name.localeCompare(b.name))
}

function otherNode({nodes}: Wired, {name}: Site): Site {
  const found = nodes.find((node) => node.name !== name)
  if (!found) throw new Unfit('there is no other node')
  return found
}

/** Every pod of the node with the first of another one. */
function apart(lab: Wired, node: Site, other = otherNode(lab, node)): string[] {
  const [far] = podsOn(other)
  return podsOn(node).flatMap((pod) => (far ? pairs([pod, far]) : []))
}

const BIRD = 'birdc -s "$(find /run -name bird.ctl | head -1)"'
/** The name of the first of its sessions. */
const FIRST = `$(${BIRD} show protocols | awk '$2 == "BGP" {print $1; exit}')`

/** What a machine does until something is so. */
function until(command: string): string {
  return `timeout 20 bash -c 'until ${command}; do sleep 0.05; done'`
}

export const CONTROL_FAULTS: readonly Fault[] = [
  {
    cause: 'bgp-session-down',
    variants: [
      atNode('the node closes the first of its BGP sessions', (lab, node) => {
        const told = node.facts.routes.filter(({daemon, via}) => daemon === 'bird' && via !== undefined)
        const [session] = [...node.facts.sessions].sort((a, b) => a.remote.localeCompare(b.remote, 'en', {numeric: true}))
        const other = lab.nodes.find(({address}) => address === session?.remote)
        if (!session || !other || told.length === 0) throw new Unfit(`${node.name} has no BGP session of bird's`)
        const first = [node, other].toSorted((a, b) => a.address.localeCompare(b.address, 'en', {numeric: true}))[0] ?? node
        return {
          inject: on(node.node, `${BIRD} disable ${FIRST}`, until(`[ $(ip route | grep -c "via.*bird") -lt ${told.length} ]`), 'sleep 0.5'),
          heal: on(node.node, `${BIRD} enable ${FIRST}`, until(`[ $(ip route | grep -c "via.*bird") = ${told.length} ]`), 'sleep 0.5'),
          expect: {cause: 'bgp-session-down', where: spot(first, having('BGP'))},
          breaks: {pairs: apart(lab, node, other)},
        }
      }),
    ],
  },
  {
    cause: 'flow-missing',
    variants: [
      atNode('the flow switch of the node has lost its flows', (lab, node) => {
        const bridge = node.facts.switches?.find(({secure}) => secure)?.bridge
        if (bridge === undefined) throw new Unfit(`${node.name} has no flow switch`)
        return {
          inject: on(node.node, `ovs-ofctl -O OpenFlow13,OpenFlow15 del-flows ${bridge}`),
          heal: on(
            node.node,
            `ovs-appctl bridge/reconnect ${bridge}`,
            until(`ovs-ofctl -O OpenFlow13,OpenFlow15 dump-flows ${bridge} | grep -q actions=`),
            'sleep 1',
          ),
          expect: {cause: 'flow-missing', where: spot(node, having(bridge))},
          breaks: {pairs: apart(lab, node)},
        }
      }),
      atNode("the map of the node's programs has lost where the pods of another node are", (lab, node) => {
        const other = otherNode(lab, node)
        const far = other.facts.routes
          .find(({to, via, dev}) => prefixLengthOf(to) === 32 && via === undefined && dev !== 'lo')
          ?.to.split('/')[0]
        const maps = node.facts.programs?.flatMap((program) => program.maps) ?? []
        const map = maps.find((each) => each.type === 'lpm_trie' && far !== undefined && entryFor(each, far) !== undefined)
        const entry = map && entryFor(map, far ?? '')
        if (!map || !entry) throw new Unfit(`${node.name} has no program that looks pods up in a map`)
        const bytes = (of: readonly string[]) => of.map(Number).join(' ')
        const file = map.pinned === undefined ? `id ${map.id}` : `pinned ${map.pinned}`
        return {
          inject: on(node.node, `bpftool map delete ${file} key ${bytes(entry.key)}`),
          heal: on(node.node, `bpftool map update ${file} key ${bytes(entry.key)} value ${bytes(entry.value)}`),
          expect: {cause: 'flow-missing', where: spot(node, having('map', map.name, bytes(entry.key)))},
          breaks: {pairs: apart(lab, node, other)},
        }
      }),
    ],
  },
]
