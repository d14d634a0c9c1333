// Routes that a BGP session brought and that went with it. Pure.
import {sameHost} from '../../address.ts'
import type {RouteFacts, SessionFacts} from '../../facts/facts.ts'
import type {Change, Scene} from './change.ts'

/** What the loss of a route is by, where a session of its machine is gone since: the one to its next hop before others. */
export function sessionLost(route: RouteFacts, {was, is, places}: Scene): Partial<Change> {
  if (route.daemon === undefined) return {}
  const gone = was.sessions.filter((old) => !is.sessions.some((now) => sameHost(now.local, old.local) && sameHost(now.remote, old.remote)))
  const lost = gone.find(({remote}) => route.via !== undefined && sameHost(remote, route.via)) ?? gone[0]
  if (!lost) return {}
  // Both ends lose it, and it is one fault: told at the end that is first.
  const [first, second] = ends(lost)
  const at = places.find(({addresses}) => addresses.some((address) => sameHost(address, first)))
  return {
    cause: 'bgp-session-down',
    object: `BGP ${first} - ${second}`,
    ...(at && {elsewhere: at.name}),
    evidence: `there was a BGP session of ${lost.local} with ${lost.remote}, and by it a route to ${route.to}`,
    // Only the daemons can bring it back; a route by hand would hide that it is gone.
    undo: [],
  }
}

function ends({local, remote}: SessionFacts): readonly [string, string] {
  return local.localeCompare(remote, 'en', {numeric: true}) < 0 ? [local, remote] : [remote, local]
}
