// A pair both ways: the request's path and the reply's, as the facts predict them, and where that disagrees with what a
// packet did. Pure. Prediction and observation stay two things: neither is mended by the other.
import {familyOf, sameHost} from './address.ts'
import type {Facts} from './facts/facts.ts'
import type {PacketSize, Pair, Place, Probe, Protocol} from './model.ts'
import {PROBE_PORT} from './probe/rows.ts'
import type {Trace} from './trace/path.ts'
import {sourceTo, traceTo} from './trace.ts'

export interface BothWays extends Pair {
  readonly protocol: Protocol
  readonly size: PacketSize
  /** Bytes, with the IP header. */
  readonly length: number
  readonly forward: Trace
  /** Absent where no request arrives that could be answered. */
  readonly back?: Trace
}

/** An echo request with fping's usual payload. */
const SMALL = 84
/** A port that the kernel would choose. */
const OWN_PORT = 40_000

/** @param mtu the length of a full packet */
export function bothWays(
  facts: Facts,
  places: readonly Place[],
  {from, to, address}: Pair,
  {protocol, size, mtu}: {readonly protocol: Protocol; readonly size: PacketSize; readonly mtu: number},
): BothWays {
  const length = size === 'full' ? mtu : SMALL
  const base = {from, to, address, protocol, size, length}
  const forward = traceTo(facts, places, from, address, {protocol, length, sourcePort: OWN_PORT, destinationPort: PROBE_PORT})
  const seen = seenSource(facts, forward)
  if (forward.ended !== 'delivered' || seen === undefined) return {...base, forward}
  const answered = forward.translated.findLast(({cause}) => cause === 'destination-nat')?.address ?? address
  const reply = {protocol, length, reply: true, source: answered, sourcePort: PROBE_PORT, destinationPort: OWN_PORT}
  const first = traceTo(facts, places, forward.at, seen, reply)
  const own = forward.source ?? sourceTo(facts, from, address)
  if (first.ended !== 'delivered' || own === undefined || sameHost(own, seen)) return {...base, forward, back: first}
  // Where the source was translated the kernel undoes it, and the reply goes on from there.
  const rest = traceTo(facts, places, first.at, own, reply)
  return {...base, forward, back: {...rest, hops: [...first.hops.slice(0, -1), ...rest.hops]}}
}

/** The source that the receiver should see; undefined where it cannot be told. */
function seenSource(facts: Facts, {translated, hops, source}: Trace): string | undefined {
  const last = translated.findLast(({cause}) => cause === 'source-nat')
  if (!last) return source
  if (last.address !== undefined) return last.address
  const out = hops.find(({place}) => place === last.at)?.dev
  const link = facts.get(last.at)?.links.find(({name}) => name === out)
  return link?.addresses.find(({address, scope}) => scope === 'global' && familyOf(address) === familyOf(source ?? address))?.address
}

/** The paths that there are of the two. */
export function pathsOf({forward, back}: Pick<BothWays, 'forward' | 'back'>): Trace[] {
  return back ? [forward, back] : [forward]
}

/** The paths of what was sent, for any facts: by pair and protocol, since switches do not ask for a packet's size. */
export function pathsOfAll(places: readonly Place[], probes: readonly Probe[], mtu: number): ((facts: Facts) => Trace[])[] {
  const small = probes.filter(({size}) => size === 'small')
  return small.map((probe) => (facts) => pathsOf(bothWays(facts, places, probe, {protocol: probe.protocol, size: 'small', mtu})))
}

/** The facts let the request arrive where it is meant to, and the reply come back. */
export function reaches({from, to, address, forward, back}: BothWays): boolean {
  const arrives = forward.ended === 'delivered' && (forward.at === to || to === address)
  return arrives && back?.ended === 'delivered' && back.at === from
}

/** Where prediction and observation disagree, a sentence each. */
export function conflictsOf(ways: BothWays, {answered, request, error, protocol}: Probe): string[] {
  const {forward, back} = ways
  // What is not known disagrees with nothing.
  if (answered === null || forward.ended === 'unknown' || back?.ended === 'unknown') return []
  const conflicts: string[] = []
  const {seen, sent, seenAt} = request
  const stopped = forward.ended === 'delivered' ? undefined : `${forward.ended} at ${forward.at}`
  if (seenAt !== undefined && stopped) conflicts.push(`the facts stop the request (${stopped}), and ${seenAt} saw it`)
  else if (seenAt !== undefined && seenAt !== forward.at)
    conflicts.push(`the facts bring the request to ${forward.at}, and ${seenAt} saw it`)
  // Of a TCP connection a listener knows only once the reply has come back too.
  else if (seenAt === undefined && !stopped && protocol !== 'tcp')
    conflicts.push(`the facts bring the request to ${forward.at}, and nobody saw it${error === undefined ? '' : ` (${error})`}`)
  if (seen && sent && !stopped) {
    const translated = forward.translated.some(({cause}) => cause === 'source-nat')
    if (translated && sameHost(seen.source, sent.source))
      conflicts.push(`the facts translate the source, and it arrived unchanged: ${seen.source}`)
    if (!translated && !sameHost(seen.source, sent.source))
      conflicts.push(`the facts leave the source alone, and ${sent.source} arrived as ${seen.source}`)
  }
  if (conflicts.length > 0) return conflicts
  if (answered && back && back.ended !== 'delivered') return [`the facts stop the reply (${back.ended} at ${back.at}), and it came`]
  if (!answered && reaches(ways))
    return [`the facts let it pass both ways, and it was not answered${error === undefined ? '' : `: ${error}`}`]
  return []
}
