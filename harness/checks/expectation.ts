// From what was found to a verdict on what was claimed. A claim that should fail holds only when it fails for the reason
// that it names: a failure by accident, such as a time limit where the kernel should have refused, fails the scenario.
import type {CheckResult, ExpectedFailure, PairVerdict, Verdict} from '../model.ts'
import {sum} from './verdict.ts'

/** Why a pair fails: the cause, the place, and what was seen there. */
export interface Reason extends ExpectedFailure {
  readonly evidence: string
}

type Judged = Pick<CheckResult, 'verdict' | 'evidence'>

/** @param reasonOf names the reason of one failing pair */
export function judge(
  pairs: readonly PairVerdict[],
  expected: ExpectedFailure | undefined,
  reasonOf: (pair: PairVerdict) => Reason,
): Judged {
  if (pairs.length === 0) return {verdict: 'unknown', evidence: ['there is no pair that it could be true of']}
  if (!expected) return {verdict: sum(pairs.map(({verdict}) => verdict)), evidence: []}
  const judged = pairs.map((pair) => judgePair(pair, expected, reasonOf))
  return {verdict: sum(judged.map(({verdict}) => verdict)), evidence: [...new Set(judged.flatMap(({evidence}) => evidence))]}
}

function judgePair(
  pair: PairVerdict,
  expected: ExpectedFailure,
  reasonOf: (pair: PairVerdict) => Reason,
): {verdict: Verdict; evidence: string[]} {
  const who = `${pair.from} -> ${pair.to}${pair.protocol === undefined ? '' : ` ${pair.protocol}`}`
  if (pair.verdict === 'pass') return {verdict: 'fail', evidence: [`${who} holds, and should fail: ${wordsOf(expected)}`]}
  // Nothing is seen at a place that is not there; where the way to it ends can be told all the same.
  const gone = pair.verdict === 'unknown' && pair.evidence.some((text) => text.startsWith(`${pair.to} has no namespace`))
  if (pair.verdict === 'unknown' && !gone)
    return {verdict: 'unknown', evidence: [`${who} could not be observed: ${pair.evidence.join('; ')}`]}
  const reason = reasonOf(pair)
  if (reason.cause === expected.cause && (expected.at === undefined || expected.at === reason.at)) return {verdict: 'pass', evidence: []}
  const found = `${wordsOf(reason)} (${[reason.evidence, ...pair.evidence].join('; ')})`
  if (reason.cause === 'unknown')
    return {verdict: 'unknown', evidence: [`${who} fails, and not known to be for ${wordsOf(expected)}: ${found}`]}
  return {verdict: 'fail', evidence: [`${who} fails, but not for ${wordsOf(expected)}: ${found}`]}
}

/** `no-route at node1` */
export function wordsOf({cause, at}: ExpectedFailure): string {
  return at === undefined ? cause : `${cause} at ${at}`
}
