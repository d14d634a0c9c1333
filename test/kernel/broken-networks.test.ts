// `podwire break` on ready networks: what is injected is named by its code and place, and what heals it leaves everything as it was.
import type {ExecutionContext} from 'ava'
import {clusterOf} from '../../harness/checks/pairs.ts'
import {examine} from '../../harness/examine.ts'
import {forgetNeighbours, forgetUnresolved} from '../../harness/facts/neighbours.ts'
import {readFacts} from '../../harness/facts/read.ts'
import {faultOf, firstPlace, injectionAt} from '../../harness/faults/catalogue.ts'
import {CONTROL_FAULTS} from '../../harness/faults/control.ts'
import {differences} from '../../harness/faults/difference.ts'
import {TUNNEL_FAULTS} from '../../harness/faults/tunnels.ts'
import {Unfit, wiredFrom} from '../../harness/faults/wired.ts'
import type {Lab} from '../../harness/lab.ts'
import {type FixCommand, placesAfter} from '../../harness/model.ts'
import {allPairs, probePairs} from '../../harness/probe/probe.ts'
import {loadScenario} from '../../harness/scenario/load.ts'
import {labOf, type} from './tools/labs.ts'
import {asRoot} from './tools/runners.ts'
import {onEachThatHas} from './tools/solutions.ts'

/** Which variants of which causes are tried where; together all of them. */
const TRIED: Readonly<Record<string, readonly (readonly [cause: string, variant: number])[]>> = {
  'flannel-vxlan': [...TUNNEL_FAULTS.map(({cause}) => [cause, 0] as const), ['neighbour-wrong', 4]],
  'calico-bgp': [
    ['bgp-session-down', 0],
    ['proxy-arp-missing', 1],
  ],
  'nsx-ovn': [['flow-missing', 0]],
  'cilium-ebpf': [['flow-missing', 1]],
}

async function breaksAndHeals(t: ExecutionContext, lab: Lab, cause: string, number: number): Promise<void> {
  const {fleet, scenario} = lab
  const places = placesAfter(scenario, scenario.stages.length)
  const pairs = allPairs(clusterOf(places))
  const before = await readFacts(fleet, places)
  const wired = wiredFrom(before, places)
  const variant = faultOf(cause)?.variants[number]
  const place = variant && firstPlace(variant, wired)
  const injection = variant && place !== undefined ? injectionAt(variant, wired, place) : undefined
  if (!injection || injection instanceof Unfit) return t.fail(`${scenario.name} has no place for ${cause}: ${injection?.message}`)
  const typed = async (lines: readonly FixCommand[]) => {
    for (const {where, command} of lines) await type(lab, where, command)
  }
  await typed(injection.inject)
  const history = lab.history.map(({node, command}) => ({node, command}))
  const {diagnoses, probes} = await examine(fleet, places, pairs, {history, before, mtu: scenario.mtu})
  const failing = new Set(probes.filter(({answered}) => answered !== true).map(({from, to}) => `${from} -> ${to}`))
  const {expect, breaks} = injection
  t.deepEqual(
    breaks.pairs.filter((pair) => !failing.has(pair)),
    [],
    `${cause} breaks what it says`,
  )
  const told = diagnoses.map((each) => [each.cause, each.where.node, each.where.netns, each.where.object] as const)
  t.deepEqual(
    told.map(([code, node, netns]) => [code, node, netns]),
    [[expect.cause, expect.where.node, expect.where.netns]],
    JSON.stringify(told),
  )
  t.regex(told[0]?.[3] ?? '', expect.where.object)
  await typed(injection.heal)
  await forgetUnresolved(fleet, places)
  await forgetNeighbours(fleet, places)
  const after = await probePairs(fleet, places, pairs, {mtu: scenario.mtu ?? 1500})
  t.deepEqual(
    after.filter(({answered}) => answered !== true).map(({from, to, protocol, size}) => `${from} -> ${to} ${protocol} ${size}`),
    [],
    `${cause}, healed`,
  )
  t.deepEqual(differences(before, await readFacts(fleet, places)), [], `${cause}, healed`)
}

for (const [name, faults] of Object.entries(TRIED))
  onEachThatHas([asRoot], await loadScenario(name), 'what podwire breaks is named, and healed without a trace', async (t, runner) => {
    t.timeout(300_000) // for hangs
    await using lab = await labOf(runner, name)
    for (const [cause, number] of faults) await breaksAndHeals(t, lab, cause, number)
  })

onEachThatHas(
  [asRoot],
  await loadScenario('flannel-host-gw'),
  'without tunnels, sessions or flows there is no place for their faults',
  async (t, runner) => {
    await using lab = await labOf(runner, 'flannel-host-gw')
    const places = placesAfter(lab.scenario, lab.scenario.stages.length)
    const wired = wiredFrom(await readFacts(lab.fleet, places), places)
    for (const {cause, variants} of [...TUNNEL_FAULTS, ...CONTROL_FAULTS])
      for (const variant of variants) t.is(firstPlace(variant, wired), undefined, cause)
  },
)
