// Who reached whom in one round of probes, all protocols of a pair together, each family for itself.
import type {MatrixRow, Probe} from '../model.ts'
import {translationOf} from '../probe/translated.ts'
import {sum} from './verdict.ts'

/** A row for each pair of places and family, in the order of the probes: a pass when every exchange was answered by the place that was meant. */
export function matrixOf(probes: readonly Probe[]): MatrixRow[] {
  return [...Map.groupBy(probes, ({from, to, family}) => `${from} ${to} ${family}`).values()].map((same) => {
    const [{from, to, family}] = same as [Probe]
    const verdicts = same.map(({answered}) => (answered === null ? ('unknown' as const) : answered ? ('pass' as const) : ('fail' as const)))
    const translated = same.some((probe) => translationOf(probe) !== undefined)
    return {from, to, family, verdict: sum(verdicts), ...(translated && {translated})}
  })
}

/** Pairs that turned from one round to another, by their names. */
export interface Turns {
  readonly gained: readonly string[]
  readonly lost: readonly string[]
}

/** @param before undefined where nobody was asked before */
export function turnsBetween(before: readonly MatrixRow[] = [], now: readonly MatrixRow[]): Turns {
  const reached = (rows: readonly MatrixRow[]) => new Set(rows.filter(({verdict}) => verdict === 'pass').map(rowName))
  const [earlier, later] = [reached(before), reached(now)]
  return {gained: [...later.difference(earlier)], lost: [...earlier.difference(later)]}
}

/** `pod1 -> pod3`, `pod1 -> pod3 (IPv6)` */
export function rowName({from, to, family}: Pick<MatrixRow, 'from' | 'to' | 'family'>): string {
  return `${from} -> ${to}${family === 6 ? ' (IPv6)' : ''}`
}
