// Daemons that have ended without a pair failing: forwarding goes on as it was last told, until something changes. Pure.
import type {Facts} from '../facts/facts.ts'
import type {Diagnosis, FixCommand} from '../model.ts'
import {linesThatStart} from './daemon-fix.ts'
import {daemonsEnded, daemonWords} from './differences/daemons.ts'
import type {Known} from './known.ts'

export interface EndedDaemon {
  readonly place: string
  readonly name: string
  /** Its process, in the machine's own numbers. */
  readonly pid: number
  /** The recipe's own lines; none where they are not known. */
  readonly start: readonly FixCommand[]
}

/**
 * What ran when the lab worked and runs no more, but for what a diagnosis has told.
 * @param before the facts when the lab worked; without them nothing is known of what ran
 */
export function unnoticedEnds(
  {facts, places, history}: Pick<Known, 'facts' | 'places' | 'history'>,
  before: Facts | undefined,
  diagnoses: readonly Diagnosis[],
): EndedDaemon[] {
  const told = new Set(diagnoses.flatMap(({evidence}) => evidence))
  return [...facts].flatMap(([place, is]) => {
    const was = before?.get(place)
    if (!is || !was) return []
    return daemonsEnded(was, is)
      .filter((daemon) => !told.has(daemonWords(daemon, place)))
      .map(({name, pid}) => ({place, name, pid, start: linesThatStart([{place, name}], [], {places, history})}))
  })
}
