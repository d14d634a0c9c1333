// Every variant of every fault on a real lab, one after the other in the same one: it breaks what it says, and once it is
// healed everything is as it was and all pairs reach again.
import type {ExecutionContext} from 'ava'
import {noNatVerdicts} from '../../harness/checks/no-nat.ts'
import {reachVerdicts} from '../../harness/checks/reach.ts'
import {readFacts} from '../../harness/facts/read.ts'
import {FAULTS, firstPlace, injectionAt} from '../../harness/faults/catalogue.ts'
import {differences} from '../../harness/faults/difference.ts'
import type {Fault, Injection} from '../../harness/faults/fault.ts'
import {Unfit, wiredFrom} from '../../harness/faults/wired.ts'
import type {Lab} from '../../harness/lab.ts'
import {type FixCommand, type PacketSize, type Pair, type Place, placesAfter} from '../../harness/model.ts'
import {allPairs, probePairs} from '../../harness/probe/probe.ts'
import {makeHome} from './tools/home.ts'
import {labOf, threeNodes} from './tools/labs.ts'
import {asRoot, LOCAL, onEach} from './tools/runners.ts'

const MTU = 1500
/** Milliseconds; what is lost between namespaces is lost at once. */
const PATIENCE = 200

/** One is enough: namespaces are the same whoever owns them. */
const ONE = [LOCAL.find(({missing}) => missing === undefined) ?? asRoot]

/** Lacks that are no mistake: what the lab at hand has not. */
const ELSEWHERE = /has no IPv6 address|nothing needs it|has no (tunnel|BGP session|flow switch|program)/

onEach(ONE, 'every fault breaks what it says, and is healed without a trace', async (t, runner) => {
  t.timeout(600_000)
  // On two labs, since much of it is waiting for packets that do not come; each takes the next that is left.
  const left = [...FAULTS]
  const next = () => left.shift()
  await Promise.all(
    [1, 2].map(async () => {
      await using lab = await threeNodes(runner)
      await breakAll(t, lab, next, () => true, ELSEWHERE)
    }),
  )
})

onEach(ONE, 'faults of IPv6, and what IPv6 loses when a device goes down', async (t, runner) => {
  t.timeout(300_000)
  await using lab = await labOf(runner, 'dual-stack')
  const chosen = ['ipv6-disabled', 'interface-down', 'bridge-down', 'bridge-missing', 'pod-missing', 'mtu-too-small']
  const left = [...FAULTS]
  const isChosen = (cause: string, title: string) => chosen.includes(cause) || /IPv6/.test(title)
  await breakAll(t, lab, () => left.shift(), isChosen, /(?!)/)
})

async function breakAll(
  t: ExecutionContext,
  lab: Lab,
  next: () => Fault | undefined,
  isChosen: (cause: string, title: string) => boolean,
  lacks: RegExp,
): Promise<void> {
  const places = placesAfter(lab.scenario, lab.scenario.stages.length)
  const every = allPairs(places)
  t.deepEqual(await unanswered(lab, places, every), [], 'before any fault')
  const before = await readFacts(lab.fleet, places)
  const wired = wiredFrom(before, places)
  for (let fault = next(); fault; fault = next()) {
    const {cause} = fault
    const variants = fault.variants.filter(({title}) => isChosen(cause, title))
    for (const variant of variants) {
      const said = `${cause}: ${variant.title}`
      const place = firstPlace(variant, wired)
      const injection = injectionAt(variant, wired, place ?? (variant.kind === 'pod' ? 'pod1' : 'node1'))
      if (injection instanceof Unfit) {
        t.regex(injection.message, lacks, said)
        continue
      }
      await type(t, lab, injection.inject, said)
      t.deepEqual(await unbroken(lab, places, every, injection.breaks), [], `${said}, at ${place}: these pairs are not broken`)
      await type(t, lab, injection.heal, said)
      t.deepEqual(differences(before, await readFacts(lab.fleet, places)), [], `${said}, healed`)
    }
    if (variants.length > 0) t.deepEqual(await unanswered(lab, places, every), [], `${cause}, every variant healed`)
  }
}

async function type(t: ExecutionContext, {fleet}: Lab, lines: readonly FixCommand[], said: string): Promise<void> {
  for (const {where, command} of lines) {
    const {exitCode, stderr} = await fleet.run(where, command)
    t.is(exitCode, 0, `${said}: ${where}# ${command}: ${stderr}`)
  }
}

