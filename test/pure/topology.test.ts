// A lab's topology from facts, its layout, and the pictures: against files that people can read, and against the programs that
// read them.
import {inflateSync} from 'node:zlib'
import {instance} from '@viz-js/viz'
import test from 'ava'
import type {Facts, LinkFacts} from '../../harness/facts/facts.ts'
import type {Place} from '../../harness/model.ts'
import {dotOf} from '../../harness/report/graph/dot.ts'
import {mermaidOf} from '../../harness/report/graph/mermaid.ts'
import {pngOf} from '../../harness/report/graph/png.ts'
import {svgOf} from '../../harness/report/graph/svg.ts'
import {type Box, spaceId} from '../../harness/topology/boxes.ts'
import {topologyOf} from '../../harness/topology/build.ts'
import {layoutOf} from '../../harness/topology/layout.ts'
import type {Topology} from '../../harness/topology/topology.ts'
import {changedAt} from '../tools/changed-facts.ts'
import {isAsExpected} from '../tools/expected.ts'
import {link, namespace} from '../tools/facts.ts'
import {PLACES, RECORDED, recordedFacts} from '../tools/recorded.ts'

const withLink = (place: string, device: string, changes: Partial<LinkFacts>) =>
  changedAt(place, ({links}) => ({links: links.map((each) => (each.name === device ? {...each, ...changes} : each))}))
const built = (facts: Facts, places: readonly Place[] = PLACES) => topologyOf({facts, places}, RECORDED.underlay)
const healthy = () => built(recordedFacts())
/** The host end of pod3's cable is down, and so pod3's own end has no carrier. */
const broken = () =>
  built(
    new Map([
      ...withLink('node2', 'veth-pod3-br', {up: false, carrier: false}),
      ['pod3', withLink('pod3', 'veth-pod3', {carrier: false}).get('pod3')],
    ]),
  )

const node = (name: string, address: string): Place => ({name, kind: 'node', node: name, netns: undefined, address, addresses: [address]})
const NODES = [node('node1', '192.168.1.11'), node('node2', '192.168.1.12'), node('node3', '192.168.1.13')]
const eth0 = (address: string) => link('eth0', {kind: 'veth', addresses: [`${address}/24`]})
const vxlan = (changes: Partial<NonNullable<LinkFacts['vxlan']>>, up = true) =>
  link('vx42', {kind: 'vxlan', up, carrier: up, addresses: ['fd00:42::1/64'], vxlan: {id: 42, port: 4789, learning: true, ...changes}})
const entry = (remote: string) => ({mac: '00:00:00:00:00:00', dev: 'vx42', remote, permanent: true, local: false})

/** Each node with a tunnel device as said, and forwarding entries to these. */
function tunnels(...ends: readonly [device: LinkFacts | undefined, ...remotes: string[]][]): Topology {
  return built(
    new Map(
      NODES.map(({name, address}, index) => {
        const [device, ...remotes] = ends[index] ?? [undefined]
        return [name, namespace([eth0(address), ...(device ? [device] : [])], [], {fdb: remotes.map(entry)})]
      }),
    ),
    NODES,
  )
}

const told = ({connections}: Topology, kind: string) =>
  connections
    .filter((each) => each.kind === kind)
    .map(({from, to, up, note}) => `${from} -- ${to}${up ? '' : ' down'}${note ? `: ${note}` : ''}`)

test('the underlay is called by the network that the machines’ addresses there are in, not by what was meant', (t) => {
  const underlayOf = (...links: LinkFacts[][]) =>
    built(new Map(NODES.map(({name}, index) => [name, namespace(links[index] ?? [], [])])), NODES).underlay
  t.is(underlayOf([eth0('192.168.1.11')], [eth0('192.168.1.12')]), '192.168.1.0/24')
  t.is(underlayOf([eth0('172.31.0.11')], [eth0('172.31.0.12')], [eth0('172.31.0.13')]), '172.31.0.0/24')
  t.is(underlayOf([eth0('172.31.0.11')], [eth0('192.168.1.12')]), '172.31.0.0/24, 192.168.1.0/24')
  const bare = link('eth0', {kind: 'veth'})
  t.is(underlayOf([bare], [bare]), '192.168.1.0/24')
  t.is(underlayOf([link('eth0', {addresses: ['192.168.1.11/24', '10.0.0.1/32', 'fd00::1/64']})]), '192.168.1.0/24')
  // Where the port is a bridge's, that holds the addresses; and where it is a flow switch's.
  const bridge = link('br0', {kind: 'bridge', addresses: ['172.31.0.11/24']})
  t.is(underlayOf([{...bare, master: 'br0'}, bridge]), '172.31.0.0/24')
  const phy = {bridge: 'br-phy', secure: false, ports: [{name: 'eth0', type: ''}], controllers: []}
  const switched = namespace([bare, {...bridge, name: 'br-phy', kind: 'tun'}], [], {switches: [phy]})
  t.is(built(new Map([['node1', switched]]), NODES).underlay, '172.31.0.0/24')
})

