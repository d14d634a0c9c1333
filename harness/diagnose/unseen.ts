// An exchange that fails where the facts say that it passes: by what cannot be judged from them, by what changed on its way,
// or by nobody knows what. Pure.
import {sameHost} from '../address.ts'
import type {Cause, Probe} from '../model.ts'
import {type Disposition, everyHop, type Trace} from '../trace/path.ts'
import type {Block} from '../trace/segment.ts'
import {traceTo} from '../trace.ts'
import type {Difference} from './differences/change.ts'
import type {Prediction, World} from './prediction.ts'
import type {Root} from './root.ts'

/** What the tables do not judge: it is a cause where it is new on the way. */
const UNJUDGED: readonly Cause[] = [
  'tc-drop',
  'xdp-drop',
  'bad-checksum',
  'conntrack-full',
  'bridge-filter-drop',
  'hairpin-off',
  'duplicate-mac',
]

export function isSize(ended: Disposition['ended']): boolean {
  return ended === 'mtu-too-small' || ended === 'mtu-blackhole'
}

/** Nothing in the tables stops it: what cannot be judged from them, what changed on its way, or nobody knows. */
export function unseen(world: World, probe: Probe, {forward, back}: Prediction, changes: readonly Difference[]): Root {
  const doubts = [...forward.doubts, ...(back?.doubts ?? [])]
  const places = [forward, ...(back ? [back] : [])].flatMap(everyHop).map(({place}) => place)
  const onWay = new Set([...places, ...world.places.filter(({name}) => places.includes(name)).map(({node}) => node)])
  const near = changes.filter(
    ({place, kind, cause}) =>
      onWay.has(place) && (['traffic-control', 'filter', 'link', 'fdb', 'neighbour'].includes(kind) || UNJUDGED.includes(cause)),
  )
  const said = probe.error ?? 'no answer'
  const size = sizeStop(world, probe, forward)
  if (size) return {...size, items: [], presumed: true}
  // What takes less now may be what is remembered: once that has explained it nothing more is told.
  const remembered = sizeRemembered(world, probe, forward.source)
  if (remembered) return {...remembered, items: [], presumed: true}
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
export function tableOf(object: string): string {
  return (/^iptables-legacy \S+|^\S+ (iptables-legacy )?\S+/.exec(object) ?? [object])[0]
}

/** A router said which size it takes; or a tunnel, in the name of whom it leads to, who would not refuse what came to him. */
function sizeStop({places, facts}: World, {error, address: to}: Probe, forward: Trace): Omit<Root, 'items'> | undefined {
  const [, size, address] = /frag-needed (\d+) from (\S+)/.exec(error ?? '') ?? []
  if (size === undefined || address === undefined) return undefined
  const tunnel = sameHost(address, to) ? everyHop(forward).flatMap(({tunnels = []}) => tunnels)[0]?.from : undefined
  const holder = [...facts].find(([, here]) => here?.links.some(({addresses}) => addresses.some((own) => sameHost(own.address, address))))
  const place = places.find(({name}) => name === (tunnel?.place ?? holder?.[0]))
  const said = `${address} says that the next link takes ${size} bytes`
  return {
    cause: 'mtu-too-small',
    at: place?.name ?? address,
    object: `mtu ${size}`,
    evidence: [tunnel ? `${said}: so says ${tunnel.dev} at ${tunnel.place} in its name` : said],
  }
}

/** A link once took less, and whoever sends by it remembers that (RFC 1191 6.3: ten minutes). */
function sizeRemembered(
  {facts, places, mtu}: World,
  {from, to, address, size}: Probe,
  source: string | undefined,
): Omit<Root, 'items'> | undefined {
  if (size !== 'full') return undefined
  for (const [at, other] of [
    [from, address],
    [to, source],
  ] as const) {
    const learned = facts.get(at)?.pathSizes?.find((each) => other !== undefined && sameHost(each.to, other) && each.mtu < mtu)
    // What it remembers of a link that takes no more now is true.
    if (learned && !isSize(traceTo(facts, places, at, learned.to, {protocol: 'udp', length: mtu}).ended))
      return {
        cause: 'mtu-too-small',
        at,
        object: `cache ${learned.to} mtu ${learned.mtu}`,
        evidence: [`${at} remembers that the path to ${learned.to} takes ${learned.mtu} bytes: every link on it takes ${mtu} now`],
      }
  }
  return undefined
}
