// What a change of a tunnel is told by: its device made anew otherwise, its packets too large for the cable below it, an entry of the
// map by which programs fill it in.
import test from 'ava'
import {diagnose} from '../../harness/diagnose/diagnose.ts'
import {differences} from '../../harness/diagnose/difference.ts'
import type {Facts, LinkFacts, NamespaceFacts} from '../../harness/facts/facts.ts'
import type {Place, Probe} from '../../harness/model.ts'
import {causeWords} from '../../harness/report/cause.ts'
import {traceTo} from '../../harness/trace.ts'
import {link, namespace, route} from '../tools/facts.ts'

const place = (name: string, address: string): Place => ({name, kind: 'node', node: name, netns: undefined, address, addresses: [address]})
const pod = (name: string, node: string, address: string): Place => ({name, kind: 'pod', node, netns: name, address, addresses: [address]})
const PLACES = [place('node1', '192.168.1.11'), place('node2', '192.168.1.12')]
const mac = (number: number) => `0a:58:0a:f4:0${number}:00`

/** A fabric's leaves, each with a segment of its own and a VXLAN that BGP fills in (EVPN); `vni` is that of the second. */
function evpn(vni: number): Facts {
  return new Map(
    [1, 2].map((number) => {
      const other = 3 - number
      const vxlan = {id: number === 2 ? vni : 20, port: 4789, learning: false, local: `192.168.1.1${number}`}
      const links = [
        link('eth0', {kind: 'veth', addresses: [`192.168.1.1${number}/24`]}),
        link('br20', {kind: 'bridge', mac: mac(number), addresses: [`10.244.0.${number}/16`]}),
        link('vx20', {kind: 'vxlan', mac: mac(number + 2), master: 'br20', vxlan}),
      ]
      const routes = [route('192.168.1.0/24', {dev: 'eth0'}), route('10.244.0.0/16', {dev: 'br20'})]
      const entry = {dev: 'vx20', remote: `192.168.1.1${other}`, permanent: true, local: false, external: true} as const
      const fdb = vni === 20 ? [mac(other), '00:00:00:00:00:00'].map((each) => ({...entry, mac: each})) : []
      return [`node${number}`, namespace(links, routes, {fdb})]
    }),
  )
}

const VX20 = [
  'ip link add vx20 type vxlan id 20 local 192.168.1.12 dstport 4789 nolearning',
  'ip link set vx20 master br20',
  'ip link set vx20 up',
]

function toldOfLeaves(facts: Facts, before?: Facts) {
  const unseen = {request: {}, reply: {}, error: 'no-answer', answered: false} as const
  const probe = {from: 'node1', to: 'node2', address: '10.244.0.2', family: 4, protocol: 'icmp', size: 'small', ...unseen} as const
  const history = VX20.map((command) => ({node: 'node2', command}))
  return diagnose({places: PLACES, facts, probes: [probe], mtu: 1450, history, ...(before && {before})}).map(
    ({cause, where, evidence, fix}) => [cause, where.node, where.object, evidence.at(-1), fix.map(({command}) => command)],
  )
}

test('a tunnel with another identifier is named where it was changed, though what BGP had told of it has gone everywhere', (t) => {
  t.deepEqual(toldOfLeaves(evpn(30), evpn(20)), [
    ['vni-mismatch', 'node2', 'vx20', 'vx20 had VNI 20, and has 30', ['ip link del vx20', ...VX20]],
  ])
})

test('a route that the lab had just so when it worked is not blamed, and no other is put in its place', (t) => {
  const object = '10.244.0.0/16 dev br20'
  const untunnelled = (): Facts =>
    new Map([...evpn(20)].map(([name, here]) => [name, here && {...here, links: here.links.filter(({vxlan}) => !vxlan)}]))
  const [[cause, at, what] = []] = toldOfLeaves(untunnelled())
  t.deepEqual([cause, at, what], ['wrong-device', 'node1', object], 'nobody knows how it was')
  t.deepEqual(toldOfLeaves(untunnelled(), untunnelled()), [
    ['unknown', 'node1', object, `the route ${object} at node1 is as it was when the lab worked`, []],
  ])
})

