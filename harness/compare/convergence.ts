// What becomes of a network when it breaks as its scenario breaks it, and is mended: how long after the stage's last line its
// claims that take a time were first seen to hold, of what fails for the one and of what holds for the other. Pure.
import type {CheckResult, Claim, Scenario, StageResult} from '../model.ts'
import {type Convergence, type Measured, measured, type Settled, unknown} from './measured.ts'

/**
 * Of the stages after the network was whole, the last two that claim a time: the one breaks it, the other mends it.
 * @param results in the order of the stages
 */
export function convergenceOf(results: readonly StageResult[]): Measured<Convergence> {
  const timed = results.filter(({checks}) => checks.some(({convergence}) => convergence))
  const [failure, mending] = timed.slice(-2)
  if (!failure || !mending) return unknown('its scenario breaks and mends nothing, or claims no time for it')
  const broken = [failure, mending].flatMap(({checks}) => checks).find(({verdict}) => verdict !== 'pass')
  if (broken) return unknown(`${broken.claim}: ${broken.evidence[0] ?? broken.verdict}`)
  const [fails, holds] = [settled(failure, breakingIn(failure)), settled(mending, mending.checks.filter(isHolding))]
  if (!fails || !holds)
    return unknown(`no claim at “${(fails ? mending : failure).title}” times that ${fails ? 'it holds' : 'anything fails'}`)
  return measured({failure: fails, mending: holds})
}

/** Where nothing is said to fail, a command may tell of it by what it prints: a route that is gone. */
function breakingIn({checks}: StageResult): readonly CheckResult[] {
  const failing = checks.filter((check) => check.convergence && isFailing(check))
  return failing.length > 0 ? failing : checks.filter(({command}) => command)
}

/** Of checks that pass: what failed was to fail. */
function isFailing({fails, command}: CheckResult): boolean {
  return fails !== undefined || (command !== undefined && command.exitCode !== 0)
}

function isHolding(check: CheckResult): boolean {
  return !isFailing(check)
}

function settled({stage, title}: StageResult, checks: readonly CheckResult[]): Settled | undefined {
  const claims = checks.flatMap(({claim, convergence}) =>
    convergence?.after == null ? [] : [{claim, milliseconds: convergence.after, looks: convergence.looks}],
  )
  if (claims.length === 0) return undefined
  return {stage, title, milliseconds: Math.max(...claims.map(({milliseconds}) => milliseconds)), claims}
}

/** Whoever is looked at later has waited for those before: at each stage, what should fail in a time is looked at first. */
export function failuresFirst(scenario: Scenario): Scenario {
  const rank = (claim: Claim) => ('within' in claim && claim.within !== undefined && shouldFail(claim) ? 0 : 1)
  return {...scenario, stages: scenario.stages.map((stage) => ({...stage, claims: stage.claims.toSorted((a, b) => rank(a) - rank(b))}))}
}

function shouldFail(claim: Claim): boolean {
  return claim.check === 'command' ? claim.exit === 'failure' : 'fails' in claim && claim.fails !== undefined
}
