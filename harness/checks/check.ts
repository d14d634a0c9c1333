// Runs a scenario's claims against a lab: one round of probes, one reading of facts, a result for each claim.
import type {Fleet} from '../driver.ts'
import {readInterfaces, underlayMtu} from '../facts/interfaces.ts'
import {type CheckResult, type Claim, type Probe, placesOf, type Requirement, type Scenario, type Verdict} from '../model.ts'
import {probeAll} from '../probe/probe.ts'
import {checkNoNat} from './no-nat.ts'
import {checkReach} from './reach.ts'
import {requirementsFrom} from './requirements.ts'
import {checkUniqueAddress} from './unique-address.ts'
import {sum} from './verdict.ts'

export interface Outcome {
  readonly verdict: Verdict
  /** The size in bytes of the full packets: the underlay's MTU. */
  readonly mtu: number
  readonly probes: readonly Probe[]
  readonly checks: readonly CheckResult[]
  readonly requirements: readonly Requirement[]
}

/** @param patience milliseconds that an unanswered exchange is waited for */
export async function check(fleet: Fleet, scenario: Scenario, patience?: number): Promise<Outcome> {
  const places = placesOf(scenario)
  const interfaces = await readInterfaces(fleet, places)
  const mtu = underlayMtu(interfaces, places)
  const probes = await probeAll(fleet, places, {mtu, ...(patience !== undefined && {patience})})
  const verify: Record<Claim['check'], () => CheckResult> = {
    reach: () => checkReach(probes),
    'no-nat': () => checkNoNat(probes),
    'unique-address': () => checkUniqueAddress(places, interfaces),
  }
  const checks = scenario.claims.map((claim) => verify[claim.check]())
  return {verdict: sum(checks.map(({verdict}) => verdict)), mtu, probes, checks, requirements: requirementsFrom(places, checks)}
}
