// Why a BGP session (RFC 4271: TCP port 179) cannot be: what stops its packets both ways, whichever end begins. Pure.
import type {Cause} from '../../model.ts'
import {holds} from '../../trace/segment.ts'
import {traceTo} from '../../trace.ts'
import type {Difference} from '../differences/change.ts'
import type {World} from '../prediction.ts'
import {tableOf} from '../unseen.ts'

const BGP = 179
/** A port that the kernel would choose. */
const OWN = 40_000

/** @returns the change that keeps both ends from one another; undefined where they can talk, and only do not */
export function sessionStop(
  world: World,
  {session}: Difference,
  changes: readonly Difference[],
): {cause: Cause; at: string; object: string; item: Difference} | undefined {
  if (!session) return undefined
  const {local, remote} = session
  const stops = [stopOf(world, local, remote), stopOf(world, remote, local)]
  if (stops.some((stop) => !stop || stop.ended === 'delivered')) return undefined
  for (const stop of stops) {
    const item = changes.find(
      ({place, kind, object, cause}) =>
        place === stop?.at && (kind === 'filter' ? tableOf(object) === tableOf(stop.object) : cause === stop.ended),
    )
    if (stop && item && stop.ended !== 'delivered') return {cause: stop.ended, at: stop.at, object: stop.object || item.object, item}
  }
  return undefined
}

/** Where a connection from one end to the other stops, there or on the way back. */
function stopOf({facts, places}: World, from: string, to: string) {
  const at = (address: string) => places.find(({name}) => holds(facts.get(name), address))?.name
  const [near, far] = [at(from), at(to)]
  if (near === undefined || far === undefined) return undefined
  const there = traceTo(facts, places, near, to, {protocol: 'tcp', source: from, sourcePort: OWN, destinationPort: BGP})
  if (there.ended !== 'delivered') return there
  return traceTo(facts, places, far, from, {protocol: 'tcp', reply: true, source: to, sourcePort: BGP, destinationPort: OWN})
}
