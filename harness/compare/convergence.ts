// What becomes of a network when it breaks as its scenario breaks it, and is mended: how long after the stage's last line all
// of its claims that take a time were first seen to hold. Pure.
import type {CheckResult, StageResult} from '../model.ts'
import {type Convergence, type Measured, measured, type Settled, unknown} from './measured.ts'

/**
 * Of the stages after the network was whole, the last two that claim a time: the one breaks it, the other mends it.
 * @param results in the order of the stages
 */
export function convergenceOf(results: readonly StageResult[]): Measured<Convergence> {
  const timed = results.filter(({checks}) => checks.some(({convergence}) => convergence))
  const [failure, mending] = timed.slice(-2)
  if (!failure || !mending) return unknown('its scenario breaks and mends nothing, or claims no time for it')
  const broken = [failure, mending].flatMap(({checks}) => checks).find(({verdict}) => verdict !== 'pass')
  if (broken) return unknown(`${broken.claim}: ${broken.evidence[0] ?? broken.verdict}`)
  return measured({failure: settled(failure), mending: settled(mending)})
}

function settled({stage, title, checks}: StageResult): Settled {
  const claims = checks.flatMap(({claim, convergence}: CheckResult) =>
    convergence?.after == null ? [] : [{claim, milliseconds: convergence.after, looks: convergence.looks}],
  )
  return {stage, title, milliseconds: Math.max(...claims.map(({milliseconds}) => milliseconds)), claims}
}
