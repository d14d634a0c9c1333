// The reckoning of podwire compare: middles and ratios, the largest packet, one pod more, what tools say, the pair and the stage
// that a scenario's claim about the wire names.
import test from 'ava'
import fc from 'fast-check'
import {anotherPod, linesOf, onePodANode} from '../../harness/compare/another-pod.ts'
import {convergenceOf, failuresFirst} from '../../harness/compare/convergence.ts'
import {growthOf} from '../../harness/compare/growth.ts'
import {timesIn} from '../../harness/compare/latency.ts'
import {descendants} from '../../harness/compare/memory.ts'
import {largestThat} from '../../harness/compare/mtu.ts'
import {networkOf, wholeOnly} from '../../harness/compare/network.ts'
import {secondsIn} from '../../harness/compare/processor.ts'
import {beside, median, spreadOf} from '../../harness/compare/spread.ts'
import {received} from '../../harness/compare/throughput.ts'
import type {CheckResult, StageResult} from '../../harness/model.ts'
import {loadScenario} from '../../harness/scenario/load.ts'
import {pageTable} from '../tools/page-table.ts'
import {solutionScenarios} from '../tools/scenario-table.ts'

test('the median is the middle one, or the mean of the two in the middle', (t) => {
  t.is(median([3, 1, 2]), 2)
  t.is(median([4, 1, 2, 3]), 2.5)
  t.deepEqual(spreadOf([5]), {median: 5, low: 5, high: 5, samples: 1})
  t.throws(() => median([]), {instanceOf: RangeError})
})

test('a ratio is of one round: a load that comes for both moves none', (t) => {
  const {network, plain, ratio} = beside([
    {network: 2, plain: 1},
    {network: 20, plain: 10},
    {network: 6, plain: 3},
  ])
  t.deepEqual(ratio, {median: 2, low: 2, high: 2, samples: 3})
  t.deepEqual([network.median, plain.median], [6, 3])
})

test('the largest size that passes is found from any guess, and none is none', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.integer({min: 128, max: 9000}), fc.integer({min: 128, max: 9000}), async (limit, guess) => {
      t.is(await largestThat(async (size) => size <= limit, guess, [128, 9000]), limit)
    }),
    {numRuns: 200},
  )
  t.is(await largestThat(async () => false, 1500, [128, 9000]), undefined)
})

test('what is expected takes two looks', async (t) => {
  const asked: number[] = []
  const passes = async (size: number) => {
    asked.push(size)
    return size <= 1450
  }
  t.is(await largestThat(passes, 1450, [128, 9000]), 1450)
  t.deepEqual(asked, [1450, 1451])
})

test('a network is whole at its claim about the wire, between whom that is; without one in the end', async (t) => {
  const [weave, aci, plain, conflict] = await Promise.all(
    ['weave', 'aci-evpn', 'three-nodes', 'single-node'].map(async (name) => networkOf(await loadScenario(name))),
  )
  if (typeof weave === 'string' || typeof aci === 'string' || typeof plain === 'string') return t.fail()
  t.deepEqual([weave?.whole, weave?.from.name, weave?.to.name], [2, 'pod1', 'pod3'])
  t.is(weave && wholeOnly(weave).stages.length, 2)
  t.deepEqual([aci?.from.name, aci?.to.name, aci?.tap.place, aci?.tap.device], ['pod1', 'pod4', 'spine1', 'leaf1'])
  t.deepEqual([plain?.whole, plain?.from.name, plain?.to.name, plain?.tap.place], [7, 'pod1', 'pod3', 'node1'])
  t.regex(String(conflict), /no two pods .* on different nodes/)
})

test('one pod more is wired by a pod’s lines, with another name and address', async (t) => {
  const scenario = await loadScenario('flannel-vxlan')
  const [pod] = scenario.pods
  if (!pod) return t.fail()
  const {pod: more, stages} = anotherPod(pod, scenario, 2, 'pod7')
  t.deepEqual(more, {name: 'pod7', node: 'node1', address: '10.244.1.22', addresses: ['10.244.1.22']})
  t.deepEqual(
    stages.flat().map(({command}) => command),
    [
      'ip netns add pod7',
      'ip link add veth-pod7 mtu 1450 type veth peer name eth0 mtu 1450 netns pod7',
      'ip link set veth-pod7 master cni0',
      'ip link set veth-pod7 up',
      'ip -n pod7 addr add 10.244.1.22/24 dev eth0',
      'ip -n pod7 link set eth0 up',
      'ip -n pod7 route add default via 10.244.1.1',
    ],
  )
})

