// What a diagnosis is made from: everything that was seen of a lab, and what is known of how it was.
import type {Facts} from '../facts/facts.ts'
import type {Place, Probe} from '../model.ts'
import type {Known} from './known.ts'

export interface Observed {
  readonly places: readonly Place[]
  readonly facts: Facts
  readonly probes: readonly Probe[]
  readonly mtu: number
  /** The facts when the lab worked, where it is known to have. */
  readonly before?: Facts
  readonly history: Known['history']
}
