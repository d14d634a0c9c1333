// What the checks find over every pair that was recorded, as a claim without a word more would be judged.
import {noNatVerdicts} from '../../harness/checks/no-nat.ts'
import {ownSubnetVerdicts} from '../../harness/checks/own-subnet.ts'
import {reachVerdicts} from '../../harness/checks/reach.ts'
import type {Findings} from '../../harness/checks/requirements.ts'
import {uniqueAddressVerdicts} from '../../harness/checks/unique-address.ts'
import {sum} from '../../harness/checks/verdict.ts'
import type {Interfaces} from '../../harness/facts/interfaces.ts'
import type {CheckResult, PairVerdict, Place, Probe} from '../../harness/model.ts'

export function checkReach(probes: readonly Probe[]): CheckResult {
  return resultOf('reach', reachVerdicts(probes))
}

export function checkNoNat(probes: readonly Probe[]): CheckResult {
  return resultOf('no-nat', noNatVerdicts(probes))
}

export function checkUniqueAddress(places: readonly Place[], interfaces: Interfaces): CheckResult {
  return resultOf('unique-address', uniqueAddressVerdicts(places, interfaces))
}

/** What the requirements are read from. */
export function findings(places: readonly Place[], probes: readonly Probe[], interfaces: Interfaces): Findings {
  return {
    reach: reachVerdicts(probes),
    'no-nat': noNatVerdicts(probes),
    'unique-address': uniqueAddressVerdicts(places, interfaces),
    'own-subnet': ownSubnetVerdicts(places, interfaces),
  }
}

function resultOf(check: CheckResult['check'], pairs: readonly PairVerdict[]): CheckResult {
  return {check, claim: check, verdict: sum(pairs.map(({verdict}) => verdict)), pairs, evidence: []}
}