test('a pod’s own MAC and device index go with it, in whatever way they are written; shared ones stay', async (t) => {
  const scenario = await loadScenario('cilium-ebpf')
  const [pod] = scenario.pods
  if (!pod) return t.fail()
  const commands = anotherPod(pod, scenario, 0, 'pod9')
    .stages.flat()
    .map(({command}) => command)
  t.true(
    commands.includes(
      'ip link add lxc-pod9 index 121 mtu 1450 address 02:00:00:00:00:01 type veth peer name eth0 mtu 1450 address 0a:00:00:00:01:14 netns pod9',
    ),
    commands.join('\n'),
  )
  t.true(
    commands.includes('bpftool map update pinned /run/cilium/bpf/pods key 10 244 1 20 value 121 0 0 0 0x0a 0 0 0 1 20 0 0'),
    commands.join('\n'),
  )
  t.true(commands.includes('ip -n pod9 neigh add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent'))
})

test('lines of another machine that name the pod are its lines; those of pod12 are not pod1’s', async (t) => {
  const scenario = await loadScenario('nsx-ovn')
  const pod = scenario.pods.find(({name}) => name === 'pod3')
  if (!pod) return t.fail()
  const more = anotherPod(pod, scenario, 0, 'pod8').stages.flat()
  t.true(
    more.some(
      ({node, command}) =>
        node === 'node1' && command === "ovn-nbctl lsp-add ls2 pod8 -- lsp-set-addresses pod8 '0a:00:00:00:02:14 10.244.2.20'",
    ),
  )
  const step = {node: 'node1', source: {file: '', line: 1}}
  const stages = [
    {
      title: '',
      readdressed: {},
      claims: [],
      steps: [
        {...step, command: 'ip netns add pod12'},
        {...step, command: 'ip netns add pod1'},
      ],
    },
  ]
  t.deepEqual(linesOf({name: 'pod1', node: 'node1', address: '10.0.0.2', addresses: ['10.0.0.2']}, {stages}).flat().length, 1)
})

test('with one pod a node, the lines of the others are gone and nothing else', async (t) => {
  const scenario = await loadScenario('three-nodes')
  const small = onePodANode(scenario)
  t.deepEqual(
    small.pods.map(({name}) => name),
    ['pod1', 'pod3', 'pod4'],
  )
  const [all, left] = [scenario, small].map(({stages}) => stages.flatMap(({steps}) => steps.map(({command}) => command)))
  const gone = all?.filter((command) => !left?.includes(command)) ?? []
  t.is(gone.length, 8)
  t.true(gone.every((command) => command.includes('pod2')))
})

test('growth is what a pod brings, and nothing is 0', (t) => {
  const none = {routes: 12, neighbours: 9, fdb: 3, flows: 0, maps: 0}
  const {state, pods} = growthOf(none, {...none, routes: 39, fdb: 84}, [3, 30])
  t.deepEqual(pods, [3, 30])
  t.deepEqual([state.routes.each, state.neighbours.each, state.fdb.each], [1, 0, 3])
})

test('round trips are read as fping gives them; what was lost is none', (t) => {
  t.deepEqual(timesIn({stderr: Buffer.from('10.244.2.2 : 0.05 - 0.041 1.2\n')}), [0.05, 0.041, 1.2])
  t.deepEqual(timesIn({stderr: Buffer.from('10.244.2.2 : - - -\n')}), [])
  t.deepEqual(timesIn({stderr: Buffer.from('fping: not found\n')}), [])
})

test('what arrived is what iperf3 says that the receiver got; its error is an error', (t) => {
  t.deepEqual(received('{"end": {"sum_received": {"bytes": 125000000, "bits_per_second": 2e9}}}'), {bytes: 125_000_000, rate: 2})
  t.throws(() => received('{"error": "unable to connect to server: Connection refused"}'), {message: /Connection refused/})
  t.throws(() => received('{"end": {"sum_received": {"bytes": 0}}}'), {message: /nothing arrived/})
})

