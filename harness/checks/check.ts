// Runs claims against a lab: one round of probes and one reading of facts for all claims of a stage, a result for each.
import {familyOf} from '../address.ts'
import type {Fleet} from '../driver.ts'
import type {Facts} from '../facts/facts.ts'
import {type Interfaces, readInterfaces, underlayMtu} from '../facts/interfaces.ts'
import {forgetUnresolved} from '../facts/neighbours.ts'
import {readFacts} from '../facts/read.ts'
import {
  type CheckResult,
  type Claim,
  type MatrixRow,
  type Pair,
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
import {allPairs, probePairs} from '../probe/probe.ts'
import {checkCommand} from './command.ts'
import {judge, type Reason, wordsOf} from './expectation.ts'
import {hopsVerdicts} from './hops.ts'
import {matrixOf, rowName} from './matrix.ts'
import {noNatVerdicts, translationOf} from './no-nat.ts'
import {ownSubnetVerdicts} from './own-subnet.ts'
import {pairOf, reachVerdicts} from './reach.ts'
import {reasonOf} from './reason.ts'
import {requirementsFrom} from './requirements.ts'
import {uniqueAddressVerdicts} from './unique-address.ts'
import {sum} from './verdict.ts'

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

/**
 * The claims at the end, and the documents' requirements over every pair of the cluster.
 * @param stages what was found at the stages before
 * @param patience milliseconds that an unanswered exchange is waited for
 * @param follow is told how many exchanges are over
 */
export async function check(
  fleet: Fleet,
  scenario: Scenario,
  stages: readonly StageResult[] = [],
  patience?: number,
  timeLimit?: number,
  follow?: (done: number, total: number) => void,
): Promise<Outcome> {
  const places = placesAfter(scenario, scenario.stages.length)
  const interfaces = await readInterfaces(fleet, places)
  const mtu = underlayMtu(interfaces, places)
  const cluster = allPairs(clusterOf(places))
  const pairs = distinct([...cluster, ...scenario.claims.flatMap((claim) => pairsOf(claim, places))])
  const probes = await probePairs(fleet, places, pairs, {mtu, follow, ...(patience !== undefined && {patience})})
  const round: Round = {fleet, places, interfaces, probes, facts: once(() => readFacts(fleet, places)), timeLimit}
  const checks = await verifyAll(scenario.claims, round)
  const all = probesOf(probes, cluster)
  return {
    verdict: sum([...stages.flatMap((stage) => stage.checks), ...checks].map(({verdict}) => verdict)),
    mtu,
    probes,
    checks,
    requirements: requirementsFrom(places, {
      reach: reachVerdicts(all),
      'no-nat': noNatVerdicts(all),
      'unique-address': uniqueAddressVerdicts(clusterOf(places), interfaces),
      'own-subnet': ownSubnetVerdicts(places, interfaces),
    }),
    stages,
  }
}

export interface StageOptions {
  /** Milliseconds; for pairs that should be answered. */
  readonly patience?: number
  /** Milliseconds that a claimed command may take. */
  readonly timeLimit?: number | undefined
  /** Probes every pair of the cluster, and compares with the stage before. */
  readonly timeline?: {readonly before: readonly MatrixRow[] | undefined}
}

/** @param number how many stages have run; the claims are those of the last of them */
export async function checkStage(
  fleet: Fleet,
  scenario: Scenario,
  number: number,
  {patience, timeLimit, timeline}: StageOptions = {},
): Promise<StageResult> {
  const stage = scenario.stages[number - 1]
  const {claims = [], title = ''} = stage ?? {}
  const places = placesAfter(scenario, number)
  const base = {stage: number, title}
  if (claims.length === 0 && !timeline) return {...base, checks: []}
  // Commands that stand before the first claim about pairs run before its probes: a router tells of a missing route five
  // times in a row and then once a second (ip_error, net/ipv4/route.c), and probes use that up.
  const first = claims.findIndex(({check}) => check !== 'command')
  const leading = first < 0 ? claims : claims.slice(0, first)
  const led = await verifyAll(leading, {fleet, places, interfaces: new Map(), probes: [], facts: async () => new Map(), timeLimit})
  const needsInterfaces = claims.some(({check}) => check !== 'command')
  const interfaces: Interfaces = needsInterfaces ? await readInterfaces(fleet, places) : new Map()
  const mtu = underlayMtu(interfaces, places)
  const begun = performance.now()
  const cluster = timeline ? allPairs(clusterOf(places)) : []
  const asked = await probePairs(fleet, places, cluster, {mtu, sizes: ['small'], patience: SHORT_PATIENCE})
  const small = timeline
    ? await askedAgain(fleet, places, asked, {mtu, before: timeline.before, last: number === scenario.stages.length})
    : asked
  const probing = performance.now() - begun
  const claimed = distinct(claims.flatMap((claim) => pairsOf(claim, places)))
  const hopeful = new Set(
    claims.filter((claim) => !('fails' in claim) || !claim.fails).flatMap((claim) => pairsOf(claim, places).map(pairKey)),
  )
  const quick = await probePairs(fleet, places, claimed, {mtu, patience: SHORT_PATIENCE})
  const doubtful = claimed.filter((pair) => hopeful.has(pairKey(pair)) && probesOf(quick, [pair]).some(({answered}) => answered !== true))
  const again = await probePairs(fleet, places, doubtful, {mtu, ...(patience !== undefined && {patience})})
  const probes = [...quick.filter((probe) => !doubtful.some((pair) => pairKey(pair) === pairKey(probe))), ...again]
  const round: Round = {fleet, places, interfaces, probes, facts: once(() => readFacts(fleet, places)), timeLimit}
  const checks = [...led, ...(await verifyAll(claims.slice(leading.length), round))]
  if ([...small, ...probes].some(({answered}) => answered !== true)) await forgetUnresolved(fleet, places)
  if (!timeline) return {...base, checks}
  const matrix = matrixOf(small)
  const reached = (rows: readonly MatrixRow[] | undefined) => new Set(rows?.filter(({verdict}) => verdict === 'pass').map(rowName))
  const [before, now] = [reached(timeline.before), reached(matrix)]
  return {...base, checks, probing, matrix, gained: [...now.difference(before)], lost: [...before.difference(now)]}
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
  const pairs = distinct(silent)
  const again = await probePairs(fleet, places, pairs, {mtu, sizes: ['small']})
  const keys = new Set(pairs.map(pairKey))
  return [...probes.filter((probe) => !keys.has(pairKey(probe))), ...again]
}

/** What the claims of one stage are judged by. */
interface Round {
  readonly fleet: Fleet
  readonly places: readonly Place[]
  readonly interfaces: Interfaces
  readonly probes: readonly Probe[]
  readonly facts: () => Promise<Facts>
  readonly timeLimit?: number | undefined
}

/** One after the other: commands may depend on one another. */
async function verifyAll(claims: readonly Claim[], round: Round): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const claim of claims) results.push({claim: claimWords(claim), ...(await verify(claim, round))})
  return results
}

