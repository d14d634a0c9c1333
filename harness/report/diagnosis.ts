// A diagnosis as people read it: who cannot reach whom, the two ways, the cause in a sentence, and what mends it.
import type {BothWays} from '../both-ways.ts'
import type {EndedDaemon} from '../diagnose/ended.ts'
import {type Diagnosis, PROTOCOLS, type Probe, type Trial} from '../model.ts'
import type {Trace} from '../trace/path.ts'
import {causeWords} from './cause.ts'
import {observationLines} from './observation.ts'
import type {Paint} from './text.ts'
import {backEnds, flowWords, forwardEnds, pathLines, placeWidth} from './trace.ts'
import {ends, visibleLine} from './visible.ts'

export interface DiagnosisSource {
  readonly diagnosis: Diagnosis
  /** The address of `to` that was asked. */
  readonly address?: string
  /** The paths that the facts predict for the pair that stands for the others. */
  readonly forward?: Trace
  readonly back?: Trace
  /** What its packets did. */
  readonly probes?: readonly Probe[]
}

export function diagnosisText(source: DiagnosisSource, paint: Paint): string {
  const parts = [headerText(source, paint)]
  const paths = pathsText(source, paint)
  if (paths !== '') parts.push(paths)
  const {observation} = source.diagnosis
  if (observation)
    parts.push(
      observationLines(observation, paint)
        .map((line) => `  ${line}`)
        .join('\n'),
    )
  parts.push([causeText(source, paint), ...fixLines(source.diagnosis)].join('\n'))
  return parts.join('\n\n')
}

/** All of them, one after the other, apart by a blank line. */
export function diagnosesText(sources: readonly DiagnosisSource[], paint: Paint): string {
  return sources.map((source) => diagnosisText(source, paint)).join('\n\n')
}

/** Pairs beside the first that are named. */
const MOST_PAIRS = 3

function headerText({diagnosis, probes = []}: DiagnosisSource, paint: Paint): string {
  const {from, to, verdict, pairs} = diagnosis
  const own = `${from} -> ${to}`
  const others = pairs.filter((pair) => pair !== own)
  const counts = countsOf(diagnosis, probes)
  const mark = verdict === 'unknown' ? paint('yellow', 'unknown:') : paint('red', 'fail:')
  const answered = probes.length > 0 && probes.every((probe) => probe.answered === true)
  const what = verdict === 'unknown' ? `whether ${from} reaches ${to}` : answered ? reachesWords(diagnosis) : `${from} cannot reach ${to}`
  const head = `${mark} ${paint('bold', what)}${counts === '' ? '' : ` (${counts})`}`
  if (others.length === 0) return head
  const shown = others.slice(0, MOST_PAIRS).map((pair) => visibleLine(pair))
  const left = others.length - shown.length
  const more = left > 0 ? ` and ${left} more ${left === 1 ? 'pair' : 'pairs'}` : ''
  return `${head}\n      the same for ${shown.join(', ')}${more}`
}

/** Of a pair that is answered all the same: by an address that is another's, or by another way. */
function reachesWords({from, to, cause}: Diagnosis): string {
  const touched = cause === 'source-nat' || cause === 'destination-nat'
  return `${from} reaches ${to}, but ${touched ? 'not untouched' : 'not as it should'}`
}

/** `icmp: 2 sent, 0 answered; tcp: 2 sent, 2 answered`; one count for all where they fared alike. */
function countsOf({protocol}: Diagnosis, probes: readonly Probe[]): string {
  const of = (wanted: string) => {
    const some = probes.filter((probe) => probe.protocol === wanted)
    const unseen = some.filter(({answered}) => answered === null).length
    const words = `${some.length} sent, ${some.filter(({answered}) => answered === true).length} answered`
    return unseen === 0 ? words : `${words}, ${unseen} not observed`
  }
  const asked = PROTOCOLS.filter((each) => (protocol ?? each) === each && probes.some((probe) => probe.protocol === each))
  return [...Map.groupBy(asked, of)].map(([words, same]) => `${same.join(', ')}: ${words}${same.length > 1 ? ' each' : ''}`).join('; ')
}

