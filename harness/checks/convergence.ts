// A claim that need not hold at once: looked at again and again until it does, and timed from what brought it about.
import type {CheckResult} from '../model.ts'
import {timeWords} from './claim-words.ts'

type Look = Omit<CheckResult, 'claim'>

/** Milliseconds between the end of a look and the next. A look at a command takes some 3, one at packets some 150. */
const PAUSE = 5

/**
 * Looks until the claim holds or its time is over; at least once. A look that ended in time counts, whenever it began.
 * @param since milliseconds since the epoch from which the time counts
 * @param within milliseconds
 */
export async function converge(since: number, within: number, look: () => Promise<Look>): Promise<Look> {
  for (let looks = 1; ; looks++) {
    const seen = await look()
    const after = Date.now() - since
    if (seen.verdict === 'pass' && after <= within) return {...seen, convergence: {within, after, looks}}
    if (after > within) return late(seen, within, after, looks)
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
}

function late(seen: Look, within: number, after: number, looks: number): Look {
  const convergence = {within, after: null, looks}
  if (seen.verdict !== 'pass')
    return {...seen, convergence, evidence: [`not within ${timeWords(within)}, looked at ${looks} times`, ...seen.evidence]}
  return {
    ...seen,
    verdict: 'fail',
    convergence,
    evidence: [`it was first seen to hold after ${Math.round(after)} ms, not within ${timeWords(within)}`],
  }
}
