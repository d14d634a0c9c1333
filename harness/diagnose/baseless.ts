// A failing exchange without a lab that worked to compare with: what would mend it, tried on the facts. What one place has
// otherwise than all its like is suspected first. Pure.
import {familyOf, sameHost} from '../address.ts'
import type {LinkFacts, NamespaceFacts} from '../facts/facts.ts'
import type {Cause, Probe} from '../model.ts'
import {type Disposition, everyHop} from '../trace/path.ts'
import {inTable} from '../trace/routing.ts'
import {askewAt, strayNetworks, withLength} from './masks.ts'
import {type Prediction, predict, type World} from './prediction.ts'
import type {Root} from './root.ts'
import {isOfTunnel} from './tunnel-fix.ts'

type Found = Omit<Root, 'items'>

/** @param stop where the path ended */
export function withoutHistory(world: World, probe: Probe, stop: Disposition, prediction: Prediction): Found {
  const cause: Cause = stop.ended === 'delivered' ? 'unknown' : stop.ended
  const plain: Found = {cause, at: stop.at, object: stop.object, evidence: [stop.evidence]}
  // That another way would do does not make a route wrong; an entry that holds another MAC address than its owner's is.
  if (['blackhole-route', 'unreachable-route', 'prohibit-route', 'neighbour-wrong'].includes(cause) || isOfTunnel(cause)) return plain
  const bridge = cause === 'no-route' ? bareBridge(world, stop) : undefined
  if (bridge !== undefined)
    return {cause: 'address-missing', at: stop.at, object: bridge, evidence: [stop.evidence, `${bridge} has no address`]}
  return byAddress(world, probe, stop, prediction) ?? byRoute(world, probe, stop, prediction) ?? plain
}

/** A machine has no route to its own pod, and a bridge without an address of that family. */
function bareBridge({facts, places}: World, {at, object}: Disposition): string | undefined {
  const pod = places.find(({addresses}) => addresses.some((each) => sameHost(each, object)))
  if (pod?.kind !== 'pod' || pod.node !== at) return undefined
  const family = familyOf(object)
  const held = ({addresses}: LinkFacts) => addresses.some(({address, scope}) => scope === 'global' && familyOf(address) === family)
  return facts.get(at)?.links.find((link) => link.kind === 'bridge' && !held(link))?.name
}

/** A mask unlike all others, or another machine's network. */
function byAddress(world: World, probe: Probe, stop: Disposition, {forward, back}: Prediction): Found | undefined {
  const onWay = new Set([probe.from, ...[forward, ...(back ? [back] : [])].flatMap(everyHop).map(({place}) => place), stop.at])
  for (const at of onWay) {
    const here = world.facts.get(at)
    if (!here) continue
    for (const {device, address} of strayNetworks(world.facts, world.places, at)) {
      const object = `${address.address}/${address.prefixLength} dev ${device}`
      if (mended(world, probe, at, withLength(here, {device, address}, undefined)))
        return {cause: 'overlapping-subnets', at, object, evidence: [stop.evidence, `the pods in ${object} are on another node than ${at}`]}
    }
    for (const {device, address, length} of askewAt(world.facts, world.places, at)) {
      const object = `${address.address}/${address.prefixLength} dev ${device}`
      // With its network a place has lost the routes by the gateways in it.
      const lost = stop.at === at && (stop.ended === 'gateway-missing' || stop.ended === 'no-route')
      if (lost || mended(world, probe, at, withLength(here, {device, address}, length)))
        return {cause: 'wrong-prefix-length', at, object, evidence: [stop.evidence, `of its like most have a prefix of ${length} bits`]}
    }
  }
  return undefined
}

function mended(world: World, probe: Probe, at: string, here: NamespaceFacts): boolean {
  return !predict({...world, facts: new Map(world.facts).set(at, here)}, probe).stop
}

/** A route without which it would arrive, or with another next hop. */
function byRoute(world: World, probe: Probe, stop: Disposition, {forward, back}: Prediction): Found | undefined {
  for (const [way, destination] of [
    [forward, probe.address],
    [back, forward.source],
  ] as const) {
    for (const {place, route = ''} of way ? everyHop(way) : []) {
      const here = world.facts.get(place)
      const taken = here?.routes.find((each) => each.table === 'main' && routeMatches(route, each.to, each.via))
      if (!here || !taken || taken.to === '0.0.0.0/0' || taken.to === '::/0') continue
      const without = {...here, routes: here.routes.filter((each) => each !== taken)}
      if (mended(world, probe, place, without)) {
        const cause = stop.ended === 'routing-loop' ? stop.ended : 'more-specific-route'
        return {cause, at: place, object: route, evidence: [stop.evidence, `without ${route} at ${place} it would arrive`]}
      }
      const owner = world.places.find(({addresses}) => destination !== undefined && addresses.some((each) => sameHost(each, destination)))
      const node = owner && world.places.find(({name}) => name === owner.node)
      if (taken.via === undefined || !node || sameHost(node.address, taken.via) || node.name === place) continue
      const {onlink: _, dev: __, nextHops: ___, ...rest} = taken
      const near = inTable(here, 'main', {family: taken.family, destination: node.address})
      const right = {...rest, via: node.address, ...(near?.dev !== undefined && {dev: near.dev})}
      const routes = here.routes.map((each) => (each === taken ? right : each))
      if (!mended(world, probe, place, {...here, routes}) || stop.ended === 'next-hop-unreachable') continue
      const router = world.places.some(({kind, addresses}) => kind !== 'pod' && addresses.some((each) => sameHost(each, taken.via ?? '')))
      const cause = stop.ended === 'routing-loop' && router ? stop.ended : 'wrong-next-hop'
      return {cause, at: place, object: route, evidence: [stop.evidence, `${owner.name} is on ${node.name}, at ${node.address}`]}
    }
  }
  return undefined
}

function routeMatches(words: string, to: string, via: string | undefined): boolean {
  const start = to === '0.0.0.0/0' || to === '::/0' ? 'default' : to.replace(/\/(32|128)$/, '')
  return words.startsWith(start) && (via === undefined || words.includes(`via ${via}`))
}