test('a tunnel that programs fill in has no identifier, but a port; without a line of the recipe it is made as it was', (t) => {
  const tunnel = (port: number): Facts => {
    const vxlan = {id: 0, port, learning: false, external: true} as const
    return new Map([['node2', namespace([link('tun0', {kind: 'vxlan', mtu: 1450, mac: mac(port === 8472 ? 1 : 2), vxlan})], [])]])
  }
  t.deepEqual(
    differences(tunnel(8472), tunnel(4789), PLACES).map(({cause, object, evidence, undo}) => [cause, object, evidence, undo]),
    [
      [
        'tunnel-port-mismatch',
        'tun0',
        'tun0 had UDP port 8472, and has 4789',
        [
          'ip link del tun0',
          `ip link add tun0 address ${mac(1)} type vxlan external dstport 8472 nolearning`,
          'ip link set dev tun0 mtu 1450',
          'ip link set dev tun0 up',
        ],
      ],
    ],
  )
  t.deepEqual(differences(tunnel(8472), tunnel(8472), PLACES), [])
})

/** Both leaves, of which the second's cable takes so much. */
function cabled(mtu: number): Map<string, NamespaceFacts | undefined> {
  const short = (links: readonly LinkFacts[]) => links.map((each) => (each.name === 'eth0' ? {...each, mtu} : each))
  return new Map(
    [...evpn(20)].map(([name, here]) => [name, here && {...here, links: name === 'node2' ? short(here.links) : [...here.links]}]),
  )
}

const full = (from: string, to: string, error: string): Probe => ({
  ...({from, to, address: `10.244.0.${to.at(-1)}`, family: 4, protocol: 'icmp', size: 'full', answered: false} as const),
  ...{error, request: {}, reply: {}},
})

test('what is bridged into a tunnel has to fit into its packets, and who says so in another’s name is not looked for there', (t) => {
  const way = (from: string, to: number, length: number) => {
    const {ended, at, object, evidence} = traceTo(cabled(1400), PLACES, from, `10.244.0.${to}`, {length})
    return ended === 'delivered' ? [ended] : [ended, at, object, evidence]
  }
  t.deepEqual(way('node2', 1, 1350), ['delivered'])
  t.deepEqual(way('node2', 1, 1351), ['mtu-too-small', 'node2', 'eth0', 'eth0 at node2 takes 1400 bytes, the packet has 1401 in vx20'])
  // Nobody says so where the other end's cable is the short one.
  t.deepEqual(way('node1', 2, 1450), ['mtu-blackhole', 'node2', 'eth0', 'eth0 at node2 takes 1400 bytes, the packet has 1500'])
  const probes = [full('node1', 'node2', 'no-answer'), full('node2', 'node1', 'frag-needed 1350 from 10.244.0.1')]
  const told = (facts: Facts, before: Facts, all: readonly Probe[]) =>
    diagnose({places: PLACES, facts, before, probes: all, mtu: 1450, history: []}).map(({cause, where, evidence, fix}) => [
      cause,
      where.node,
      where.object,
      evidence[0],
      fix[0]?.command,
    ])
  const short = 'eth0 at node2 takes 1400 bytes, the packet has 1500 in vx20'
  t.deepEqual(told(cabled(1400), cabled(1500), probes), [['mtu-too-small', 'node2', 'eth0', short, 'ip link set dev eth0 mtu 1500']])
  // Where the facts know of nothing, it is still none of the one in whose name it is said.
  const said = '10.244.0.1 says that the next link takes 1350 bytes: so says vx20 at node2 in its name'
  t.deepEqual(told(cabled(1500), cabled(1500), probes.slice(1)), [['mtu-too-small', 'node2', 'mtu 1350', said, undefined]])
})

