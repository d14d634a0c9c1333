// What is other than it was when the lab worked: one item for each thing that changed, with the cause that it is a fault
// by, and the literal command that undoes it. Pure.
import {sameHost} from '../address.ts'
import type {Facts, NamespaceFacts} from '../facts/facts.ts'
import type {Rule} from '../facts/ruleset.ts'
import type {Place} from '../model.ts'
import {holds} from '../trace/segment.ts'
import {addressChanges} from './differences/addresses.ts'
import type {Change, Difference, Scene} from './differences/change.ts'
import {daemonChanges} from './differences/daemons.ts'
import {drawnChanges} from './differences/drawing.ts'
import {fdbChanges} from './differences/fdb.ts'
import {filterChanges} from './differences/filters.ts'
import {linkChanges} from './differences/links.ts'
import {withBelongings, withEnds} from './differences/links-as-were.ts'
import {isFixed, neighbourChanges} from './differences/neighbours.ts'
import {policyChanges, withoutAnswers} from './differences/policies.ts'
import {portChanges} from './differences/ports.ts'
import {programChanges} from './differences/programs.ts'
import {asItWas, endOf, type Lost, madeAnew, namespaceAnew} from './differences/restoring.ts'
import {routeChanges} from './differences/routes.ts'
import {ruleChanges} from './differences/rules.ts'
import {withSessions} from './differences/sessions.ts'
import {settingChanges} from './differences/settings.ts'
import {switchChanges} from './differences/switches.ts'
import {withToldGone} from './differences/told.ts'
import {trafficControlChanges} from './differences/traffic-control.ts'
import {withWithheld} from './differences/withheld.ts'
import {idleRules} from './idle-rules.ts'
import type {Observed} from './observed.ts'

/** In an order in which undoing works: links before addresses before routes. */
const FAMILIES: readonly ((scene: Scene) => Change[])[] = [
  linkChanges,
  portChanges,
  addressChanges,
  routeChanges,
  ruleChanges,
  neighbourChanges,
  fdbChanges,
  filterChanges,
  settingChanges,
  trafficControlChanges,
  programChanges,
  policyChanges,
  switchChanges,
  drawnChanges,
  daemonChanges,
]

/** What the switches said, they said with such a change. */
const ASKED: readonly Change['kind'][] = ['policy', 'drawn', 'switch', 'link']

/** What became of the lab that is looked at since it worked; nothing where that is not known. */
export function differencesSeen(observed: Observed): Difference[] {
  const {before, facts, places} = observed
  return before ? differences(before, facts, places, idleRules(observed)) : []
}

/**
 * Where and what, in the order of the families.
 * @param idle new rules that are no part of what is wrong
 */
export function differences(before: Facts, now: Facts, places: readonly Place[], idle: ReadonlySet<Rule> = new Set()): Difference[] {
  const macs = [...now.values()].flatMap((here) => here?.links.flatMap(({mac, kind}) => (kind === 'bridge' ? [] : [mac])) ?? [])
  const fixedMacs = fixedMacsIn(now)
  const found = places.flatMap((place): Difference[] => {
    const [was, is] = [before.get(place.name), now.get(place.name)]
    if (!was) return []
    // Its pods went with a machine.
    if (!is && place.netns !== undefined && !now.get(place.node)) return []
    if (!is) return [missingNamespace({place, before, now, places})]
    const inside = place.netns === undefined ? '' : `-n ${place.netns} `
    const run = place.netns === undefined ? '' : `ip netns exec ${place.netns} `
    const heldElsewhere = (address: string) => [...now].some(([name, here]) => name !== place.name && holds(here, address))
    const drawn = before.get(place.node)?.switches !== undefined
    const scene: Scene = {was, is, place, places, inside, run, macs, fixedMacs, drawn, heldElsewhere, idleRules: idle}
    const changes = FAMILIES.flatMap((changesOf) => changesOf(scene))
    return changes.map(({revert, ...change}): Difference => {
      const here = (facts: Facts) => {
        const own = facts.get(place.name)
        if (!own) return facts
        const reverted = revert(own)
        const whole = change.kind === 'link' || change.kind === 'address' ? withBelongings(was, own, reverted, change) : reverted
        const known = new Map(facts).set(place.name, whole)
        const after = ASKED.includes(change.kind) ? withoutAnswers(known, change.kind === 'link' ? place.name : undefined) : known
        // A device that had another's MAC is known by that one.
        const renamed = change.cause === 'duplicate-mac' ? (is.links.find(({name}) => name === change.device)?.addresses ?? []) : []
        return [...renamed.map(({address}) => address), change.address ?? []].flat().reduce(withoutLearned, after)
      }
      const old = change.missing && was.links.find(({name}) => name === change.object)
      if (!old) return {place: place.name, ...change, revert: here}
      const lost = withWhereabouts({place, link: old, before, now, places})
      return {place: place.name, ...change, ...lost, revert: (facts) => here(withEnds(before, facts, places, place.name))}
    })
  })
  const told = withToldGone(withSessions(found, before, now), before)
  return withWithheld(told, before, now, places).filter(
    (difference) => !isOtherEnd(difference, found, before, places) && !isLeftPort(difference, found),
  )
}

