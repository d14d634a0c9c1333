// From what was probed and the facts to diagnoses: one for each cause, with all the pairs that it breaks. Pure.
import type {Facts} from '../facts/facts.ts'
import type {Diagnosis, FixCommand, Place, Probe, Verdict} from '../model.ts'
import type {Trace} from '../trace/path.ts'
import {reverted, rootOf} from './cause.ts'
import {differencesSeen} from './difference.ts'
import type {Difference} from './differences/change.ts'
import {isFixed} from './differences/neighbours.ts'
import {controllerEnded, controllerOf} from './ended.ts'
import {fixFor} from './fix.ts'
import type {Known} from './known.ts'
import {seenByLooking} from './looking.ts'
import {blameless} from './naming/routes.ts'
import type {Observed} from './observed.ts'
import {redirectsForgotten} from './redirects.ts'
import type {Root} from './root.ts'
import {translations} from './translation.ts'

/** One failing exchange and its root. */
interface Case {
  readonly probe: Probe
  readonly root: Root
}

/** More faults at once than anybody makes. */
const MOST_FAULTS = 12

/** Nothing for a lab in which every pair works and nothing is translated. */
export function diagnose(observed: Observed): Diagnosis[] {
  const {places, probes, mtu, history} = observed
  let changes: readonly Difference[] = differencesSeen(observed)
  let facts: Facts = observed.facts
  let failing = probes.filter(({answered}) => answered !== true)
  const found = new Map<string, Case[]>()
  // One fault may hide another on the same path: what is explained is taken back, and the rest is looked at again.
  for (let round = 0; round < MOST_FAULTS && failing.length > 0; round++) {
    const rootAt = (probe: Probe) => blameless(rootOf({facts, places, mtu}, probe, changes), observed.before)
    const cases = failing.map((probe): Case => ({probe, root: outdated(rootAt(probe), changes, places)}))
    const told = round === 0 ? cases : cases.filter(({root}) => isSeen(root))
    for (const each of told) add(found, each)
    const explained = new Set(told.flatMap(({root}) => root.items))
    if (explained.size === 0) break
    for (const item of explained) facts = reverted(item, facts)
    changes = changes.filter((change) => !explained.has(change))
    // A daemon that has ended stops no packet by itself: with nothing else left, all is explained.
    if (changes.every(({kind}) => kind === 'daemon')) break
    failing = cases.filter(({root}) => root.items.length > 0).map(({probe}) => probe)
    failing = failing.filter((probe) => isSeen(rootOf({facts, places, mtu}, probe, changes)))
  }
  const known: Known = {facts: observed.facts, places, history, mtu}
  for (const each of latent(observed, facts, changes)) add(found, each)
  const groups = merged([...found.values()]).sort((a, b) => pairsOf(b).length - pairsOf(a).length)
  const broken = groups.map((cases, index) => {
    const diagnosis = diagnosisOf(cases, known)
    return {...diagnosis, fix: [...diagnosis.fix, ...emptied(groups, index)]}
  })
  return [...broken, ...translations(observed, broken), ...seenByLooking(observed, broken)].sort((a, b) => b.pairs.length - a.pairs.length)
}

/** What was learned of a bridge goes out of date when the port goes away whose MAC address it had: that is no fault of its own. */
function outdated(root: Root, changes: readonly Difference[], places: readonly Place[]): Root {
  if (root.cause !== 'neighbour-wrong' || root.items.length > 0) return root
  const machine = (name: string) => places.find((each) => each.name === name)?.node
  const gone = changes.find(
    ({kind, cause, missing, place}) =>
      (missing || cause === 'port-not-enslaved' || (kind === 'link' && cause === 'interface-missing')) &&
      machine(place) === machine(root.at),
  )
  if (!gone) return root
  const {cause, object} = gone
  return {...root, cause, at: gone.elsewhere ?? gone.place, object, evidence: [gone.evidence, ...root.evidence], items: [gone]}
}

/** That a pair failed has been explained: what might be wrong beside that is told only where it surely is. */
function isSeen({cause, presumed}: Root): boolean {
  return cause !== 'unknown' && (!presumed || cause === 'tc-drop' || cause === 'xdp-drop')
}

