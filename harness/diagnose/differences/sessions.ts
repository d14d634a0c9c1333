// BGP sessions that are gone, and what went with them: routes, and the forwarding entries and neighbours of EVPN (RFC 7432). Pure.
import {sameHost} from '../../address.ts'
import type {Facts, NamespaceFacts, SessionFacts} from '../../facts/facts.ts'
import type {Difference} from './change.ts'
import {hasTold, restored} from './told.ts'

/** Changes that a lost session has brought about are told as that: both ends lose it, and it is one fault. */
export function withSessions(found: readonly Difference[], before: Facts, now: Facts): Difference[] {
  const lost = lostSessions(before, now)
  if (lost.length === 0) return [...found]
  return found.map((each) => {
    const session = sessionBehind(each, before.get(each.place), lost)
    return session ? asSession(each, session, lost, before) : each
  })
}

/** Each once, whichever end has seen it. */
function lostSessions(before: Facts, now: Facts): SessionFacts[] {
  const sessions = (here: NamespaceFacts | undefined) => here?.sessions ?? []
  const gone = [...before].flatMap(([place, was]) =>
    sessions(was).filter((old) => !sessions(now.get(place)).some((each) => isSame(each, old))),
  )
  return [...new Map(gone.map((each) => [ends(each).join(), each])).values()]
}

/** The one to the route's next hop, or to a tunnel's other end, before others; and only of what daemons have brought. */
function sessionBehind(
  {kind, route, cause, object, place, device}: Difference,
  was: NamespaceFacts | undefined,
  lost: readonly SessionFacts[],
) {
  const near = lost.filter((session) => ends(session).some((end) => holds(was, end)))
  if (kind === 'route' && route?.was?.daemon !== undefined && !route.is) {
    const {via} = route.was
    return (
      lost.find((each) => via !== undefined && ends(each).some((end) => sameHost(end, via)) && near.includes(each)) ?? near[0] ?? lost[0]
    )
  }
  if (kind !== 'fdb' || cause !== 'vtep-fdb-missing' || !hasTold(was, device)) return undefined
  const remote = object.split(' dst ')[1] ?? place
  return lost.find((each) => ends(each).some((end) => sameHost(end, remote))) ?? near[0] ?? lost[0]
}

/** Told at the machine of which several are gone, since that has lost its daemon; else at the end that is first. */
function asSession(change: Difference, session: SessionFacts, lost: readonly SessionFacts[], before: Facts): Difference {
  const [first, second] = ends(session)
  const count = (address: string) => lost.filter((each) => ends(each).some((end) => sameHost(end, address))).length
  const several = [first, second].find((end) => count(end) > 1)
  const at = [...before].find(([, here]) => holds(here, several ?? first))?.[0]
  const what = change.kind === 'route' ? `a route to ${change.route?.was?.to}` : change.object
  return {
    ...change,
    cause: 'bgp-session-down',
    object: several === undefined ? `BGP ${first} - ${second}` : `BGP ${several}`,
    session,
    ...(at !== undefined && {elsewhere: at}),
    evidence: `there was a BGP session of ${first} with ${second}, and by it ${what}${several === undefined ? '' : `; ${count(several)} sessions of ${several} are gone`}`,
    // Only the daemons can bring it back; a route by hand would hide that it is gone.
    undo: [],
    revert: (facts) => restored(change.revert(facts), before),
  }
}

function holds(here: NamespaceFacts | undefined, address: string): boolean {
  return here?.links.some(({addresses}) => addresses.some((own) => sameHost(own.address, address))) ?? false
}

function isSame(a: SessionFacts, b: SessionFacts): boolean {
  return ends(a).join() === ends(b).join()
}

/** In the order of their numbers, the same at both. */
export function ends({local, remote}: SessionFacts): readonly [string, string] {
  return local.localeCompare(remote, 'en', {numeric: true}) < 0 ? [local, remote] : [remote, local]
}
