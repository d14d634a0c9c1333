// Which pairs of a matrix the reader's filters let pass. Pure.
import {isOf, type Matrix} from './matrix.ts'
import type {Filters} from './store.ts'

/** Of pairs by their places' positions. Words are names, or their beginnings: every one has to be at an end of the pair. */
export function passes(matrix: Matrix, {layer, verdict, text}: Filters): (from: number, to: number) => boolean {
  const words = text
    .toLowerCase()
    .split(/[\s,]+|->/)
    .filter(Boolean)
  const named = words.map((word) => matrix.places.map((place) => isNamed(place, word, matrix.places)))
  return (from, to) => from !== to && isOf(matrix.mark(from, to, layer), verdict) && named.every((each) => each[from] || each[to])
}

/** A whole name names its place alone: `pod1` is not `pod10`. */
function isNamed(place: string, word: string, places: readonly string[]): boolean {
  return places.includes(word) ? place === word : place.includes(word)
}
