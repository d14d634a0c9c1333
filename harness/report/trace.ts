// Paths, hop by hop: what the facts predict, and beside it what a packet did. Data in, text or plain data out.
import {type BothWays, pathsOf, reaches} from '../both-ways.ts'
import type {Probe, Verdict} from '../model.ts'
import type {Carriage, Hop, Trace} from '../trace/path.ts'
import {milliseconds} from './duration.ts'
import {FORMAT} from './format.ts'
import type {Paint} from './text.ts'
import {visibleLine} from './visible.ts'

/** One size of packet: what should become of it, what did, and where the two disagree. */
export interface Exchange {
  readonly ways: BothWays
  readonly probe: Probe | undefined
  readonly conflicts: readonly string[]
}

export interface TraceSource {
  readonly lab: string
  /** The small packets' first. */
  readonly exchanges: readonly Exchange[]
}

/** Both ways of the small packets; of full ones only when they fare otherwise. */
export function tracesText({exchanges}: TraceSource, paint: Paint): string {
  const [first, ...others] = exchanges
  if (!first) return ''
  const different = others.filter((other) => endingOf(other) !== endingOf(first) || other.conflicts.join() !== first.conflicts.join())
  return [first, ...different].map((exchange) => exchangeText(exchange, paint)).join('\n\n')
}

function endingOf({ways, probe}: Exchange): string {
  return [ways.forward, ways.back].map((path) => `${path?.ended} ${path?.at}`).join() + String(probe?.answered)
}

function exchangeText({ways, probe, conflicts}: Exchange, paint: Paint): string {
  const width = placeWidth(ways)
  const parts = [
    paint('bold', `predicted from the facts, ${ways.protocol}, ${ways.length} bytes: ${predictionWords(ways)}`),
    ...waysLines(ways, paint).map((line) => `  ${line}`),
    paint('bold', `observed, ${ways.protocol}, ${ways.size} packet: ${probe ? outcomeWords(probe) : 'nothing'}`),
    ...(probe ? observedLines(probe, width).map((line) => `    ${line}`) : []),
    ...conflicts.map((words) => `${paint('red', 'conflict:')} ${visibleLine(words)}`),
  ]
  return parts.join('\n')
}

/** null where the facts do not tell. */
function predictionOf(ways: BothWays): boolean | null {
  if (reaches(ways)) return true
  return pathsOf(ways).some(({ended}) => ended === 'unknown') ? null : false
}

function predictionWords(ways: BothWays): string {
  const reached = predictionOf(ways)
  return reached === null ? 'unknown' : reached ? 'reaches' : 'does not reach'
}

/** Room for every name of a place on both ways. */
export function placeWidth({forward, back}: Pick<BothWays, 'forward' | 'back'>): number {
  const names = [forward, back].flatMap((path) => (path ? [...path.hops.map(({place}) => place), path.at] : []))
  return Math.max(...names.map((name) => name.length))
}

/** The way of the UDP packets that a tunnel puts it into. Where they are stopped the whole path says why. */
function carriageLines({from, destination, outer}: Carriage, paint: Paint): string[] {
  const ends = {source: outer.source ?? from.place, destination}
  const width = placeWidth({forward: outer})
  const stopped = outer.ended !== 'delivered' && {last: []}
  return pathLines({...outer, doubts: []}, {...ends, ...stopped, width, label: `in ${from.dev}`}, paint)
}

function waysLines(ways: BothWays, paint: Paint): string[] {
  const width = placeWidth(ways)
  const {forward, back} = ways
  const there = pathLines(forward, {...forwardEnds(ways), width, label: 'forward'}, paint)
  return back ? [...there, ...pathLines(back, {...backEnds(ways), width, label: 'return '}, paint)] : there
}

/** The addresses at a path's two ends. */
export interface Ends {
  readonly source: string
  readonly destination: string
}

export function forwardEnds({from, address, forward}: Pick<BothWays, 'from' | 'address' | 'forward'>): Ends {
  return {source: forward.source ?? from, destination: address}
}

export function backEnds(ways: Pick<BothWays, 'from' | 'address' | 'forward'>): Ends {
  const {source, destination} = forwardEnds(ways)
  return {source: destination, destination: source}
}

interface PathLook extends Ends {
  readonly label: string
  readonly width: number
  /** What is told of the last hop instead of how the path ended there. */
  readonly last?: readonly string[]
}