test('the documents’ three nodes: every cable, bridge port and machine once, all of them up', (t) => {
  const topology = healthy()
  t.deepEqual(told(topology, 'veth'), [
    'pod1 veth-pod1 -- node1 veth-pod1-br',
    'pod2 veth-pod2 -- node1 veth-pod2-br',
    'pod3 veth-pod3 -- node2 veth-pod3-br',
    'pod4 veth-pod4 -- node3 veth-pod4-br',
  ])
  t.deepEqual(told(topology, 'port').length, 4)
  t.deepEqual(told(topology, 'underlay'), ['node1 eth0 -- underlay', 'node2 eth0 -- underlay', 'node3 eth0 -- underlay'])
  t.deepEqual(
    topology.spaces.map(({name, seen, forwards}) => [name, seen, forwards]),
    [
      ['node1', true, true],
      ['pod1', true, false],
      ['pod2', true, false],
      ['node2', true, true],
      ['pod3', true, false],
      ['node3', true, true],
      ['pod4', true, false],
    ],
  )
  t.deepEqual(
    topology.spaces[1]?.devices.map(({name, addresses}) => [name, ...addresses]),
    [['veth-pod1', '10.244.1.2/24']],
  )
})

test('a cable whose end is down is down, at both its ends and at the bridge, and says where', (t) => {
  t.deepEqual(told(broken(), 'veth')[2], 'pod3 veth-pod3 -- node2 veth-pod3-br down: veth-pod3-br is down at node2')
  t.deepEqual(told(broken(), 'port')[2], 'node2 veth-pod3-br -- node2 v-net-0 down: veth-pod3-br is down at node2')
  t.deepEqual(
    broken().spaces.flatMap(({devices}) => devices.filter(({state}) => state !== 'up').map(({id, state}) => [id, state])),
    [
      ['node2 veth-pod3-br', 'down'],
      ['pod3 veth-pod3', 'no-carrier'],
    ],
  )
})

test('a port that is isolated or blocked is up, and says so', (t) => {
  const port = {state: 'listening', isolated: true, hairpin: false, learning: true, flood: true, broadcast: true, multicast: true}
  t.is(told(built(withLink('node1', 'veth-pod1-br', {port})), 'port')[0], 'node1 veth-pod1-br -- node1 v-net-0: listening, isolated')
})

test('a place that could not be seen is there, as not seen; a namespace that nobody declared is there too', (t) => {
  const facts = new Map(recordedFacts())
  facts.set('node1/stray', namespace([link('dum0', {addresses: ['10.9.9.9/24']})], []))
  facts.set('pod4', undefined)
  const {spaces} = built(facts)
  t.deepEqual(
    spaces.filter(({seen}) => !seen).map(({name}) => name),
    ['pod4'],
  )
  const stray = spaces.find(({name}) => name === 'node1/stray')
  t.deepEqual([stray?.kind, stray?.machine, stray?.devices.length], ['namespace', 'node1', 1])
})

test('what the kernel puts into every namespace is not shown, unless somebody uses it', (t) => {
  const shown = (...links: readonly LinkFacts[]) =>
    built(new Map([['node1', namespace(links, [])]]), NODES).spaces[0]?.devices.map(({name}) => name)
  t.deepEqual(
    shown(
      link('lo', {addresses: ['127.0.0.1/8', '::1/128']}),
      link('tunl0', {kind: 'ipip', up: false}),
      link('br0', {kind: 'bridge', up: false}),
    ),
    ['br0'],
  )
  t.deepEqual(shown(link('lo', {addresses: ['10.0.0.1/32']}), link('tunl0', {kind: 'ipip'})), ['lo', 'tunl0'])
})

test('tunnels by their other end, by entries of the forwarding database, and by a group', (t) => {
  const both = tunnels([vxlan({local: '192.168.1.11', remote: '192.168.1.12'})], [vxlan({}), '192.168.1.11'])
  t.deepEqual(told(both, 'tunnel'), ['node1 vx42 -- node2 vx42'])
  const group = vxlan({remote: '239.1.1.1'})
  t.deepEqual(told(tunnels([group], [vxlan({remote: '239.1.1.1'})], [vxlan({remote: '239.1.1.1'})]), 'tunnel').length, 3)
})