/** What shows only when a place has to be asked for anew: nothing fails while others still remember it. */
const LATENT: readonly Root['cause'][] = [
  'arp-suppressed',
  'fdb-wrong',
  'neighbour-unresolved',
  'vtep-fdb-missing',
  'vtep-neighbour-missing',
]

/** Changes that break pairs by the facts, once what was learned is forgotten. */
function latent({places, probes, mtu}: Observed, now: Facts, changes: readonly Difference[]): Case[] {
  const candidates = changes.filter(({cause}) => LATENT.includes(cause))
  if (candidates.length === 0) return []
  const facts = new Map(
    [...now].map(([name, here]) => [
      name,
      here && {...here, neighbours: here.neighbours.filter(isFixed), fdb: here.fdb.filter(({permanent}) => permanent)},
    ]),
  )
  return probes
    .filter(({protocol, size, answered}) => protocol === 'icmp' && size === 'small' && answered === true)
    .map((probe): Case => ({probe, root: rootOf({facts, places, mtu}, probe, candidates)}))
    .filter(({root}) => LATENT.includes(root.cause) && root.items.length > 0 && !root.presumed)
}

/** A new table that nothing is left in goes with the last of what was told of it. */
function emptied(groups: readonly (readonly Case[])[], index: number): FixCommand[] {
  const all = groups.map((cases) => cases[0]?.root.items ?? [])
  const items = all[index] ?? []
  return items.flatMap((item) => {
    const {table} = item
    if (!table) return []
    const same = all.flat().filter((each) => each.place === item.place && each.table?.remove === table.remove)
    const later = all.slice(index + 1).flat()
    if (new Set(same).size < table.purposes || later.some((each) => same.includes(each))) return []
    return [{where: table.node, command: table.remove}]
  })
}

function pairsOf(cases: readonly Case[]): string[] {
  return [...new Set(cases.map(({probe}) => `${probe.from} -> ${probe.to}`))]
}

function add(found: Map<string, Case[]>, each: Case): void {
  const {cause, at, object, items} = each.root
  const key = cause === 'unknown' ? cause : `${cause} ${at} ${items[0] ? `${items[0].kind} ${items[0].object}` : object}`
  found.set(key, [...(found.get(key) ?? []), each])
}

/** The same missing route is `no-route` to some and a missing way back to others; a loop is seen from both its ends. */
function merged(groups: readonly Case[][]): Case[][] {
  const kept: Case[][] = []
  for (const cases of groups) {
    const {cause, at} = (cases[0] as Case).root
    const item = (cases[0] as Case).root.items[0]
    const same =
      kept.find(([first]) => item !== undefined && first?.root.items[0] === item) ??
      kept.find(([first]) => first && undoneTogether(first.root, (cases[0] as Case).root)) ??
      // Switches that are all without their one controller.
      kept.find(
        ([first]) => first && controllerOf(first.root) !== undefined && controllerOf(first.root) === controllerOf((cases[0] as Case).root),
      ) ??
      kept.find(
        ([first]) =>
          first &&
          first.root.at === at &&
          isFilter(first.root) &&
          isFilter((cases[0] as Case).root) &&
          first.root.object === (cases[0] as Case).root.object,
      ) ??
      kept.find(
        ([first]) =>
          first &&
          first.root.at === at &&
          family(first.root.cause) === family(cause) &&
          family(cause) !== cause &&
          (family(cause) === 'mtu ' || sharesObject(first.root, (cases[0] as Case).root)),
      )
    if (same) same.push(...cases)
    else kept.push([...cases])
  }
  return kept
}

/** Each is mended by what mends the other, whichever of the two it was told as. */
function undoneTogether(a: Root, b: Root): boolean {
  const [one, other] = [a.items[0], b.items[0]]
  return a.cause === b.cause && one !== undefined && other !== undefined && a.items.includes(other) && b.items.includes(one)
}

function isFilter({cause}: Root): boolean {
  return cause === 'filter-drop' || cause === 'filter-reject' || cause === 'bridge-filter-drop'
}

