// What daemons tell the kernel of: routes, and the forwarding entries and neighbours of EVPN (RFC 7432). It goes, at all places, with
// the device by which they reached one another, or that it was told of. Pure.
import type {Facts, NamespaceFacts, RouteFacts} from '../../facts/facts.ts'
import type {Difference} from './change.ts'

/** Daemons fill in where others are, behind this device. */
export function hasTold(here: NamespaceFacts | undefined, device: string | undefined): boolean {
  return here?.fdb.some(({dev, external}) => external && dev === device) ?? false
}

/** The routing daemon that brought it, by its name in rt_protos (ip-route(8)). */
export function daemonOf({details = ''}: RouteFacts): string | undefined {
  return /\bproto (bird|bgp|zebra|gobgp|isis|ospf|rip|babel|eigrp)\b/.exec(details)?.[1]
}

function isDaemons(route: RouteFacts): boolean {
  return daemonOf(route) !== undefined
}

/** Where such a device is down, gone or another tunnel's, what others had been told went with it, and comes back with it. */
export function withToldGone(found: readonly Difference[], before: Facts): Difference[] {
  const isRoot = ({kind, cause, place, device}: Difference) => {
    const was = before.get(place)
    const gone = kind === 'link' && /-down$|-missing$|-mismatch$/.test(cause)
    return gone && (hasTold(was, device) || (was?.routes.some((route) => route.dev === device && isDaemons(route)) ?? false))
  }
  if (!found.some(isRoot)) return [...found]
  const isTold = ({kind, cause, place, device, route, session}: Difference) =>
    session !== undefined ||
    (cause === 'vtep-fdb-missing' && hasTold(before.get(place), device)) ||
    (kind === 'route' && route?.was !== undefined && !route.is && isDaemons(route.was))
  return found
    .filter((each) => !isTold(each))
    .map((each) => (isRoot(each) ? {...each, revert: (facts) => restored(each.revert(facts), before)} : each))
}

/** All that daemons had told of, everywhere: it comes back with what took it. */
export function restored(facts: Facts, before: Facts): Facts {
  return new Map([...facts].map(([place, here]) => [place, here && withTold(here, before.get(place))]))
}

function withTold(here: NamespaceFacts, was: NamespaceFacts | undefined): NamespaceFacts {
  const evpn = was?.fdb.some(({external}) => external)
  const entries = evpn ? (was?.fdb.filter(({external, remote}) => external || remote !== undefined) ?? []) : []
  const known = evpn ? (was?.neighbours.filter(({state}) => state === 'NOARP') ?? []) : []
  const lost = was?.routes.filter(
    (old) => isDaemons(old) && !here.routes.some(({to, table, via}) => to === old.to && table === old.table && via === old.via),
  )
  return {
    ...here,
    routes: [...(lost ?? []), ...here.routes],
    fdb: [
      ...here.fdb.filter((each) => !entries.some(({mac, dev, remote}) => mac === each.mac && dev === each.dev && remote === each.remote)),
      ...entries,
    ],
    neighbours: [
      ...here.neighbours.filter((each) => !known.some(({address, dev}) => address === each.address && dev === each.dev)),
      ...known,
    ],
  }
}
