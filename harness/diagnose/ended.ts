// Daemons that have ended without a diagnosis that names them, as forwarding goes on as it was last told; and the controllers of
// flow switches, without which what a switch was not told stays untold. Pure.
import type {Facts} from '../facts/facts.ts'
import type {Diagnosis, FixCommand} from '../model.ts'
import {holds} from '../trace/segment.ts'
import {linesThatStart} from './daemon-fix.ts'
import {daemonsEnded, daemonWords} from './differences/daemons.ts'
import type {Known} from './known.ts'
import type {Root} from './root.ts'

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

/** Of a packet that a switch would have asked its controller about: the daemons that have ended where that was, and what starts them. */
export function controllerEnded(
  {cause, object}: Pick<Root, 'cause' | 'object'>,
  {facts, places, history}: Pick<Known, 'facts' | 'places' | 'history'>,
): {readonly evidence: readonly string[]; readonly fix: readonly FixCommand[]} {
  const address = controllerOf({cause, object})
  const [place, here] = [...facts].find(([, each]) => address !== undefined && holds(each, address)) ?? []
  const ended = here?.daemons?.filter(({runs}) => !runs) ?? []
  if (place === undefined || ended.length === 0) return {evidence: [], fix: []}
  const named = ended.map(({name}) => ({place, name}))
  return {evidence: ended.map((daemon) => daemonWords(daemon, place)), fix: linesThatStart(named, [], {places, history})}
}

/** The address of a controller that a switch would have asked, as ovs-vsctl(8) writes it: `tcp:172.31.0.110:6653`, IPv6 in brackets. */
export function controllerOf({cause, object}: Pick<Root, 'cause' | 'object'>): string | undefined {
  return cause === 'flow-missing' ? / controller \w+:\[?([\da-f.:]+?)\]?:\d+$/.exec(object)?.[1] : undefined
}
