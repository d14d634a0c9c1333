// No false alarm: wherever a scenario claims that pairs reach one another, a diagnosis of these pairs says nothing; but for
// what the scenario itself claims to be wrong there.
import {cpus} from 'node:os'
import type {ExecutionContext} from 'ava'
import PQueue from 'p-queue'
import {withAnswers} from '../../../harness/asking.ts'
import {bothWays, pathsOf} from '../../../harness/both-ways.ts'
import {awaitClaims} from '../../../harness/checks/check.ts'
import {distinct, pairsOf} from '../../../harness/checks/pairs.ts'
import {type Examined, examine} from '../../../harness/examine.ts'
import {readFacts} from '../../../harness/facts/read.ts'
import {carryOut, type Lab, startLab} from '../../../harness/lab.ts'
import {type Cause, type Claim, type Pair, type PairClaim, type Place, placesAfter, type Scenario} from '../../../harness/model.ts'
import {loadScenario, scenarioNames} from '../../../harness/scenario/load.ts'
import {asRoot, driverOf, LOCAL, onEach, type Runner} from '../tools/runners.ts'
import {onEachThatHas, solutions} from '../tools/solutions.ts'

/** One is enough: namespaces are the same whoever owns them. */
const ONE = [LOCAL.find(({missing}) => missing === undefined) ?? asRoot]
const NAMES = scenarioNames().filter((name) => !name.includes('/'))

function isRight(claim: Claim): claim is PairClaim {
  return claim.check === 'reach' && !claim.fails && !claim.only
}

function claimedWrong(claims: readonly Claim[]): Set<Cause> {
  return new Set(claims.flatMap((claim) => ('fails' in claim && claim.fails ? [claim.fails.cause] : [])))
}

/** What is told that nobody claimed, a line each; and what was looked at. */
interface Looked {
  readonly told: readonly string[]
  readonly pairs: readonly Pair[]
  readonly seen?: Examined
}

async function alarms(lab: Lab, claims: readonly Claim[], stages: number, last: boolean): Promise<Looked> {
  const places = placesAfter(lab.scenario, stages)
  const pairs: Pair[] = distinct(claims.filter(isRight).flatMap((claim) => pairsOf(claim, places)))
  if (pairs.length === 0) return {told: [], pairs}
  const history = lab.history.map(({node, command}) => ({node, command}))
  // As `podwire up` does: what a lab that works is like is what it is compared with.
  const before = last ? await readFacts(lab.fleet, places) : undefined
  const seen = await examine(lab.fleet, places, pairs, {history, mtu: lab.scenario.mtu, ...(before && {before})})
  const wrong = claimedWrong(claims)
  return {
    pairs,
    seen,
    told: seen.diagnoses
      .filter(({cause}) => !wrong.has(cause))
      .map(
        ({cause, where, evidence, pairs: broken}) =>
          `${cause} ${where.node} ${where.object}: ${evidence.join('; ')} (${broken.join(', ')})`,
      ),
  }
}

/** Nothing is told at any stage. What was looked at last is handed on while the lab is there. */
async function isSilent(
  t: ExecutionContext,
  runner: Runner,
  scenario: Scenario,
  beside: (lab: Lab, looked: Looked) => Promise<void> = async () => undefined,
): Promise<void> {
  const {name} = scenario
  await using lab = await startLab(`healthy-${process.pid}-${name}`, scenario, await driverOf(runner))
  let looked = 0
  const look = async (claims: readonly Claim[], stages: number, last: boolean) => {
    const found = await alarms(lab, claims, stages, last)
    t.deepEqual(found.told, [], `${name} after stage ${stages}${last ? ', at the end' : ''}`)
    looked += found.pairs.length
    if (last) await beside(lab, found)
  }
  await carryOut(lab, {
    ended: async (stage, number) => {
      // What comes by waiting has come.
      await awaitClaims(lab.fleet, scenario, number)
      await look(stage.claims, number, false)
    },
  })
  await look(scenario.claims, scenario.stages.length, true)
  t.true(looked > 0, `${name} claims that something works`)
}

onEach(ONE, 'no scenario that works is told of, at any of its stages or at its end', async (t, runner) => {
  t.timeout(300_000) // for hangs
  const queue = new PQueue({concurrency: cpus().length})
  const scenarios = await Promise.all(NAMES.map(loadScenario))
  await queue.addAll(scenarios.filter(({solution}) => solution === undefined).map((scenario) => () => isSilent(t, runner, scenario)))
})