test('tunnels that lead nowhere, to another identifier or port, one way, or whose device is down, say so', (t) => {
  const one = vxlan({remote: '192.168.1.12'})
  const back = '192.168.1.11'
  t.deepEqual(told(tunnels([one]), 'tunnel'), ['node1 vx42 -- node2 eth0 down: no identifier 42 at node2'])
  t.deepEqual(
    told(tunnels([one], [vxlan({id: 43}), back]), 'tunnel')[0],
    'node1 vx42 -- node2 vx42 down: no identifier 42 at node2, which has 43',
  )
  t.deepEqual(told(tunnels([one], [vxlan({port: 8472}), back]), 'tunnel'), ['node1 vx42 -- node2 vx42 down: ports 4789 and 8472'])
  t.deepEqual(told(tunnels([one], [vxlan({})]), 'tunnel'), ['node1 vx42 -- node2 vx42: node2 does not send back'])
  t.deepEqual(told(tunnels([one], [vxlan({}, false), back]), 'tunnel'), ['node1 vx42 -- node2 vx42 down: vx42 is down at node2'])
  const lost = tunnels([vxlan({remote: '192.168.1.99'})])
  t.deepEqual(
    [told(lost, 'tunnel'), lost.outside],
    [['node1 vx42 -- 192.168.1.99 down: nobody in the lab holds 192.168.1.99'], ['192.168.1.99']],
  )
})

/** As Open vSwitch runs in user space: br-int with a pod and tunnels, br-phy with the machine's device and address. */
function flowSwitches(remotes: readonly (readonly string[])[], database = true): Topology {
  const tap = (name: string, changes: Parameters<typeof link>[1] = {}) => link(name, {kind: 'tun', ...changes})
  const port = (name: string, type = '') => ({name, type})
  const none = {secure: true, controllers: []}
  const machine = (index: number, address: string) => {
    const tunnels = (remotes[index] ?? []).map((remote, at) => ({name: `ovn-${at}`, type: 'geneve', remote}))
    const links = [
      link('eth0', {kind: 'veth'}),
      link('veth-pod', {kind: 'veth', up: index !== 2}),
      tap('br-int', {up: false}),
      tap('br-phy', {addresses: [`${address}/24`]}),
    ]
    const switches = [
      {...none, bridge: 'br-int', ports: [port('br-int', 'internal'), port('veth-pod'), port('gone'), ...tunnels]},
      {...none, bridge: 'br-phy', ports: [port('br-phy', 'internal'), port('eth0')]},
    ]
    return namespace(links, [], database ? {switches} : {})
  }
  return built(new Map(NODES.map(({name, address}, index) => [name, machine(index, address)])), NODES)
}

test('flow switches: their ports, on the near side of them or the far, and their own tunnels, which no kernel knows', (t) => {
  const topology = flowSwitches([['192.168.1.12', '192.168.1.13'], ['192.168.1.11'], ['192.168.1.99']])
  t.deepEqual(told(topology, 'port').slice(0, 2), ['node1 veth-pod -- node1 br-int', 'node1 br-phy -- node1 eth0'])
  t.is(told(topology, 'port')[4], 'node3 veth-pod -- node3 br-int down: veth-pod is down at node3')
  t.deepEqual(told(topology, 'tunnel'), [
    'node1 br-int -- node2 br-int',
    'node1 br-int -- node3 br-int: node3 does not send back',
    'node3 br-int -- 192.168.1.99 down: nobody in the lab holds 192.168.1.99',
  ])
  t.deepEqual(topology.outside, ['192.168.1.99'])
  t.deepEqual(
    topology.spaces[0]?.devices.filter(({kind}) => kind === 'openvswitch').map(({name, state}) => [name, state]),
    [
      ['br-int', 'up'],
      ['br-phy', 'up'],
    ],
  )
})

test('without their database they are devices that nobody uses, and nothing is plugged into them', (t) => {
  const topology = flowSwitches([['192.168.1.12'], ['192.168.1.11']], false)
  t.deepEqual([...told(topology, 'port'), ...told(topology, 'tunnel')], [])
  t.deepEqual(
    topology.spaces[0]?.devices.map(({name}) => name),
    ['eth0', 'veth-pod', 'br-phy'],
  )
})

