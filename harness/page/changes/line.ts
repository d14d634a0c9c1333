// A line of what the kernels hold, and lists of such lines, each with the tool that told of it. Pure.
import type {NamespaceFacts} from '../../facts/facts.ts'

export interface Line {
  readonly text: string
  /** What makes it another line where its text, which is for people, does not say all; the text itself where it is absent. */
  readonly key?: string
  /** The device that it is about. */
  readonly dev?: string
  /** What always has one, so that it is told only where that was there before, too: a device's MAC address. */
  readonly of?: string
}

/** A line is `of` this, where every network namespace has it. */
export const NAMESPACE = 'namespace'

/** Lines of one sort. */
export interface Sort {
  /** As a sentence names it that says what was compared. */
  readonly what: string
  /** Where one of them could not be asked (NamespaceFacts.unread), nothing is known of these. */
  readonly tools: readonly string[]
  readonly lines: (here: NamespaceFacts) => readonly Line[]
}

export function joined(words: readonly (string | undefined | false)[]): string {
  return words.filter((word) => typeof word === 'string' && word !== '').join(' ')
}
