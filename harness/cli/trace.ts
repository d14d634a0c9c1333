// podwire trace: the way from a place to a place or address and back, as the facts predict it, and as a real packet went.
import {familyOf, sameHost} from '../address.ts'
import {withAnswers} from '../asking.ts'
import {bothWays, conflictsOf, pathsOf} from '../both-ways.ts'
import type {Facts} from '../facts/facts.ts'
import {fullMtu} from '../facts/interfaces.ts'
import {readFacts} from '../facts/read.ts'
import {PACKET_SIZES, type PacketSize, type Pair, type Place, type Protocol, placesAfter, type Scenario} from '../model.ts'
import {probePairs} from '../probe/probe.ts'
import {type Exchange, traceJson, tracesText, verdictOf} from '../report/trace.ts'
import {suggestion} from '../scenario/problem.ts'
import {EXIT, UsageError} from './exit.ts'
import {runningLab} from './running.ts'
import {paint, print, printJson} from './terminal.ts'

export interface TraceOptions {
  readonly lab?: string
  readonly protocol?: Protocol
  readonly json?: boolean
  readonly patience?: number
}

export async function traceLab(from: string, to: string, {lab, protocol = 'icmp', json, patience}: TraceOptions): Promise<number> {
  const {kept, fleet} = await runningLab(lab)
  await using _ = fleet
  const places = placesNow(kept.scenario)
  const pair = pairBetween(from, to, places)
  const read = await readFacts(fleet, places)
  const mtu = mtuIn(kept.scenario, read, places)
  // Packets after facts: they themselves fill neighbour tables.
  const probes = await probePairs(fleet, places, [pair], {mtu, ...(patience !== undefined && {patience})})
  const waysOf = (now: Facts, size: PacketSize) => bothWays(now, places, pair, {protocol, size, mtu})
  const ways = PACKET_SIZES.map((size) => (now: Facts) => pathsOf(waysOf(now, size)))
  const asked = (from: Facts) => withAnswers(fleet, places, from, ways)
  const first = await asked(read)
  // What only a switch's controller could have told, neighbours know once packets have gone.
  const open = PACKET_SIZES.some((size) =>
    pathsOf(waysOf(first, size)).some(({ended, questions}) => ended === 'unknown' && questions.length === 0),
  )
  const facts = open && [...first.values()].some((here) => here?.switches) ? await asked(await readFacts(fleet, places)) : first
  const exchanges = PACKET_SIZES.map((size): Exchange => {
    const ways = waysOf(facts, size)
    const probe = probes.find((each) => each.protocol === protocol && each.size === size)
    return {ways, probe, conflicts: probe ? conflictsOf(ways, probe) : []}
  })
  const source = {lab: kept.lab, exchanges}
  if (json) printJson(traceJson(source))
  else print(tracesText(source, paint))
  return verdictOf(exchanges) === 'pass' ? EXIT.asClaimed : EXIT.checkFailed
}

/** The places of a lab whose steps have all run. */
export function placesNow(scenario: Scenario): Place[] {
  return placesAfter(scenario, scenario.stages.length)
}

/**
 * @param to a place, or an address, which may be nobody's
 * @throws UsageError with the nearest names
 */
export function pairBetween(from: string, to: string, places: readonly Place[]): Pair {
  const sender = placeNamed(from, places)
  if (familyOf(to) !== undefined) {
    const holder = places.find(({addresses}) => addresses.some((address) => sameHost(address, to)))
    return differing({from, to: holder?.name ?? to, address: to})
  }
  const {addresses, address} = placeNamed(to, places)
  const families = new Set(sender.addresses.map(familyOf))
  return differing({from, to, address: addresses.find((each) => families.has(familyOf(each))) ?? address})
}

function differing(pair: Pair): Pair {
  if (pair.from === pair.to) throw new UsageError(`from ${pair.from} to ${pair.to} there is no way to look at`, ['name two places'])
  return pair
}

/** @throws UsageError with the nearest names */
export function placeNamed(name: string, places: readonly Place[]): Place {
  const found = places.find((place) => place.name === name)
  if (found) return found
  const names = places.map((place) => place.name)
  throw new UsageError(`no place ${name} in this lab`, [suggestion(name, names)])
}

export function mtuIn(scenario: Pick<Scenario, 'mtu'>, facts: Facts, places: readonly Place[]): number {
  return fullMtu(scenario, new Map([...facts].map(([place, here]) => [place, here?.links])), places)
}
