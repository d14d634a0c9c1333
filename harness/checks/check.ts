// Runs claims against a lab: one round of probes and one reading of facts for all claims of a stage, or of the end.
import type {Fleet} from '../driver.ts'
import type {Facts} from '../facts/facts.ts'
import {fullMtu, type Interfaces, readInterfaces} from '../facts/interfaces.ts'
import {forgetUnresolved} from '../facts/neighbours.ts'
import {readFacts} from '../facts/read.ts'
import {
  type CheckResult,
  type Claim,
  type MatrixRow,
  type PairClaim,
  type Probe,
  placesAfter,
  type Requirement,
  type Scenario,
  type StageResult,
  type Verdict,
} from '../model.ts'
import {allPairs, probePairs} from '../probe/probe.ts'
import {askedAgain, remembering, silentInPart} from './again.ts'
import {type Baselines, baselineOf, isBaseline} from './baseline.ts'
import {requirementsIn} from './look.ts'
import {matrixOf, turnsBetween} from './matrix.ts'
import {clusterOf, distinct, isPairClaim, pairKey, pairsOf, probesOf} from './pairs.ts'
import {sum} from './verdict.ts'
import {isTimed, once, type Round, SHORT_PATIENCE, verifyAll} from './verify.ts'

/** What was found at the end, once every stage had run. */
export interface Outcome {
  readonly verdict: Verdict
  /** The size in bytes of the full packets: the underlay's MTU. */
  readonly mtu: number
  readonly probes: readonly Probe[]
  readonly checks: readonly CheckResult[]
  readonly requirements: readonly Requirement[]
  readonly stages: readonly StageResult[]
}

export interface CheckOptions {
  /** What was found at the stages before. */
  readonly stages?: readonly StageResult[]
  /** Milliseconds that an unanswered exchange is waited for. */
  readonly patience?: number | undefined
  /** Milliseconds that a claimed command may take. */
  readonly timeLimit?: number | undefined
  /** The facts when a claim's pairs reached, where they are known to have. */
  readonly before?: (claim: PairClaim) => Facts | undefined
  /** Is told how many exchanges are over. */
  readonly follow?: ((done: number, total: number) => void) | undefined
}

/** The claims at the end, and the documents' requirements over every pair of the cluster. */
export async function check(
  fleet: Fleet,
  scenario: Scenario,
  {stages = [], patience, timeLimit, before = () => undefined, follow}: CheckOptions = {},
): Promise<Outcome> {
  const places = placesAfter(scenario, scenario.stages.length)
  const interfaces = await readInterfaces(fleet, places)
  const mtu = fullMtu(scenario, interfaces, places)
  const cluster = allPairs(clusterOf(places))
  const pairs = distinct([...cluster, ...scenario.claims.flatMap((claim) => pairsOf(claim, places))])
  const options = {mtu, ...(patience !== undefined && {patience})}
  const first = await probePairs(fleet, places, pairs, {...options, follow})
  const whole = await silentInPart(fleet, places, first, options)
  const probes = await remembering(fleet, places, scenario.claims, whole, options)
  const round: Round = {fleet, places, interfaces, mtu, probes, facts: once(() => readFacts(fleet, places)), before, timeLimit}
  const checks = await verifyAll(scenario.claims, round)
  return {
    verdict: sum([...stages.flatMap((stage) => stage.checks), ...checks].map(({verdict}) => verdict)),
    mtu,
    probes,
    checks,
    requirements: requirementsIn(places, probes, interfaces),
    stages,
  }
}

export interface StageOptions {
  /** Milliseconds; for pairs that should be answered. */
  readonly patience?: number
  /** Milliseconds that a claimed command may take. */
  readonly timeLimit?: number | undefined
  /** When the stage's last line began, in milliseconds since the epoch: what claims that take a time count from. Now, where it had none. */
  readonly since?: number | undefined
  /** The facts of stages that were right; those of this stage are added, where a later claim is compared with them. */
  readonly baselines?: Baselines
  /** Probes every pair of the cluster, and compares with the stage before. */
  readonly timeline?: {readonly before: readonly MatrixRow[] | undefined}
}

