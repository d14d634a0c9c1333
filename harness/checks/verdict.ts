// How single verdicts add up.
import type {Verdict} from '../model.ts'

/** One fail fails all; short of that one unknown leaves all unknown. Of nothing at all nothing is known. */
export function sum(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('fail')) return 'fail'
  return verdicts.includes('unknown') || verdicts.length === 0 ? 'unknown' : 'pass'
}
