// Where a lab stands: one engine and a bridge network on it, or several engines and an overlay network between them.
import type {Engine} from './engine.ts'
import type {Kept} from './handle.ts'
import type {Seat} from './seat.ts'

export interface Site {
  readonly description: string
  /** The node image, which is on every engine. */
  readonly image: string
  /** The underlay's identifier. */
  readonly network: string
  /** Whether one engine may go while others stay. */
  readonly several: boolean
  engineOf(node: string): Engine
  handle(seats: ReadonlyMap<string, Seat>): Kept
  /** Removes the containers, then what joined them. */
  remove(seats: readonly Seat[]): Promise<void>
}
