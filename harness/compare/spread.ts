// Repeated measures in a few numbers. A busy machine moves all of them: what is compared was measured in turns. Pure.
import type {Beside, Spread} from './measured.ts'

/** The middle one; of an even number the mean of the two in the middle. @throws RangeError of none */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]]
  if (low === undefined || high === undefined) throw new RangeError('no values have no median')
  return (low + high) / 2
}

/** @throws RangeError of none */
export function spreadOf(values: readonly number[]): Spread {
  return {median: median(values), low: Math.min(...values), high: Math.max(...values), samples: values.length}
}

/** Ratios are of what was measured in the same round: the machine's load was about the same in both. */
export function beside(rounds: readonly {readonly network: number; readonly plain: number}[]): Beside {
  return {
    network: spreadOf(rounds.map(({network}) => network)),
    plain: spreadOf(rounds.map(({plain}) => plain)),
    ratio: spreadOf(rounds.map(({network, plain}) => network / plain)),
  }
}