/** What cannot be seen of a ready network, and is not guessed: by the words in which it is told. */
const UNSEEN: Readonly<Record<string, RegExp>> = {
  'cilium-ebpf': /runs the program from_pod, whose map (pods|nodes) has an entry for/,
  'cilium-ebpf-native': /runs the program (from_pod|from_network), whose map (pods|nodes) has an entry for/,
  'flannel-udp': /^flannel0 at node\d hands it to a process/,
  // The underlay's switch learns where addresses are, and forgets them when it is started again, as the scenario does.
  'nsx-ovn': /^br-phy at node\d has not [0-9a-f:]{17}$/,
}

/** How each packet's way was predicted, and whether it went so: as many routers as its time to live says. */
async function misled({fleet, scenario}: Lab, {pairs, seen}: Looked): Promise<{wrong: string[]; right: number; unknown: string[]}> {
  const places: Place[] = placesAfter(scenario, scenario.stages.length)
  const mtu = scenario.mtu ?? 1500
  const ways = (facts: Examined['facts'], pair: Pair) => bothWays(facts, places, pair, {protocol: 'icmp', size: 'small', mtu})
  const read = seen?.facts ?? new Map()
  const facts = await withAnswers(
    fleet,
    places,
    read,
    pairs.map((pair) => (now: Examined['facts']) => pathsOf(ways(now, pair))),
  )
  const all = pairs.map((pair) => ({pair, ...ways(facts, pair)}))
  const wrong = all.flatMap(({pair, forward, back}) => {
    const probe = seen?.probes.find(
      (each) => each.from === pair.from && each.to === pair.to && each.protocol === 'icmp' && each.size === 'small',
    )
    const way = `${pair.from} -> ${pair.to}`
    if ([forward, back].some((path) => path?.ended === 'unknown')) return []
    if (forward.ended !== 'delivered' || forward.at !== pair.to) return [`${way}: ${forward.ended} at ${forward.at}: ${forward.evidence}`]
    if (back?.ended !== 'delivered' || back.at !== pair.from) return [`${way}, the reply: ${back?.ended} at ${back?.at}: ${back?.evidence}`]
    return probe?.ttl === forward.ttl ? [] : [`${way}: a ttl of ${probe?.ttl}, not ${forward.ttl}: ${forward.hops.map(({place}) => place)}`]
  })
  const open = all.flatMap(({forward, back}) => [forward, back].flatMap((path) => (path?.ended === 'unknown' ? [path.evidence] : [])))
  return {wrong, unknown: open, right: all.length - open.length - wrong.length}
}

for (const scenario of await solutions())
  onEachThatHas([asRoot], scenario, 'nothing is told of it while it works, and its packets go as is predicted', (t, runner) =>
    isSilent(t, runner, scenario, async (lab, looked) => {
      const {wrong, unknown, right} = await misled(lab, looked)
      t.deepEqual(wrong, [])
      t.true(right > 0)
      const unseen = UNSEEN[scenario.name] ?? /(?!)/
      t.deepEqual(
        unknown.filter((words) => !unseen.test(words)),
        [],
      )
    }),
  )

onEachThatHas(
  [asRoot],
  await loadScenario('nsx-ovn'),
  'of a flow that drops something is told, and the prediction is no longer what happened',
  async (t, runner) => {
    const scenario = await loadScenario('nsx-ovn')
    await isSilent(t, runner, scenario, async (lab, looked) => {
      await lab.fleet.run(
        'node1',
        'ovs-ofctl add-flow br-int "table=0,priority=60000,icmp,nw_src=10.244.1.3,nw_dst=10.244.3.2,actions=drop"',
      )
      const {told} = await alarms(lab, scenario.claims, scenario.stages.length, false)
      t.is(told.length, 1)
      t.regex(told[0] ?? '', /^(filter-drop|echo-ignored) node1 br-int table=0 priority=60000,icmp,/)
      const {wrong} = await misled(lab, looked)
      t.true(
        wrong.some((words) => words.startsWith('pod2 -> pod4: filter-drop at node1')),
        wrong.join('; '),
      )
    })
  },
)

onEach(ONE, 'of a lab that is wrong in what no claim of it says, something is told', async (t, runner) => {
  const scenario = await loadScenario('three-nodes')
  await using lab = await startLab(`healthy-${process.pid}-wrong`, scenario, await driverOf(runner))
  await carryOut(lab)
  await lab.fleet.run('node1', 'nft add table ip nat; nft "add chain ip nat out { type nat hook postrouting priority 100; }"')
  await lab.fleet.run('node1', 'nft add rule ip nat out ip saddr 10.244.1.0/24 oifname eth0 masquerade')
  const {told} = await alarms(lab, scenario.claims, scenario.stages.length, false)
  t.is(told.length, 1)
  t.regex(told[0] ?? '', /^source-nat node1 ip nat out/)
})