test('pictures of a lab that works, of one that is broken, and of tunnels read as expected', async (t) => {
  const labs = {
    healthy: healthy(),
    broken: broken(),
    tunnels: tunnels([vxlan({remote: '192.168.1.12'}), '192.168.1.99'], [vxlan({}), '192.168.1.11']),
  }
  for (const [name, topology] of Object.entries(labs)) {
    isAsExpected(t, `graph.${name}.mermaid`, mermaidOf(topology, 'lab x').trimEnd())
    isAsExpected(t, `graph.${name}.dot`, dotOf(topology, 'lab x').trimEnd())
    isAsExpected(t, `graph.${name}.svg`, svgOf(topology, await layoutOf(topology), 'lab x').trimEnd())
  }
})

test('what is down is dashed and told in words in every picture, and nothing is in one of a lab that works', async (t) => {
  for (const draw of [
    async (topology: Topology) => mermaidOf(topology, 'x'),
    async (topology: Topology) => dotOf(topology, 'x'),
    async (topology: Topology) => svgOf(topology, await layoutOf(topology), 'x').replace(/<style>.*?<\/style>/, ''),
  ]) {
    const [bad, good] = [await draw(broken()), await draw(healthy())]
    t.regex(bad, /DOWN/)
    t.regex(bad, /no carrier/)
    t.regex(bad, /veth-pod3-br is down at node2/)
    t.regex(bad, /dash|class="line veth down"/)
    t.notRegex(good, /DOWN|no carrier|is down|dash|down/)
  }
})

test('nothing overlaps: devices lie within their namespaces, and beside one another', async (t) => {
  const topology = healthy()
  const {boxes, lines, width, height} = await layoutOf(topology)
  const within = (inner: Box | undefined, outer: Box | undefined) =>
    inner !== undefined &&
    outer !== undefined &&
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  for (const {name, machine, devices} of topology.spaces) {
    if (machine !== name) t.true(within(boxes.get(spaceId(name)), boxes.get(spaceId(machine))), name)
    for (const {id} of devices) t.true(within(boxes.get(id), boxes.get(spaceId(name))), id)
  }
  t.true([...boxes.values()].every((box) => within(box, {x: 0, y: 0, width, height})))
  const leaves = topology.spaces.flatMap(({devices}) => devices.map(({id}) => boxes.get(id) as Box))
  const apart = (a: Box, b: Box) => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y
  t.true(leaves.every((a, index) => leaves.slice(index + 1).every((b) => apart(a, b))))
  // Each line begins and ends at the edge of its own boxes.
  for (const [index, {from, to}] of topology.connections.entries()) {
    const [points = []] = lines.get(index) ?? []
    const touches = (box: Box, {x = -1, y = -1} = {}) =>
      x >= box.x - 1 && x <= box.x + box.width + 1 && y >= box.y - 1 && y <= box.y + box.height + 1
    t.true(touches(boxes.get(from) as Box, points[0]) && touches(boxes.get(to) as Box, points.at(-1)), `${from} ${to}`)
  }
  t.true((boxes.get(spaceId('pod1'))?.y ?? 0) < (boxes.get(spaceId('pod2'))?.y ?? 0))
})

const ESCAPE = '\u001b'
/** Names that the kernel takes for a device, up to 15 bytes, and that mean something elsewhere. */
const EVIL = ['a"b', '<b>&amp;', '];x[', '#quot;', '\\n\\', '--|x|', '%%{init}', '`$x`', 'end', '🙂', `${ESCAPE}[31m`]

function evil(): Topology {
  const devices = EVIL.map((name) => link(name, {kind: 'bridge', addresses: ['fd00::1/64']}))
  const down = link('x"]', {kind: 'veth', up: false, master: 'a"b'})
  return built(new Map([['node1', namespace([...devices, down, eth0('192.168.1.11')], [])]]), NODES)
}

