// Why a run's claims fail at the end: the facts are read while the lab still stands, and held against the packets that
// were sent anyway.
import type {Outcome} from './checks/check.ts'
import {diagnose} from './diagnose/diagnose.ts'
import type {Facts} from './facts/facts.ts'
import {readFacts} from './facts/read.ts'
import type {Lab} from './lab.ts'
import {type Diagnosis, type Place, type Probe, placesAfter} from './model.ts'

export interface Explained {
  readonly diagnoses: readonly Diagnosis[]
  readonly facts: Facts
  readonly places: readonly Place[]
  readonly probes: readonly Probe[]
}

/** Only what claims are about that do not hold: a failure that was claimed needs no reason. */
export async function explain({fleet, scenario, history}: Lab, {checks, probes, mtu}: Outcome): Promise<Explained> {
  const places = placesAfter(scenario, scenario.stages.length)
  const pairs = checks.filter(({verdict}) => verdict !== 'pass').flatMap((check) => check.pairs)
  const failing = new Set(pairs.filter(({verdict}) => verdict !== 'pass').map(({from, to}) => `${from} -> ${to}`))
  const concerned = probes.filter(({from, to}) => failing.has(`${from} -> ${to}`))
  const facts = await readFacts(fleet, places)
  const typed = history.filter(({exitCode}) => exitCode === 0).map(({node, command}) => ({node, command}))
  const all = failing.size === 0 ? [] : diagnose({places, facts, probes: concerned, mtu, history: typed})
  return {diagnoses: all.filter((each) => each.pairs.some((pair) => failing.has(pair))), facts, places, probes}
}
