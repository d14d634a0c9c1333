// Routes that a routing daemon took back while it runs: whoever told it of them tells it no more. Pure.
import {sameHost} from '../../address.ts'
import type {Facts, NamespaceFacts, RouteFacts} from '../../facts/facts.ts'
import {routeWords} from '../../facts/routes.ts'
import type {Place} from '../../model.ts'
import {holds} from '../../trace/segment.ts'
import type {Difference} from './change.ts'
import {daemonOf} from './told.ts'

interface Taken {
  readonly change: Difference
  readonly was: RouteFacts
  readonly daemon: string
  /** The place that the route led to. */
  readonly teller?: string
}

/**
 * Typed by hand such a route goes as soon as its daemon looks at the table, and nothing would be told again.
 * @param found after what went with a session or a device has been told as that
 */
export function withWithheld(found: readonly Difference[], before: Facts, now: Facts, places: readonly Place[]): Difference[] {
  const taken = new Map(found.flatMap((each) => takenBy(each, found, places, before) ?? []).map((each) => [each.change, each]))
  if (taken.size === 0) return [...found]
  const all = [...taken.values()]
  return found.map((each) => {
    const own = taken.get(each)
    return own ? asWithheld(own, all, before, now) : each
  })
}

/** A route of a daemon that is gone, with nothing in its place, and not by what became of its device. */
function takenBy(change: Difference, found: readonly Difference[], places: readonly Place[], before: Facts): Taken | undefined {
  const {kind, place, device, route, session} = change
  const was = route?.was
  const daemon = was && daemonOf(was)
  if (kind !== 'route' || !was || route.is || daemon === undefined || session) return undefined
  const withDevice = (each: Difference) =>
    each.place === place && each.device === device && (each.kind === 'link' || each.kind === 'address')
  if (device !== undefined && found.some(withDevice)) return undefined
  const teller = places.find(({name}) => name !== place && was.via !== undefined && holds(before.get(name), was.via))?.name
  return {change, was, daemon, ...(teller !== undefined && {teller})}
}

/** Told at the teller where nobody has the route from it any more; at the one place that lost it where others have kept it. */
function asWithheld({change, was, daemon, teller}: Taken, all: readonly Taken[], before: Facts, now: Facts): Difference {
  const {to, via = ''} = was
  const fromTeller = (here: NamespaceFacts | undefined) =>
    here?.routes.some((route) => route.to === to && daemonOf(route) !== undefined && sameHost(route.via ?? '', via)) ?? false
  const kept = [...now].filter(([, here]) => fromTeller(here)).map(([place]) => place)
  const losers = [...before].filter(([place, here]) => fromTeller(here) && !fromTeller(now.get(place))).map(([place]) => place)
  const at = teller !== undefined && kept.length === 0 ? teller : change.place
  const prefixes = [...new Set(all.filter((each) => each.teller === teller && at === teller).map((each) => each.was.to))]
  const session = now.get(change.place)?.sessions.some(({local, remote}) => sameHost(local, via) || sameHost(remote, via))
  const what = [
    `the daemon at ${listed(at === teller ? losers : [change.place])} that had brought it (proto ${daemon}) has taken it back`,
    session ? `the BGP session with ${via} is established` : '',
    kept.length > 0 ? `${listed(kept)} ${kept.length === 1 ? 'has' : 'have'} it by ${via} still` : '',
    at === teller ? `${teller} (${via}) tells it no more` : '',
  ]
  return {
    ...change,
    object: at === teller ? `proto ${daemon} ${prefixes.join(', ')}` : routeWords(was),
    withheld: at,
    evidence: `there was ${routeWords(was)}: ${what.filter((each) => each !== '').join('; ')}`,
    // Only the daemons can bring it back; a route by hand would hide that it is not told.
    undo: [],
  }
}

function listed(names: readonly string[]): string {
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter((each) => each !== '').join(' and ')
}
