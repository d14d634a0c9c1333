// The root of one failing exchange, as data.
import type {Cause} from '../model.ts'
import type {Trace} from '../trace/path.ts'
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
