// The root of one failing exchange: where its path stopped, and which change since the lab worked made it stop there. Pure.
import {contains} from '../address.ts'
import type {Facts} from '../facts/facts.ts'
import type {Probe} from '../model.ts'
import {type Disposition, everyHop} from '../trace/path.ts'
import {holds} from '../trace/segment.ts'
import {withoutHistory} from './baseless.ts'
import {concerns} from './concerns.ts'
import type {Difference} from './differences/change.ts'
import {type Prediction, predict, type World} from './prediction.ts'
import type {Root} from './root.ts'
import {oneWith} from './together.ts'
import {told} from './told.ts'
import {isSize, unseen} from './unseen.ts'

/** @param changes what is other than it was, where that is known */
export function rootOf(world: World, probe: Probe, changes: readonly Difference[]): Root {
  return withDaemons(world, tableRoot(world, probe, changes), changes)
}

/** What only a daemon brings back, or what nobody can see, beside the daemons that have ended there, or at a session's ends. */
function withDaemons({facts}: World, root: Root, changes: readonly Difference[]): Root {
  const daemons = root.items.some(({process, withheld}) => process || withheld !== undefined)
  if (root.cause !== 'bgp-session-down' && root.cause !== 'unknown' && !daemons) return root
  const ends = root.items.flatMap(({session}) => (session ? [session.local, session.remote] : []))
  const lost = root.items.filter(({withheld}) => withheld !== undefined).map(({place}) => place)
  const near = (place: string) => place === root.at || lost.includes(place) || ends.some((end) => holds(facts.get(place), end))
  const ended = changes.filter((each) => each.kind === 'daemon' && near(each.place) && !root.items.includes(each))
  if (ended.length === 0) return root
  return {...root, evidence: [...root.evidence, ...ended.map(({evidence}) => evidence)], items: [...root.items, ...ended]}
}

function tableRoot(world: World, probe: Probe, all: readonly Difference[]): Root {
  const prediction = predict(world, probe)
  const {stop, ...ways} = prediction
  const changes = all.filter((change) => concerns(world, probe, change))
  if (!stop) return {...unseen(world, probe, prediction, changes), ...ways}
  const causal = changes.filter((change) => mends(world, probe, stop, change))
  // A rule that leads to a table of its own is the root, not the route that stands there.
  const root =
    causal.find(({kind, cause}) => SINGLE.includes(kind) && cause === stop.ended) ??
    causal.find(({kind}, index) => kind === 'rule' && causal.slice(0, index).every((each) => each.kind === 'route')) ??
    // Taking back what is drawn discards the switches' answers, and nobody knows what they would say: any other change is surer.
    causal.find(({kind}) => kind !== 'drawn') ??
    causal[0]
  if (root) {
    const {cause, at, object, items} = told(world, root, stop, {causal, changes})
    // Too small, and nobody is told: the two are one fault.
    const silencer = isSize(cause) ? changes.find(({silences}) => silences) : undefined
    return {
      cause: silencer ? 'mtu-blackhole' : cause,
      at,
      object,
      evidence: [
        stop.evidence,
        root.evidence,
        ...(items[0] && items[0] !== root ? [items[0].evidence] : []),
        ...(silencer ? [silencer.evidence] : []),
      ],
      items: [...items, ...(silencer ? [silencer] : [])],
      ...ways,
    }
  }
  const presumed = stop.ended === 'unknown' ? outOfSight(world, probe, stop, prediction, changes) : undefined
  return {...(presumed ?? {...withoutHistory(world, probe, stop, prediction), items: []}), ...ways}
}

/** What becomes of it is not seen: where one thing has changed at its ends, on its way, and on the switches that are neither, it is that. */
function outOfSight(
  {places, facts}: World,
  {from, to, address, protocol, error}: Probe,
  stop: Disposition,
  {forward, back}: Prediction,
  changes: readonly Difference[],
): Root | undefined {
  const ends = places.filter(({name}) => name === from || name === to).flatMap(({name, node}) => [name, node])
  const fabric = places.filter(({kind}) => kind === 'host').map(({name}) => name)
  const near = new Set([...ends, ...fabric, ...[forward, ...(back ? [back] : [])].flatMap(everyHop).map(({place}) => place)])
  const all = changes.filter(({place}) => near.has(place))
  // An entry for others is looked up for neither the request nor the reply; one for nobody may be for anything.
  const own = facts.get(from)?.links.flatMap(({addresses}) => addresses.map((each) => each.address)) ?? []
  const ours = [address, ...own]
  const others = places.flatMap(({addresses}) => addresses).filter((each) => !ours.includes(each))
  const isFor = (of: readonly string[], network = '') => of.some((each) => contains(network, each))
  const isOurs = ({network}: Difference) => isFor(ours, network) || !isFor(others, network)
  const candidates = all.filter((each) => each.kind !== 'daemon' && isOurs(each))
  const root = candidates.find(({kind}) => kind === 'program') ?? candidates[0]
  if (!root) return undefined
  // A daemon that has ended may be it as well, unless that is what took along what is gone.
  const took = (at: string) => candidates.some(({process, place}) => process && place === at)
  if (all.some(({kind, place}) => kind === 'daemon' && !took(place))) return undefined
  const items = oneWith(root, root.cause, {causal: candidates, changes: candidates})
  if (candidates.some((each) => !items.includes(each))) return undefined
  return {
    cause: root.cause,
    at: root.elsewhere ?? root.place,
    object: root.object,
    evidence: [
      `${from} -> ${to} ${protocol}: ${error ?? 'no answer'}`,
      stop.evidence,
      `${root.evidence}, and nothing else on its way has changed`,
    ],
    items,
    presumed: true,
  }
}

/** What hangs on nothing else: where the path stops at one of these, it is the root. */
const SINGLE: readonly Difference['kind'][] = ['setting', 'filter', 'neighbour', 'fdb', 'rule', 'traffic-control']

/** Whether the path gets further, or nowhere else, without the change. */
function mends(world: World, probe: Probe, stop: Disposition, change: Difference): boolean {
  // It takes flows away: whoever is stopped by something else is not stopped by it.
  if (change.kind === 'drawn' && stop.ended !== 'flow-missing' && stop.ended !== 'unknown' && !isFlow(stop)) return false
  if (change.kind === 'drawn' && isOpen(world, predict(world, probe))) return false
  const without = predict({...world, facts: reverted(change, world.facts)}, probe).stop
  return !without || without.ended !== stop.ended || without.at !== stop.at || without.object !== stop.object
}

/** A switch on its way was not asked: that is no sign of anything. */
function isOpen({facts}: World, {forward, back}: Prediction): boolean {
  const questions = [...forward.questions, ...(back?.questions ?? [])]
  return questions.some(({place, line}) => !facts.get(place)?.answers?.has(line))
}

/** A flow drops it: the one for whoever is not drawn, for one. */
function isFlow({ended, object}: Disposition): boolean {
  return ended === 'filter-drop' && /^\S+ table=\d+/.test(object)
}

const REVERTED = new WeakMap<Difference, WeakMap<Facts, Facts>>()

/** The facts as they would be without the change. They are the same for every pair: they are made once. */
export function reverted(change: Difference, facts: Facts): Facts {
  const known = REVERTED.get(change) ?? new WeakMap<Facts, Facts>()
  REVERTED.set(change, known)
  const made = known.get(facts) ?? change.revert(facts)
  known.set(facts, made)
  return made
}