/** One fault seen as several causes: a missing route before a missing way back, all packets before bridged ones or echoes alone. */
function plainest(cases: readonly Case[]): Case {
  const rank = ({root: {cause}}: Case) => ['bridge-filter-drop', 'echo-ignored', 'no-return-route'].indexOf(cause)
  return cases.toSorted((a, b) => rank(a) - rank(b))[0] as Case
}

function family(cause: Root['cause']): string {
  if (cause === 'no-return-route') return 'no-route '
  if (cause === 'no-route') return 'no-route '
  if (cause === 'mtu-too-small' || cause === 'mtu-blackhole') return 'mtu '
  return cause
}

/** All routes that a place lacks, as far as is known, or one device. */
function sharesObject(a: Root, b: Root): boolean {
  if (a.items[0] || b.items[0]) return a.items[0] === b.items[0]
  return family(a.cause) === 'no-route ' || a.object === b.object || subnet(a.object) === subnet(b.object)
}

function subnet(address: string): string {
  return address.replace(/(\.\d+|:[0-9a-f]*)$/, '')
}

/** A filter that takes echoes to one place alone. */
function onlyEchoes(cases: readonly Case[], cause: Root['cause']): boolean {
  const targets = new Set(cases.map(({probe}) => probe.to))
  const [first] = cases as [Case]
  return (
    (cause === 'filter-drop' || cause === 'filter-reject') &&
    cases.every(({probe}) => probe.protocol === 'icmp') &&
    targets.size === 1 &&
    targets.has(first.root.at) &&
    (/icmp/.test(first.root.object) || first.root.items[0]?.kind === 'filter')
  )
}

function diagnosisOf(cases: readonly Case[], known: Known): Diagnosis {
  const protocols = new Set(cases.map((each) => each.probe.protocol))
  // A size that somebody says is too large is no black hole, though the same device swallows others without a word.
  const told =
    cases.find((each) => each.root.cause === 'mtu-too-small') ?? cases.find((each) => /^EMSGSIZE|^frag-needed/.test(each.probe.error ?? ''))
  const first = plainest(cases)
  const silenced = first.root.items.some(({silences}) => silences)
  const {probe, root} = first.root.cause === 'mtu-blackhole' && told && !silenced ? told : first
  const cause =
    root.cause === 'mtu-blackhole' && told && !silenced ? 'mtu-too-small' : onlyEchoes(cases, root.cause) ? 'echo-ignored' : root.cause
  const verdict: Verdict = cases.some((each) => each.probe.answered === false) ? 'fail' : 'unknown'
  const controller = controllerEnded(root, known)
  return {
    from: probe.from,
    to: probe.to,
    ...(protocols.size === 1 && {protocol: probe.protocol}),
    verdict,
    cause,
    where: {
      ...spotOf(
        root.at,
        known.places.find(({name}) => name === root.at),
      ),
      object: root.object,
    },
    evidence: [...new Set([...root.evidence, ...controller.evidence])],
    fix: [
      ...controller.fix,
      ...fixOf(root, cases, known),
      ...(root.items[0]?.kind === 'route' ? redirectsForgotten(waysOf(cases), known.facts, known.places) : []),
    ],
    pairs: pairsOf(cases),
  }
}

/** Of routes that are gone without anybody knowing which, each case knows one: networks first, then what is behind gateways. */
function fixOf(root: Root, cases: readonly Case[], known: Known): FixCommand[] {
  if (root.items.length > 0 || family(root.cause) !== 'no-route ') return fixFor(root, known)
  const lines = cases.flatMap((each) => fixFor(each.root, known))
  const each = new Map(lines.map((line) => [`${line.where} ${line.command}`, line]))
  return [...each.values()].sort((a, b) => Number(a.command.includes(' via ')) - Number(b.command.includes(' via ')))
}

function waysOf(cases: readonly Case[]): Trace[] {
  return cases.flatMap(({root: {forward, back}}) => [forward, back].filter((way) => way !== undefined))
}

/** A namespace that no place is declared for is known as `node1/NAME`. */
function spotOf(at: string, place: Place | undefined): {node: string; netns: string | null} {
  const [node = at, netns] = at.split('/')
  return place ? {node: place.node, netns: place.netns ?? null} : {node, netns: netns ?? null}
}
