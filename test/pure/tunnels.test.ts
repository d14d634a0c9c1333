// A path through a tunnel: beside the way of the packet stands the way of what carries it, in the trace, its text, its document and
// the picture.
import {readFileSync} from 'node:fs'
import test from 'ava'
import {bothWays} from '../../harness/both-ways.ts'
import {diagnose} from '../../harness/diagnose/diagnose.ts'
import {tunnelFix} from '../../harness/diagnose/tunnel-fix.ts'
import {drawnFrom} from '../../harness/facts/drawing.ts'
import type {Facts, LinkFacts, NamespaceFacts} from '../../harness/facts/facts.ts'
import type {Place, Probe} from '../../harness/model.ts'
import {carriedBy, passedBy, stepsOf} from '../../harness/page/path.ts'
import {traceJson, tracesText} from '../../harness/report/trace.ts'
import {traceTo} from '../../harness/trace.ts'
import {mistakesIn} from '../kernel/tools/schema.ts'
import {link, namespace, route} from '../tools/facts.ts'

const place = (name: string, address: string): Place => ({name, kind: 'node', node: name, netns: undefined, address, addresses: [address]})
const PLACES = [place('node1', '192.168.1.11'), place('node2', '192.168.1.12')]
const mac = (number: number) => `0a:58:0a:f4:0${number}:00`

/** Flannel's VXLAN on two nodes, whose bridges stand for pods. */
function flannel({up}: Pick<LinkFacts, 'up'> = {up: true}, entries = true): Facts {
  return new Map(
    [1, 2].map((number) => {
      const other = 3 - number
      const links = [
        link('eth0', {kind: 'veth', addresses: [`192.168.1.1${number}/24`], up: up || number === 1}),
        link('flannel.1', {
          kind: 'vxlan',
          mac: mac(number),
          mtu: 1450,
          addresses: [`10.244.${number}.0/32`],
          vxlan: {id: 1, port: 8472, learning: false, local: `192.168.1.1${number}`},
        }),
        link('cni0', {kind: 'bridge', addresses: [`10.244.${number}.1/24`]}),
      ]
      const routes = [
        route('192.168.1.0/24', {dev: 'eth0'}),
        route(`10.244.${other}.0/24`, {via: `10.244.${other}.0`, dev: 'flannel.1'}),
        route(`10.244.${number}.0/24`, {dev: 'cni0'}),
      ]
      const neighbours = [{address: `10.244.${other}.0`, dev: 'flannel.1', mac: mac(other), state: 'PERMANENT', proxy: false}]
      const fdb = [{mac: mac(other), dev: 'flannel.1', remote: `192.168.1.1${other}`, permanent: true, local: false}]
      return [`node${number}`, namespace(links, routes, {neighbours, fdb: entries ? fdb : []})]
    }),
  )
}

const waysIn = (facts: Facts) =>
  bothWays(facts, PLACES, {from: 'node1', to: 'node2', address: '10.244.2.1'}, {protocol: 'icmp', size: 'small', mtu: 1450})
const exchange = (facts: Facts) => ({ways: waysIn(facts), probe: undefined, conflicts: []})
const plain = (_: unknown, text: string) => text
const steps = (facts: Facts) => {
  const {forward} = waysIn(facts)
  const world = {facts, places: PLACES}
  return stepsOf(passedBy(world, forward), carriedBy(world, forward))
}

test('a hop through a tunnel has the neighbour and the entry that decided it, and the way of its UDP packets', (t) => {
  const [first] = traceTo(flannel(), PLACES, 'node1', '10.244.2.1').hops
  t.deepEqual(first?.neighbour, {address: '10.244.2.0', mac: mac(2), state: 'PERMANENT'})
  const [tunnel, ...others] = first?.tunnels ?? []
  t.deepEqual(others, [])
  t.deepEqual(
    [tunnel?.from, tunnel?.to, tunnel?.destination, tunnel?.entry],
    [{place: 'node1', dev: 'flannel.1'}, {place: 'node2', dev: 'flannel.1'}, '192.168.1.12', `${mac(2)} dev flannel.1 dst 192.168.1.12`],
  )
  t.is(tunnel?.outer.ended, 'delivered')
  t.deepEqual(
    tunnel?.outer.hops.map(({place, route}) => [place, route]),
    [
      ['node1', '192.168.1.0/24 dev eth0'],
      ['node2', undefined],
    ],
  )
  // Without an entry there is nothing that it could be put into.
  const [lost] = traceTo(flannel({up: true}, false), PLACES, 'node1', '10.244.2.1').hops
  t.deepEqual([lost?.neighbour?.state, lost?.tunnels], ['PERMANENT', undefined])
})

