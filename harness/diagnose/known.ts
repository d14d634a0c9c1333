// What a fix is made from.
import type {Facts} from '../facts/facts.ts'
import type {Place} from '../model.ts'

export interface Known {
  readonly facts: Facts
  readonly places: readonly Place[]
  /** What was typed to wire the lab, in order. */
  readonly history: readonly {readonly node: string; readonly command: string}[]
  /** The underlay's MTU. */
  readonly mtu: number
}
