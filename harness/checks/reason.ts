// Why an exchange was not answered: what `podwire diagnose` would say of its pair, held against what the kernel said to the
// sender. Pure. Where the two disagree, or the path is whole and packets are lost on it, the reason is unknown.
import {diagnose} from '../diagnose/diagnose.ts'
import type {Facts} from '../facts/facts.ts'
import type {Cause, Diagnosis, Place, Probe} from '../model.ts'
import type {Trace} from '../trace/path.ts'
import {traceTo} from '../trace.ts'
import type {Reason} from './expectation.ts'
import {pairKey} from './pairs.ts'

/** What the sender's own kernel can have meant by an error number (ip(7), errno(3)). */
const BY_ERRNO: Readonly<Record<string, readonly Cause[]>> = {
  ENETUNREACH: [
    ...(['no-route', 'gateway-missing', 'unreachable-route', 'policy-rule', 'ipv6-disabled'] as const),
    // What a route hangs on; it went with it.
    ...(['interface-missing', 'wrong-namespace', 'interface-down', 'peer-down', 'bridge-missing', 'bridge-down'] as const),
    ...(['address-missing', 'address-outside-subnet', 'wrong-prefix-length'] as const),
  ],
  EHOSTUNREACH: [
    'neighbour-unresolved',
    'next-hop-unreachable',
    'unreachable-route',
    'address-missing',
    'pod-missing',
    'interface-down',
    'peer-down',
    'forwarding-off',
  ],
  EACCES: ['prohibit-route'],
  EINVAL: ['blackhole-route'],
}

/** What a stage's probes are explained by. */
export interface Seen {
  readonly facts: Facts
  readonly places: readonly Place[]
  /** The length of a full packet. */
  readonly mtu: number
  /** The facts when the pairs reached, where they are known to have. */
  readonly before?: Facts | undefined
}

/**
 * Each pair is diagnosed for itself, so that every one is claimed as it is seen from its own ends.
 * @param probes all of the pairs in question, also those that were answered
 */
export function reasonsFor(probes: readonly Probe[], seen: Seen): (probe: Probe) => Reason {
  const byPair = Map.groupBy(probes, pairKey)
  const told = new Map<string, Diagnosis[]>()
  return (probe) => {
    const key = pairKey(probe)
    const diagnoses = told.get(key) ?? diagnosed(byPair.get(key) ?? [probe], seen)
    told.set(key, diagnoses)
    const forward = forwardOf(probe, seen)
    return heldAgainst(probe, seenFrom(forward, reasonIn(diagnoses, probe, seen.places)), forward)
  }
}

function forwardOf({from, address, protocol, size}: Probe, {facts, places, mtu}: Seen): Trace {
  return traceTo(facts, places, from, address, {protocol, ...(size === 'full' && {length: mtu})})
}

/** A route that is missing is a missing way back to those whose requests arrive without it. */
function seenFrom({ended}: Trace, reason: Reason): Reason {
  const missing = reason.cause === 'no-route' || reason.cause === 'gateway-missing'
  return missing && ended === 'delivered' ? {...reason, cause: 'no-return-route'} : reason
}

function diagnosed(probes: readonly Probe[], {before, ...seen}: Seen): Diagnosis[] {
  return diagnose({...seen, probes, history: [], ...(before && {before})})
}

function reasonIn(diagnoses: readonly Diagnosis[], {from, to, protocol}: Probe, places: readonly Place[]): Reason {
  const own = diagnoses.filter(({pairs}) => pairs.includes(`${from} -> ${to}`))
  const found = own.find((each) => each.protocol === protocol) ?? own.find((each) => each.protocol === undefined)
  if (!found) return {cause: 'unknown', evidence: 'links, addresses and routes let it pass both ways'}
  const {node, netns} = found.where
  const at = places.find((place) => place.node === node && (place.netns ?? null) === netns)?.name ?? `${node}/${netns}`
  return {cause: found.cause, at, evidence: found.evidence.join('; ')}
}

function heldAgainst({from, error}: Probe, reason: Reason, {ended, at, evidence}: Trace): Reason {
  const allowed = BY_ERRNO[error ?? '']
  if (!allowed || ended === 'delivered' || ended === 'unknown' || at !== from || allowed.includes(ended)) return reason
  return {cause: 'unknown', evidence: `the tables say ${ended} (${evidence}), the kernel ${error}`}
}