test('as text it stands below its hop; where it is stopped it is told how far it got, and once why', (t) => {
  t.is(
    tracesText({lab: 'x', exchanges: [exchange(flannel())]}, plain),
    `predicted from the facts, icmp, 84 bytes: reaches
  forward  10.244.1.0 -> 10.244.2.1   delivered
    node1  10.244.2.0/24 via 10.244.2.0 dev flannel.1
           in flannel.1  192.168.1.11 -> 192.168.1.12   delivered
             node1  192.168.1.0/24 dev eth0
             node2  holds 192.168.1.12
    node2  holds 10.244.2.1
  return   10.244.2.1 -> 10.244.1.0   delivered
    node2  10.244.1.0/24 via 10.244.1.0 dev flannel.1
           in flannel.1  192.168.1.12 -> 192.168.1.11   delivered
             node2  192.168.1.0/24 dev eth0
             node1  holds 192.168.1.11
    node1  holds 10.244.1.0
observed, icmp, small packet: nothing`,
  )
  const stopped = tracesText({lab: 'x', exchanges: [exchange(flannel({up: false}))]}, plain)
  t.is(
    stopped,
    `predicted from the facts, icmp, 84 bytes: does not reach
  forward  10.244.1.0 -> 10.244.2.1   interface down at node2
    node1  10.244.2.0/24 via 10.244.2.0 dev flannel.1
           in flannel.1  192.168.1.11 -> 192.168.1.12   interface down at node2
             node1  192.168.1.0/24 dev eth0
    node2  eth0 is down at node2
observed, icmp, small packet: nothing`,
  )
})

test('as a document it fits its schema, and not without the way', (t) => {
  const json = JSON.parse(JSON.stringify(traceJson({lab: 'x', exchanges: [exchange(flannel())]})))
  t.deepEqual(mistakesIn(json, 'trace'), [])
  const [tunnel] = json.exchanges[0].predicted.forward.hops[0].tunnels
  t.is(tunnel.outer.hops[0].route, '192.168.1.0/24 dev eth0')
  delete tunnel.outer
  t.not(mistakesIn(json, 'trace').length, 0)
})

test('in the picture the tunnel is passed, and the underlay below it; where that is stopped, as far as it gets', (t) => {
  const {ids, routed} = steps(flannel())
  t.deepEqual([...ids].filter((id) => !id.includes('\n')).sort(), [
    'node1 eth0',
    'node1 flannel.1',
    'node2 eth0',
    'node2 flannel.1',
    'underlay',
  ])
  t.true(ids.has('node1 flannel.1\nnode2 flannel.1'))
  t.deepEqual(routed, [
    ['node1 flannel.1', 'node1 eth0'],
    ['node2 eth0', 'node2 flannel.1'],
  ])
  const stopped = steps(flannel({up: false}))
  t.deepEqual([stopped.routed, stopped.last], [[['node1 flannel.1', 'node1 eth0']], 'node1 eth0'])
})

/** As a fabric's leaf has it: each node has a tunnel of a number of its own to it, and a bridge there joins them. */
function relayed(port = 4789): Facts {
  const vx = (id: number, remote: string, changes: Parameters<typeof link>[1] = {}, to = 4789) =>
    link(`vx${id}`, {kind: 'vxlan', mac: mac(id), vxlan: {id, port: to, learning: true, remote}, ...changes})
  const eth0 = (number: number) => link('eth0', {kind: 'veth', addresses: [`192.168.1.1${number}/24`]})
  const routes = [route('192.168.1.0/24', {dev: 'eth0'})]
  const node = (number: number) =>
    namespace(
      [eth0(number), vx(number, '192.168.1.13', {addresses: [`10.244.0.${number}/16`]})],
      [...routes, route('10.244.0.0/16', {dev: `vx${number}`})],
    )
  const cables = [1, 2].map((number) => vx(number, `192.168.1.1${number}`, {master: 'br0'}, number === 2 ? port : undefined))
  const leaf = namespace([eth0(3), link('br0', {kind: 'bridge'}), ...cables], routes)
  return new Map([...[1, 2].map((number) => [`node${number}`, node(number)] as const), ['leaf', leaf]])
}

