// Runs claims against a lab: one round of probes and one reading of facts for all claims of a stage, a result for each.

import {withAnswers} from '../asking.ts'
import {failingWays} from '../diagnose/prediction.ts'
import type {Fleet} from '../driver.ts'
import type {Facts} from '../facts/facts.ts'
import {fullMtu, type Interfaces, readInterfaces} from '../facts/interfaces.ts'
import {forgetNeighbours, forgetUnresolved} from '../facts/neighbours.ts'
import {readFacts} from '../facts/read.ts'
import {
  type CheckResult,
  type Claim,
  type MatrixRow,
  type PairClaim,
  type PairVerdict,
  type Place,
  type Probe,
  placesAfter,
  type Requirement,
  type Scenario,
  type StageResult,
  type Verdict,
} from '../model.ts'
import {allPairs, type ProbeOptions, probePairs} from '../probe/probe.ts'
import {translationOf} from '../probe/translated.ts'
import {type Baselines, baselineOf, isBaseline} from './baseline.ts'
import {claimWords} from './claim-words.ts'
import {checkCommand} from './command.ts'
import {converge} from './convergence.ts'
import {judge, type Reason} from './expectation.ts'
import {hopsVerdicts} from './hops.ts'
import {requirementsIn} from './look.ts'
import {matrixOf, rowName} from './matrix.ts'
import {noNatVerdicts} from './no-nat.ts'
import {ownSubnetVerdicts} from './own-subnet.ts'
import {clusterOf, distinct, isMeant, isPairClaim, pairKey, pairsOf, probesOf, verdictKey} from './pairs.ts'
import {pairOf, reachVerdicts} from './reach.ts'
import {reasonsFor} from './reason.ts'
import {uniqueAddressVerdicts} from './unique-address.ts'
import {sum} from './verdict.ts'
import {checkWire} from './wire.ts'

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

/**
 * Milliseconds of idleness after which an exchange counts as lost, where many are expected to be: what is lost between
 * namespaces of one machine is lost at once, and a pair that should be answered is asked again with more patience.
 */
const SHORT_PATIENCE = 150

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
  const reached = (rows: readonly MatrixRow[] | undefined) => new Set(rows?.filter(({verdict}) => verdict === 'pass').map(rowName))
  const [earlier, now] = [reached(timeline.before), reached(matrix)]
  return {...base, checks, probing, matrix, gained: [...now.difference(earlier)], lost: [...earlier.difference(now)]}
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

/**
 * A pair of which some packets were answered and others were not is asked once more: a switch in user space can lose the first
 * packet of a flow, and TCP sends its own again only after a second (RFC 6298 2.1), when it is no longer waited for.
 */
async function silentInPart(fleet: Fleet, places: readonly Place[], probes: readonly Probe[], options: ProbeOptions): Promise<Probe[]> {
  const answered = new Set(probes.flatMap((probe) => (probe.answered === true ? [pairKey(probe)] : [])))
  const silent = probes.filter((probe) => probe.error === 'no-answer' && answered.has(pairKey(probe)))
  if (silent.length === 0) return [...probes]
  const again = await probePairs(fleet, places, distinct(silent), options)
  return replaced(probes, again)
}

function replaced(probes: readonly Probe[], again: readonly Probe[]): Probe[] {
  const keys = new Set(again.map(pairKey))
  return [...probes.filter((probe) => !keys.has(pairKey(probe))), ...again]
}

/**
 * What neighbours remember of one another can hide for a while that they could not find one another again. Pairs that should
 * fail and were answered are asked once more when all of that is forgotten.
 */
async function remembering(
  fleet: Fleet,
  places: readonly Place[],
  claims: readonly Claim[],
  probes: readonly Probe[],
  options: ProbeOptions,
): Promise<readonly Probe[]> {
  const held = claims
    .filter((claim) => claim.check === 'reach' && claim.fails)
    .flatMap((claim) => probesOf(probes, pairsOf(claim, places)).filter((probe) => isMeant(claim, probe) && probe.answered === true))
  if (held.length === 0) return probes
  await forgetNeighbours(fleet, places)
  return replaced(probes, await probePairs(fleet, places, distinct(held), options))
}

/**
 * A busy machine can keep a short patience from being enough. A pair that reached before, and every pair at the end, is not
 * told as lost for silence alone: it is asked once more, with all the patience there is.
 */
async function askedAgain(
  fleet: Fleet,
  places: readonly Place[],
  probes: readonly Probe[],
  {mtu, before, last}: {readonly mtu: number; readonly before: readonly MatrixRow[] | undefined; readonly last: boolean},
): Promise<Probe[]> {
  const reached = new Set(before?.filter(({verdict}) => verdict === 'pass').map(({from, to}) => `${from} ${to}`))
  const silent = probes.filter(({from, to, error}) => error === 'no-answer' && (last || reached.has(`${from} ${to}`)))
  if (silent.length === 0) return [...probes]
  return replaced(probes, await probePairs(fleet, places, distinct(silent), {mtu, sizes: ['small']}))
}

