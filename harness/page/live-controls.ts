// What the page can do where a lab runs behind it.
import type {Signal} from '@preact/signals'
import type {ComponentType} from 'preact'
import type {Store} from './store.ts'

/** What only a running lab can do. Each is left out where it cannot be done, and so is what would call it. */
export interface Live {
  /** Sends packets from a place to a place; their probes come back by a newer view. @returns why it could not be done, once it is over */
  readonly probe?: (from: string, to: string) => Promise<string | undefined>
  readonly diagnose?: (from: string, to: string) => Promise<string | undefined>
  /** Opens a shell at a place. */
  readonly shell?: (place: string) => void
  /** A line in the head: what happened last, or that the lab is gone. */
  readonly note?: Signal<string>
  /** Stands below the picture: terminals. */
  readonly aside?: ComponentType<{readonly store: Store}>
}
