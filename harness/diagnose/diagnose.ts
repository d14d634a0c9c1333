// From what was probed and the facts to diagnoses: one for each cause, with all the pairs that it breaks. Pure.
import type {Facts} from '../facts/facts.ts'
import type {Diagnosis, Place, Probe, Verdict} from '../model.ts'
import {type Root, rootOf} from './cause.ts'
import {type Difference, differences} from './difference.ts'
import {fixFor, type Known} from './fix.ts'
import {seenByLooking} from './looking.ts'
import type {Observed} from './observed.ts'
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
  const {places, probes, mtu, before, history} = observed
  let changes: readonly Difference[] = before ? differences(before, observed.facts, places) : []
  let facts: Facts = observed.facts
  let failing = probes.filter(({answered}) => answered !== true)
  const found = new Map<string, Case[]>()
  // One fault may hide another on the same path: what is explained is taken back, and the rest is looked at again.
  for (let round = 0; round < MOST_FAULTS && failing.length > 0; round++) {
    const cases = failing.map((probe): Case => ({probe, root: rootOf({facts, places, mtu}, probe, changes)}))
    const told = round === 0 ? cases : cases.filter(({root}) => root.cause !== 'unknown')
    for (const each of told) add(found, each)
    const explained = new Set(cases.flatMap(({root}) => root.items))
    if (explained.size === 0) break
    for (const {revert} of explained) facts = revert(facts)
    changes = changes.filter((change) => !explained.has(change))
    if (changes.length === 0) break
    failing = cases.filter(({root}) => root.items.length > 0).map(({probe}) => probe)
    failing = failing.filter((probe) => rootOf({facts, places, mtu}, probe, changes).cause !== 'unknown')
  }
  const known: Known = {facts: observed.facts, places, history, mtu}
  const broken = merged([...found.values()]).map((cases) => diagnosisOf(cases, known))
  return [...broken, ...translations(observed, broken), ...seenByLooking(observed, broken)].sort((a, b) => b.pairs.length - a.pairs.length)
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

function family(cause: Root['cause']): string {
  if (cause === 'no-return-route') return 'no-route '
  if (cause === 'no-route') return 'no-route '
  if (cause === 'mtu-too-small' || cause === 'mtu-blackhole') return 'mtu '
  return cause
}

/** Two addresses of one missing route, or one device. */
function sharesObject(a: Root, b: Root): boolean {
  if (a.items[0] || b.items[0]) return a.items[0] === b.items[0]
  return a.object === b.object || subnet(a.object) === subnet(b.object)
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
  const [first] = cases as [Case]
  const {probe, root} = cases.find((each) => each.root.cause !== 'no-return-route') ?? first
  const place = known.places.find(({name}) => name === root.at)
  const protocols = new Set(cases.map((each) => each.probe.protocol))
  // A size that somebody says is too large is no black hole, though the same device swallows others without a word.
  const told =
    cases.find((each) => each.root.cause === 'mtu-too-small') ?? cases.find((each) => /^EMSGSIZE|^frag-needed/.test(each.probe.error ?? ''))
  const cause = root.cause === 'mtu-blackhole' && told ? 'mtu-too-small' : onlyEchoes(cases, root.cause) ? 'echo-ignored' : root.cause
  const verdict: Verdict = cases.some((each) => each.probe.answered === false) ? 'fail' : 'unknown'
  return {
    from: probe.from,
    to: probe.to,
    ...(protocols.size === 1 && {protocol: probe.protocol}),
    verdict,
    cause,
    where: {...spotOf(root.at, place), object: root.object},
    evidence: [...new Set(root.evidence)],
    fix: fixFor(root, known),
    pairs: [...new Set(cases.map((each) => `${each.probe.from} -> ${each.probe.to}`))],
  }
}

/** A namespace that no place is declared for is known as `node1/NAME`. */
function spotOf(at: string, place: Place | undefined): {node: string; netns: string | null} {
  const [node = at, netns] = at.split('/')
  return place ? {node: place.node, netns: place.netns ?? null} : {node, netns: netns ?? null}
}