test('a frame that is carried from tunnel to tunnel passes each of them; where an end does not fit it passes none', (t) => {
  const places = [...PLACES, place('leaf', '192.168.1.13')]
  const way = (facts: Facts) => {
    const path = traceTo(facts, places, 'node1', '10.244.0.2')
    return [path.ended === 'delivered', passedBy({facts, places}, path)]
  }
  t.deepEqual(way(relayed()), [true, [['node1 vx1', 'leaf vx1', 'leaf br0', 'leaf vx2', 'node2 vx2']]])
  t.deepEqual(way(relayed(4790)), [false, [['node1 vx1']]])
})

/** What was recorded of scenarios/nsx-ovn.ts, and as much of its facts as that is about. */
function geneve(): Facts {
  const said = (name: string) => readFileSync(new URL(`../../fixtures/recorded/flows/${name}.txt`, import.meta.url), 'utf8')
  const port = (name: string, type = '', remote?: string) => ({name, type, ...(remote !== undefined && {remote})})
  const node = (number: number, pod: string, veth: LinkFacts) => {
    const eth0 = link('eth0', {kind: 'veth', addresses: [`192.168.1.1${number}/24`]})
    const tunnel = port(`ovn-node${3 - number}-0`, 'geneve', `192.168.1.1${3 - number}`)
    const switches = [
      {bridge: 'br-int', secure: true, controllers: [], ports: [port(veth.name), tunnel]},
      {bridge: 'br-phy', secure: false, controllers: [], ports: [port('eth0')]},
    ]
    return namespace([eth0, veth], [], {switches, answers: new Map(), netnsNames: new Map([[0, pod]])})
  }
  const cable = (number: number, pod: string, address: string, gateway: string) => {
    const [inside, outside] = [link('veth0', {kind: 'veth'}), link(`veth-${pod}`, {kind: 'veth'})]
    const eth0 = {...inside, mac: `0a:00:00:00:0${number}:02`, peer: {index: outside.index, netnsId: 0}}
    const end = {...eth0, addresses: [{address, prefixLength: 24, scope: 'global'}]}
    const there = namespace([end], [route('0.0.0.0/0', {via: gateway, dev: 'veth0'})])
    return [
      [pod, there],
      [`node${number}`, node(number, pod, {...outside, peer: {index: inside.index, netnsId: 0}})],
    ] as const
  }
  const facts = new Map([...cable(1, 'pod1', '10.244.1.2', '10.244.1.1'), ...cable(2, 'pod3', '10.244.2.2', '10.244.2.1')])
  for (const name of ['arp-answered', 'geneve', 'tunnel-end', 'from-tunnel']) {
    const [question] = traceTo(facts, PODS, 'pod1', '10.244.2.2').questions
    const here = question && facts.get(question.place)
    if (here) facts.set(question.place, {...here, answers: new Map(here.answers).set(question.line, said(name))})
  }
  return facts
}

const pod = (name: string, node: string, address: string): Place => ({name, kind: 'pod', node, netns: name, address, addresses: [address]})
const PODS = [pod('pod1', 'node1', '10.244.1.2'), pod('pod3', 'node2', '10.244.2.2'), ...PLACES]

test('flow switches and their own tunnel light up every device between them, and the underlay', (t) => {
  const facts = geneve()
  const path = traceTo(facts, PODS, 'pod1', '10.244.2.2')
  t.is(path.ended, 'delivered', path.evidence)
  t.deepEqual(passedBy({facts, places: PODS}, path), [
    ['pod1 veth0', 'node1 veth-pod1', 'node1 br-int'],
    ['node1 br-phy', 'node1 eth0', 'underlay', 'node2 eth0', 'node2 br-phy'],
    ['node2 br-int', 'node2 veth-pod3', 'pod3 veth0'],
  ])
  const whole = stepsOf(passedBy({facts, places: PODS}, path), carriedBy({facts, places: PODS}, path))
  t.true(whole.ids.has('node1 br-int\nnode2 br-int'))
  t.is(whole.last, 'pod3 veth0')
  // What has not been asked is not passed.
  const silent = new Map(facts).set('node1', {...(facts.get('node1') as NamespaceFacts), answers: new Map()})
  t.deepEqual(passedBy({facts: silent, places: PODS}, traceTo(silent, PODS, 'pod1', '10.244.2.2')), [
    ['pod1 veth0', 'node1 veth-pod1', 'node1 br-int'],
  ])
  t.deepEqual(carriedBy({facts: silent, places: PODS}, traceTo(silent, PODS, 'pod1', '10.244.2.2')), [])
})

