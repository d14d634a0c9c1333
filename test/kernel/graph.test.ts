// Pictures of labs that run: of the documents' three nodes as root and as an ordinary user, before and after something in them
// is broken; of tunnels, IPv6 and names that mean something to those who read pictures.
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {instance} from '@viz-js/viz'
import type {ExecutionContext} from 'ava'
import type {Topology} from '../../harness/topology/topology.ts'
import {type Home, makeHome} from './tools/home.ts'
import {LOCAL, onEach} from './tools/runners.ts'
import {mistakesIn} from './tools/schema.ts'

async function topologyOf(t: ExecutionContext, home: Home): Promise<Topology> {
  const {code, stdout, stderr} = await home.podwire(['graph', '--json'])
  t.is(code, 0, stderr)
  const document = JSON.parse(stdout) as Topology
  t.deepEqual(mistakesIn(document, 'topology'), [])
  return document
}

const downIn = ({connections}: Topology) => connections.filter(({up}) => !up).map(({from, to, note}) => `${from} -- ${to}: ${note}`)

onEach(LOCAL, 'a lab of three nodes is drawn in every format, and a link that is down is drawn as down', async (t, runner) => {
  await using home = makeHome(runner)
  const up = await home.podwire(['up', 'three-nodes', '--driver', 'local'])
  t.is(up.code, 0, up.stderr)
  const topology = await topologyOf(t, home)
  t.deepEqual(
    topology.spaces.map(({name, seen, devices}) => [name, seen, devices.length]),
    [
      ['node1', true, 4],
      ['pod1', true, 1],
      ['pod2', true, 1],
      ['node2', true, 3],
      ['pod3', true, 1],
      ['node3', true, 3],
      ['pod4', true, 1],
    ],
  )
  t.is(topology.connections.length, 11)
  t.deepEqual(downIn(topology), [])

  for (const file of ['lab.svg', 'lab.png', 'lab.dot', 'lab.mmd']) {
    const {code, stdout, stderr} = await home.podwire(['graph', '--write', file])
    t.deepEqual([code, stdout, stderr], [0, '', `wrote ${file}\n`])
  }
  const read = (file: string) => readFileSync(join(home.folder, file))
  t.is(read('lab.png').toString('latin1', 1, 4), 'PNG')
  t.regex(read('lab.svg').toString(), /<svg [\s\S]*10\.244\.2\.2\/24[\s\S]*<\/svg>\n$/)
  t.regex(read('lab.mmd').toString(), /^flowchart LR$/m)
  await t.notThrowsAsync(async () => (await instance()).renderJSON(read('lab.dot').toString()))
  const piped = await home.podwire(['graph', '--format', 'png'])
  t.true(piped.bytes.equals(read('lab.png')))

  for (const command of ['ip link set veth-pod3-br down', 'ip netns del pod4', 'ip link set v-net-0 down'])
    t.is((await home.podwire(['exec', command.includes('pod3') ? 'node2' : 'node3', '--', 'sh', '-c', command])).code, 0, command)
  const broken = await topologyOf(t, home)
  t.deepEqual(downIn(broken).sort(), [
    'node2 veth-pod3-br -- node2 v-net-0: veth-pod3-br is down at node2',
    'pod3 veth-pod3 -- node2 veth-pod3-br: veth-pod3-br is down at node2',
  ])
  t.deepEqual(
    broken.spaces.filter(({seen}) => !seen).map(({name}) => name),
    ['pod4'],
  )
  t.is(broken.spaces.find(({name}) => name === 'node3')?.devices.find(({name}) => name === 'v-net-0')?.state, 'down')
  const picture = (await home.podwire(['graph', '--format', 'svg'])).stdout
  t.regex(picture, /class="line veth down"/)
  t.regex(picture, /pod4 \(pod\), not seen/)
  t.regex(picture, />DOWN</)
})

