// What the facts leave unknown of places that were asked: tools that are not there or refuse, and what would not hold still. Pure.
import type {Facts} from './facts.ts'

export interface Gap {
  readonly place: string
  /** In a sentence's words, behind the place. */
  readonly what: string
}

/** @returns nothing for a place that could not be asked at all: that is a fault of its own */
export function gapsIn(facts: Facts): Gap[] {
  return [...facts].flatMap(([place, here]) => [
    ...(here?.unread ?? []).map((tool) => ({place, what: `${tool} could not be asked`})),
    ...(here?.changed ?? []).map((what) => ({place, what: `the ${what} changed while they were read`})),
  ])
}
