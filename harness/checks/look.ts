// What a round of probes over every pair says, whatever a scenario claims: of a lab that is followed.
import type {Interfaces} from '../facts/interfaces.ts'
import type {CheckResult, PairVerdict, Place, Probe, Requirement} from '../model.ts'
import {allPairs} from '../probe/probe.ts'
import {noNatVerdicts} from './no-nat.ts'
import {ownSubnetVerdicts} from './own-subnet.ts'
import {clusterOf, probesOf} from './pairs.ts'
import {reachVerdicts} from './reach.ts'
import {requirementsFrom} from './requirements.ts'
import {uniqueAddressVerdicts} from './unique-address.ts'
import {sum} from './verdict.ts'

/** The documents' requirements, over every pair of the cluster. @param probes may be of more */
export function requirementsIn(places: readonly Place[], probes: readonly Probe[], interfaces: Interfaces): Requirement[] {
  const cluster = clusterOf(places)
  const all = probesOf(probes, allPairs(cluster))
  return requirementsFrom(places, {
    reach: reachVerdicts(all),
    'no-nat': noNatVerdicts(all),
    'unique-address': uniqueAddressVerdicts(cluster, interfaces),
    'own-subnet': ownSubnetVerdicts(places, interfaces),
  })
}

/** The claims that hold of every working lab. */
export function checksOf(places: readonly Place[], probes: readonly Probe[], interfaces: Interfaces): CheckResult[] {
  return [
    checkOf('reach', reachVerdicts(probes)),
    checkOf('no-nat', noNatVerdicts(probes)),
    checkOf('unique-address', uniqueAddressVerdicts(clusterOf(places), interfaces)),
  ]
}

function checkOf(check: CheckResult['check'], pairs: readonly PairVerdict[]): CheckResult {
  return {check, claim: check, verdict: sum(pairs.map(({verdict}) => verdict)), pairs, evidence: []}
}
