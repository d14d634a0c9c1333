// What podwire compare measures, each measure of a network that has it and of a twin that has it otherwise.
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import type {ExecutionContext} from 'ava'
import {awaitClaims} from '../../harness/checks/check.ts'
import {onePodANode} from '../../harness/compare/another-pod.ts'
import {compareOne} from '../../harness/compare/compare.ts'
import {awaitFirstPing} from '../../harness/compare/first-ping.ts'
import {measureGrowth} from '../../harness/compare/growth.ts'
import {measureHops} from '../../harness/compare/hops.ts'
import {measureLatency} from '../../harness/compare/latency.ts'
import {measureMemory} from '../../harness/compare/memory.ts'
import {measureMtu} from '../../harness/compare/mtu.ts'
import {type Network, networkOf, type Standing, wholeOnly} from '../../harness/compare/network.ts'
import {measureOverhead} from '../../harness/compare/overhead.ts'
import {measureThroughput} from '../../harness/compare/throughput.ts'
import {MachineError} from '../../harness/driver.ts'
import {carryOut, type Lab, startLab} from '../../harness/lab.ts'
import {loadScenario} from '../../harness/scenario/load.ts'
import {eventually} from '../tools/eventually.ts'
import {temporaryFile} from '../tools/scenario-file.ts'
import {type} from './tools/labs.ts'
import {asRoot, driverOf, LOCAL, onEach, type Runner} from './tools/runners.ts'
import {onEachThatHas} from './tools/solutions.ts'

const SCENARIOS = fileURLToPath(new URL('../../scenarios/', import.meta.url))
const IPERF = {name: 'throughput', needs: [{tool: 'iperf3', package: 'iperf3'}], devices: ['/dev/net/tun']}

let labs = 0

/** The network of a scenario, or of a twin: its file with some texts exchanged, each of which is there. */
async function network(t: ExecutionContext, name: string, ...changes: readonly (readonly [RegExp, string])[]): Promise<Network> {
  const text = readFileSync(`${SCENARIOS}${name}.ts`, 'utf8')
  for (const [what] of changes) t.regex(text, what)
  const changed = changes.reduce((all, [what, by]) => all.replaceAll(new RegExp(what, 'g'), by), text)
  const file =
    changes.length === 0 ? name : temporaryFile(t, `${name}.ts`, changed.replaceAll("'../fixtures/", `'${SCENARIOS}../fixtures/`))
  const found = networkOf(await loadScenario(file))
  if (typeof found === 'string') throw new Error(found)
  return found
}

/** As far as it is whole. The caller disposes its lab. */
async function standing(runner: Runner, of: Network): Promise<Standing & AsyncDisposable> {
  const lab = await startLab(`compare-test-${process.pid}-${++labs}`, wholeOnly(of), await driverOf(runner))
  await carryOut(lab, {ended: (_, number) => awaitClaims(lab.fleet, lab.scenario, number)})
  return {lab, network: of, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]()}
}

onEach(LOCAL, 'hops, MTU and overhead are those of the datapath: none around the plain recipe, 50 bytes for VXLAN', async (t, runner) => {
  await using plain = await standing(runner, await network(t, 'three-nodes'))
  await using vxlan = await standing(runner, await network(t, 'flannel-vxlan'))
  t.deepEqual((await measureHops(plain)).value, {ttl: 62, routers: 2})
  t.deepEqual([(await measureMtu(plain)).value, (await measureMtu(vxlan)).value], [1500, 1450])
  t.like((await measureOverhead(plain)).value, {bytes: 0, at: 'node1/eth0', frame: 98})
  t.like((await measureOverhead(vxlan)).value, {bytes: 50, at: 'node1/eth0', frame: 148})
})

onEach([asRoot], 'a tunnel over IPv6 has 20 bytes more around it, whatever its devices claim', async (t, runner) => {
  const twin = await network(
    t,
    'flannel-vxlan',
    [/(ip link add flannel\.1 .*) local 192\.168\.1\.(\d+)/, 'ip addr add fd00::$2/64 dev eth0 nodad\n      $1 local fd00::$2'],
    [/dst 192\.168\.1\.(\d+)/, 'dst fd00::$1'],
  )
  await using tunnel = await standing(runner, twin)
  t.is((await measureOverhead(tunnel)).value?.bytes, 70)
})

const [nsx, cilium, flannel] = await Promise.all(['nsx-ovn', 'cilium-ebpf', 'flannel-real'].map(loadScenario))

