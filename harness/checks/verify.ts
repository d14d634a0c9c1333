// What became of claims: each is judged by the probes, the interfaces and the facts of its moment, and a claim that takes a time is
// looked at until it holds.
import {withAnswers} from '../asking.ts'
import {failingWays} from '../diagnose/prediction.ts'
import type {Fleet} from '../driver.ts'
import type {Facts} from '../facts/facts.ts'
import type {Interfaces} from '../facts/interfaces.ts'
import {forgetUnresolved} from '../facts/neighbours.ts'
import {readFacts} from '../facts/read.ts'
import type {CheckResult, Claim, PairClaim, PairVerdict, Place, Probe} from '../model.ts'
import {probePairs} from '../probe/probe.ts'
import {translationOf} from '../probe/translated.ts'
import {claimWords} from './claim-words.ts'
import {checkCommand} from './command.ts'
import {converge} from './convergence.ts'
import {judge, type Reason} from './expectation.ts'
import {hopsVerdicts} from './hops.ts'
import {noNatVerdicts} from './no-nat.ts'
import {ownSubnetVerdicts} from './own-subnet.ts'
import {clusterOf, isMeant, isPairClaim, pairsOf, probesOf, verdictKey} from './pairs.ts'
import {pairOf, reachVerdicts} from './reach.ts'
import {reasonsFor} from './reason.ts'
import {uniqueAddressVerdicts} from './unique-address.ts'
import {sum} from './verdict.ts'
import {checkWire} from './wire.ts'

/**
 * Milliseconds of idleness after which an exchange counts as lost, where many are expected to be: what is lost between
 * namespaces of one machine is lost at once, and a pair that should be answered is asked again with more patience.
 */
export const SHORT_PATIENCE = 150

/** What the claims of one stage are judged by. */
export interface Round {
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
export async function verifyAll(claims: readonly Claim[], round: Round): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const claim of claims) results.push({claim: claimWords(claim), ...(await verifyInTime(claim, round))})
  return results
}

export function isTimed(claim: Claim): claim is Claim & {readonly within: number} {
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

export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
