// The two ways of an exchange as the facts predict them, and what stops it. Pure.
import type {Facts} from '../facts/facts.ts'
import type {Place, Probe} from '../model.ts'
import type {Disposition, Journey, Trace} from '../trace/path.ts'
import {sourceTo, traceTo} from '../trace.ts'

export interface World {
  readonly facts: Facts
  readonly places: readonly Place[]
  readonly mtu: number
}

/** Bytes of the small packets of each protocol, with the IP header. */
const SMALL = {icmp: 84, tcp: 180, udp: 156} as const

/** Hashes that are tried where switches may share packets out: of two ways one is missed once in eight times. */
const SWITCHED = 4

/** `stop` is undefined when nothing stops it. */
export interface Prediction {
  readonly forward: Trace
  readonly back?: Trace
  readonly stop?: Disposition
}

/** The ways of all exchanges that are not known to have been answered: what they pass has to be known. How long a packet is is no matter. */
export function failingWays(world: Omit<World, 'facts'>, probes: readonly Probe[]): ((facts: Facts) => Trace[])[] {
  const failing = probes.filter(({answered}) => answered !== true)
  const alike = new Map(failing.map((probe) => [`${probe.from} ${probe.address} ${probe.protocol}`, probe]))
  return [...alike.values()].map((probe) => (facts) => {
    const {forward, back} = predict({...world, facts}, probe)
    return back ? [forward, back] : [forward]
  })
}

const PREDICTED = new WeakMap<Facts, WeakMap<Probe, {readonly world: World; readonly prediction: Prediction}>>()

/** Asked for each change that may be the cause, and again for the one that was: it is worked out once. */
export function predict(world: World, probe: Probe): Prediction {
  const ofFacts = PREDICTED.get(world.facts) ?? new WeakMap()
  PREDICTED.set(world.facts, ofFacts)
  const known = ofFacts.get(probe)
  if (known?.world.mtu === world.mtu && known.world.places === world.places) return known.prediction
  const prediction = predictAnew(world, probe)
  ofFacts.set(probe, {world, prediction})
  return prediction
}

/** Where a route has several next hops the kernel chooses by a hash, so of those that it may have taken one that stops counts. */
function predictAnew(world: World, probe: Probe): Prediction {
  let found = predictBy(world, probe, 0)
  for (let branch = 1; !found.stop && branch < mostHops(world.facts); branch++) found = predictBy(world, probe, branch)
  return found
}

const MOST_HOPS = new WeakMap<Facts, number>()

function mostHops(facts: Facts): number {
  const most = MOST_HOPS.get(facts) ?? counted(facts)
  MOST_HOPS.set(facts, most)
  return most
}

function counted(facts: Facts): number {
  // How many ways a switch shares its packets out over only it knows.
  const shared = [...facts.values()].some((here) => here?.switches) ? SWITCHED : 1
  return Math.max(shared, ...[...facts.values()].flatMap((here) => here?.routes.map(({nextHops = []}) => nextHops.length) ?? []))
}

function predictBy({facts, places, mtu}: World, probe: Probe, branch: number): Prediction {
  const {from, to, address, protocol, size} = probe
  const journey: Journey = {protocol, branch, length: size === 'full' ? mtu : SMALL[protocol]}
  const forward = traceTo(facts, places, from, address, journey)
  if (forward.ended === 'unknown') return {...unseenBefore({facts, places}, probe, forward, journey), forward}
  if (forward.ended !== 'delivered') return {forward, stop: forward}
  if (places.some(({name}) => name === to) && forward.at !== to) {
    const nat = forward.translated.find(({cause}) => cause === 'destination-nat')
    const ended = nat ? 'destination-nat' : 'duplicate-address'
    return {
      forward,
      stop: {
        ended,
        at: nat?.at ?? forward.at,
        object: nat ? `${nat.by.family} ${nat.by.table} ${nat.by.chain}: ${nat.by.text}` : address,
        evidence: `${address} is found at ${forward.at}, not at ${to}`,
      },
    }
  }
  const source = forward.source ?? sourceTo(facts, from, address)
  if (source === undefined) return {forward, stop: sourceless(from, address, forward)}
  const back = traceTo(facts, places, forward.at, source, {...journey, reply: true, source: address})
  if (back.ended === 'delivered' && back.at === from) return {forward, back}
  if (back.ended === 'delivered')
    return {
      forward,
      back,
      stop: {ended: 'duplicate-address', at: back.at, object: source, evidence: `replies to ${source} go to ${back.at}, not to ${from}`},
    }
  return {forward, back, stop: back}
}

/** Where the request's way is out of sight, the reply's may stop in sight: then no exchange can succeed. */
function unseenBefore(
  {facts, places}: Pick<World, 'facts' | 'places'>,
  {from, to, address}: Probe,
  forward: Trace,
  journey: Journey,
): Omit<Prediction, 'forward'> {
  const source = forward.source ?? sourceTo(facts, from, address)
  if (source === undefined || !places.some(({name}) => name === to)) return {stop: forward}
  const back = traceTo(facts, places, to, source, {...journey, reply: true, source: address})
  return back.ended === 'unknown' || back.ended === 'delivered' ? {stop: forward} : {back, stop: back}
}

/** With a link-local address alone it is answered by nobody beyond its link (RFC 4291 2.5.6). */
function sourceless(from: string, address: string, {hops}: Trace): Disposition {
  const object = hops[0]?.dev ?? ''
  return {ended: 'address-missing', at: from, object, evidence: `${from} has no address to send to ${address} from`}
}
