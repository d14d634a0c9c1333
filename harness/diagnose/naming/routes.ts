// What a route that is gone, new or another is a fault by: what it is itself, or what became of the packet. Pure.
import {sameHost} from '../../address.ts'
import type {Facts, RouteFacts} from '../../facts/facts.ts'
import {routeWords} from '../../facts/routes.ts'
import type {Cause} from '../../model.ts'
import type {Disposition} from '../../trace/path.ts'
import type {Difference} from '../differences/change.ts'
import type {World} from '../prediction.ts'
import type {Root} from '../root.ts'
import type {Around} from '../together.ts'

/** Where the lab is known to have worked, a route that it had just so is wrong by nothing of its own, and another would mend nothing. */
export function blameless(root: Root, before: Facts | undefined): Root {
  const {cause, at, object, items} = root
  const unchanged = before?.get(at)?.routes.some((route) => routeWords(route) === object) ?? false
  if (cause !== 'wrong-device' || items.length > 0 || !unchanged) return root
  return {...root, cause: 'unknown', evidence: [...root.evidence, `the route ${object} at ${at} is as it was when the lab worked`]}
}

/** @param stop where the path ended that the route is the cause of */
export function namedRoute(world: World, {cause, place, route = {}}: Difference, {ended}: Disposition, {causal}: Around): Cause {
  const {was, is} = route
  if (!is) return ['leaves-lab', 'routing-loop'].includes(ended) ? (ended as Cause) : cause
  if (is.type !== 'unicast') return cause
  if (cause === 'wrong-source') return ended === 'martian-source' ? ended : cause
  if (ended === 'mtu-too-small' || ended === 'mtu-blackhole') return ended
  // Two routes that lead to one another are a loop, whatever each is by itself.
  const looped = ended === 'routing-loop' && causal.some((other) => other.kind === 'route' && other.place !== place)
  if (cause === 'more-specific-route') return looped ? 'routing-loop' : cause
  if (ended === 'routing-loop') return !was || leadsToRouter(world, is) ? ended : cause
  if (ended === 'leaves-lab' || ended === 'next-hop-unreachable') return ended
  return cause === 'wrong-next-hop' && nobodyThere(world, is) ? 'next-hop-unreachable' : cause
}

/** A machine, and no pod. */
function leadsToRouter({facts, places}: World, {via, nextHops}: RouteFacts): boolean {
  const hops = nextHops?.map((hop) => hop.via) ?? [via]
  const routers = places.filter(({kind}) => kind !== 'pod').flatMap(({name}) => facts.get(name)?.links ?? [])
  return hops.some((hop) => hop !== undefined && routers.some(({addresses}) => addresses.some(({address}) => sameHost(address, hop))))
}

/** No place has the address. */
function nobodyThere({facts}: World, {via}: RouteFacts): boolean {
  if (via === undefined) return false
  return ![...facts.values()].some((here) => here?.links.some(({addresses}) => addresses.some(({address}) => sameHost(address, via))))
}