/** `forward  10.244.1.2 -> 10.244.2.2   delivered`, and under it a line for each hop. */
export function pathLines(path: Trace, {source, destination, label, width, last}: PathLook, paint: Paint): string[] {
  const ended = path.ended === 'delivered' ? paint('green', 'delivered') : paint('red', dispositionWords(path))
  const row = (place: string, words: string) => `  ${place.padEnd(width)}  ${visibleLine(words)}`
  const lines = [`${label}  ${source} -> ${destination}   ${ended}`]
  for (const {place, route, rule, flow, tunnels = []} of path.hops) {
    if (flow !== undefined) lines.push(row(place, flow))
    if (route !== undefined) lines.push(row(place, rule === undefined ? route : `${route}   (rule ${rule})`))
    for (const {cause, by, address} of path.translated.filter(({at}) => at === place))
      lines.push(row('', `${cause}${address === undefined ? '' : ` to ${address}`}: ${by.family} ${by.table} ${by.chain}: ${by.text}`))
    const within = tunnels.flatMap((carriage) => carriageLines(carriage, paint))
    lines.push(...within.map((line) => `${' '.repeat(width + 4)}${line}`))
  }
  // Under a route of the same place its name stands already.
  const end = path.hops.at(-1)
  const named = end?.place === path.at && !end.tunnels && (end.route ?? end.flow) !== undefined ? '' : path.at
  for (const [index, text] of (last ?? [path.evidence]).entries())
    lines.push(row(index === 0 ? named : '', text.startsWith(`${path.at} `) ? text.slice(path.at.length + 1) : text))
  lines.push(...path.doubts.map(({at, evidence}) => row(at, `not judged: ${evidence}`)))
  return lines.map((line) => line.trimEnd())
}

/** `no route at node2` */
function dispositionWords({ended, at}: Pick<Trace, 'ended' | 'at'>): string {
  return `${ended.replaceAll('-', ' ')} at ${at}`
}

function outcomeWords({answered, error, rtt}: Probe): string {
  if (answered === true) return rtt === undefined ? 'answered' : `answered after ${milliseconds(rtt)}`
  const why = error === undefined || error === 'no-answer' ? '' : `: ${visibleLine(error)}`
  return `${answered === null ? 'unknown' : 'not answered'}${why}`
}

/** Who saw what: `pod3   saw the request, source 10.244.1.2 (unchanged)`. */
function observedLines({answered, protocol, request, reply, ttl}: Probe, width: number): string[] {
  const row = (place: string, words: string) => `${place.padEnd(width)}  ${words}`
  const left = ttl === undefined ? '' : `, ttl ${ttl}`
  const nobody = protocol === 'tcp' ? 'no connection was accepted' : 'nobody saw the request'
  const lines = request.seen ? [row(request.seenAt ?? '?', `saw the request, ${flowWords(request)}${left}`)] : []
  if (!request.seen && answered !== null) lines.push(nobody)
  if (reply.seen) lines.push(row(reply.seenAt ?? '?', `saw the reply, ${flowWords(reply)}`))
  return lines
}

/** What became of a packet's addresses on the way. */
export function flowWords({sent, seen}: Probe['request']): string {
  if (!seen) return 'not seen'
  if (!sent) return `source ${seen.source}`
  const port = (from: number, to: number) => (from === to ? '' : `, port ${from} became ${to}`)
  const source = sent.source === seen.source ? '(unchanged)' : `(${sent.source} was sent)`
  const destination = sent.destination === seen.destination ? '' : `, destination ${seen.destination} (${sent.destination} was sent)`
  return `source ${seen.source} ${source}${port(sent.sourcePort, seen.sourcePort)}${destination}`
}

/** Reaching is what packets did, in every size. */
export function verdictOf(exchanges: readonly Exchange[]): Verdict {
  if (exchanges.some(({probe}) => probe?.answered === false)) return 'fail'
  return exchanges.length > 0 && exchanges.every(({probe}) => probe?.answered === true) ? 'pass' : 'unknown'
}

/** fixtures/schema/trace.json describes it. */
export function traceJson({lab, exchanges}: TraceSource): Record<string, unknown> {
  const {from, to, address, protocol} = exchanges[0]?.ways ?? {}
  return {
    format: FORMAT,
    kind: 'trace',
    lab,
    ...{from, to, address, protocol},
    verdict: verdictOf(exchanges),
    exchanges: exchanges.map(({ways, probe, conflicts}) => ({
      size: ways.size,
      bytes: ways.length,
      predicted: {reaches: predictionOf(ways), forward: pathJson(ways.forward), back: ways.back ? pathJson(ways.back) : null},
      observed: probe ?? null,
      conflicts,
    })),
  }
}

function pathJson({hops, ended, at, object, evidence, source, translated, doubts}: Trace): Record<string, unknown> {
  return {
    hops: hops.map(hopJson),
    ...{ended, at, object, evidence, source},
    translated: translated.map(({at: place, cause, address, port, by}) => ({at: place, cause, address, port, rule: by.text})),
    doubts: doubts.map(({cause, at: place, object: what, evidence: words}) => ({cause, at: place, object: what, evidence: words})),
  }
}

function hopJson({place, route, rule, dev, nextHop, neighbour, tunnels, flow}: Hop): Record<string, unknown> {
  const carried = tunnels?.map(({outer, ...tunnel}) => ({...tunnel, outer: pathJson(outer)}))
  return {place, route, rule, dev, nextHop, neighbour, tunnels: carried, flow}
}
