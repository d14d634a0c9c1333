// The root of one failing exchange: where its path stopped, and which change since the lab worked made it stop there. Pure.
import {sameHost} from '../address.ts'
import type {Cause, Probe} from '../model.ts'
import {type Disposition, type Journey, sourceTo, traceTo} from '../trace.ts'
import type {Difference} from './differences/change.ts'
import type {Prediction, Root, World} from './root.ts'
import {tableOf, unseen} from './unseen.ts'

/** Bytes of the small packets of each protocol, with the IP header. */
const SMALL = {icmp: 84, tcp: 180, udp: 156} as const

function predict({facts, places, mtu}: World, probe: Probe): Prediction {
  const {from, to, address, protocol, size} = probe
  const journey: Journey = {protocol, length: size === 'full' ? mtu : SMALL[protocol]}
  const forward = traceTo(facts, places, from, address, journey)
  if (forward.ended !== 'delivered') return {forward, stop: forward}
  if (places.some(({name}) => name === to) && forward.at !== to) {
    const nat = forward.translated.find(({cause}) => cause === 'destination-nat')
    const ended = nat ? 'destination-nat' : 'duplicate-address'
    return {
      forward,
      stop: {
        ended,
        at: nat?.at ?? forward.at,
        object: nat ? `${nat.by.family} ${nat.by.table} ${nat.by.chain}: ${nat.by.text}` : address,
        evidence: `${address} is found at ${forward.at}, not at ${to}`,
      },
    }
  }
  const source = forward.source ?? sourceTo(facts, from, address)
  if (source === undefined) return {forward}
  const back = traceTo(facts, places, forward.at, source, {...journey, reply: true, source: address})
  if (back.ended === 'delivered' && back.at === from) return {forward, back}
  if (back.ended === 'delivered')
    return {
      forward,
      back,
      stop: {ended: 'duplicate-address', at: back.at, object: source, evidence: `replies to ${source} go to ${back.at}, not to ${from}`},
    }
  return {forward, back, stop: back}
}

/** @param changes what is other than it was, where that is known */
export function rootOf(world: World, probe: Probe, changes: readonly Difference[]): Root {
  const prediction = predict(world, probe)
  const {stop, ...ways} = prediction
  if (!stop) return {...unseen(world, probe, prediction, changes), ...ways}
  const causal = changes.filter((change) => mends(world, probe, stop, change))
  // A rule that leads to a table of its own is the root, not the route that stands there.
  const root =
    causal.find(({kind, cause}) => SINGLE.includes(kind) && cause === stop.ended) ??
    causal.find(({kind}, index) => kind === 'rule' && causal.slice(0, index).every((each) => each.kind === 'route')) ??
    causal[0]
  if (root) {
    const cause = nobodyThere(world, root) ? 'next-hop-unreachable' : named(root, stop.ended === 'delivered' ? 'unknown' : stop.ended)
    const ruled = root.kind === 'filter' && tableOf(stop.object) === tableOf(root.object)
    const object = ruled || cause === 'leaves-lab' ? stop.object || root.object : root.object
    const at = root.elsewhere ?? root.place
    const together = root.kind === 'rule' || cause === 'leaves-lab' || cause === 'routing-loop'
    const others = together
      ? causal.filter((each) => each !== root && each.kind === 'route' && (each.place === root.place || cause === 'routing-loop'))
      : []
    const both = changes.filter((each) => each !== root && belongsTo(root, each))
    // Too small, and nobody is told: the two are one fault.
    const silencer = isSize(cause) ? changes.find(({silences}) => silences) : undefined
    return {
      cause: silencer ? 'mtu-blackhole' : cause,
      at,
      object,
      evidence: [stop.evidence, root.evidence, ...(silencer ? [silencer.evidence] : [])],
      items: [...withConsequences(root, changes), ...others, ...both, ...(silencer ? [silencer] : [])],
      ...ways,
    }
  }
  return {...withoutHistory(world, probe, stop, prediction), items: [], ...ways}
}

