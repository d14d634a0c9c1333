// The one place that maps sentences (the documents' requirements, and Kubernetes' own words of today) to checks and pairs.
import type {CheckResult, PairVerdict, Place, Requirement} from '../model.ts'
import {sum} from './verdict.ts'

interface Definition {
  readonly id: string
  readonly sentence: string
  readonly by: Requirement['by']
  /** Which verdicts stand behind the sentence. */
  readonly of: readonly CheckResult['check'][]
  readonly about: (from: Place, to: Place) => boolean
}

const pods = (from: Place, to: Place) => from.kind === 'pod' && to.kind === 'pod'
const podAndNode = (from: Place, to: Place) => from.kind !== to.kind

const DEFINITIONS: readonly Definition[] = [
  {id: 'unique-address', sentence: 'every Pod gets its own unique IP address', by: 'documents', of: ['unique-address'], about: pods},
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
    of: ['reach', 'no-nat'],
    about: podAndNode,
  },
  {
    id: 'node-agents',
    sentence: 'agents on a node communicate with all Pods on that node',
    by: 'kubernetes',
    of: ['reach'],
    about: (from, to) => podAndNode(from, to) && from.node === to.node,
  },
]

/** A requirement for each sentence that the scenario's checks and places have anything to say of. Counts are of pairs of places. */
export function requirementsFrom(places: readonly Place[], checks: readonly CheckResult[]): Requirement[] {
  const byName = new Map(places.map((place) => [place.name, place]))
  return DEFINITIONS.flatMap(({id, sentence, by, of, about}) => {
    const chosen = checks.filter(({check}) => of.includes(check))
    if (chosen.length < of.length) return []
    const verdicts = chosen.flatMap(({pairs}) => pairs).filter(({from, to}) => concerns(about, byName.get(from), byName.get(to)))
    const pairs = [...Map.groupBy(verdicts, pairName).values()].map((all) => sum(all.map(({verdict}) => verdict)))
    if (pairs.length === 0) return []
    return [{id, sentence, by, verdict: sum(pairs), passed: pairs.filter((verdict) => verdict === 'pass').length, total: pairs.length}]
  })
}

function concerns(about: Definition['about'], from: Place | undefined, to: Place | undefined): boolean {
  return from !== undefined && to !== undefined && about(from, to)
}

function pairName({from, to}: PairVerdict): string {
  return `${from} ${to}`
}
