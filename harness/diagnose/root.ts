// Why one exchange fails, and what that is judged by. Types alone.
import type {Facts} from '../facts/facts.ts'
import type {Cause, Place} from '../model.ts'
import type {Disposition, Trace} from '../trace.ts'
import type {Difference} from './differences/change.ts'

/** Why one exchange fails, and what made it so. */
export interface Root {
  readonly cause: Cause
  /** The place. */
  readonly at: string
  readonly object: string
  readonly evidence: readonly string[]
  /** What changed, as far as it explains this: the first is the root, the others went with it. */
  readonly items: readonly Difference[]
  readonly forward?: Trace
  readonly back?: Trace
  /** The path as the facts have it passes: it is named for what is new on the way. */
  readonly presumed?: true
}

export interface World {
  readonly facts: Facts
  readonly places: readonly Place[]
  readonly mtu: number
}

/** The two ways of an exchange as the facts predict them, and what stops it; undefined when nothing does. */
export interface Prediction {
  readonly forward: Trace
  readonly back?: Trace
  readonly stop?: Disposition
}