/** What the claims of one stage are judged by. */
interface Round {
  readonly fleet: Fleet
  readonly places: readonly Place[]
  readonly interfaces: Interfaces
  /** Bytes of a full packet. */
  readonly mtu: number
  readonly probes: readonly Probe[]
  readonly facts: () => Promise<Facts>
  /** The facts when a claim's pairs reached, where they are known to have. */
  readonly before: (claim: PairClaim) => Facts | undefined
  readonly timeLimit?: number | undefined
  /** What claims that take a time count from. */
  readonly since?: number
}

/** One after the other: commands may depend on one another. */
async function verifyAll(claims: readonly Claim[], round: Round): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const claim of claims) results.push({claim: claimWords(claim), ...(await verifyInTime(claim, round))})
  return results
}

function isTimed(claim: Claim): claim is Claim & {readonly within: number} {
  return 'within' in claim && claim.within !== undefined
}

async function verifyInTime(claim: Claim, round: Round): Promise<Omit<CheckResult, 'claim'>> {
  if (!isTimed(claim)) return verify(claim, round)
  return converge(round.since ?? Date.now(), claim.within, async () => {
    if (!isPairClaim(claim)) return verify(claim, round)
    const {fleet, places, mtu} = round
    const sizes = claim.only === 'small' || claim.only === 'full' ? {sizes: [claim.only]} : {}
    const probes = await probePairs(fleet, places, pairsOf(claim, places), {mtu, patience: SHORT_PATIENCE, ...sizes})
    const seen = await verify(claim, {...round, probes, facts: once(() => readFacts(fleet, places))})
    if (seen.verdict !== 'pass') await forgetUnresolved(fleet, places)
    return seen
  })
}

async function verify(claim: Claim, round: Round): Promise<Omit<CheckResult, 'claim'>> {
  const {places, probes, interfaces, fleet} = round
  const {source} = claim
  if (claim.check === 'command') {
    const place = places.find(({name}) => name === claim.place)
    if (!place) throw new RangeError(`no place ${claim.place}`)
    return checkCommand(fleet, place, claim, round.timeLimit)
  }
  if (claim.check === 'wire') return checkWire(fleet, places, claim)
  const own = probesOf(probes, pairsOf(claim, places))
  const chosen = own.filter((probe) => isMeant(claim, probe))
  if (claim.check === 'hops') {
    const pairs = hopsVerdicts(chosen, claim.routers)
    return {check: claim.check, pairs, source, verdict: sum(pairs.map(({verdict}) => verdict)), evidence: []}
  }
  const expected = claim.fails ? {fails: claim.fails} : {}
  if (isPairClaim(claim)) {
    const {check} = claim
    const pairs = check === 'reach' ? reachVerdicts(chosen) : noNatVerdicts(chosen)
    const read: Facts = claim.fails ? await round.facts() : new Map()
    const facts = await withAnswers(round.fleet, round.places, read, failingWays({places: round.places, mtu: round.mtu}, own))
    const because = reasonsFor(own, {facts, places, mtu: round.mtu, before: round.before(claim)})
    const byPair = new Map(chosen.map((probe) => [verdictKey(pairOf(probe)), probe]))
    const reason = (pair: PairVerdict): Reason => {
      const probe = byPair.get(verdictKey(pair)) as Probe
      if (check === 'reach') return because(probe)
      return {cause: translationOf(probe) ?? 'unknown', evidence: pair.evidence.join('; ')}
    }
    return {check, pairs, source, ...expected, ...judge(pairs, claim.fails, reason)}
  }
  const {check} = claim
  const among = claim.places ? places.filter(({name}) => claim.places?.includes(name)) : clusterOf(places)
  const pairs = check === 'unique-address' ? uniqueAddressVerdicts(among, interfaces) : ownSubnetVerdicts(among, interfaces)
  // A claim that all of them share an address is not meant: one pair that does is enough.
  const failing = pairs.filter(({verdict}) => verdict === 'fail')
  const judged = claim.fails && failing.length > 0 ? failing : pairs
  return {check, pairs, source, ...expected, ...judge(judged, claim.fails, addressReason(check))}
}

function addressReason(check: 'unique-address' | 'own-subnet') {
  return ({evidence}: PairVerdict): Reason => {
    if (check === 'own-subnet') return {cause: 'overlapping-subnets', evidence: evidence.join('; ')}
    return {
      cause: evidence.some((text) => text.includes(' both hold ')) ? 'duplicate-address' : 'address-missing',
      evidence: evidence.join('; '),
    }
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
