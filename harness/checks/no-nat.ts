// The claim that nothing translates: the addresses and ports that the receiver saw equal those that the sender used, in
// both directions. That a ping succeeded, or that a nat table is empty, proves nothing and is not looked at.
import {sameHost} from '../address.ts'
import type {FlowTuple, PairVerdict, Passage, Probe} from '../model.ts'
import {pairOf} from './reach.ts'

/** @param probes all that the claim is about; one verdict each */
export function noNatVerdicts(probes: readonly Probe[]): PairVerdict[] {
  return probes.map(pairVerdict)
}

function pairVerdict(probe: Probe): PairVerdict {
  const {request, reply} = probe
  const base = pairOf(probe)
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
  const ports = a.sourcePort === b.sourcePort && a.destinationPort === b.destinationPort
  return ports && sameHost(a.source, b.source) && sameHost(a.destination, b.destination)
}

function words({source, sourcePort, destination, destinationPort}: FlowTuple, ports: boolean): string {
  return ports ? `${source}:${sourcePort} -> ${destination}:${destinationPort}` : `${source} -> ${destination}`
}
