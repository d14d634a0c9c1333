// Routes that are gone, go elsewhere, or are new. Pure.
import {contains, prefixLengthOf} from '../../address.ts'
import type {NamespaceFacts, RouteFacts} from '../../facts/facts.ts'
import {routeLine, routeWords} from '../../facts/routes.ts'
import type {Cause, Place} from '../../model.ts'
import type {Change, Scene} from './change.ts'
import {isConnected} from './connected.ts'
import {isIpv6Off} from './ipv6.ts'

/** Routes that are gone, go elsewhere, or are new. */
export function routeChanges(scene: Scene): Change[] {
  const {was, is, inside, place} = scene
  const ip = ({family}: RouteFacts) => `ip ${inside}${family === 6 ? '-6 ' : ''}route`
  const linkLocal = ({to}: RouteFacts) => to.startsWith('fe80:') || to.startsWith('ff00:')
  const others = (all: readonly RouteFacts[], than: readonly RouteFacts[]) => {
    const known = new Set(than.map(identity))
    return all.filter((route) => !linkLocal(route) && !known.has(identity(route)))
  }
  const fresh = others(is.routes, was.routes)
  const changes: Change[] = []
  for (const old of others(was.routes, is.routes)) {
    const now = fresh.find((route) => slot(route) === slot(old))
    if (now) fresh.splice(fresh.indexOf(now), 1)
    if (now && wentWithAddress(old, now, was, is)) continue
    // With its device, one of the kernel's own goes by another name.
    if (now && isConnected(old, was) && isConnected(now, is) && !is.links.some(({name}) => name === old.dev)) continue
    if (!now && (wentWithDevice(old, was, is) || (old.family === 6 && isIpv6Off(was, is, old.dev)))) continue
    changes.push({
      kind: 'route',
      cause: now ? replacedCause(old, now) : lostCause(old, place),
      object: routeWords(now ?? old),
      ...(old.dev !== undefined && {device: old.dev}),
      route: now ? {was: old, is: now} : {was: old},
      evidence: `there was ${routeWords(old)}`,
      undo: now ? replacing(ip(old), now, old) : [`${ip(old)} add ${routeLine(old)}`],
      revert: (here) => ({...here, routes: [old, ...here.routes.filter((route) => !same(route, old) && !(now && same(route, now)))]}),
    })
  }
  for (const route of fresh) {
    if (isConnected(route, is)) continue
    changes.push({
      kind: 'route',
      cause: addedCause(route, is),
      object: routeWords(route),
      ...(route.dev !== undefined && {device: route.dev}),
      route: {is: route},
      evidence: `there was no ${routeWords(route)}`,
      undo: [`${ip(route)} del ${routeLine(route)}`],
      revert: (here) => ({...here, routes: here.routes.filter((each) => !same(each, route))}),
    })
  }
  return changes
}

function same(a: RouteFacts, b: RouteFacts): boolean {
  return identity(a) === identity(b)
}

function identity(route: RouteFacts): string {
  return `${route.family} ${routeLine(route)}`
}

/** Of two routes that are equal in this only the first is taken, and `replace` puts one in the other's place. */
function slot({to, table, metric, family}: RouteFacts): string {
  return `${family} ${to} ${table} ${metric}`
}

/** A network's own route comes and goes with the address and the device. */
function wentWithDevice(old: RouteFacts, was: NamespaceFacts, is: NamespaceFacts): boolean {
  return isConnected(old, was) && !(is.links.some(({name, up}) => name === old.dev && up) && isConnected(old, is))
}

/** It is the kernel's own before and after, with the source of the address that the device has. */
function wentWithAddress(old: RouteFacts, now: RouteFacts, was: NamespaceFacts, is: NamespaceFacts): boolean {
  const held = ({links}: NamespaceFacts, address = '') => links.some((link) => link.addresses.some((own) => own.address === address))
  // The kernel's own is sent from an address in its network.
  const own = isConnected(now, is) && (now.source === undefined || contains(now.to, now.source))
  return old.dev === now.dev && isConnected(old, was) && own && (!held(is, old.source) || !held(was, now.source))
}

/** IPv6 replaces no route without a next hop by one that has some, nor the other way round (rt6_qualify_for_ecmp). */
function replacing(ip: string, now: RouteFacts, old: RouteFacts): string[] {
  const hops = ({via, nextHops}: RouteFacts) => via !== undefined || nextHops !== undefined
  if (old.family === 4 || (hops(now) && hops(old))) return [`${ip} replace ${routeLine(old)}`]
  return [`${ip} del ${routeLine(now)}`, `${ip} add ${routeLine(old)}`]
}

function isDefault({to}: RouteFacts): boolean {
  return prefixLengthOf(to) === 0
}

function lostCause(old: RouteFacts, {kind}: Place): Cause {
  return isDefault(old) && kind === 'pod' ? 'gateway-missing' : 'no-route'
}

function typedCause({type}: RouteFacts): Cause | undefined {
  return type === 'blackhole' || type === 'unreachable' || type === 'prohibit' ? `${type}-route` : undefined
}

/** Beside a route for the same hosts it goes elsewhere in its place; otherwise it is for fewer hosts than one that was there. */
function addedCause(route: RouteFacts, {routes}: NamespaceFacts): Cause {
  // The words last: of thousands of routes most are for other hosts.
  const rival = routes.find((each) => each.to === route.to && each.table === route.table && !same(each, route))
  return typedCause(route) ?? (rival ? replacedCause(rival, route) : isDefault(route) ? 'leaves-lab' : 'more-specific-route')
}

/** What a route is a fault by that stands in another's place. */
export function replacedCause(old: RouteFacts, route: RouteFacts): Cause {
  const typed = typedCause(route)
  if (typed) return typed
  if (route.type === 'throw') return 'no-route'
  if (route.nextHops) return 'wrong-next-hop'
  if (route.via === undefined && old.dev !== route.dev) return 'wrong-device'
  if (old.via !== route.via) return 'wrong-next-hop'
  if (old.dev !== route.dev) return 'wrong-device'
  return (route.mtu ?? Number.POSITIVE_INFINITY) < (old.mtu ?? Number.POSITIVE_INFINITY) ? 'mtu-too-small' : 'wrong-source'
}
