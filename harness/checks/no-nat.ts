// The claim that nothing translates: the addresses and ports that the receiver saw equal those that the sender used, in
// both directions. That a ping succeeded, or that a nat table is empty, proves nothing and is not looked at.
import type {CheckResult, FlowTuple, PairVerdict, Passage, Probe} from '../model.ts'
import {sum} from './verdict.ts'

/** @param probes all that the claim is about; one verdict each */
export function checkNoNat(probes: readonly Probe[]): CheckResult {
  const pairs = probes.map(pairVerdict)
  return {check: 'no-nat', verdict: sum(pairs.map(({verdict}) => verdict)), pairs}
}

function pairVerdict(probe: Probe): PairVerdict {
  const {from, to, protocol, size, request, reply} = probe
  const base = {from, to, protocol, size}
  const changes = [...translation('request', request), ...translation('reply', reply)]
  if (changes.length > 0) return {...base, verdict: 'fail', evidence: changes}
  const unseen = missing(probe)
  if (unseen !== undefined) return {...base, verdict: 'unknown', evidence: [unseen]}
  return {...base, verdict: 'pass', evidence: []}
}

function translation(direction: string, {sent, seen, seenAt}: Passage): string[] {
  if (!sent || !seen || same(sent, seen)) return []
  // Ports are told where they changed; otherwise the same sentence serves all protocols and sizes of a pair.
  const ports = sent.sourcePort !== seen.sourcePort || sent.destinationPort !== seen.destinationPort
  return [`${direction} left as ${words(sent, ports)}, ${seenAt} saw ${words(seen, ports)}`]
}

/** What was not observed of an exchange, so that nothing can be said of its translation. */
function missing({to, request, reply, error}: Probe): string | undefined {
  const because = error === undefined ? '' : ` (${error})`
  if (!request.sent) return `the request was not seen to leave${because}`
  if (!request.seen) return `the request was not seen to arrive${because}`
  if (request.seenAt !== to) return `the request arrived at ${request.seenAt}, not at ${to}`
  if (!reply.sent) return `the reply was not seen to leave${because}`
  if (!reply.seen) return `the reply was not seen to arrive${because}`
  return undefined
}

function same(a: FlowTuple, b: FlowTuple): boolean {
  return (
    a.source === b.source && a.sourcePort === b.sourcePort && a.destination === b.destination && a.destinationPort === b.destinationPort
  )
}

function words({source, sourcePort, destination, destinationPort}: FlowTuple, ports: boolean): string {
  return ports ? `${source}:${sourcePort} -> ${destination}:${destinationPort}` : `${source} -> ${destination}`
}
