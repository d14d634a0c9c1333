// Routes that are gone, go elsewhere, or are new. Pure.
import {networkOf} from '../../address.ts'
import type {NamespaceFacts, RouteFacts} from '../../facts/facts.ts'
import type {Cause} from '../../model.ts'
import {routeWords} from '../../trace/routing.ts'
import type {Change, Scene} from './change.ts'

function routeKey({to, table, metric, family}: RouteFacts): string {
  return `${family} ${to} ${table} ${metric}`
}

function isConnected({to, via, table}: RouteFacts, {links}: NamespaceFacts): boolean {
  return (
    via === undefined &&
    table === 'main' &&
    links.some(({addresses}) => addresses.some(({address, prefixLength}) => networkOf(address, prefixLength) === to))
  )
}

/** Routes that are gone, go elsewhere, or are new. */
export function routeChanges({was, is, inside}: Scene): Change[] {
  const ip = (route: RouteFacts) => `ip ${inside}${route.family === 6 ? '-6 ' : ''}route`
  const linkLocal = ({to}: RouteFacts) => to.startsWith('fe80:') || to.startsWith('ff00:')
  const changes: Change[] = []
  for (const old of was.routes.filter((route) => !linkLocal(route))) {
    const same = is.routes.find((route) => routeWords(route) === routeWords(old) && routeKey(route) === routeKey(old))
    if (same) continue
    const replaced = is.routes.find((route) => routeKey(route) === routeKey(old))
    // With its device, one of the kernel's own comes back by itself.
    if (isConnected(old, was) && !is.links.some(({name}) => name === old.dev)) continue
    // A network's own route comes and goes with the address and the device.
    if (!replaced && isConnected(old, was)) {
      const link = is.links.find(({name}) => name === old.dev)
      if (!link?.up || !isConnected(old, is)) continue
    }
    changes.push({
      kind: 'route',
      cause: replaced ? replacedCause(old, replaced) : old.to === '0.0.0.0/0' || old.to === '::/0' ? 'gateway-missing' : 'no-route',
      object: replaced ? routeWords(replaced) : routeWords(old),
      ...(old.dev !== undefined && {device: old.dev}),
      ...(replaced?.via !== undefined && {via: replaced.via}),
      evidence: `there was ${routeWords(old)}`,
      undo: [`${ip(old)} ${replaced ? 'replace' : 'add'} ${routeWords(old)}`],
      revert: (now) => ({...now, routes: [...now.routes.filter((route) => routeKey(route) !== routeKey(old)), old]}),
    })
  }
  for (const route of is.routes.filter((each) => !linkLocal(each))) {
    if (was.routes.some((old) => routeKey(old) === routeKey(route)) || isConnected(route, is)) continue
    changes.push({
      kind: 'route',
      cause: typedCause(route) ?? (route.to === '0.0.0.0/0' ? 'leaves-lab' : 'more-specific-route'),
      object: routeWords(route),
      ...(route.dev !== undefined && {device: route.dev}),
      evidence: `there was no ${routeWords(route)}`,
      undo: [`${ip(route)} del ${routeWords(route)}`],
      revert: (now) => ({
        ...now,
        routes: now.routes.filter((each) => routeWords(each) !== routeWords(route) || each.table !== route.table),
      }),
    })
  }
  return changes
}

function typedCause({type}: RouteFacts): Cause | undefined {
  return type === 'blackhole' || type === 'unreachable' || type === 'prohibit' ? `${type}-route` : undefined
}

function replacedCause(old: RouteFacts, route: RouteFacts): Cause {
  const typed = typedCause(route)
  if (typed) return typed
  if (route.type === 'throw') return 'no-route'
  if (route.via === undefined && old.dev !== route.dev) return 'wrong-device'
  if (old.via !== route.via) return 'wrong-next-hop'
  if (old.dev !== route.dev) return 'wrong-device'
  if (route.mtu !== undefined && route.mtu !== old.mtu && old.source === route.source) return 'mtu-too-small'
  return 'wrong-source'
}
