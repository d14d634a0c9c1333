// Why a run's claims fail at the end: the facts are read while the lab still stands, and held against the packets that
// were sent anyway.
import {withAnswers} from './asking.ts'
import type {Outcome} from './checks/check.ts'
import {diagnose} from './diagnose/diagnose.ts'
import {failingWays} from './diagnose/prediction.ts'
import type {Facts} from './facts/facts.ts'
import {readFacts} from './facts/read.ts'
import type {Lab} from './lab.ts'
import {type Diagnosis, type Place, type Probe, placesAfter} from './model.ts'

export interface Explained {
  readonly diagnoses: readonly Diagnosis[]
  readonly facts: Facts
  readonly places: readonly Place[]
  readonly probes: readonly Probe[]
  /** Failing pairs that were not looked at, of very many: `podwire diagnose` looks at all. */
  readonly left: number
}

/** A path is predicted for each packet, there and back, and again for each fault that is found. One fault breaks so many of 30 pods. */
const MOST_PAIRS = 240

/**
 * Only what claims are about that do not hold: a failure that was claimed needs no reason.
 * @param before the facts of an earlier stage at which it worked, where there is one
 */
export async function explain({fleet, scenario, history}: Lab, {checks, probes, mtu}: Outcome, before?: Facts): Promise<Explained> {
  const places = placesAfter(scenario, scenario.stages.length)
  const pairs = checks.filter(({verdict}) => verdict !== 'pass').flatMap((check) => check.pairs)
  const failing = new Set(pairs.filter(({verdict}) => verdict !== 'pass').map(({from, to}) => `${from} -> ${to}`))
  const byPair = Map.groupBy(probes, ({from, to}) => `${from} -> ${to}`)
  const chosen = spread(
    [...failing].filter((pair) => byPair.has(pair)),
    MOST_PAIRS,
  )
  const concerned = chosen.flatMap((pair) => unlike(byPair.get(pair) ?? []))
  const facts = await withAnswers(fleet, places, await readFacts(fleet, places), failingWays({places, mtu}, concerned))
  const typed = history.filter(({exitCode}) => exitCode === 0).map(({node, command}) => ({node, command}))
  const all = failing.size === 0 ? [] : diagnose({places, facts, probes: concerned, mtu, history: typed, ...(before && {before})})
  return {
    diagnoses: all.filter((each) => each.pairs.some((pair) => failing.has(pair))),
    facts,
    places,
    probes,
    left: failing.size - chosen.length,
  }
}

/** Some of them from all over: the list goes through the places in order. */
function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all]
  return Array.from({length: most}, (_, index) => all[Math.floor((index * all.length) / most)] as T)
}

/** All packets of a pair, unless all of them fared alike: then the small ones. */
function unlike(probes: readonly Probe[]): Probe[] {
  const fates = new Set(probes.map(({answered}) => answered))
  return fates.size === 1 ? probes.filter(({size}) => size === 'small') : [...probes]
}