const TUNNEL = `import {on, reach, scenario} from 'podwire'

export default scenario({
  title: 'a tunnel',
  underlay: '192.168.1.0/24',
  nodes: {node1: '192.168.1.11', node2: '192.168.1.12'},
  pods: {pod1: {node: 'node1', address: 'fd00:1::2'}},
  steps: [
    ...on('node1')\`
      ip netns add pod1
      ip link add 'a"b<c>&' type bridge
      ip link set 'a"b<c>&' up
      ip link add eth0 netns pod1 type veth peer name pod1
      ip link set pod1 master 'a"b<c>&' up
      ip -n pod1 addr add fd00:1::2/64 dev eth0 nodad
      ip -n pod1 link set eth0 up
      ip link add vx42 type vxlan id 42 local 192.168.1.11 remote 192.168.1.12 dstport 4789
      ip link set vx42 master 'a"b<c>&' up
    \`,
    ...on('node2')\`
      ip link add vx42 type vxlan id 42 local 192.168.1.12 dstport 4789
      bridge fdb append 00:00:00:00:00:00 dev vx42 dst 192.168.1.11
      ip link set vx42 up
    \`,
  ],
  checks: [reach('node1', 'node2')],
})
`

onEach(
  LOCAL,
  'tunnels, IPv6 addresses and strange names are drawn; a tunnel whose other end has another identifier is down',
  async (t, runner) => {
    await using home = makeHome(runner)
    home.write('tunnel.ts', TUNNEL)
    const up = await home.podwire(['up', './tunnel.ts', '--driver', 'local'])
    t.is(up.code, 0, up.stderr)
    const topology = await topologyOf(t, home)
    const tunnels = ({connections}: Topology) =>
      connections.filter(({kind}) => kind === 'tunnel').map(({from, to, note = ''}) => [from, to, note])
    t.deepEqual(tunnels(topology), [['node1 vx42', 'node2 vx42', '']])
    t.deepEqual(topology.spaces.find(({name}) => name === 'pod1')?.devices[0]?.addresses, ['fd00:1::2/64'])
    const dot = (await home.podwire(['graph', '--format', 'dot'])).stdout
    const {objects = []} = (await instance()).renderJSON(dot) as {objects?: {name: string}[]}
    t.true(objects.some(({name}) => name === 'node1 a"b<c>&'))
    t.true((await home.podwire(['graph', '--format', 'svg'])).stdout.includes('a"b&lt;c&gt;&amp; (bridge)'))
    t.true((await home.podwire(['graph'])).stdout.includes('["a#34;b#60;c#62;#38; (bridge)"]'))

    const other = 'ip link del vx42; ip link add vx42 type vxlan id 43 local 192.168.1.12 dstport 4789; ip link set vx42 up'
    t.is((await home.podwire(['exec', 'node2', '--', 'sh', '-c', other])).code, 0)
    t.deepEqual(tunnels(await topologyOf(t, home)), [['node1 vx42', 'node2 vx42', 'no identifier 42 at node2, which has 43']])
  },
)

onEach(LOCAL, 'what cannot be drawn or written is told, and nothing is left beside it', async (t, runner) => {
  await using home = makeHome(runner)
  for (const [argv, says] of [
    [['graph', '--format', 'pgn'], /no picture pgn\n {3}= help: did you mean png\?/],
    [['graph', '--format', 'svg', '--write', 'lab.png'], /lab\.png is the name of a png, and --format asks for svg/],
    [['graph', '--write', 'lab.jpg'], /lab\.jpg does not say which picture it is to be\n {3}= help: add --format svg, png, mermaid, dot/],
    [['graph', '--write', 'no/such/lab.svg'], /can be written to no\/such\/lab\.svg: ENOENT.*\n {3}= help: make its folder first/],
    [['graph'], /no lab is running\n {3}= help: start one/],
    [['graph', 'mine', '--write', 'lab.svg'], /no lab mine is running/],
  ] as const) {
    const {code, stdout, stderr} = await home.podwire(argv)
    t.deepEqual([code, stdout], [2, ''], stderr)
    t.regex(stderr, says)
  }
  t.deepEqual(
    readdirSync(home.folder).filter((name) => name.includes('lab.')),
    [],
  )
})
