// What a claim that should fail is compared with: the facts of the last stage at which its pairs were claimed to reach, and
// did. What changed since then is where a diagnosis looks first.
import type {Facts} from '../facts/facts.ts'
import {type Claim, type PairClaim, placesAfter, type Scenario} from '../model.ts'
import {isPairClaim, pairsOf} from './pairs.ts'

type Declared = Pick<Scenario, 'nodes' | 'pods' | 'hosts' | 'stages' | 'claims'>

/** The facts of stages that were right, by how many stages had run. */
export type Baselines = Map<number, Facts>

/**
 * @param number how many stages have run where the claim stands
 * @returns how many had run at its baseline; undefined where its pairs were not claimed to reach before
 */
export function baselineOf(scenario: Declared, claim: PairClaim, number: number): number | undefined {
  const pairs = pairsOf(claim, placesAfter(scenario, number))
  const stages = Array.from({length: number - 1}, (_, index) => number - 1 - index)
  return stages.find((stage) => {
    const claims = (scenario.stages[stage - 1]?.claims ?? []).filter(isRight)
    const right = claims.flatMap((each) => pairsOf(each, placesAfter(scenario, stage)))
    // By name: a place may have had another address then. By address: one of a place's several.
    const known = new Set(right.flatMap(({from, to, address}) => [`${from} ${to}`, `${from} ${address}`]))
    return pairs.length > 0 && pairs.every(({from, to}) => known.has(`${from} ${to}`))
  })
}

/** A later claim is compared with this stage's facts: otherwise nobody reads them. */
export function isBaseline(scenario: Declared, number: number): boolean {
  const later = scenario.stages.slice(number).flatMap(({claims}, index) => claims.map((claim) => ({claim, at: number + index + 1})))
  const all = [...later, ...scenario.claims.map((claim) => ({claim, at: scenario.stages.length}))]
  return all.some(({claim, at}) => isWrong(claim) && baselineOf(scenario, claim, at) === number)
}

/** The facts that the claims at the end are compared with, where there are any: those of the latest stage. */
export function lastBaseline(scenario: Declared, baselines: Baselines): Facts | undefined {
  const wanted = scenario.claims.filter(isWrong).map((claim) => baselineOf(scenario, claim, scenario.stages.length) ?? 0)
  return baselines.get(Math.max(0, ...wanted))
}

function isRight(claim: Claim): claim is PairClaim {
  return claim.check === 'reach' && !claim.fails && claim.only === undefined
}

function isWrong(claim: Claim): claim is PairClaim {
  return isPairClaim(claim) && claim.check === 'reach' && claim.fails !== undefined
}