function fixedMacsIn(facts: Facts): Set<string> {
  const fixed = [...facts.values()].flatMap((here) => [
    ...(here?.neighbours.filter(isFixed) ?? []),
    ...(here?.fdb.filter(({permanent, external, remote}) => remote !== undefined && (permanent || external)) ?? []),
  ])
  return new Set(fixed.flatMap(({mac}) => mac ?? []))
}

/** A port whose cable has lost its other end is disabled; the device's carrier is told up to a second later (linkwatch). */
function isLeftPort({place, device, cause}: Difference, all: readonly Difference[]): boolean {
  return cause === 'stp-listening' && all.some(({took = []}) => took.some((end) => end.place === place && end.device === device))
}

/** What others have learned of whoever holds an address, they have learned while another held it. */
function withoutLearned(facts: Facts, address: string): Facts {
  const others = (here: NamespaceFacts) => here.neighbours.filter((entry) => isFixed(entry) || !sameHost(entry.address, address))
  return new Map([...facts].map(([name, here]) => [name, here && {...here, neighbours: others(here)}]))
}

/** Where a device is that was here, and what brings it back. */
function withWhereabouts(lost: Lost): Partial<Difference> {
  const {place, link, before, now} = lost
  const elsewhere = whereIs(lost)
  const end = endOf(lost)
  const took = end ? {took: [{place: end.place, device: end.link.name}]} : {}
  if (elsewhere === undefined) return {...took, undo: madeAnew(lost)}
  const netns = lost.places.find(({name}) => name === elsewhere)?.netns ?? elsewhere.split('/')[1]
  // $$ is the shell of the machine itself: ip-link(8) takes a process for the namespace that it is in.
  const moved = `ip ${netns === undefined ? '' : `-n ${netns} `}link set dev ${link.name} netns ${place.netns ?? '$$'}`
  const own = elsewhere.includes('/') && before.get(elsewhere) === undefined && (now.get(elsewhere)?.links.length ?? 0) <= 2
  return {
    ...took,
    elsewhere,
    cause: 'wrong-namespace',
    undo: [moved, ...asItWas(place.netns, link), ...(own ? [`ip netns del ${netns}`] : [])],
  }
}

/** Where on the same machine a device is that is missing where it was. */
function whereIs({link, place, before, now, places}: Lost): string | undefined {
  const here = [...now.keys()].filter(
    (key) => key.split('/')[0] === place.node || places.some((each) => each.name === key && each.node === place.node),
  )
  const isIt = ({name, mac, kind}: Lost['link']) => name === link.name && (mac === link.mac || kind === link.kind)
  return here.find((key) => key !== place.name && now.get(key)?.links.some(isIt) && !before.get(key)?.links.some(isIt))
}

/** The machine's end of a cable whose other end is what is missing: one fault, told at the pod. */
function isOtherEnd(
  {place, object, missing, elsewhere}: Difference,
  all: readonly Difference[],
  before: Facts,
  places: readonly Place[],
): boolean {
  const was = before.get(place)
  const link = was?.links.find(({name}) => name === object)
  if (!missing || elsewhere !== undefined || !was || link?.peer?.netnsId === undefined) return false
  const netns = was.netnsNames.get(link.peer.netnsId)
  const pod = netns !== undefined && places.find((each) => each.node === place && each.netns === netns)
  return pod ? all.some((other) => other.place === pod.name && other.missing === true) : false
}

function missingNamespace(lost: Omit<Lost, 'link'>): Difference {
  const {place, before, places} = lost
  const {name, netns = name} = place
  if (place.netns === undefined)
    return {
      place: name,
      kind: 'namespace',
      cause: 'node-down',
      object: name,
      evidence: `there was a node ${name}`,
      undo: [],
      revert: (now) => now,
    }
  const devices = (before.get(name)?.links ?? []).flatMap((link) => endOf({...lost, link}) ?? [])
  return {
    place: name,
    kind: 'namespace',
    cause: 'pod-missing',
    object: netns,
    missing: true,
    took: devices.map((end) => ({place: end.place, device: end.link.name})),
    evidence: `there was a network namespace ${netns}`,
    undo: namespaceAnew(lost),
    revert: (facts) => withEnds(before, facts, places, name),
  }
}