if (nsx)
  onEachThatHas([asRoot], nsx, 'Geneve with its option is 58 bytes around a packet that one router passed', async (t, runner) => {
    await using geneve = await standing(runner, await network(t, 'nsx-ovn'))
    t.is((await measureOverhead(geneve)).value?.bytes, 58)
    t.is((await measureMtu(geneve)).value, 1442)
    t.is((await measureHops(geneve)).value?.routers, 1)
    t.true(((await measureMemory(geneve)).value?.machines.node1?.processes ?? 0) >= 6)
  })

if (cilium)
  onEachThatHas([asRoot], cilium, 'a pod is an entry of a map and a route, and none of it is learned', async (t, runner) => {
    const of = await network(t, 'cilium-ebpf')
    await using lab = await small(runner, of)
    const {value, unknown} = await measureGrowth(lab, wholeOnly(of))
    t.is(unknown, null)
    t.deepEqual(
      Object.values(value?.state ?? {}).map(({each}) => each),
      [1, 0, 0, 0, 1],
    )
  })

if (flannel)
  onEachThatHas([asRoot], flannel, 'pods that an allocator gives addresses are counted at those', async (t, runner) => {
    const of = await network(t, 'flannel-real')
    await using lab = await small(runner, of)
    const {value, unknown} = await measureGrowth(lab, wholeOnly(of))
    t.is(unknown, null)
    t.deepEqual([value?.pods[1], value?.state.neighbours.each, value?.state.fdb.each], [30, 1, 1])
  })

onEach([asRoot], 'on one flat segment every node learns every pod, on its bridge and behind its tunnel', async (t, runner) => {
  const of = await network(t, 'weave')
  await using lab = await small(runner, of)
  const {value, unknown} = await measureGrowth(lab, wholeOnly(of))
  t.is(unknown, null)
  // On its own node once, on two others twice.
  t.is(value?.state.fdb.each, 5)
})

onEach([asRoot], 'an underlay that takes less shows in the MTU; one more router in the time to live', async (t, runner) => {
  await using plain = await standing(runner, await network(t, 'three-nodes'))
  await type(plain.lab, 'node2', 'ip link set eth0 mtu 1333')
  t.is((await measureMtu(plain)).value, 1333)
  await type(plain.lab, 'node1', 'ip route replace 10.244.2.0/24 via 192.168.1.13')
  t.deepEqual((await measureHops(plain)).value, {ttl: 61, routers: 3})
  await type(plain.lab, 'node1', 'ip route del 10.244.2.0/24')
  t.regex((await measureHops(plain)).unknown ?? '', /ENETUNREACH|net-unreachable/)
  t.regex((await measureMtu(plain)).unknown ?? '', /not even/)
  t.regex((await measureOverhead(plain)).unknown ?? '', /not answered/)
  t.regex((await measureLatency(plain, plain)).unknown ?? '', /not answered/)
})

onEach([asRoot], 'the first ping is answered when the last line that it needs has run, and not before', async (t, runner) => {
  const twin = await network(t, 'three-nodes', [/(ip route add 10\.244\.1\.0\/24 via 192\.168\.1\.11)/, 'sleep 1.5\n      $1'])
  await using lab = await startLab(`compare-test-${process.pid}-${++labs}`, wholeOnly(twin), await driverOf(runner))
  const asked = await awaitFirstPing(lab, twin)
  await carryOut(lab, {step: asked.step})
  const at = await asked.answered()
  if (typeof at === 'string') return t.fail(at)
  const needed = lab.history.find(({node, command}) => node === 'node2' && command.startsWith('ip route add 10.244.1.0/24'))
  if (!needed) return t.fail()
  t.true(at >= needed.startedAt, `${at - needed.startedAt} ms after the line began`)
  t.true(at <= needed.startedAt + 20_000)
})

onEach(LOCAL, 'while somebody asks, what is not there is not remembered as missing', async (t, runner) => {
  const plain = await network(t, 'three-nodes')
  await using own = await standing(runner, plain)
  const missing = () => type(own.lab, 'node2', 'ip -n pod3 neigh show nud failed nud incomplete; ip neigh show nud failed nud incomplete')
  await type(own.lab, 'node2', 'ping -c 1 -W 0.1 10.244.2.9 || true', 'ip netns exec pod3 ping -c 1 -W 0.1 10.244.2.8 || true')
  t.regex(await missing(), /10\.244\.2\.8 [\s\S]*10\.244\.2\.9 /)
  const asked = await awaitFirstPing(own.lab, {...plain, to: {...plain.to, address: '10.244.9.9'}})
  t.is(await eventually(missing, (left) => left === ''), '')
  asked.end()
})

