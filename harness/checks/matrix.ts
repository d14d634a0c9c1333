// Who reached whom in one round of probes, all protocols of a pair together, each family for itself.
import type {MatrixRow, Probe} from '../model.ts'
import {sum} from './verdict.ts'

/** A row for each pair of places and family, in the order of the probes: a pass when every exchange was answered by the place that was meant. */
export function matrixOf(probes: readonly Probe[]): MatrixRow[] {
  return [...Map.groupBy(probes, ({from, to, family}) => `${from} ${to} ${family}`).values()].map((same) => {
    const [{from, to, family}] = same as [Probe]
    const verdicts = same.map(({answered}) => (answered === null ? ('unknown' as const) : answered ? ('pass' as const) : ('fail' as const)))
    return {from, to, family, verdict: sum(verdicts)}
  })
}

/** `pod1 -> pod3`, `pod1 -> pod3 (IPv6)` */
export function rowName({from, to, family}: MatrixRow): string {
  return `${from} -> ${to}${family === 6 ? ' (IPv6)' : ''}`
}