test('a tunnel’s end that is down is set up; one that is up already is not', (t) => {
  const fix = (up: boolean) =>
    tunnelFix({cause: 'tunnel-endpoint-down', object: 'br-phy', here: namespace([link('br-phy', {up})], []), lines: []})
  t.deepEqual(fix(false), ['ip link set dev br-phy up'])
  t.deepEqual(fix(true), [])
})

test('the ports and routes of a drawn network are known by the lines that draw them', (t) => {
  const id = (name: string) => ['uuid', name]
  const table = (headings: string[], ...data: unknown[][]) => JSON.stringify({headings, data})
  const texts = [
    table(['name', 'acls', 'ports'], ['ls1', ['set', []], ['set', [id('a'), id('b')]]], ['ls2', ['set', []], id('c')]),
    table(
      ['_uuid', 'name', 'type', 'addresses', 'options'],
      [id('a'), 'pod1', '', '0a:00:00:00:01:02 10.244.1.2', ['map', []]],
      [id('b'), 'ls1-lr0', 'router', 'router', ['map', [['router-port', 'lr0-ls1']]]],
      [id('c'), 'pod3', '', ['set', []], ['map', []]],
    ),
    table(['name', 'static_routes'], ['lr0', id('d')]),
    table(['_uuid', 'ip_prefix', 'nexthop'], [id('d'), '192.168.1.11', '10.244.1.254']),
  ]
  t.deepEqual(
    drawnFrom(texts).map(({line}) => line),
    [
      "ovn-nbctl --may-exist lsp-add ls1 pod1 -- lsp-set-addresses pod1 '0a:00:00:00:01:02 10.244.1.2'",
      "ovn-nbctl --may-exist lsp-add ls1 ls1-lr0 -- lsp-set-type ls1-lr0 router -- lsp-set-addresses ls1-lr0 'router' -- lsp-set-options ls1-lr0 router-port=lr0-ls1",
      'ovn-nbctl --may-exist lsp-add ls2 pod3 -- lsp-set-addresses pod3',
      'ovn-nbctl --may-exist lr-route-add lr0 192.168.1.11 10.244.1.254',
    ],
  )
  // What is no such table draws nothing.
  t.deepEqual(drawnFrom(['!ovn-nbctl 1']), [])
})

test('a size that is remembered of a path, and that every link on it exceeds, is named, and forgotten where it is remembered', (t) => {
  const remembering = (mtu?: number): Facts => {
    const facts = new Map(flannel())
    const here = facts.get('node1')
    return here && mtu !== undefined ? facts.set('node1', {...here, pathSizes: [{to: '10.244.2.1', mtu}]}) : facts
  }
  const flow = {source: '10.244.1.0', sourcePort: 1, destination: '10.244.2.1', destinationPort: 1}
  const passage = {sent: flow, seen: flow, seenAt: 'node2'}
  const probe = (size: Probe['size'], answered: boolean): Probe => ({
    ...({from: 'node1', to: 'node2', address: '10.244.2.1', family: 4, protocol: 'icmp', size, answered} as const),
    ...(answered ? {request: passage, reply: passage} : {error: 'EMSGSIZE', request: {}, reply: {}}),
  })
  const told = (mtu?: number) =>
    diagnose({places: PLACES, facts: remembering(mtu), probes: [probe('small', true), probe('full', false)], mtu: 1450, history: []}).map(
      ({cause, where, fix}) => [cause, where.node, where.object, fix.map(({command}) => command)],
    )
  t.deepEqual(told(1400), [['mtu-too-small', 'node1', 'cache 10.244.2.1 mtu 1400', ['ip route flush cache']]])
  // What is no smaller keeps nobody back.
  t.is(told(1450)[0]?.[0], 'unknown')
  t.is(told()[0]?.[0], 'unknown')
})
