// Evidence: for each diagnosis one real exchange more, watched in every place on its way. What it did stands beside what the
// facts predict of it; where the two disagree, that is said.
import {randomBytes} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {type BothWays, bothWays} from '../both-ways.ts'
import type {Fleet} from '../driver.ts'
import type {CounterRise, Diagnosis, KernelDrop, Observation, Place, Probe, Unobserved} from '../model.ts'
import {probePairs} from '../probe/probe.ts'
import {fieldsOf, type Row} from '../probe/rows.ts'
import {everyHop} from '../trace/path.ts'
import {conflictsIn, doubtsOf, stopOf, wayOf} from './conflicts.ts'
import {lossesIn} from './counters.ts'
import {dropsIn} from './drops.ts'
import {type Chosen, chosenFor, type Known} from './exchanges.ts'
import {proven} from './proof.ts'
import {endingsIn} from './rules.ts'
import {sightingsOf} from './sightings.ts'
import {openTracepoint} from './tracepoint.ts'
import {type Post, startWatchers, unobservedIn, untraced} from './watchers.ts'

/** Milliseconds in which a watched packet arrives or does not: the labs are on one machine, and what is lost is lost at once. */
const PATIENCE = 90

/** The diagnoses, each with what a packet of its pairs did, where one could be sent. Never rejects for the sake of one machine. */
export async function withEvidence(fleet: Fleet, diagnoses: readonly Diagnosis[], known: Known): Promise<Diagnosis[]> {
  const chosen = chosenFor(diagnoses, known)
  const observed = new Map<Diagnosis, Observation>()
  // One run has one protocol and one size: its packets are told from one another by their pairs.
  for (const alike of Map.groupBy(chosen, ({probe: {protocol, size}}) => `${protocol} ${size}`).values())
    for (const [diagnosis, observation] of await watched(fleet, alike, known)) observed.set(diagnosis, observation)
  return diagnoses.map((diagnosis) => {
    const observation = observed.get(diagnosis)
    return observation ? {...proven(diagnosis, observation, known.places), observation} : diagnosis
  })
}

interface Seen {
  readonly rows: readonly Row[]
  readonly drops: readonly KernelDrop[]
  readonly unobserved: readonly Unobserved[]
}

async function watched(fleet: Fleet, chosen: readonly Chosen[], known: Known): Promise<[Diagnosis, Observation][]> {
  const {places, mtu} = known
  const [first] = chosen as [Chosen]
  const {protocol, size} = first.probe
  const ways = chosen.map(({probe}) => bothWays(known.facts, places, probe, {...probe, mtu}))
  const posts = postsOn(ways, known)
  const nonce = randomBytes(6).toString('hex')
  const name = `podwire-${nonce.slice(0, 7)}`
  const tracepoint = openTracepoint(name)
  const watchers = startWatchers(fleet, posts, nonce, protocol)
  const ready = Promise.all([tracepoint.ready, watchers.ready])
  const pairs = chosen.map(({probe: {from, to, address}}) => ({from, to, address}))
  const probes = await probePairs(fleet, places, pairs, {
    ...{mtu, patience: PATIENCE, sizes: [size], protocols: [protocol]},
    watched: {nonce, name, ready},
  })
  const [rows, traced] = await Promise.all([watchers.finish(), tracepoint.finish()])
  const elsewhere = otherKernels(rows)
  const refused = traced.refused ?? (elsewhere.length > 0 ? `${elsewhere.join(', ')} runs on another kernel than podwire` : undefined)
  const drops = dropsIn(traced.lines, name)
  const unobserved = [
    ...unobservedIn(rows, posts),
    ...untraced(posts, known.facts),
    ...(refused === undefined ? [] : [{what: 'drops' as const, why: refused}]),
  ]
  return chosen.map(({diagnosis}, number) => {
    const seen = {rows, drops, unobserved}
    return [diagnosis, observationOf(ways[number] as BothWays, {number, probe: probes[number] as Probe}, seen, known)]
  })
}

/** Every place on the ways, the machines whose bridges lie between them, and those that were meant. */
function postsOn(ways: readonly BothWays[], {places, facts}: Known): Post[] {
  const named = ways.flatMap(({from, to, forward, back}) => [
    ...[from, to],
    ...[forward, ...(back ? [back] : [])].flatMap((way) => [...everyHop(way).map(({place}) => place), way.at]),
  ])
  const names = new Set(named.flatMap((name) => [name, places.find((place) => place.name === name)?.node]))
  return places.filter(({name}) => names.has(name)).map((place) => ({place, families: familiesAt(place, facts)}))
}

/** Bridged frames are followed where a rule looks at them. */
function familiesAt({name}: Place, facts: Known['facts']): string[] {
  const bridged = facts.get(name)?.ruleset.some(({chain}) => chain?.family === 'bridge')
  return bridged ? ['inet', 'bridge'] : ['inet']
}

/** The machines whose drops this machine's tracepoints do not tell of. */
function otherKernels(rows: readonly Row[]): string[] {
  const own = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  return rows.filter(({kind, fields}) => kind === 'kernel' && fields[0] !== own).map(({node}) => node)
}

function observationOf(ways: BothWays, marks: {readonly number: number; readonly probe: Probe}, seen: Seen, {facts}: Known): Observation {
  const {from, to, address, protocol, size} = ways
  const {rows, drops, unobserved} = seen
  const {probe} = marks
  const sightings = sightingsOf(rows, facts, {...marks, length: ways.length})
  const on = new Set([from, ...sightings.map(({place}) => place)])
  const port = probe.request.sent?.sourcePort
  const endings = [...Map.groupBy(fieldsOf(rows, 'traced'), ([place = '']) => place)].flatMap(([place, lines]) =>
    endingsIn(lines.map(([, line = '']) => line)).flatMap(({packet, rule}) =>
      packet && (packet.port === port || packet.port === undefined || port === undefined) ? [{place, way: packet.way, ...rule}] : [],
    ),
  )
  const risen = fieldsOf(rows, 'counted').map(([place = '', counter = '', more]): CounterRise => ({place, counter, increase: Number(more)}))
  const stop = stopOf(ways)
  const last = ways.back ?? ways.forward
  const watched = {
    answered: probe.answered,
    sightings,
    rules: distinct(endings),
    // What was answered did not die: its sockets were closed.
    drops:
      probe.answered === true
        ? []
        : distinct(drops.filter(({devices}) => sightings.length === 0 || sightings.some(({device}) => device === devices[0]))),
    counters: lossesIn(risen).filter(({place}) => on.has(place)),
    unobserved,
  }
  return {
    ...{from, to, address, protocol, size},
    predicted: {
      ...(stop
        ? {way: wayOf(ways, stop), ended: stop.ended, at: stop.at}
        : {way: ways.back ? 'reply' : 'request', ended: 'delivered', at: last.at}),
      ...(ways.forward.ended === 'delivered' && {arrives: ways.forward.at}),
      doubts: distinct(doubtsOf(ways).map(({evidence}) => evidence)),
    },
    ...watched,
    conflicts: conflictsIn(ways, watched),
  }
}

/** A packet is sent again where nobody answers, and meets the same again. */
function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()]
}
