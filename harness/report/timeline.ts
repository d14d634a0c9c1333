// How the matrix grew from stage to stage: what each part of the recipe bought. Data in, text out.
import Table from 'cli-table3'
import {type Turns, turnsBetween} from '../checks/matrix.ts'
import type {CheckResult, Family, MatrixRow, Place, StageResult} from '../model.ts'
import {COLOURS, findingTexts, MARKS, type Paint} from './text.ts'
import {visibleLine} from './visible.ts'

/** What was claimed at a stage and whether it held, a line each; why not, below. Empty where nothing was claimed. */
export function stageFindingsText({checks}: StageResult, paint: Paint): string {
  return checks.flatMap((check) => findingLines(check, paint)).join('\n')
}

/** The claims of stages that do not hold, or are not known to, stage by stage, each with why. Empty where all hold. */
export function stageShortfallText(stages: readonly StageResult[], paint: Paint): string {
  return stages
    .flatMap(({stage, title, checks}) => {
      const short = checks.filter(({verdict}) => verdict !== 'pass')
      return short.length === 0
        ? []
        : [paint('bold', `${stage}. ${visibleLine(title)}`), ...short.flatMap((check) => findingLines(check, paint))]
    })
    .join('\n')
}

function findingLines(check: CheckResult, paint: Paint): string[] {
  const {verdict, claim, evidence, pairs, fails, command, wire} = check
  const line = `   ${paint(COLOURS[verdict], MARKS[verdict])} ${visibleLine(claim)}`
  if (verdict === 'pass') {
    const said = command?.output.split('\n').filter((text) => text.trim() !== '') ?? []
    return [line, ...[...findingTexts(check), ...said.slice(0, 3)].map((text) => `       ${paint('dim', visibleLine(text))}`)]
  }
  const why =
    fails || command || wire
      ? evidence
      : [
          ...evidence,
          ...pairs
            .filter((pair) => pair.verdict !== 'pass')
            .map(
              ({from, to, protocol, size, evidence: found}) =>
                `${from} -> ${to} ${[protocol, size].filter(Boolean).join(' ')}: ${found.join('; ')}`,
            ),
        ]
  return [
    line,
    ...findingTexts(check).map((text) => `       ${paint('dim', visibleLine(text))}`),
    ...why.slice(0, 8).map((text) => `       ${visibleLine(text)}`),
    ...(why.length > 8 ? [`       and ${why.length - 8} more`] : []),
  ]
}

/** A round of small packets between all places. */
interface Round extends Partial<Turns> {
  /** `8`, `end` */
  readonly name: string
  readonly title: string
  readonly rows: readonly MatrixRow[]
}

/**
 * One column a stage: how many others each place reaches, and below, by name, the pairs that turned at it. Stages that do
 * not fit the screen's width are in a table of their own below. The end has a column where a pair turned after the last stage.
 * @param end the matrix of the end, in small packets as at the stages
 */
export function timelineText(
  stages: readonly StageResult[],
  places: readonly Place[],
  end: readonly MatrixRow[],
  paint: Paint,
  width = Number.POSITIVE_INFINITY,
): string {
  const rounds = roundsOf(stages, end)
  if (rounds.length === 0) return ''
  const turns = rounds.flatMap(({title, gained = [], lost = []}) => {
    const named = [gained, lost].flatMap((pairs, index) => turnTexts(index === 0 ? '+' : '-', pairs, index === 0 ? 'green' : 'red', paint))
    return named.length === 0 ? [] : [paint('bold', title), ...named]
  })
  const lines = linesOf(rounds, places)
  return [
    `${paint('bold', 'The timeline')}: how many others each place reaches after each stage, ${totalWords(rounds)}`,
    ...blocksOf(rounds, lines, width).map((block) => blockText(block, lines, paint)),
    ...turns,
  ].join('\n')
}

function roundsOf(stages: readonly StageResult[], end: readonly MatrixRow[]): Round[] {
  const rounds = stages.flatMap(({stage, title, matrix, gained = [], lost = []}): Round[] =>
    matrix === undefined ? [] : [{name: String(stage), title: `${stage}. ${title}`, rows: matrix, gained, lost}],
  )
  const last = rounds.at(-1)
  if (!last) return []
  const turns = turnsBetween(last.rows, end)
  if (turns.gained.length + turns.lost.length === 0) return rounds
  return [...rounds, {name: 'end', title: `the end, since stage ${last.name}`, rows: end, ...turns}]
}