async function verify(claim: Claim, round: Round): Promise<Omit<CheckResult, 'claim'>> {
  const {places, probes, interfaces, fleet} = round
  const {source} = claim
  if (claim.check === 'command') {
    const place = places.find(({name}) => name === claim.place)
    if (!place) throw new RangeError(`no place ${claim.place}`)
    return checkCommand(fleet, place, claim, round.timeLimit)
  }
  const chosen = probesOf(probes, pairsOf(claim, places)).filter((probe) => isMeant(claim, probe))
  if (claim.check === 'hops') {
    const pairs = hopsVerdicts(chosen, claim.routers)
    return {check: claim.check, pairs, source, verdict: sum(pairs.map(({verdict}) => verdict)), evidence: []}
  }
  const expected = claim.fails ? {fails: claim.fails} : {}
  if (isPairClaim(claim)) {
    const {check} = claim
    const pairs = check === 'reach' ? reachVerdicts(chosen) : noNatVerdicts(chosen)
    const facts = claim.fails ? await round.facts() : new Map()
    const byPair = new Map(chosen.map((probe) => [verdictKey(pairOf(probe)), probe]))
    const reason = (pair: PairVerdict): Reason => {
      const probe = byPair.get(verdictKey(pair)) as Probe
      if (check === 'reach') return reasonOf(probe, facts, places, underlayMtu(interfaces, places))
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

function isPairClaim(claim: Claim): claim is PairClaim {
  return claim.check === 'reach' || claim.check === 'no-nat'
}

function isMeant(claim: Claim, {protocol, size}: Probe): boolean {
  return !isPairClaim(claim) || claim.only === undefined || claim.only === protocol || claim.only === size
}

function clusterOf(places: readonly Place[]): Place[] {
  return places.filter(({kind}) => kind !== 'host')
}

/** The pairs that a claim sends packets between; none for one that sends none. */
function pairsOf(claim: Claim, places: readonly Place[]): Pair[] {
  if (claim.check === 'hops') return pairsBetween([claim.from], [claim.to], places)
  if (!isPairClaim(claim)) return []
  return claim.from && claim.to ? pairsBetween(claim.from, claim.to, places) : allPairs(clusterOf(places))
}

/** One for each address of the second that is of a family that the first has an address of. */
function pairsBetween(from: readonly string[], to: readonly string[], places: readonly Place[]): Pair[] {
  const byName = new Map(places.map((place) => [place.name, place]))
  return from.flatMap((sender) => {
    const families = new Set(byName.get(sender)?.addresses.map(familyOf))
    return to
      .filter((target) => target !== sender)
      .flatMap((target) => {
        const place = byName.get(target)
        if (!place) return [{from: sender, to: target, address: target}]
        return place.addresses.filter((address) => families.has(familyOf(address))).map((address) => ({from: sender, to: target, address}))
      })
  })
}

function pairKey({from, to, address}: Pair): string {
  return `${from} ${to} ${address}`
}

function verdictKey({from, to, address, protocol, size}: Omit<PairVerdict, 'verdict' | 'evidence'>): string {
  return `${from} ${to} ${address} ${protocol} ${size}`
}

function distinct(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map(({from, to, address}) => [pairKey({from, to, address}), {from, to, address}])).values()]
}

function probesOf(probes: readonly Probe[], pairs: readonly Pair[]): Probe[] {
  const wanted = new Set(pairs.map(pairKey))
  return probes.filter((probe) => wanted.has(pairKey(probe)))
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** The claim as one would say it: `reach pod1 -> pod3 fails: no-route at node1`. */
function claimWords(claim: Claim): string {
  if (claim.check === 'command') return `${claim.place}# ${claim.command.replaceAll('\n', '; ')}${claim.exit === 'failure' ? ' fails' : ''}`
  if (claim.check === 'hops') return `hops ${claim.from} -> ${claim.to}: ${claim.routers}`
  const fails = claim.fails ? ` fails: ${wordsOf(claim.fails)}` : ''
  if (!isPairClaim(claim)) return `${claim.check}${claim.places ? ` of ${claim.places.join(', ')}` : ''}${fails}`
  const {from, to} = claim
  const check = claim.only === undefined ? claim.check : `${claim.check} ${claim.only}`
  if (!from || !to) return `${check}${fails}`
  return `${check} ${from === to || from.join() === to.join() ? `among ${from.join(', ')}` : `${from.join(', ')} -> ${to.join(', ')}`}${fails}`
}