onEach([asRoot], 'without a way there is no first ping, but a reason', async (t, runner) => {
  const plain = await network(t, 'three-nodes')
  await using lab = await startLab(`compare-test-${process.pid}-${++labs}`, wholeOnly(plain), await driverOf(runner))
  const asked = await awaitFirstPing(lab, {...plain, to: {...plain.to, address: '10.244.9.9'}})
  await carryOut(lab, {step: asked.step})
  t.regex(String(await asked.answered(500)), /no ping was answered within 0\.5 s/)
})

onEach(LOCAL, 'daemons’ memory is that of all their processes, and none where there are none', async (t, runner) => {
  const hog = `daemon('node2', 'hog')\`perl -e '$x = "x" x 40_000_000; if (fork) { sleep 1000 } else { $y = "y" x 30_000_000; sleep 1000 }'\`,`
  const lines: readonly (readonly [RegExp, string])[] = [
    [/import \{noNat/, 'import {daemon, noNat'],
    [/ {4}\.\.\.stage\(\n {6}'routes between the nodes'/, `    ${hog}\n$&`],
  ]
  await using plain = await standing(runner, await network(t, 'three-nodes'))
  t.is((await measureMemory(plain)).value?.bytes, 0)
  await using hogged = await standing(runner, await network(t, 'three-nodes', ...lines))
  await memoryWithin(t, hogged, 65e6, 200e6)
  await type(hogged.lab, 'node2', 'kill -9 $(cat /run/podwire/hog.pid)')
  const {unknown} = await eventually(
    () => measureMemory(hogged),
    (seen) => seen.unknown !== null,
  )
  t.regex(unknown ?? '', /processes of daemons on node2/)
})

/** A daemon is there before it holds all that it will, and has started all that it will. */
async function memoryWithin(t: ExecutionContext, own: Standing, least: number, most: number): Promise<void> {
  const {value} = await eventually(
    () => measureMemory(own),
    (seen) => (seen.value?.bytes ?? 0) >= least && seen.value?.machines.node2?.processes === 2,
  )
  const {bytes = 0, machines = {}} = value ?? {}
  t.true(bytes >= least && bytes <= most, String(bytes))
  t.deepEqual([machines.node1?.bytes, machines.node2?.processes], [0, 2])
}

onEach(LOCAL, 'thirty pods wired by the recipe’s own lines are reached, and what they bring is counted', async (t, runner) => {
  await using lab = await small(runner, await network(t, 'three-nodes'))
  const {value, unknown} = await measureGrowth(lab, wholeOnly(await network(t, 'three-nodes')))
  t.is(unknown, null)
  t.deepEqual(value?.pods, [3, 30])
  // A node knows its own pods' MACs, and on which port each is; no route is of a pod.
  t.deepEqual([value?.state.routes.each, value?.state.neighbours.each, value?.state.fdb.each, value?.state.flows.each], [0, 1, 1, 0])
})

onEach([asRoot], 'a route for each pod is a route more', async (t, runner) => {
  const twin = await network(t, 'three-nodes', [/(ip -n pod(\d) addr add (\S+)\/24 dev \S+)/, '$1\n      ip route add $3/32 dev v-net-0'])
  await using lab = await small(runner, twin)
  t.is((await measureGrowth(lab, wholeOnly(twin))).value?.state.routes.each, 1)
})

onEach([asRoot], 'a pod whose lines cannot be its own again makes growth unknown, and says which line', async (t, runner) => {
  const named = await network(t, 'three-nodes', [/veth-pod(\d)/, 'cable$1'])
  await using first = await small(runner, named)
  t.regex(
    (await measureGrowth(first, wholeOnly(named))).unknown ?? '',
    /does not lend itself to being reduced .* one pod more, node\d# .*cable\d.*: /,
  )
  // Wired, but by a gateway that only the first pods can reach.
  const mute = await network(t, 'three-nodes', [
    /ip -n pod(\d) link set veth-pod\d up/,
    '$&\n      ip netns exec pod$1 sysctl -w net.ipv4.icmp_echo_ignore_all=$$((\\`ls /run/netns | wc -l\\` > 1))',
  ])
  await using second = await small(runner, mute)
  t.regex((await measureGrowth(second, wholeOnly(mute))).unknown ?? '', /were not reached: pod/)
})

onEach([asRoot], 'a recipe that is none for fewer pods is measured all the same', async (t, runner) => {
  const twin = await network(t, 'three-nodes', [
    /...on\('node1'\)`\n {6}ip link add v-net-0/,
    "...on('node1')`\n      [ $$(ls /run/netns | wc -l) = 2 ]\n      ip link add v-net-0",
  ])
  await using plain = await standing(runner, await network(t, 'three-nodes'))
  const options = {driver: await driverOf(runner), name: `compare-test-${process.pid}-${++labs}`, hold: () => ({release: () => undefined})}
  const {problem, measures} = await compareOne(twin.scenario, plain, options, {})
  t.is(problem, null)
  t.regex(
    measures.growth?.unknown ?? '',
    /does not lend itself to being reduced .*: with one pod a node its recipe is refused, node1# \[ .* = 2 \]: exit 1/,
  )
  t.is(measures.firstPing?.value?.samples, 1)
  t.is(measures.mtu?.value, 1500)
})

onEach([asRoot], 'a line that is refused ends what is measured of its network, and is told', async (t, runner) => {
  const twin = await network(t, 'three-nodes', [
    /ip route add 10\.244\.2\.0\/24 via 192\.168\.1\.12/,
    'ip route add 10.244.2.0/24 via 192.168.51.12',
  ])
  await using plain = await standing(runner, await network(t, 'three-nodes'))
  const options = {driver: await driverOf(runner), name: `compare-test-${process.pid}-${++labs}`, hold: () => ({release: () => undefined})}
  const {problem, measures} = await compareOne(twin.scenario, plain, options, {})
  t.is(problem?.kind, 'failed')
  t.regex(problem?.why ?? '', /^node\d# ip route add 10\.244\.2\.0\/24 via 192\.168\.51\.12: exit 2; .*(invalid gateway|unreachable)/)
  t.is(measures.mtu, undefined)
})

async function small(runner: Runner, of: Network): Promise<Lab> {
  const lab = await startLab(`compare-test-${process.pid}-${++labs}`, onePodANode(wholeOnly(of)), await driverOf(runner))
  await carryOut(lab)
  return lab
}

onEachThatHas([asRoot], IPERF, 'without iperf3 it says which package brings it', async (t, runner) => {
  await using plain = await standing(runner, await network(t, 'three-nodes'))
  // In the node's own view of the file system (mount_namespaces(7)) a whiteout is in its place (overlayfs).
  await type(
    plain.lab,
    'node2',
    'mkdir -p /run/over/upper /run/over/work && mknod /run/over/upper/iperf3 c 0 0',
    'at=$(dirname $(command -v iperf3)); mount -t overlay overlay -o lowerdir=$at,upperdir=/run/over/upper,workdir=/run/over/work $at',
  )
  const error = await t.throwsAsync(measureThroughput(plain, plain), {instanceOf: MachineError})
  t.regex(`${error?.message} ${error?.help}`, /throughput needs iperf3.*apt-get install iperf3/)
})

onEachThatHas([asRoot], IPERF, 'a process that carries every packet costs many times the plain recipe’s processors', async (t, runner) => {
  await using plain = await standing(runner, await network(t, 'three-nodes'))
  await using udp = await standing(runner, await network(t, 'flannel-udp'))
  const {throughput, processor} = await measureThroughput(udp, plain)
  t.true((throughput.value?.ratio.high ?? 1) < 0.5, JSON.stringify(throughput))
  t.true((processor.value?.ratio.low ?? 1) > 3, JSON.stringify(processor))
  t.true((throughput.value?.network.median ?? 0) > 0.001)
  const latency = await measureLatency(udp, plain)
  t.true((latency.value?.ratio.median ?? 1) > 1.5, JSON.stringify(latency))
  t.is((await measureOverhead(udp)).value?.bytes, 28)
  // Nobody is left to listen.
  t.is((await plain.lab.fleet.run('node2', 'ip netns exec pod3 ss -Htln sport = :5201')).stdout.toString(), '')
  await type(udp.lab, 'node1', 'ip netns exec pod1 ip route del default')
  await t.throwsAsync(measureThroughput(udp, plain), {message: /iperf3: .*(unreachable|connect)/i})
})