/** @param number how many stages have run; the claims are those of the last of them */
export async function checkStage(
  fleet: Fleet,
  scenario: Scenario,
  number: number,
  {patience, timeLimit, timeline, since = Date.now(), baselines = new Map()}: StageOptions = {},
): Promise<StageResult> {
  const stage = scenario.stages[number - 1]
  const {claims = [], title = ''} = stage ?? {}
  const places = placesAfter(scenario, number)
  const base = {stage: number, title}
  if (claims.length === 0 && !timeline) return {...base, checks: []}
  // Commands that stand before the first claim about pairs run before its probes: a router tells of a missing route five
  // times in a row and then once a second (ip_error, net/ipv4/route.c), and probes use that up. What takes a time is looked
  // at first of all.
  const isLeading = (claim: Claim) => claim.check === 'command' || claim.check === 'wire' || isTimed(claim)
  const first = claims.findIndex((claim) => !isLeading(claim))
  const leading = first < 0 ? claims : claims.slice(0, first)
  const needsInterfaces = claims.some((claim) => !isLeading(claim) || isPairClaim(claim))
  const none: Interfaces = new Map()
  const early = leading.some(isPairClaim) ? await readInterfaces(fleet, places) : none
  const before = (claim: PairClaim) => baselines.get(baselineOf(scenario, claim, number) ?? 0)
  const blank = {fleet, places, probes: [], facts: async () => new Map(), before, timeLimit, since}
  const led = await verifyAll(leading, {...blank, interfaces: early, mtu: fullMtu(scenario, early, places)})
  const interfaces = needsInterfaces && early === none ? await readInterfaces(fleet, places) : early
  const mtu = fullMtu(scenario, interfaces, places)
  const begun = performance.now()
  const cluster = timeline ? allPairs(clusterOf(places)) : []
  const asked = await probePairs(fleet, places, cluster, {mtu, sizes: ['small'], patience: SHORT_PATIENCE})
  const small = timeline
    ? await askedAgain(fleet, places, asked, {mtu, before: timeline.before, last: number === scenario.stages.length})
    : asked
  const probing = performance.now() - begun
  const untimed = claims.filter((claim) => !isTimed(claim))
  const claimed = distinct(untimed.flatMap((claim) => pairsOf(claim, places)))
  const hopeful = new Set(
    untimed.filter((claim) => !('fails' in claim) || !claim.fails).flatMap((claim) => pairsOf(claim, places).map(pairKey)),
  )
  const quick = await probePairs(fleet, places, claimed, {mtu, patience: SHORT_PATIENCE})
  const doubtful = claimed.filter((pair) => hopeful.has(pairKey(pair)) && probesOf(quick, [pair]).some(({answered}) => answered !== true))
  const again = await probePairs(fleet, places, doubtful, {mtu, ...(patience !== undefined && {patience})})
  const asClaimed = [...quick.filter((probe) => !doubtful.some((pair) => pairKey(pair) === pairKey(probe))), ...again]
  const probes = await remembering(fleet, places, untimed, asClaimed, {mtu, patience: SHORT_PATIENCE})
  const round: Round = {...blank, interfaces, mtu, probes, facts: once(() => readFacts(fleet, places))}
  const checks = [...led, ...(await verifyAll(claims.slice(leading.length), round))]
  if (isBaseline(scenario, number) && sum(checks.map(({verdict}) => verdict)) === 'pass') baselines.set(number, await round.facts())
  if ([...small, ...probes].some(({answered}) => answered !== true)) await forgetUnresolved(fleet, places)
  if (!timeline) return {...base, checks}
  const matrix = matrixOf(small)
  return {...base, checks, probing, matrix, ...turnsBetween(timeline.before, matrix)}
}

/**
 * Who reaches whom while a stage is not over, since one of its lines was refused: its claims are of what did not come to be, and
 * are not looked at.
 * @param number of that stage, 1-based
 * @param before the matrix of the stage before
 */
export async function checkUnfinished(
  fleet: Fleet,
  scenario: Scenario,
  number: number,
  before: readonly MatrixRow[] | undefined,
): Promise<StageResult> {
  const stages = scenario.stages.map((stage) => ({...stage, claims: []}))
  return {...(await checkStage(fleet, {...scenario, stages}, number, {timeline: {before}})), unfinished: true}
}

/** Waits until the claims of a stage that take a time hold, or their time is over; what they came to is not told. */
export async function awaitClaims(fleet: Fleet, scenario: Scenario, number: number): Promise<void> {
  const stages = scenario.stages.map((stage) => ({...stage, claims: stage.claims.filter(isTimed)}))
  await checkStage(fleet, {...scenario, stages}, number)
}
