// The one place that maps sentences (the documents' requirements, and Kubernetes' own words of today) to checks and pairs.
// Kubernetes' words: the Kubernetes documentation, "The Kubernetes network model".
import {familyOf} from '../address.ts'
import type {PairVerdict, Place, Requirement, Verdict} from '../model.ts'
import {sum} from './verdict.ts'

/** What was found over every pair of the cluster, whatever a scenario claims. */
export type Findings = Readonly<Record<'reach' | 'no-nat' | 'unique-address' | 'own-subnet', readonly PairVerdict[]>>

interface Definition {
  readonly id: string
  readonly sentence: string
  readonly by: Requirement['by']
  /** The documents ask for more than Kubernetes does. */
  readonly stronger?: true
  /** Which verdicts stand behind the sentence. */
  readonly of: readonly (keyof Findings)[]
  readonly about: (from: Place, to: Place) => boolean
}

const pods = (from: Place, to: Place) => from.kind === 'pod' && to.kind === 'pod'
const nodes = (from: Place, to: Place) => from.kind === 'node' && to.kind === 'node'
const podAndNode = (from: Place, to: Place) => (from.kind === 'pod' && to.kind === 'node') || (from.kind === 'node' && to.kind === 'pod')

const DEFINITIONS: readonly Definition[] = [
  {id: 'unique-address', sentence: 'every Pod gets its own unique IP address', by: 'documents', of: ['unique-address'], about: pods},
  {
    id: 'node-subnet',
    sentence: 'each node has a different network address for its network of Pods',
    by: 'documents',
    stronger: true,
    of: ['own-subnet'],
    about: nodes,
  },
  {
    id: 'same-node',
    sentence: 'every Pod reaches every other Pod within the same node using that IP address',
    by: 'documents',
    of: ['reach'],
    about: (from, to) => pods(from, to) && from.node === to.node,
  },
  {
    id: 'other-nodes',
    sentence: 'every Pod reaches every other Pod on other nodes as well, using the same IP address',
    by: 'documents',
    of: ['reach'],
    about: (from, to) => pods(from, to) && from.node !== to.node,
  },
  {id: 'pods-no-nat', sentence: 'all Pods communicate with one another without NAT', by: 'documents', of: ['reach', 'no-nat'], about: pods},
  {
    id: 'nodes-no-nat',
    sentence: 'all nodes communicate with all Pods, and vice versa, without NAT',
    by: 'documents',
    stronger: true,
    of: ['reach', 'no-nat'],
    about: podAndNode,
  },
  {
    id: 'cluster-wide',
    sentence: 'each Pod has its own unique cluster-wide IP address',
    by: 'kubernetes',
    of: ['unique-address'],
    about: (from, to) => pods(from, to) || podAndNode(from, to),
  },
  {
    id: 'pods-directly',
    sentence: 'Pods communicate directly with all other Pods, on the same node or another, without address translation',
    by: 'kubernetes',
    of: ['reach', 'no-nat'],
    about: pods,
  },
  {
    id: 'node-agents',
    sentence: 'agents on a node communicate with all Pods on that node',
    by: 'kubernetes',
    of: ['reach'],
    about: (from, to) => podAndNode(from, to) && from.node === to.node,
  },
]

/** A requirement for each sentence that the places give any pair for. Counts are of pairs of places. */
export function requirementsFrom(places: readonly Place[], findings: Findings): Requirement[] {
  const byName = new Map(places.map((place) => [place.name, place]))
  return DEFINITIONS.flatMap(({id, sentence, by, stronger = false, of, about}) => {
    const verdicts = of.flatMap((name) => findings[name]).filter(({from, to}) => concerns(about, byName.get(from), byName.get(to)))
    const asked = Map.groupBy(verdicts, pairName)
    // Places that share no family of addresses cannot be asked to reach one another, and do not.
    const mute = of.includes('reach') ? orderedPairs(places).filter(([from, to]) => about(from, to) && !shareFamily(from, to)) : []
    const pairs = [...[...asked.values()].map((all) => sum(all.map(({verdict}) => verdict))), ...mute.map((): Verdict => 'fail')]
    if (pairs.length === 0) return []
    const passed = pairs.filter((verdict) => verdict === 'pass').length
    return [{id, sentence, by, stronger, verdict: sum(pairs), passed, total: pairs.length}]
  })
}

function shareFamily(from: Place, to: Place): boolean {
  return from.addresses.some((own) => to.addresses.some((other) => familyOf(own) === familyOf(other)))
}

function orderedPairs(places: readonly Place[]): [Place, Place][] {
  return places.flatMap((from) => places.filter((to) => to !== from).map((to): [Place, Place] => [from, to]))
}

function concerns(about: Definition['about'], from: Place | undefined, to: Place | undefined): boolean {
  return from !== undefined && to !== undefined && about(from, to)
}

function pairName({from, to}: PairVerdict): string {
  return `${from} ${to}`
}