test('a size that is remembered is not told of a path that takes no more', (t) => {
  const remembering = (mtu?: number): Facts => {
    const here = cabled(1500).get('node2') as NamespaceFacts
    const routes = here.routes.map((each) => (each.dev === 'br20' && mtu !== undefined ? {...each, mtu} : each))
    return cabled(1500).set('node2', {...here, routes, pathSizes: [{to: '10.244.0.1', mtu: 1350}]})
  }
  const told = (facts: Facts) =>
    diagnose({places: PLACES, facts, probes: [full('node1', 'node2', 'no-answer')], mtu: 1450, history: []}).map(({cause}) => cause)
  // Echo replies go in fragments: the way back stops nothing.
  t.deepEqual(told(remembering(1350)), ['unknown'])
  t.deepEqual(told(remembering()), ['mtu-too-small'])
})

/** A program on the cable of pod1 looks up where networks are, each at a node by its last byte; pod3's has a tunnel that it fills in. */
function programmed(nodes: Readonly<Record<number, number>>, {up}: Pick<LinkFacts, 'up'> = {up: true}): Facts {
  const [inside, outside] = [link('eth0', {kind: 'veth', addresses: ['10.244.1.2/24']}), link('lxc-pod1', {kind: 'veth'})]
  const bytes = (...of: readonly number[]) => of.map((each) => `0x${each.toString(16)}`)
  const entries = Object.entries(nodes).map(([network, node]) => ({
    key: bytes(24, 0, 0, 0, 10, 244, Number(network), 0),
    value: bytes(192, 168, 1, node),
  }))
  const maps = [{id: 1, name: 'nodes', type: 'lpm_trie', pinned: '/nodes', entries}]
  const runs = {dev: 'lxc-pod1', kind: 'bpf', side: 'ingress', text: '{"prog":{"id":7}}'} as const
  const cable = {...outside, peer: {index: inside.index, netnsId: 0}}
  const tunnel = link('tun0', {kind: 'vxlan', mac: mac(1), up, vxlan: {id: 0, port: 8472, learning: false, external: true}})
  return new Map([
    ['pod1', namespace([{...inside, peer: {index: outside.index, netnsId: 0}}], [route('0.0.0.0/0', {via: '10.244.1.1', dev: 'eth0'})])],
    [
      'node1',
      namespace([cable], [], {trafficControl: [runs], programs: [{id: 7, name: 'from_pod', maps}], netnsNames: new Map([[0, 'pod1']])}),
    ],
    ['node2', namespace([tunnel], [])],
    // What becomes of its replies is not seen either.
    ['pod3', namespace([link('eth0', {kind: 'tun', addresses: ['10.244.2.2/24']})], [route('0.0.0.0/0', {dev: 'eth0'})])],
  ])
}

test('an entry of a program’s map is blamed by those alone that it is for, and one with another value is there', (t) => {
  const unseen = {answered: false, error: 'no-answer', request: {}, reply: {}} as const
  const probe = {from: 'pod1', to: 'pod3', address: '10.244.2.2', family: 4, protocol: 'icmp', size: 'small', ...unseen} as const
  const places = [pod('pod1', 'node1', '10.244.1.2'), pod('pod3', 'node2', '10.244.2.2'), pod('pod4', 'node2', '10.244.3.2'), ...PLACES]
  const before = programmed({2: 12, 3: 12})
  const told = (facts: Facts) =>
    diagnose({places, facts, before, probes: [probe], mtu: 1450, history: []}).map(({cause, where, fix}) => [
      causeWords(cause, where.node, where.object),
      ...fix.map(({command}) => command),
    ])
  t.deepEqual(told(programmed({2: 12}, {up: false})), [['the tunnel ends at node2 in nothing: tun0', 'ip link set dev tun0 up']])
  t.deepEqual(told(programmed({2: 13, 3: 12})), [
    [
      'the entry of a map at node1 has another value than it had: map nodes key 24 0 0 0 10 244 2 0 value 192 168 1 13',
      'bpftool map update pinned /nodes key 24 0 0 0 10 244 2 0 value 192 168 1 12',
    ],
  ])
  // Two that may be it are not told from one another.
  t.is(told(programmed({2: 13, 3: 12}, {up: false}))[0]?.length, 1)
})
