// What a path is looked for in, and what it is made of: the nouns of the trace.
import type {Facts, LinkFacts} from '../facts/facts.ts'
import type {Cause, Place} from '../model.ts'

/** A device at a place. */
export interface Port {
  readonly place: string
  readonly link: LinkFacts
}

/** What keeps frames from passing. */
export interface Block {
  readonly cause: Cause
  readonly at: string
  /** The device, in the kernel's words. */
  readonly object: string
  readonly evidence: string
}

/** The devices that a frame passes from one to another, both included. */
export interface Passage {
  readonly ports: readonly Port[]
}

export interface World {
  readonly facts: Facts
  readonly places: readonly Place[]
}
