// A failing exchange without a lab that worked to compare with: what would mend it, tried on the facts. Pure.
import {sameHost} from '../address.ts'
import type {Cause, Probe} from '../model.ts'
import type {Disposition} from '../trace.ts'
import {type Prediction, predict, type World} from './prediction.ts'
import type {Root} from './root.ts'

/** Without a lab that worked to compare with: what would mend it, tried on the facts. */
export function withoutHistory(world: World, probe: Probe, stop: Disposition, {forward, back}: Prediction): Omit<Root, 'items'> {
  const base = {at: stop.at, object: stop.object, evidence: [stop.evidence]}
  const cause: Cause = stop.ended === 'delivered' ? 'unknown' : stop.ended
  if (['blackhole-route', 'unreachable-route', 'prohibit-route'].includes(cause)) return {cause, ...base}
  for (const {place, route} of [...forward.hops, ...(back?.hops ?? [])]) {
    const here = world.facts.get(place)
    const taken = here?.routes.find((each) => each.table === 'main' && route !== undefined && routeMatches(route, each.to, each.via))
    if (!here || !taken || taken.to === '0.0.0.0/0' || taken.to === '::/0') continue
    const facts = new Map(world.facts).set(place, {...here, routes: here.routes.filter((each) => each !== taken)})
    if (!predict({...world, facts}, probe).stop)
      return {
        cause: cause === 'routing-loop' ? cause : 'more-specific-route',
        at: place,
        object: route ?? '',
        evidence: [stop.evidence, `without ${route} at ${place} it would arrive`],
      }
    if (taken.via === undefined) continue
    const owner = world.places.find(({addresses}) => addresses.some((each) => sameHost(each, probe.address)))
    const node = owner && world.places.find(({name}) => name === owner.node)
    if (!node || sameHost(node.address, taken.via) || node.name === place) continue
    const mended = new Map(world.facts).set(place, {
      ...here,
      routes: here.routes.map((each) => (each === taken ? {...each, via: node.address} : each)),
    })
    if (!predict({...world, facts: mended}, probe).stop && cause !== 'next-hop-unreachable' && cause !== 'routing-loop')
      return {
        cause: 'wrong-next-hop',
        at: place,
        object: route ?? '',
        evidence: [stop.evidence, `${owner.name} is on ${node.name}, at ${node.address}`],
      }
  }
  return {cause, ...base}
}

function routeMatches(words: string, to: string, via: string | undefined): boolean {
  const start = to === '0.0.0.0/0' || to === '::/0' ? 'default' : to.replace(/\/(32|128)$/, '')
  return words.startsWith(start) && (via === undefined || words.includes(`via ${via}`))
}
