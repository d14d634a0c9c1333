// What became another in the kernels from one stage to the next, a line each, in the kernels' tools' words. Pure. What comes and
// goes by itself is no change: neighbours and forwarding entries that are learned, counters, connections that are followed.
import type {Facts, NamespaceFacts} from '../facts/facts.ts'
import {DAEMONS, DRAWN, PROGRAMS, SESSIONS, SWITCHES} from './changes/daemons.ts'
import {DEVICES} from './changes/devices.ts'
import {FILTERS, TRAFFIC_CONTROL} from './changes/filters.ts'
import {FDB, NEIGHBOURS, ROUTES, RULES} from './changes/forwarding.ts'
import {type Line, NAMESPACE, type Sort} from './changes/line.ts'
import {FORWARDS, SETTINGS_COMPARED, settingLines} from './changes/settings.ts'

export interface Change {
  readonly place: string
  readonly sign: '+' | '-'
  readonly text: string
  /** The device that it is about. */
  readonly dev?: string
}

const SORTS: readonly Sort[] = [
  ...[DEVICES, ROUTES, RULES, FORWARDS, NEIGHBOURS, FDB, FILTERS, TRAFFIC_CONTROL],
  ...[PROGRAMS, SWITCHES, SESSIONS, DAEMONS, DRAWN],
]

/** What was looked at where nothing is told: `namespaces; devices …; routes; …`. */
export const COMPARED = ['namespaces', ...SORTS.map(({what}) => what), SETTINGS_COMPARED].join('; ')

/** @param before undefined: all that is there now is told */
export function changesBetween(before: Facts | undefined, after: Facts): Change[] {
  const places = new Set([...after.keys(), ...(before?.keys() ?? [])])
  return [...places].flatMap((place): Change[] => {
    const [was, is] = [before?.get(place), after.get(place)]
    if (is && !was) return [{place, sign: '+', text: 'is there'}, ...changesAt(place, undefined, is)]
    if (!is) return was ? [{place, sign: '-', text: 'is gone, or cannot be asked'}] : []
    return changesAt(place, was, is)
  })
}

function changesAt(place: string, was: NamespaceFacts | undefined, is: NamespaceFacts): Change[] {
  const unread = new Set([...(was?.unread ?? []), ...is.unread])
  const known = SORTS.filter(({tools}) => !tools.some((tool) => unread.has(tool)))
  const linesOf = (here: NamespaceFacts | undefined) => (here ? known.flatMap(({lines}) => lines(here)) : [])
  const [old, now] = [linesOf(was), linesOf(is)]
  return [
    ...told(place, '-', beyond(old, now, is)),
    ...told(place, '+', [...beyond(now, old, was), ...(was && !unread.has('grep') ? settingLines(was, is) : [])]),
  ]
}

/** Lines that are in one list more often than in the other. */
function beyond(lines: readonly Line[], others: readonly Line[], other: NamespaceFacts | undefined): Line[] {
  const left = Map.groupBy(others, keyOf)
  const had = new Set([...others.map(({of}) => of), ...(other ? [NAMESPACE] : [])])
  return lines.filter((line) => left.get(keyOf(line))?.pop() === undefined && (line.of === undefined || had.has(line.of)))
}

function keyOf({key, text}: Line): string {
  return key ?? text
}

function told(place: string, sign: Change['sign'], lines: readonly Line[]): Change[] {
  return lines.map(({text, dev}) => ({place, sign, text, ...(dev !== undefined && {dev})}))
}