test('names are names in every picture, whatever they are made of', async (t) => {
  const topology = evil()
  const viz = await instance()
  const {nodes = []} = drawnBy(viz, dotOf(topology, EVIL.join(' ')))
  // Two machines of which nothing is known are drawn by a node that is not seen.
  t.is(nodes.length, EVIL.length + 5)
  // Graphviz undoes the escape of a quote in a name; that of a backslash only in what it draws.
  for (const name of EVIL.filter((each) => !each.includes(ESCAPE))) t.true(nodes.includes(`node1 ${name.replaceAll('\\', '\\\\')}`), name)
  const svg = svgOf(topology, await layoutOf(topology), EVIL.join(' '))
  const written = (name: string) => name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  for (const name of EVIL.filter((each) => !each.includes(ESCAPE))) t.true(svg.includes(`>${written(name)} (bridge)</text>`), name)
  await t.notThrowsAsync(pngOf(svg))
  t.false(svg.includes('<b>') || svg.includes(ESCAPE))
  // Between the quotes of a label stands nothing that Mermaid reads, but its own codes and breaks.
  const labels = [...mermaidOf(topology, 'x').matchAll(/^ {4}d\d+\["(.*)"\]$/gm)].map(([, label = '']) => label)
  t.is(labels.length, EVIL.length + 2)
  for (const label of labels) t.notRegex(label.replaceAll(/#\d+;|<br>/g, ''), /["<>&`|\\;#]/)
  t.true(labels.some((label) => label.startsWith('#60;b#62;#38;amp#59; (bridge)<br>')))
  t.true(labels.some((label) => label.startsWith('#35;quot#59; (bridge)')))
})

interface Viz {
  renderJSON(input: string): object
}

/** As Graphviz reads it: the names of what is drawn. @throws where it is not DOT */
function drawnBy(viz: Viz, dot: string): {nodes: string[]} {
  const {objects = []} = viz.renderJSON(dot) as {objects?: {name: string; nodes?: unknown; subgraphs?: unknown}[]}
  return {nodes: objects.filter((each) => !('nodes' in each) && !('subgraphs' in each)).map(({name}) => name)}
}

test('Graphviz reads DOT of every lab; it refuses one whose quotes were not escaped', async (t) => {
  const viz = await instance()
  for (const topology of [healthy(), broken(), evil()]) t.notThrows(() => drawnBy(viz, dotOf(topology, 'x')))
  t.is(drawnBy(viz, dotOf(healthy(), 'x')).nodes.length, 15)
  t.throws(() => drawnBy(viz, dotOf(evil(), 'x').replaceAll('\\"', '"')))
})

/** Width, height, and how many pixels are of which colour. */
function readPng(png: Uint8Array): {width: number; height: number; dark: number} {
  const bytes = Buffer.from(png)
  if (bytes.toString('latin1', 1, 4) !== 'PNG') throw new Error('no PNG')
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  const parts: Buffer[] = []
  for (let at = 8; at < bytes.length; at += bytes.readUInt32BE(at) + 12)
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)))
  const raw = inflateSync(Buffer.concat(parts))
  if (raw.length !== height * (width * 4 + 1)) throw new Error('not eight bits of four colours')
  return {width, height, dark: raw.filter((byte) => byte > 60 && byte < 200).length}
}

test('a PNG is twice as large as the SVG, and what is written in it is there without any font of the machine', async (t) => {
  const svg = svgOf(healthy(), await layoutOf(healthy()), 'x')
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)?.map(Number) ?? []
  const drawn = readPng(await pngOf(svg))
  t.deepEqual([drawn.width, drawn.height], [2 * (width ?? 0), 2 * (height ?? 0)])
  const wordless = readPng(await pngOf(svg.replaceAll(/<text [^>]*>[^<]*<\/text>/g, '')))
  t.true(drawn.dark > 1.5 * wordless.dark, `${drawn.dark} ${wordless.dark}`)
})

test('a lab of 200 pods is laid out too, its PNG as large as it may be', async (t) => {
  const pods = Array.from(
    {length: 200},
    (_, index): Place => ({...(PLACES[0] as Place), name: `pod${index}`, node: 'node1', netns: `pod${index}`}),
  )
  const names = new Map(pods.map(({netns = ''}, index) => [index, netns]))
  const facts: Facts = new Map([
    [
      'node1',
      namespace(
        [
          link('br0', {kind: 'bridge'}),
          eth0('192.168.1.11'),
          ...pods.map((_, index) =>
            link(`v${index}`, {kind: 'veth', index: 1000 + index, master: 'br0', peer: {index: 2, netnsId: index}}),
          ),
        ],
        [],
        {netnsNames: names},
      ),
    ],
    ...pods.map(
      ({name}, index) =>
        [
          name,
          namespace(
            [link('eth0', {kind: 'veth', index: 2, addresses: [`10.1.0.${index + 2}/16`], peer: {index: 1000 + index, netnsId: 0}})],
            [],
          ),
        ] as const,
    ),
  ])
  const topology = built(facts, [node('node1', '192.168.1.11'), ...pods])
  t.is(told(topology, 'veth').length, 200)
  const svg = svgOf(topology, await layoutOf(topology), 'x')
  const {width, height} = readPng(await pngOf(svg))
  t.true(width * height < 26_000_000 && height > 10_000)
})
