// The root of one failing exchange: where its path stopped, and which change since the lab worked made it stop there. Pure.
import {sameHost} from '../address.ts'
import type {Facts} from '../facts/facts.ts'
import type {Cause, Place, Probe} from '../model.ts'
import type {Block} from '../trace/segment.ts'
import {type Disposition, type Journey, sourceTo, type Trace, traceTo} from '../trace.ts'
import type {Difference} from './differences/change.ts'

/** Why one exchange fails, and what made it so. */
export interface Root {
  readonly cause: Cause
  /** The place. */
  readonly at: string
  readonly object: string
  readonly evidence: readonly string[]
  /** What changed, as far as it explains this: the first is the root, the others went with it. */
  readonly items: readonly Difference[]
  readonly forward?: Trace
  readonly back?: Trace
  /** The path as the facts have it passes: it is named for what is new on the way. */
  readonly presumed?: true
}

export interface World {
  readonly facts: Facts
  readonly places: readonly Place[]
  readonly mtu: number
}

/** Bytes of the small packets of each protocol, with the IP header. */
const SMALL = {icmp: 84, tcp: 180, udp: 156} as const

/** The two ways of an exchange as the facts predict them, and what stops it; undefined when nothing does. */
export interface Prediction {
  readonly forward: Trace
  readonly back?: Trace
  readonly stop?: Disposition
}

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

/** What the tables do not judge: it is a cause where it is new on the way. */
const UNJUDGED: readonly Cause[] = ['tc-drop', 'xdp-drop', 'bad-checksum', 'conntrack-full', 'bridge-filter-drop', 'hairpin-off']

/** Nothing in the tables stops it: what cannot be judged from them, what changed on its way, or nobody knows. */
function unseen(world: World, probe: Probe, {forward, back}: Prediction, changes: readonly Difference[]): Root {
  const doubts = [...forward.doubts, ...(back?.doubts ?? [])]
  const places = [...forward.hops, ...(back?.hops ?? [])].map(({place}) => place)
  const onWay = new Set([...places, ...world.places.filter(({name}) => places.includes(name)).map(({node}) => node)])
  const near = changes.filter(
    ({place, kind, cause}) =>
      onWay.has(place) && (['traffic-control', 'filter', 'link', 'fdb', 'neighbour'].includes(kind) || UNJUDGED.includes(cause)),
  )
  const said = probe.error ?? 'no answer'
  const size = sizeStop(world, probe)
  if (size) return {...size, items: []}
  // A port that only does not learn costs nothing while it is flooded, and what it is not flooded with the path has shown.
  const [only, ...others] = near.filter(({kind, cause}) => kind !== 'link' || (cause !== 'fdb-wrong' && cause !== 'neighbour-unresolved'))
  const change =
    near.find((each) => doubts.some((doubt) => isDoubted(each, doubt))) ??
    near.find(({cause}) => UNJUDGED.includes(cause)) ??
    (others.length === 0 ? only : undefined)
  if (change)
    return {
      // A rule that might have dropped it, of IP, where it is only handed from port to port.
      cause: doubts.find((doubt) => isDoubted(change, doubt))?.cause === 'bridge-filter-drop' ? 'bridge-filter-drop' : change.cause,
      at: change.place,
      object: change.object,
      evidence: [`${probe.from} -> ${probe.to} ${probe.protocol}: ${said}`, change.evidence],
      items: [change],
      presumed: true,
    }
  const [doubt] = doubts
  if (doubt) return {cause: doubt.cause, at: doubt.at, object: doubt.object, evidence: [said, doubt.evidence], items: [], presumed: true}
  return {
    cause: 'unknown',
    at: probe.from,
    object: '',
    evidence: [
      `${probe.from} -> ${probe.to} ${probe.protocol} ${probe.size}: ${said}`,
      'links, addresses, routes and filters let it pass both ways',
      ...near.map(({place, evidence}) => `${place}: ${evidence}`),
    ],
    items: [],
  }
}

/** The change is what the path could not judge. */
function isDoubted({place, kind, object, device}: Difference, doubt: Block): boolean {
  if (place !== doubt.at) return false
  if (kind === 'filter') return tableOf(object) === tableOf(doubt.object)
  return object === doubt.object || (kind === 'traffic-control' && doubt.cause === 'tc-drop' && doubt.object.includes(`dev ${device} `))
}

/** Family and table of a rule, in its words. */
function tableOf(object: string): string {
  return (/^iptables-legacy \S+|^\S+ (iptables-legacy )?\S+/.exec(object) ?? [object])[0]
}

/** A router said which size it takes. */
function sizeStop({places, facts}: World, {error}: Probe): Omit<Root, 'items'> | undefined {
  const [, size, address] = /frag-needed (\d+) from (\S+)/.exec(error ?? '') ?? []
  if (size === undefined || address === undefined) return undefined
  const holder = [...facts].find(([, here]) => here?.links.some(({addresses}) => addresses.some((own) => sameHost(own.address, address))))
  const place = places.find(({name}) => name === holder?.[0])
  return {
    cause: 'mtu-too-small',
    at: place?.name ?? address,
    object: `mtu ${size}`,
    evidence: [`${address} says that the next link takes ${size} bytes`],
  }
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
