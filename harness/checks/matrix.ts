// Who reached whom in one round of probes, all protocols of a pair together.
import type {MatrixRow, Probe} from '../model.ts'
import {sum} from './verdict.ts'

/** A row for each pair of places, in the order of the probes: a pass when every exchange was answered by the place that was meant. */
export function matrixOf(probes: readonly Probe[]): MatrixRow[] {
  return [...Map.groupBy(probes, ({from, to}) => `${from} ${to}`).values()].map((same) => {
    const [{from, to}] = same as [Probe]
    const verdicts = same.map(({answered}) => (answered === null ? ('unknown' as const) : answered ? ('pass' as const) : ('fail' as const)))
    return {from, to, verdict: sum(verdicts)}
  })
}
