// The claim that every place reaches every other: a reply came to a real packet, from the place that was meant.
import type {PairVerdict, Probe} from '../model.ts'

/** @param probes all that the claim is about; one verdict each */
export function reachVerdicts(probes: readonly Probe[]): PairVerdict[] {
  return probes.map(({answered, error, ...probe}) => ({
    ...pairOf(probe),
    verdict: answered === null ? 'unknown' : answered ? 'pass' : 'fail',
    evidence: answered === true ? [] : [error ?? 'no answer'],
  }))
}

/** What a verdict says it is about. */
export function pairOf({
  from,
  to,
  address,
  protocol,
  size,
}: Pick<Probe, 'from' | 'to' | 'address' | 'protocol' | 'size'>): Omit<PairVerdict, 'verdict' | 'evidence'> {
  return {from, to, address, protocol, size}
}
