// The claim that every place reaches every other: a reply came to a real packet, from the place that was meant.
import type {CheckResult, Probe} from '../model.ts'
import {sum} from './verdict.ts'

/** @param probes all that the claim is about; one verdict each */
export function checkReach(probes: readonly Probe[]): CheckResult {
  const pairs = probes.map(({from, to, protocol, size, answered, error}) => ({
    from,
    to,
    protocol,
    size,
    verdict: answered === null ? ('unknown' as const) : answered ? ('pass' as const) : ('fail' as const),
    evidence: answered === true ? [] : [error ?? 'no answer'],
  }))
  return {check: 'reach', verdict: sum(pairs.map(({verdict}) => verdict)), pairs}
}