function pathsText(source: DiagnosisSource, paint: Paint): string {
  const {diagnosis, forward, back, probes = []} = source
  const evidence = diagnosis.evidence.flatMap((text) => text.split('\n'))
  if (!forward) return told(evidence)
  const address = source.address ?? probes[0]?.address ?? diagnosis.to
  const ways: Pick<BothWays, 'from' | 'address' | 'forward' | 'back'> = {...diagnosis, address, forward, ...(back && {back})}
  const width = placeWidth(ways)
  const place = placeOf(diagnosis)
  // Evidence stands at the end of the way that it is of; where neither way ends at the fault it stands for itself.
  const stopped = [back, forward].find((path) => path && path.ended !== 'delivered' && path.at === place)
  const seen = probes.find(({request}) => request.seen !== undefined)
  const last = (path: Trace, arrived: string | undefined) => {
    if (path === stopped && evidence.length > 0) return {last: shortened(evidence)}
    return path.ended === 'delivered' && arrived !== undefined ? {last: [arrived]} : {}
  }
  const arrived = seen && `saw the request, ${flowWords(seen.request)}`
  const answer = probes.find(({reply}) => reply.seen !== undefined)
  const returned = answer && `saw the reply, ${flowWords(answer.reply)}`
  const there = pathLines(forward, {...forwardEnds(ways), width, label: 'forward', ...last(forward, arrived)}, paint)
  const home = back ? pathLines(back, {...backEnds(ways), width, label: 'return ', ...last(back, returned)}, paint) : []
  const lines = [...there, ...home].map((line) => `  ${line}`).join('\n')
  return stopped || evidence.length === 0 ? lines : `${lines}\n\n${told(evidence)}`
}

function told(evidence: readonly string[]): string {
  return shortened(evidence)
    .map((line) => `  ${visibleLine(line)}`)
    .join('\n')
}

function shortened(evidence: readonly string[]): string[] {
  const {head, left, tail} = ends(evidence)
  return [...head, ...(left > 0 ? [`... ${left} lines left out`] : []), ...tail]
}

/** The place at fault, as people name it: a pod by its namespace, a machine by itself. */
function placeOf({where}: Diagnosis): string {
  return where.netns ?? where.node
}

function causeText({diagnosis, forward, back}: DiagnosisSource, paint: Paint): string {
  const {cause, where} = diagnosis
  const place = placeOf(diagnosis)
  const stops = (path: Trace | undefined) => path !== undefined && path.ended !== 'delivered' && path.at === place
  const consequence = stops(forward) ? ', so requests stop there' : stops(back) ? ', so replies stop there' : ''
  return `cause: ${paint('bold', cause)}  ${visibleLine(causeWords(cause, place, where.object))}${cause === 'unknown' ? '' : consequence}`
}

/** `fix:   on node2: ip route add ...   (tried on a copy of the lab: 6 of 6 pairs reach)` */
function fixLines({fix, tried}: Diagnosis): string[] {
  if (fix.length === 0) return ['fix:   none is known']
  const lines = fix.map(({where, command}, index) => `${index === 0 ? 'fix:  ' : '      '} on ${where}: ${visibleLine(command)}`)
  return [...lines.slice(0, -1), `${lines.at(-1)}   (${trialWords(tried, fix.length)})`, ...troubleLines(tried)]
}

/**
 * What became of a fix on a copy of the lab: `tried on a copy of the lab: 6 of 6 pairs reach`.
 * @param lines that the fix has
 */
export function trialWords(tried: Trial | undefined, lines: number): string {
  if (!tried) return 'not tried'
  if (tried.verdict === 'unknown') return 'could not be tried on a copy of the lab'
  const where = 'tried on a copy of the lab'
  if (tried.verdict === 'pass') return `${where}: ${tried.passing} of ${tried.total} pairs reach`
  const {refused = []} = tried
  const unheard = refused.length === 0 ? '' : `${refused.length} of ${lines} ${lines === 1 ? 'line' : 'lines'} refused, `
  return `${where}: ${unheard}mends ${tried.turned} of ${tried.failing} failing pairs, ${tried.passing} of ${tried.total} reach`
}

/**
 * A daemon that no diagnosis names, and what starts it again.
 * @param whole no pair fails: then none does for want of it
 */
export function endedText({place, name, pid, start}: EndedDaemon, whole: boolean, paint: Paint): string {
  const yet = whole ? ', and no pair that was looked at fails by it' : ', and whether what fails comes of it is not known'
  const head = `${paint('yellow', 'note:')} ${place}: the daemon ${visibleLine(name)} has ended (there is no process ${pid} any more)${yet}`
  return [head, ...start.map(({where, command}) => `      to start it again, on ${where}: ${visibleLine(command)}`)].join('\n')
}

/** Why it could not be tried, what was refused of it, or what still fails. */
function troubleLines(tried: Trial | undefined): string[] {
  if (!tried || tried.verdict === 'pass') return []
  return shortened([...(tried.refused ?? []), ...tried.evidence]).map((text) => `         ${visibleLine(text)}`)
}
