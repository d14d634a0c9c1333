// Which packets are watched: one exchange for each diagnosis, and no more than can be afforded. Pure.
import {bothWays} from '../both-ways.ts'
import type {Facts} from '../facts/facts.ts'
import type {Diagnosis, Place, Probe} from '../model.ts'
import {stopOf} from './conflicts.ts'

/** Diagnoses whose packets are watched; the others are told without. */
export const MOST_WATCHED = 3

export interface Chosen {
  readonly diagnosis: Diagnosis
  /** As it went when it was not watched. */
  readonly probe: Probe
}

export interface Known {
  readonly facts: Facts
  readonly places: readonly Place[]
  readonly probes: readonly Probe[]
  readonly mtu: number
}

/**
 * The exchanges of those that break most pairs. A place that could not be asked sends nothing, and of two faults on one way
 * a packet meets the first alone.
 */
export function chosenFor(diagnoses: readonly Diagnosis[], known: Known): Chosen[] {
  const chosen = new Map<Probe, Chosen>()
  for (const diagnosis of diagnoses) {
    const probe = exchangeOf(diagnosis, known)
    if (probe && !chosen.has(probe)) chosen.set(probe, {diagnosis, probe})
  }
  return [...chosen.values()].slice(0, MOST_WATCHED)
}

/**
 * Small before full; TCP, whose exchange is of several packets, last; the pair that stands for the others first; and rather
 * one that the facts stop at the fault.
 */
function exchangeOf({from, to, protocol, pairs, where}: Diagnosis, {facts, places, probes, mtu}: Known): Probe | undefined {
  const own = probes.filter((probe) => pairs.includes(`${probe.from} -> ${probe.to}`) && (protocol ?? probe.protocol) === probe.protocol)
  const failing = own.filter(({answered}) => answered === false)
  const candidates = (failing.length > 0 ? failing : own.filter(({answered}) => answered === true)).toSorted(
    (a, b) =>
      Number(a.size === 'full') - Number(b.size === 'full') ||
      Number(a.protocol === 'tcp') - Number(b.protocol === 'tcp') ||
      Number(a.from !== from || a.to !== to) - Number(b.from !== from || b.to !== to),
  )
  const stopsThere = (probe: Probe) => stopOf(bothWays(facts, places, probe, {...probe, mtu}))?.at === (where.netns ?? where.node)
  return candidates.slice(0, MOST_TRACED).find(stopsThere) ?? candidates[0]
}

/** Paths that are followed in search of one. */
const MOST_TRACED = 8
