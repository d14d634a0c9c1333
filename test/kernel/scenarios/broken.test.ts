// Every scenario of scenarios/broken/: a lab that works, one fault, and claims of what it breaks, by which cause and where.
// Labs side by side, since most of a lab's time is waiting for packets that do not come.
import {cpus} from 'node:os'
import type {ExecutionContext} from 'ava'
import PQueue from 'p-queue'
import {standUp} from '../../../harness/cli/stand-up.ts'
import type {Cause, CheckResult, Claim, Scenario} from '../../../harness/model.ts'
import {loadScenario, scenarioNames} from '../../../harness/scenario/load.ts'
import {asRoot, LOCAL, onEach} from '../tools/runners.ts'
import {onEachThatHas} from '../tools/solutions.ts'

/** One is enough: namespaces are the same whoever owns them. */
const ONE = [LOCAL.find(({missing}) => missing === undefined) ?? asRoot]
const NAMES = scenarioNames().filter((name) => name.startsWith('broken/'))

/** All that was claimed of a lab, at its stages and at the end. */
async function checksOf(scenario: Scenario, number: number): Promise<readonly CheckResult[]> {
  const {lab, outcome} = await standUp(scenario, `broken-${process.pid}-${number}`, {driver: 'local', json: true})
  await lab[Symbol.asyncDispose]()
  return [...outcome.stages.flatMap(({checks}) => checks), ...outcome.checks]
}

function sideBySide<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<unknown> {
  const queue = new PQueue({concurrency: cpus().length + 1})
  return queue.addAll(items.map((item, index) => () => work(item, index)))
}

async function failsAsClaimed(t: ExecutionContext, scenario: Scenario, number: number): Promise<void> {
  const {name} = scenario
  const checks = await checksOf(scenario, number)
  t.deepEqual(
    checks
      .filter(({verdict}) => verdict !== 'pass')
      .map(({claim, evidence, pairs}) => [claim, evidence, pairs.filter(({verdict}) => verdict !== 'pass')]),
    [],
    name,
  )
  const named = checks.filter(({fails}) => fails?.cause === name)
  t.true(named.length > 0, name)
  // A translation is told of a pair; every other cause has its place.
  t.true(
    named.every(({check, fails}) => check !== 'reach' || fails?.at !== undefined),
    `${name} says where`,
  )
}

const ALL = await Promise.all(NAMES.map(loadScenario))

onEach(ONE, 'each broken scenario fails as it claims: by its own cause, at its place', async (t) => {
  t.timeout(300_000) // for hangs
  const plain = ALL.filter(({needs}) => needs.length === 0)
  t.true(plain.length >= 48)
  t.true(ALL.length >= 56)
  await sideBySide(plain, (scenario, index) => failsAsClaimed(t, scenario, index))
})

// Those that need a daemon each for themselves: it may not be there.
for (const [index, scenario] of ALL.entries())
  if (scenario.needs.length > 0)
    onEachThatHas(ONE, scenario, 'fails as it claims: by its own cause, at its place', (t) => failsAsClaimed(t, scenario, 200 + index))

/** What is claimed instead, of a scenario that fails otherwise. */
const TWINS: readonly (readonly [scenario: string, cause: Cause, at: string])[] = [
  ['broken/no-route', 'forwarding-off', 'node1'],
  ['broken/no-route', 'no-route', 'node2'],
  ['broken/wrong-prefix-length', 'address-missing', 'pod1'],
  ['broken/port-not-enslaved', 'peer-down', 'node1'],
  ['broken/tc-drop', 'filter-drop', 'node1'],
  ['broken/ipv6-disabled', 'address-missing', 'pod1'],
  ['broken/vtep-fdb-missing', 'vtep-fdb-missing', 'node2'],
  ['broken/vni-mismatch', 'tunnel-port-mismatch', 'node2'],
]

function claiming<T extends Claim>(claims: readonly T[], cause: Cause, at: string): T[] {
  return claims.map((claim) => ('fails' in claim && claim.fails ? {...claim, fails: {cause, at}} : claim))
}

onEach(ONE, 'a broken scenario that claims another cause, or another place, fails', async (t) => {
  await sideBySide(TWINS, async ([name, cause, at], index) => {
    const scenario = await loadScenario(name)
    const stages = scenario.stages.map((stage) => ({...stage, claims: claiming(stage.claims, cause, at)}))
    const checks = await checksOf({...scenario, stages, claims: claiming(scenario.claims, cause, at)}, 100 + index)
    const wrong = checks.filter(({fails}) => fails)
    t.true(wrong.length > 0, name)
    for (const {claim, verdict, evidence} of wrong) {
      t.is(verdict, 'fail', `${name}: ${claim}`)
      t.regex(evidence.join('\n'), new RegExp(`fails, but not for ${cause} at ${at}: `), name)
    }
    // What was right before and is claimed to hold still does.
    t.deepEqual(
      checks.filter(({fails, verdict}) => !fails && verdict !== 'pass').map(({claim}) => claim),
      [],
      name,
    )
  })
})
