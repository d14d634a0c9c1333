// What a root is told as: its code, its place, its object, and the changes that are one fault with it. Pure.
import {contains} from '../address.ts'
import type {RouteFacts} from '../facts/facts.ts'
import type {Cause} from '../model.ts'
import type {Disposition} from '../trace/path.ts'
import type {Difference} from './differences/change.ts'
import {replacedCause} from './differences/routes.ts'
import {namedRoute} from './naming/routes.ts'
import {sessionStop} from './naming/sessions.ts'
import type {World} from './prediction.ts'
import {type Around, isLost, isNear, oneWith} from './together.ts'
import {tableOf} from './unseen.ts'

export interface Told {
  readonly cause: Cause
  readonly at: string
  readonly object: string
  /** What is undone with it, the root first. */
  readonly items: readonly Difference[]
}

/** @param stop where the path ended */
export function told(world: World, root: Difference, stop: Disposition, around: Around): Told {
  const origin =
    (root.kind === 'route' &&
      around.changes.find((each) => each.place === root.place && each.device === root.device && isNear(each, root))) ||
    // It went with its device.
    (root.lost && around.changes.find(({place, device, kind}) => kind === 'link' && place === root.place && device === root.device))
  if (origin) return told(world, origin, stop, around)
  // Whatever became of the packet without the routes: only the session brings them back.
  if (root.cause === 'bgp-session-down') {
    const {cause, object} = root
    const gone = around.changes.filter((each) => each.cause === cause && each.object === object)
    const why = sessionStop(world, root, around.changes)
    if (why) return {...why, items: [why.item, ...gone]}
    return {cause, at: root.elsewhere ?? root.place, object, items: oneWith(root, cause, around).filter((each) => each.object === object)}
  }
  // All that one place tells no more is one fault there.
  if (root.withheld !== undefined) {
    const items = around.changes.filter(({withheld}) => withheld === root.withheld)
    return {cause: root.cause, at: root.withheld, object: [...new Set(items.map(({object}) => object))].join(', '), items}
  }
  // All that is drawn otherwise for this exchange is one fault: what the switches would say without a part of it nobody knows.
  if (root.kind === 'drawn') {
    const items = around.causal.filter(({kind}) => kind === 'drawn')
    return {cause: root.cause, at: root.place, object: items.map(({object}) => object).join(', '), items}
  }
  // The flow that drops it has come of the rule.
  if (root.kind === 'policy' && stop.ended !== 'delivered') return {cause: stop.ended, at: stop.at, object: stop.object, items: [root]}
  if (root.kind === 'switch') return {cause: root.cause, at: root.place, object: root.object, items: [root]}
  const standIn = standsIn(root, around)
  if (standIn) {
    // It is told as if it had been put in the other's place.
    const {found, replaced} = standIn
    return {...told(world, replaced, stop, around), items: [found, ...oneWith(root, 'no-route', around)]}
  }
  const cause = root.kind === 'route' ? namedRoute(world, root, stop, around) : named(root, stop)
  const items = oneWith(root, cause, around)
  const lost = items.filter(({kind, route}) => kind === 'route' && route?.was && !route.is)
  // A source is refused by whoever gets it.
  if (cause === 'martian-source' && stop.ended === cause) return {cause, at: stop.at, object: stop.object, items}
  if (lost.includes(root)) return {cause, at: root.place, object: lost.map(({object}) => object).join(', '), items}
  const ruled = root.kind === 'filter' && tableOf(stop.object) === tableOf(root.object)
  const object = ruled || cause === 'leaves-lab' ? stop.object || root.object : root.object
  return {cause, at: root.elsewhere ?? root.place, object, items}
}

/** A route for more hosts, that takes what is for those of the one that is gone. */
function standsIn(root: Difference, {causal}: Around): {found: Difference; replaced: Difference} | undefined {
  const was = isLost(root) ? root.route?.was : undefined
  const found = was && causal.find(({place, route}) => place === root.place && route?.is && !route.was && covers(route.is, was))
  const is = found?.route?.is
  if (!was || !is) return undefined
  return {found, replaced: {...found, cause: found.cause === 'leaves-lab' ? found.cause : replacedCause(was, is), route: {was, is}}}
}

function covers(wide: RouteFacts, narrow: RouteFacts): boolean {
  return wide.table === narrow.table && contains(wide.to, narrow.to.split('/')[0] ?? '')
}

/** Causes that say more of one change than the change alone does, by what became of the packet. */
const SAYS_MORE: Readonly<Partial<Record<Difference['kind'], readonly Cause[]>>> = {
  link: ['mtu-blackhole', 'mtu-too-small', 'wrong-namespace'],
  filter: ['filter-drop', 'filter-reject', 'echo-ignored', 'arp-suppressed', 'bridge-filter-drop', 'source-nat', 'destination-nat'],
  setting: ['martian-source'],
}

function named({kind, cause}: Difference, {ended}: Disposition): Cause {
  return ended !== 'delivered' && SAYS_MORE[kind]?.includes(ended) ? ended : cause
}
