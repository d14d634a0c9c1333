// How many pairs reach at a moment, each family for itself, and which turned between the last stage and the end. Pure.
import {rowName, type Turns} from '../checks/matrix.ts'
import type {MatrixRow} from '../model.ts'
import {type Rows, valuesOf} from '../report/rows.ts'
import {countsOf, FAMILIES, isReached, type Layer, type Matrix} from './matrix.ts'
import {counted} from './words.ts'

interface Share {
  /** `IPv4` */
  readonly family: Layer
  readonly reached: number
  readonly total: number
}

export interface Reached {
  readonly shares: readonly Share[]
  readonly gained: number
  readonly lost: number
}

/** @param rows of one round after a stage */
export function sharesOfRows(rows: Rows<MatrixRow>): Share[] {
  const [family, verdict] = [valuesOf(rows, 'family'), valuesOf(rows, 'verdict')]
  const shares = FAMILIES.map((name) => ({family: name, reached: 0, total: 0}))
  for (let index = 0; index < rows.length; index++) {
    const share = shares[family[index] === 6 ? 1 : 0]
    if (!share) continue
    share.total++
    if (verdict[index] === 'pass') share.reached++
  }
  return shares.filter(({total}) => total > 0)
}

/** @param matrix by family */
export function sharesOf(matrix: Matrix): Share[] {
  return matrix.layers.map((family) => {
    const {none: _, ...counts} = countsOf(matrix, family)
    return {family, reached: counts.pass + counts.nat, total: Object.values(counts).reduce((sum, each) => sum + each, 0)}
  })
}

/** Of one, between 0 and 1. */
export function wholeOf(shares: readonly Share[]): number {
  const sum = (field: 'reached' | 'total') => shares.reduce((all, share) => all + share[field], 0)
  return sum('total') === 0 ? 0 : sum('reached') / sum('total')
}

/** `42 of 42 pairs reach`; of two families `IPv4 42 of 42 pairs reach, IPv6 0 of 42 pairs reach` */
export function reachedWords(shares: readonly Share[]): string {
  return shares
    .map(({family, reached, total}) => `${shares.length > 1 ? `${family} ` : ''}${reached} of ${counted(total, 'pair')} reach`)
    .join(', ')
}

/** Both by family, of the same places. */
export function turnsIn(before: Matrix, now: Matrix): Turns {
  const [gained, lost]: [string[], string[]] = [[], []]
  const reaches = (matrix: Matrix, from: number, to: number, layer: Layer) =>
    matrix.layers.includes(layer) && isReached(matrix.mark(from, to, layer))
  for (const [index, layer] of FAMILIES.entries())
    for (const [row, from] of now.places.entries())
      for (const [column, to] of now.places.entries()) {
        const [earlier, later] = [reaches(before, row, column, layer), reaches(now, row, column, layer)]
        if (earlier !== later) (later ? gained : lost).push(rowName({from, to, family: index === 0 ? 4 : 6}))
      }
  return {gained, lost}
}