/** What should fail and does not; where only some packets should, also what else fails. */
async function unbroken(lab: Lab, places: readonly Place[], every: readonly Pair[], breaks: Injection['breaks']): Promise<string[]> {
  const {check = 'reach', pairs, family = 4, protocol, size} = breaks
  const asked = every.filter(({from, to, address}) => pairs.includes(`${from} -> ${to}`) && address.includes(':') === (family === 6))
  const sizes: readonly PacketSize[] = size ? ['small', 'full'] : ['small']
  const probes = await probePairs(lab.fleet, places, asked, {mtu: MTU, patience: PATIENCE, sizes})
  const verdicts = check === 'reach' ? reachVerdicts(probes) : noNatVerdicts(probes)
  return verdicts.flatMap(({from, to, verdict, ...each}) => {
    const meant = (protocol ?? each.protocol) === each.protocol && (size ?? each.size) === each.size
    return meant === (verdict !== 'pass') ? [] : [`${from} -> ${to} ${each.protocol} ${each.size} ${verdict}`]
  })
}

async function unanswered(lab: Lab, places: readonly Place[], pairs: readonly Pair[]): Promise<string[]> {
  const probes = await probePairs(lab.fleet, places, pairs, {mtu: MTU, patience: PATIENCE})
  const missed = probes.filter(({answered}) => answered !== true)
  if (missed.length === 0) return []
  // A machine that has much to do answers late.
  const again = await probePairs(lab.fleet, places, pairs, {mtu: MTU})
  return again
    .filter(({answered}) => answered !== true)
    .map(({from, to, address, protocol, size, error}) => `${from} -> ${to} ${address} ${protocol} ${size}: ${error}`)
}

onEach(ONE, 'break types its lines in a running lab, and heal takes the last or all of them back', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  const reaches = async () => (await home.podwire(['exec', 'pod1', '--', 'ping', '-c1', '-W1', '10.244.2.2'])).code === 0
  t.true(await reaches())

  const routes = await home.podwire(['break', 'no-route', 'node1'])
  t.is(routes.code, 0, routes.stderr)
  t.is(
    routes.stdout,
    [
      'no-route at node1: the route to the pods of another node is deleted',
      '  node1# ip route del 10.244.2.0/24',
      '',
      'podwire heal takes it back',
      '',
    ].join('\n'),
  )
  t.false(await reaches())
  const second = JSON.parse((await home.podwire(['break', 'forwarding-off', 'node2', '--variant', '4', '--json'])).stdout)
  t.deepEqual(second.typed, [{where: 'node2', command: 'sysctl -w net.ipv4.conf.v-net-0.forwarding=0', exitCode: 0}])
  t.deepEqual([second.cause, second.place, second.where], ['forwarding-off', 'node2', {node: 'node2', netns: null}])

  const last = await home.podwire(['heal'])
  t.is(last.code, 0, last.stderr)
  t.regex(last.stdout, /^forwarding-off at node2.*\n {2}node2# sysctl -w net\.ipv4\.conf\.v-net-0\.forwarding=1\n$/)
  t.false(await reaches())
  const all = JSON.parse((await home.podwire(['heal', '--all', '--json'])).stdout)
  t.deepEqual(
    all.healed.map(({cause, typed}: {cause: string; typed: FixCommand[]}) => [cause, typed.map(({command}) => command)]),
    [['no-route', ['ip route add 10.244.2.0/24 via 192.168.1.12 dev eth0']]],
  )
  t.true(await reaches())
  const nothing = await home.podwire(['heal'])
  t.is(nothing.code, 2)
  t.regex(nothing.stderr, /podwire broke nothing in lab three-nodes/)
})

onEach(ONE, 'break refuses what it does not know, and what a place has no use for, before it types anything', async (t, runner) => {
  await using home = makeHome(runner)
  const without = await home.podwire(['break', 'no-route', 'node1'])
  t.is(without.code, 2)
  t.regex(without.stderr, /no lab is running/)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['no-rout'], /no fault no-rout\n.*did you mean no-route\?/],
    [['no-route', 'nod1'], /no place nod1 in this lab\n.*did you mean (node|pod)1\?/],
    [['no-route', 'pod1'], /no-route cannot be brought about at pod1\n.*pod1 is no node/],
    [['port-isolated', 'pod3'], /at pod3\n.*node2 has no second pod on v-net-0/],
    [['ipv6-disabled'], /in this lab\n.*has no IPv6 address/],
    [['no-route', '--variant', '99'], /has \d+ variants, no 99/],
    [['no-route', '--variant', '0'], /whole number above 0/],
    [['conntrack-full'], /conntrack-full cannot be brought about: nf_conntrack_max/],
  ]
  for (const [args, words] of wrong) {
    const {code, stdout, stderr} = await home.podwire(['break', ...args])
    t.is(code, 2, `${args}: ${stderr}`)
    t.is(stdout, '', args.join(' '))
    t.regex(stderr, words)
  }
  const listed = await home.podwire(['break', '--list'])
  t.is(listed.code, 0)
  t.regex(listed.stdout, /^no-route\n {3}1 {2}node {2}the route to the pods of another node is deleted$/m)
  t.regex(listed.stdout, /^ {2}conntrack-full: /m)
  t.is((await home.podwire(['exec', 'pod1', '--', 'ping', '-c1', '-W1', '10.244.2.2'])).code, 0)
})