const FAMILIES = [4, 6] as const

/** `42 pairs in all`; of two families `42 pairs by IPv4 and 42 by IPv6` */
function totalWords(rounds: readonly Round[]): string {
  const most = (family: Family) => Math.max(...rounds.map(({rows}) => rows.filter((row) => row.family === family).length))
  const [four, six] = [most(4), most(6)]
  return four > 0 && six > 0 ? `${four} pairs by IPv4 and ${six} by IPv6` : `${four + six} pairs in all`
}

/** A line of the table. */
interface Line {
  readonly name: string
  readonly counts: (row: MatrixRow) => boolean
}

const ALL: Line = {name: 'pairs', counts: () => true}

/** A line a place and one for all; of two families one for each. */
function linesOf(rounds: readonly Round[], places: readonly Place[]): Line[] {
  const asked = rounds.flatMap(({rows}) => rows)
  const families = FAMILIES.filter((family) => asked.some((row) => row.family === family))
  const line = (name: string, counts: Line['counts']): Line[] =>
    families.length < 2
      ? [{name, counts}]
      : families.map((family) => ({name: `${name} IPv${family}`, counts: (row) => row.family === family && counts(row)}))
  return [...places.flatMap(({name}) => line(name, ({from}) => from === name)), ...line(ALL.name, ALL.counts)]
}

/** As many rounds to a table as the screen holds side by side; at least one. */
function blocksOf(rounds: readonly Round[], lines: readonly Line[], width: number): Round[][] {
  const digits = Math.max(...rounds.flatMap((round) => [round.name.length, String(reachedIn(round, ALL)).length]))
  const names = Math.max('reaches'.length, ...lines.map(({name}) => name.length))
  // A border, and for each column a blank on both sides and a border.
  const most = Math.max(1, Math.floor((width - 1 - (names + 3)) / (digits + 3)))
  const blocks: Round[][] = []
  for (const round of rounds) {
    const block = blocks.at(-1)
    if (block && block.length < most) block.push(round)
    else blocks.push([round])
  }
  return blocks
}

function blockText(rounds: readonly Round[], lines: readonly Line[], paint: Paint): string {
  const table = new Table({
    head: ['reaches', ...rounds.map(({name}) => name)],
    style: {head: [], border: [], compact: true},
    colAligns: ['left', ...rounds.map(() => 'right' as const)],
  })
  for (const line of lines) table.push([line.name, ...rounds.map((round) => countText(reachedIn(round, line), paint))])
  return table.toString()
}

function reachedIn({rows}: Round, {counts}: Line): number {
  return rows.filter((row) => row.verdict === 'pass' && counts(row)).length
}

function countText(count: number, paint: Paint): string {
  return count === 0 ? paint('dim', '·') : String(count)
}

/** `+ pod1 <-> pod2, node1`: pairs that turned in both directions are told once, those of one place together. The families apart: a pair
 * may turn in one and not yet in the other. */
function turnTexts(sign: string, pairs: readonly string[], colour: 'green' | 'red', paint: Paint): string[] {
  const suffix = ' (IPv6)'
  const six = pairs.filter((pair) => pair.endsWith(suffix)).map((pair) => pair.slice(0, -suffix.length))
  const four = pairs.filter((pair) => !pair.endsWith(suffix))
  return [...turnText(sign, four, colour, paint), ...turnText(`${sign} IPv6`, six, colour, paint)]
}

function turnText(sign: string, pairs: readonly string[], colour: 'green' | 'red', paint: Paint): string[] {
  const all = new Set(pairs)
  const groups = new Map<string, string[]>()
  for (const pair of pairs) {
    const [from = '', to = ''] = pair.split(' -> ')
    const both = all.has(`${to} -> ${from}`)
    if (both && all.has(`${to} -> ${from}`) && isTold(groups, `${to} <->`, from)) continue
    const key = `${from} ${both ? '<->' : '->'}`
    groups.set(key, [...(groups.get(key) ?? []), to])
  }
  return [...groups].map(([key, others]) => `   ${paint(colour, sign)} ${key} ${others.join(', ')}`)
}

function isTold(groups: ReadonlyMap<string, readonly string[]>, key: string, other: string): boolean {
  return groups.get(key)?.includes(other) ?? false
}