function isSize(cause: Cause): boolean {
  return cause === 'mtu-too-small' || cause === 'mtu-blackhole'
}

/** What hangs on nothing else: where the path stops at one of these, it is the root. */
const SINGLE: readonly Difference['kind'][] = ['setting', 'filter', 'neighbour', 'fdb', 'rule', 'traffic-control']

/** Whether the path gets further, or nowhere else, without the change. */
function mends(world: World, probe: Probe, stop: Disposition, change: Difference): boolean {
  const without = predict({...world, facts: change.revert(world.facts)}, probe).stop
  return !without || without.ended !== stop.ended || without.at !== stop.at || without.object !== stop.object
}

/** Causes that say more of one change than the change alone does, by what became of the packet. */
const SAYS_MORE: Readonly<Record<Difference['kind'], readonly Cause[]>> = {
  namespace: [],
  link: ['mtu-blackhole', 'mtu-too-small', 'wrong-namespace'],
  address: [],
  route: [
    'routing-loop',
    'next-hop-unreachable',
    'gateway-missing',
    'no-route',
    'leaves-lab',
    'wrong-device',
    'wrong-source',
    'mtu-too-small',
  ],
  rule: [],
  neighbour: [],
  fdb: [],
  filter: ['filter-drop', 'filter-reject', 'echo-ignored', 'arp-suppressed', 'bridge-filter-drop', 'source-nat', 'destination-nat'],
  setting: ['martian-source'],
  'traffic-control': [],
}

/** A route that was changed to lead to an address that no place has. */
function nobodyThere({facts}: World, {kind, cause, via}: Difference): boolean {
  if (kind !== 'route' || cause !== 'wrong-next-hop' || via === undefined) return false
  return ![...facts.values()].some((here) => here?.links.some(({addresses}) => addresses.some(({address}) => sameHost(address, via))))
}

function named(root: Difference, ended: Cause): Cause {
  if (root.cause === 'mtu-too-small' && root.kind === 'route') return root.cause
  if (root.kind === 'route' && root.cause === 'more-specific-route' && ended !== 'routing-loop') return root.cause
  if (root.kind === 'route' && root.cause === 'wrong-device' && ended !== 'routing-loop' && ended !== 'next-hop-unreachable')
    return root.cause
  if (root.kind === 'route' && root.cause === 'wrong-source') return root.cause
  if (root.kind === 'route' && root.cause === 'wrong-next-hop' && ended !== 'routing-loop' && ended !== 'next-hop-unreachable')
    return root.cause
  if (root.kind === 'route' && root.cause.endsWith('-route') && !['no-route', 'more-specific-route'].includes(root.cause)) return root.cause
  return SAYS_MORE[root.kind].includes(ended) ? ended : root.cause
}

/** Isolation is between two ports: both have it. A port that learns nothing does no harm but beside a fixed entry. */
function belongsTo(root: Difference, {place, cause, kind}: Difference): boolean {
  if (place !== root.place || cause !== root.cause || kind !== 'link') return false
  return cause === 'port-isolated' || (cause === 'fdb-wrong' && root.kind === 'fdb')
}

/** A device takes its addresses and routes with it, and an address its routes. */
function withConsequences(root: Difference, changes: readonly Difference[]): Difference[] {
  if (root.kind !== 'link' && root.kind !== 'address' && root.kind !== 'namespace') return [root]
  const gone = changes.filter(
    (change) =>
      change !== root &&
      (change.kind === 'route' || change.kind === 'address') &&
      [{place: root.place, device: root.device}, ...(root.took ?? [])].some(
        ({place, device}) => change.place === place && change.device === device,
      ),
  )
  return [root, ...gone]
}

/** Without a lab that worked to compare with: what would mend it, tried on the facts. */
function withoutHistory(world: World, probe: Probe, stop: Disposition, {forward, back}: Prediction): Omit<Root, 'items'> {
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
