// The root of one failing exchange: where its path stopped, and which change since the lab worked made it stop there. Pure.
import {sameHost} from '../address.ts'
import type {Facts} from '../facts/facts.ts'
import type {Probe} from '../model.ts'
import type {Disposition} from '../trace.ts'
import {withoutHistory} from './baseless.ts'
import type {Difference} from './differences/change.ts'
import {type Prediction, predict, type World} from './prediction.ts'
import type {Root} from './root.ts'
import {told} from './told.ts'

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
    const {cause, at, object, items} = told(world, root, stop, {causal, changes})
    return {cause, at, object, evidence: [stop.evidence, root.evidence], items, ...ways}
  }
  return {...withoutHistory(world, probe, stop, prediction), items: [], ...ways}
}

/** What hangs on nothing else: where the path stops at one of these, it is the root. */
const SINGLE: readonly Difference['kind'][] = ['setting', 'filter', 'neighbour', 'fdb', 'rule', 'traffic-control']

/** Whether the path gets further, or nowhere else, without the change. */
function mends(world: World, probe: Probe, stop: Disposition, change: Difference): boolean {
  const without = predict({...world, facts: reverted(change, world.facts)}, probe).stop
  return !without || without.ended !== stop.ended || without.at !== stop.at || without.object !== stop.object
}

/** The same for every pair: it is made once. */
const REVERTED = new WeakMap<Difference, WeakMap<Facts, Facts>>()

function reverted(change: Difference, facts: Facts): Facts {
  const known = REVERTED.get(change) ?? new WeakMap<Facts, Facts>()
  REVERTED.set(change, known)
  const made = known.get(facts) ?? change.revert(facts)
  known.set(facts, made)
  return made
}

/** Nothing in the tables stops it: what cannot be judged from them, what changed on its way, or nobody knows. */
function unseen(world: World, probe: Probe, {forward, back}: Prediction, changes: readonly Difference[]): Root {
  const doubt = [...forward.doubts, ...(back?.doubts ?? [])][0]
  const onWay = new Set([...forward.hops, ...(back?.hops ?? [])].map(({place}) => place))
  // A bridge is no hop: what it keeps from a pod is told at the pod's machine.
  const bridges = new Set(world.places.filter(({name}) => onWay.has(name)).map(({node}) => node))
  const near = changes.filter(
    ({place, kind, cause}) =>
      (onWay.has(place) || (cause === 'neighbour-unresolved' && bridges.has(place))) &&
      ['traffic-control', 'filter', 'setting', 'link', 'fdb', 'neighbour'].includes(kind),
  )
  const said = probe.error ?? 'no answer'
  const [only, ...others] = near
  const size = sizeStop(world, probe)
  if (size) return {...size, items: []}
  if (only && others.length === 0)
    return {
      cause: only.cause,
      at: only.place,
      object: only.object,
      evidence: [`${probe.from} -> ${probe.to} ${probe.protocol}: ${said}`, only.evidence],
      items: [only],
    }
  if (doubt) return {cause: doubt.cause, at: doubt.at, object: doubt.object, evidence: [said, doubt.evidence], items: []}
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