const STAT = (pid: number, parent: number, name = 'sleep', times = '1 2 3 4') =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194304 1 2 3 4 ${times} 20 0 1 0 9 9 9`

test('a process’s time is its own and that of its ended children, whatever its name is', (t) => {
  t.is(secondsIn(STAT(7, 1, 'a) R (b', '100 50 25 25')), 2)
})

test('a daemon is its process and all below it; one that has ended is none', (t) => {
  const stats = [STAT(10, 1), STAT(11, 10), STAT(12, 11, 'x) 1 (y'), STAT(20, 1), STAT(21, 20)].join('\n')
  t.deepEqual(descendants(stats, ['10']), ['10', '11', '12'])
  t.deepEqual(descendants(stats, ['20', '99', '21']), ['20', '21'])
})

const CHECK: CheckResult = {check: 'command', claim: 'x', verdict: 'pass', pairs: [], evidence: []}
const ran = (exitCode: number) => ({place: 'node1', command: 'x', exitCode, output: ''})
/** A command that tells of something by what it prints. */
const after = (milliseconds: number, looks = 3): CheckResult => ({
  ...CHECK,
  command: ran(0),
  convergence: {within: 5_000, after: milliseconds, looks},
})
const failing = (milliseconds: number): CheckResult => ({...after(milliseconds), claim: 'x fails', command: ran(1)})
const reaching = (milliseconds: number): CheckResult => ({
  check: 'reach',
  claim: 'reach',
  verdict: 'pass',
  pairs: [],
  evidence: [],
  convergence: {within: 5_000, after: milliseconds, looks: 1},
})
const unreached = (milliseconds: number): CheckResult => ({...reaching(milliseconds), claim: 'reach fails', fails: {cause: 'no-route'}})
const stages = (...checks: readonly CheckResult[][]): StageResult[] =>
  checks.map((each, index) => ({stage: index + 3, title: `stage ${index + 3}`, checks: each}))

test('a network breaks and is mended in the last two stages that claim a time, when all of their claims hold', (t) => {
  const {value} = convergenceOf(stages([after(1)], [CHECK], [after(40), after(700), CHECK], [after(90)]))
  t.deepEqual([value?.failure.stage, value?.failure.milliseconds, value?.mending.milliseconds], [5, 700, 90])
  t.is(value?.failure.claims.length, 2)
})

test('only what fails is broken, and only what holds is mended: what has come back meanwhile counts for neither', (t) => {
  const {value} = convergenceOf(
    stages([reaching(1_600), failing(40), unreached(20), after(900)], [reaching(30), failing(8_000), after(70)]),
  )
  t.deepEqual(
    value?.failure.claims.map(({claim}) => claim),
    ['x fails', 'reach fails'],
  )
  t.is(value?.failure.milliseconds, 40)
  t.deepEqual(
    value?.mending.claims.map(({claim}) => claim),
    ['reach', 'x'],
  )
  t.is(value?.mending.milliseconds, 70)
})

test('where nothing is claimed to fail, or to hold again, it is not known', (t) => {
  t.is(convergenceOf(stages([reaching(1_600)], [reaching(30)])).unknown, 'no claim at “stage 3” times that anything fails')
  t.is(convergenceOf(stages([failing(40)], [unreached(30)])).unknown, 'no claim at “stage 4” times that it holds')
})

test('what should fail in a time is looked at before what is waited for, and nothing else changes its place', async (t) => {
  const nsx = await loadScenario('nsx-ovn')
  const at = nsx.stages.findIndex(({title}) => title.includes('started again meanwhile'))
  const first = (each: typeof nsx) => each.stages[at]?.claims.map((claim) => (claim.check === 'command' ? claim.exit : claim.check))
  t.deepEqual(first(nsx), ['reach', 'failure', 'reach'])
  t.deepEqual(first(failuresFirst(nsx)), ['failure', 'reach', 'reach'])
  const weave = await loadScenario('weave')
  t.deepEqual(failuresFirst(weave), weave)
})

test('without two such stages, or with a claim that does not hold, nothing is said of it but why', (t) => {
  t.regex(convergenceOf(stages([after(1)], [CHECK])).unknown ?? '', /claims no time/)
  const late: CheckResult = {
    ...CHECK,
    verdict: 'fail',
    evidence: ['not within 5 s'],
    convergence: {within: 5_000, after: null, looks: 9},
  }
  t.is(convergenceOf(stages([after(1)], [late])).unknown, 'x: not within 5 s')
})

/** What a claim about the wire says is around a packet: OVN's Geneve has an option of 8 bytes. */
const AROUND = {none: 0, udp: 28, vxlan: 50, geneve: 58} as const

test('the page has a row for the plain recipe and every ready network, as their scenarios claim it', async (t) => {
  const rows = pageTable('scenarios/README.md', 'compared')
  const scenarios = [await loadScenario('three-nodes'), ...(await solutionScenarios())]
  t.deepEqual(rows.map(({network}) => network).sort(), scenarios.map(({name}) => name).sort())
  t.deepEqual(
    pageTable('scenarios/README.md', 'one run').map(({network}) => network),
    rows.map(({network}) => network),
  )
  for (const scenario of scenarios) {
    const row = rows.find(({network}) => network === scenario.name)
    const network = networkOf(scenario)
    if (typeof network === 'string') return t.fail(network)
    const claims = scenario.stages.flatMap((stage) => stage.claims)
    t.is(row?.MTU, String(scenario.mtu ?? 1500), scenario.name)
    const wire = claims.find((claim) => claim.check === 'wire')
    t.is(row?.overhead, `${AROUND[wire?.carries.encapsulation ?? 'none']} B`, scenario.name)
    const hops = claims.find((claim) => claim.check === 'hops' && claim.from === network.from.name && claim.to === network.to.name)
    const routers = hops?.check === 'hops' ? hops.routers : 2
    t.is(row?.routers, `${routers} (ttl ${64 - routers})`, scenario.name)
  }
})
