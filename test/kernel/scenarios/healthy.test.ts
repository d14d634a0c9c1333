// No false alarm: wherever a scenario claims that pairs reach one another, a diagnosis of these pairs says nothing; but for
// what the scenario itself claims to be wrong there.
import {cpus} from 'node:os'
import PQueue from 'p-queue'
import {awaitClaims} from '../../../harness/checks/check.ts'
import {distinct, pairsOf} from '../../../harness/checks/pairs.ts'
import {examine} from '../../../harness/examine.ts'
import {readFacts} from '../../../harness/facts/read.ts'
import {carryOut, type Lab, startLab} from '../../../harness/lab.ts'
import {type Cause, type Claim, type Pair, type PairClaim, placesAfter} from '../../../harness/model.ts'
import {loadScenario, scenarioNames} from '../../../harness/scenario/load.ts'
import {asRoot, driverOf, LOCAL, onEach} from '../tools/runners.ts'

/** One is enough: namespaces are the same whoever owns them. */
const ONE = [LOCAL.find(({missing}) => missing === undefined) ?? asRoot]
const NAMES = scenarioNames().filter((name) => !name.includes('/'))

function isRight(claim: Claim): claim is PairClaim {
  return claim.check === 'reach' && !claim.fails
}

function claimedWrong(claims: readonly Claim[]): Set<Cause> {
  return new Set(claims.flatMap((claim) => ('fails' in claim && claim.fails ? [claim.fails.cause] : [])))
}

/** What is told that nobody claimed, a line each; and how many pairs were looked at. */
async function alarms(lab: Lab, claims: readonly Claim[], stages: number, last: boolean): Promise<{told: string[]; pairs: number}> {
  const places = placesAfter(lab.scenario, stages)
  const pairs: Pair[] = distinct(claims.filter(isRight).flatMap((claim) => pairsOf(claim, places)))
  if (pairs.length === 0) return {told: [], pairs: 0}
  const history = lab.history.map(({node, command}) => ({node, command}))
  // As `podwire up` does: what a lab that works is like is what it is compared with.
  const before = last ? await readFacts(lab.fleet, places) : undefined
  const {diagnoses} = await examine(lab.fleet, places, pairs, {history, mtu: lab.scenario.mtu, ...(before && {before})})
  const wrong = claimedWrong(claims)
  return {
    pairs: pairs.length,
    told: diagnoses
      .filter(({cause}) => !wrong.has(cause))
      .map(
        ({cause, where, evidence, pairs: broken}) =>
          `${cause} ${where.node} ${where.object}: ${evidence.join('; ')} (${broken.join(', ')})`,
      ),
  }
}

onEach(ONE, 'no scenario that works is told of, at any of its stages or at its end', async (t, runner) => {
  t.timeout(300_000) // for hangs
  const queue = new PQueue({concurrency: cpus().length})
  await queue.addAll(
    NAMES.map((name, index) => async () => {
      const scenario = await loadScenario(name)
      // The ready networks' own switches and control planes are not all in the facts: tunnels.test.ts is about what is.
      if (scenario.solution !== undefined) return
      await using lab = await startLab(`healthy-${process.pid}-${index}`, scenario, await driverOf(runner))
      let looked = 0
      const look = async (claims: readonly Claim[], stages: number, last: boolean) => {
        const {told, pairs} = await alarms(lab, claims, stages, last)
        t.deepEqual(told, [], `${name} after stage ${stages}${last ? ', at the end' : ''}`)
        looked += pairs
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
    }),
  )
})

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
