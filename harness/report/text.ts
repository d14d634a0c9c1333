// What people read on a terminal. Data in, text out; colour is added by the caller's paint.
import Table from 'cli-table3'
import {type CommandResult, endingOf} from '../command.ts'
import {
  type CheckResult,
  PACKET_SIZES,
  type PairVerdict,
  type Place,
  PROTOCOLS,
  type Probe,
  type Requirement,
  type Stage,
  type Step,
  type Verdict,
  type WireFrame,
} from '../model.ts'
import {translationOf} from '../probe/translated.ts'
import {milliseconds} from './duration.ts'
import {visible, visibleLine} from './visible.ts'

export type Paint = (style: 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan', text: string) => string

export const MARKS: Record<Verdict, string> = {pass: '✓', fail: '✗', unknown: '?'}
export const COLOURS = {pass: 'green', fail: 'red', unknown: 'yellow'} as const

export function stageText(stage: Stage, number: number, paint: Paint): string {
  const sentence = stage.sentence === undefined ? '' : `\n   ${paint('dim', `“${visibleLine(stage.sentence)}”`)}`
  return `\n${paint('bold', `${number}. ${visibleLine(stage.title)}`)}${sentence}`
}

/** One line as a person would type it, and its time at column 72, or at the end of a screen that is narrower. */
export function stepText(step: Step, result: CommandResult, paint: Paint, screen = Number.POSITIVE_INFINITY): string {
  const command = visibleLine(step.command)
  const line = `   ${paint('cyan', `${step.node}#`)} ${command}`
  const width = 3 + step.node.length + 2 + command.length
  const words = result.exitCode === 0 ? milliseconds(result.duration) : endingOf(result)
  const column = Math.min(72, screen - words.length - 1)
  return `${line}${' '.repeat(Math.max(2, column - width))}${paint(result.exitCode === 0 ? 'dim' : 'red', words)}`
}

/** A line for each node that went away. */
export function lostWords(lost: ReadonlyMap<string, string> = new Map()): string[] {
  return [...lost].map(([node, why]) => `${node} went away: ${visibleLine(why)}`)
}

const LEGEND = 'icmp, tcp, udp;  ✓ small packets and full MTU   s small only   ✗ none   ? not observed'
/** Said where there is one. */
const TRANSLATED = '   n reaches, but translated'

/**
 * All places against all places; a cell has a mark for each protocol. Where that is wider than the screen, only the pairs
 * that fall short.
 * @param width columns of the screen
 */
export function matrixText(places: readonly Place[], probes: readonly Probe[], paint: Paint, width = Number.POSITIVE_INFINITY): string {
  // Of two families a cell shows what both have: a pair that fails in one has failed.
  const cells = new Map(
    [...Map.groupBy(probes, ({from, to, protocol, size}) => `${from} ${to} ${protocol} ${size}`)].map(([key, same]) => {
      const marks = new Set(same.map(markOf))
      return [key, (['fail', 'unknown', 'nat', 'pass'] as const).find((mark) => marks.has(mark))]
    }),
  )
  const cell = (from: Place, to: Place, paintMark: Paint) =>
    PROTOCOLS.map((protocol) =>
      cellMark(
        PACKET_SIZES.map((size) => cells.get(`${from.name} ${to.name} ${protocol} ${size}`) ?? 'unknown'),
        paintMark,
      ),
    ).join('')
  const legend = [...cells.values()].includes('nat') ? `${LEGEND}${TRANSLATED}` : LEGEND
  if (matrixWidth(places) > width) return shortMatrixText(places, cell, legend, paint)
  const table = new Table({
    head: ['from \\ to', ...places.map(({name}) => name)],
    style: {head: [], border: [], compact: true},
    colAligns: ['left', ...places.map(() => 'center' as const)],
  })
  for (const from of places)
    table.push([from.name, ...places.map((to) => (from.name === to.name ? paint('dim', ' - ') : cell(from, to, paint)))])
  return `${table.toString()}\n${paint('dim', `each cell: ${legend}`)}`
}

/** A border, and for each column its text, a blank on both sides and a border. */
function matrixWidth(places: readonly Place[]): number {
  const names = places.map(({name}) => name.length)
  const first = Math.max('from \\ to'.length, ...names)
  return 1 + [first, ...names.map((length) => Math.max(length, PROTOCOLS.length))].reduce((sum, length) => sum + length + 3, 0)
}

/** A line for each place and each kind of shortfall, with all whom it concerns. */
function shortMatrixText(
  places: readonly Place[],
  cell: (from: Place, to: Place, paint: Paint) => string,
  legend: string,
  paint: Paint,
): string {
  const whole = MARKS.pass.repeat(PROTOCOLS.length)
  const lines: string[] = []
  let passing = 0
  for (const from of places) {
    const others = places.filter(({name}) => name !== from.name)
    for (const [marks, same] of Map.groupBy(others, (to) => cell(from, to, (_, text) => text))) {
      const [one] = same
      if (marks === whole || !one) {
        passing += same.length
        continue
      }
      const whom = same.length === others.length ? 'every other' : same.map(({name}) => name).join(', ')
      lines.push(`  ${paint('bold', from.name)} -> ${cell(from, one, paint)} ${whom}`)
    }
  }
  const all = places.length * (places.length - 1)
  const head = `${paint('bold', 'The matrix')}: ${passing} of ${all} pairs pass in every protocol and size`
  return lines.length === 0 ? head : [`${head}; the others:`, ...lines, paint('dim', `marks: ${legend}`)].join('\n')
}

/** A ping that is answered is no proof that nothing translates (../checks/no-nat.ts tells of it in words). */
type Mark = Verdict | 'nat'

function markOf(probe: Probe): Mark {
  if (probe.answered !== true) return probe.answered === null ? 'unknown' : 'fail'
  return translationOf(probe) === undefined ? 'pass' : 'nat'
}

function cellMark([small = 'unknown', full = 'unknown']: Mark[], paint: Paint): string {
  if ((small === 'pass' || small === 'nat') && full === 'fail') return paint('yellow', 's')
  const both = (['fail', 'unknown', 'nat', 'pass'] as const).find((mark) => mark === small || mark === full) ?? 'unknown'
  return both === 'nat' ? paint('yellow', 'n') : paint(COLOURS[both], MARKS[both])
}

/**
 * One line a requirement, with the pairs that stand behind it.
 * @param verdict of the run; where it passes all the same, it is told why
 */
export function requirementsText(requirements: readonly Requirement[], paint: Paint, verdict?: Verdict): string {
  const idle = verdict === 'pass' && requirements.some((each) => each.verdict !== 'pass')
  return [...requirements.map((each) => requirementText(each, paint)), ...(idle ? [paint('dim', IDLE)] : [])].join('\n')
}

const IDLE = 'what does not pass here is no claim of this scenario, and decides nothing'

function requirementText({verdict, sentence, by, stronger, passed, total}: Requirement, paint: Paint): string {
  const whose =
    by === 'kubernetes' ? paint('dim', "  (Kubernetes' own words)") : stronger ? paint('dim', "  (the documents' stronger form)") : ''
  return `${paint(COLOURS[verdict], `${MARKS[verdict]} ${verdict.padEnd(7)}`)} ${sentence}: ${passed} of ${total} pairs${whose}`
}

/** How long a claim took, or what was on the wire, in a line each; nothing for claims of other kinds. */
export function findingTexts({convergence, wire}: CheckResult): string[] {
  const time = convergence && convergence.after !== null ? [`after ${milliseconds(convergence.after)}`] : []
  return [...time, ...(wire?.frames.map((frame) => `${wire.at}: ${wireWords(frame)}`) ?? [])]
}

/** `vxlan 1 port 8472, 192.168.1.11 > 192.168.1.12 [10.244.1.2 > 10.244.2.2], 134 bytes, 50 of them around it` */
function wireWords({encapsulation, vni, port, inner, outer, length, overhead}: WireFrame): string {
  const own = inner.join(' > ')
  if (encapsulation === 'none') return `no encapsulation, ${own}, ${length} bytes`
  const kind = [encapsulation, ...(vni === undefined ? [] : [vni]), 'port', port].join(' ')
  return `${kind}, ${outer?.join(' > ')} [${own}], ${length} bytes, ${overhead} of them around it`
}

export function checkText({claim, verdict, pairs, fails, command, wire, evidence}: CheckResult, paint: Paint): string {
  const head = `${paint(COLOURS[verdict], `${MARKS[verdict]} ${verdict.padEnd(7)}`)} ${visibleLine(claim)}`
  if (fails || command || wire) return head
  const count = (wanted: Verdict) => pairs.filter((pair) => pair.verdict === wanted).length
  // Where there is no pair, why that is no pass.
  if (pairs.length === 0 && evidence[0] !== undefined) return `${head}: ${visibleLine(evidence[0])}`
  const parts = (['fail', 'unknown'] as const).flatMap((wanted) => (count(wanted) > 0 ? [`${count(wanted)} ${wanted}`] : []))
  return `${head}: ${count('pass')} of ${pairs.length} pass${parts.length > 0 ? `, ${parts.join(', ')}` : ''}`
}

/**
 * What did not pass, pair by pair: the first ones in full, then how many more there are. What could not be observed
 * because the packets were lost is not told again: reach has told it.
 */
export function shortfallText(check: CheckResult, reach: CheckResult | undefined, paint: Paint, most = 8): string {
  if (check.fails || check.command || check.wire) {
    if (check.verdict === 'pass') return ''
    return [`  ${paint('bold', visible(check.claim))}`, ...check.evidence.slice(0, most).map((text) => `    ${visibleLine(text)}`)].join(
      '\n',
    )
  }
  const lost = new Set(check === reach ? [] : reach?.pairs.filter(({verdict}) => verdict === 'fail').map(pairKey))
  const short = check.pairs.filter((pair) => pair.verdict === 'fail' || (pair.verdict === 'unknown' && !lost.has(pairKey(pair))))
  // Of a place with two addresses it is told which.
  const addresses = Map.groupBy(check.pairs, ({from, to}) => `${from} -> ${to}`)
  const nameOf = ({from, to, address}: PairVerdict) => {
    const name = `${from} -> ${to}`
    return new Set(addresses.get(name)?.map((pair) => pair.address)).size > 1 ? `${name} (${address})` : name
  }
  const groups = [...Map.groupBy(short, nameOf)]
  const lines = groups
    .slice(0, most)
    .flatMap(([pair, verdicts]) => [
      `  ${paint('bold', pair)}`,
      ...[...Map.groupBy(verdicts, ({verdict, evidence}) => `${verdict} ${evidence.join('; ')}`).values()].map(
        (same) =>
          `    ${paint(COLOURS[same[0]?.verdict ?? 'unknown'], `${check.check} ${same[0]?.verdict}`)} ${kindsOf(same)}${visibleLine(same[0]?.evidence.join('; ') ?? '')}`,
      ),
    ])
  if (groups.length > most) lines.push(`  and ${groups.length - most} more pairs`)
  return lines.join('\n')
}

function pairKey({from, to, address, protocol, size}: PairVerdict): string {
  return `${from} ${to} ${address} ${protocol} ${size}`
}

/** `icmp small, full; tcp full: ` */
function kindsOf(pairs: readonly PairVerdict[]): string {
  const protocols = Map.groupBy(
    pairs.filter(({protocol}) => protocol !== undefined),
    ({protocol}) => protocol,
  )
  if (protocols.size === 0) return ''
  return `${[...protocols].map(([protocol, same]) => `${protocol} ${same.map(({size}) => size).join(', ')}`).join('; ')}: `
}

/** Hops that requests crossed between pods, from the time to live that arrived: 64 less one for each router (RFC 791). */
export function hopsText(probes: readonly Probe[], places: readonly Place[]): string {
  const podNames = new Set(places.filter(({kind}) => kind === 'pod').map(({name}) => name))
  const ttls = probes
    .filter(({from, to, ttl, size}) => ttl !== undefined && size === 'small' && podNames.has(from) && podNames.has(to))
    .map(({ttl}) => ttl)
  const counts = [...Map.groupBy(ttls, (ttl) => ttl)].sort(([a = 0], [b = 0]) => b - a)
  return counts.map(([ttl, same]) => `ttl ${ttl} for ${same.length} pairs of pods`).join(', ')
}
