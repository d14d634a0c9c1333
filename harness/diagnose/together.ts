// The changes that are one fault with its root: what goes with a device, an address or a switch, what else one line has
// taken or set, and what somebody added for the root's sake. Pure.
import {contains, networkOf, sameHost} from '../address.ts'
import type {Cause} from '../model.ts'
import type {Difference} from './differences/change.ts'

/** The other changes that a root is seen among. */
export interface Around {
  /** Those without which the path would end elsewhere. */
  readonly causal: readonly Difference[]
  readonly changes: readonly Difference[]
}

/** @returns the root first, then the others in an order in which undoing works */
export function oneWith(root: Difference, cause: Cause, around: Around): Difference[] {
  const here = around.changes.filter((each) => each !== root && each.place === root.place)
  if (isLost(root)) return lostTogether(root, here)
  const others = new Set([
    ...goneWith(root, here),
    ...goneElsewhere(root, around.changes),
    ...likewise(root, here, cause),
    ...detour(root, cause, around),
    ...forItsSake(root, here),
  ])
  // Networks come first that lead to gateways.
  const leads = ({route}: Difference) => Number(route?.was?.via !== undefined && !route.is)
  return [root, ...around.changes.filter((each) => others.has(each)).toSorted((a, b) => leads(a) - leads(b))]
}

/** A route that is gone, with nothing in its place. */
export function isLost({kind, route}: Difference): boolean {
  return kind === 'route' && route?.was !== undefined && route.is === undefined
}

/** `ip route flush` takes many: all that are gone from a place are one fault, and the networks come first that lead to gateways. */
function lostTogether(root: Difference, here: readonly Difference[]): Difference[] {
  const ownFault = ({device}: Difference) =>
    !here.some((each) => (each.kind === 'link' || each.kind === 'address') && each.device === device && device !== undefined)
  // What a session took along comes back with that, whoever flushes what else.
  const lost = here.filter((each) => isLost(each) && !each.session && each.withheld === undefined && ownFault(each))
  const direct = ({route}: Difference) => route?.was?.via === undefined && route?.was?.nextHops === undefined
  const all = [root, ...lost].sort((a, b) => Number(direct(b)) - Number(direct(a)) || a.object.localeCompare(b.object))
  const left = here.filter((each) => all.some((other) => isLeftover(other, each)))
  return [...all, ...left]
}

/** A device takes its addresses and routes with it, and an address its routes; `ip addr flush` takes all that a device has. */
function goneWith(root: Difference, here: readonly Difference[]): Difference[] {
  const {kind, device, undo} = root
  if (kind !== 'link' && kind !== 'address' && kind !== 'namespace') return []
  return here
    .filter(
      (each) =>
        each.device === device &&
        (isLost(each) || each.lost || isNear(root, each) || (each.kind === 'address' && (kind !== 'address' || bothGone(root, each)))),
    )
    .filter((each) => !each.undo.some((line) => undo.includes(line.replace(' route add ', ' route replace '))))
}

/** What other places lost with a device that was made again: its other end's addresses and routes. */
function goneElsewhere({took = []}: Difference, changes: readonly Difference[]): Difference[] {
  return changes.filter(
    (each) =>
      (each.kind === 'route' || each.kind === 'address') && took.some(({place, device}) => each.place === place && each.device === device),
  )
}

/** A gateway in the network of the wrong address. */
export function isNear({kind, object}: Difference, {route}: Difference): boolean {
  if (kind !== 'address') return false
  const [address = '', length] = (object.split(' ')[0] ?? '').split('/')
  const network = networkOf(address, Number(length)) ?? ''
  return contains(network, route?.is?.via ?? '') && !contains(network, route?.was?.via ?? '')
}

/** Addresses with nothing in their places. */
function bothGone(...of: readonly Difference[]): boolean {
  return of.every(({kind, address}) => kind === 'address' && address === undefined)
}

/**
 * One switch on several devices, all rules at once, both ports that are isolated from one another. A port that learns
 * nothing does no harm but beside a fixed entry.
 */
function likewise({kind, cause: own, rule}: Difference, here: readonly Difference[], cause: Cause): Difference[] {
  if (kind === 'setting') return here.filter((each) => each.kind === kind && each.cause === own)
  if (kind === 'rule' && !rule) return here.filter((each) => each.kind === kind && !each.rule)
  const together = cause === 'port-isolated' || (kind === 'fdb' && cause === 'fdb-wrong')
  return together ? here.filter((each) => each.kind === 'link' && each.cause === cause) : []
}

/** Routes that lead on together: round in a loop, out of the lab, or by a table that a rule picks. */
function detour(root: Difference, cause: Cause, {causal}: Around): Difference[] {
  if (root.kind !== 'rule' && cause !== 'leaves-lab' && cause !== 'routing-loop') return []
  return causal.filter((each) => each !== root && each.kind === 'route' && (each.place === root.place || cause === 'routing-loop'))
}

/** An address that a route sends from, a switch that lets it, the table that a rule picks. */
function forItsSake(root: Difference, here: readonly Difference[]): Difference[] {
  const source = root.route?.is?.source
  return here.filter(
    (each) =>
      isLeftover(root, each) ||
      (root.rule?.table !== undefined && each.route?.is?.table === root.rule.table && each.route.was === undefined) ||
      (source !== undefined && each.address !== undefined && sameHost(each.address, source)) ||
      (source !== undefined && each.kind === 'setting' && each.cause === 'martian-source'),
  )
}

/** The same route, added in a table that nothing looks at. */
function isLeftover({route}: Difference, other: Difference): boolean {
  const [to, added] = [route?.was?.to ?? route?.is?.to, other.route?.is]
  return other.kind === 'route' && other.route?.was === undefined && added !== undefined && added.to === to && added.table !== 'main'
}
