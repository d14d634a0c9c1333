// How the matrix grew from stage to stage: what each part of the recipe bought. Data in, text out.
import Table from 'cli-table3'
import type {CheckResult, Place, StageResult} from '../model.ts'
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

/**
 * One column a stage: how many others each place reaches, and below, by name, the pairs that turned at it. Stages that do
 * not fit the screen's width are in a table of their own below.
 */
export function timelineText(
  stages: readonly StageResult[],
  places: readonly Place[],
  paint: Paint,
  width = Number.POSITIVE_INFINITY,
): string {
  const seen = stages.filter(({matrix}) => matrix !== undefined)
  if (seen.length === 0) return ''
  const total = Math.max(...seen.map(({matrix}) => matrix?.length ?? 0))
  const turns = seen.flatMap(({stage, title, gained = [], lost = []}) => {
    const named = [gained, lost].flatMap((pairs, index) => turnTexts(index === 0 ? '+' : '-', pairs, index === 0 ? 'green' : 'red', paint))
    return named.length === 0 ? [] : [`${paint('bold', `${stage}. ${title}`)}`, ...named]
  })
  return [
    `${paint('bold', 'The timeline')}: how many others each place reaches after each stage, ${total} pairs in all`,
    ...blocksOf(seen, places, width).map((block) => blockText(block, places, paint)),
    ...turns,
  ].join('\n')
}

/** As many stages to a table as the screen holds side by side; at least one. */
function blocksOf(stages: readonly StageResult[], places: readonly Place[], width: number): StageResult[][] {
  const digits = Math.max(...stages.flatMap((stage) => [String(stage.stage).length, String(reachedIn(stage)).length]))
  const names = Math.max('reaches'.length, ...places.map(({name}) => name.length))
  // A border, and for each column a blank on both sides and a border.
  const most = Math.max(1, Math.floor((width - 1 - (names + 3)) / (digits + 3)))
  const blocks: StageResult[][] = []
  for (const stage of stages) {
    const block = blocks.at(-1)
    if (block && block.length < most) block.push(stage)
    else blocks.push([stage])
  }
  return blocks
}

function blockText(stages: readonly StageResult[], places: readonly Place[], paint: Paint): string {
  const table = new Table({
    head: ['reaches', ...stages.map(({stage}) => String(stage))],
    style: {head: [], border: [], compact: true},
    colAligns: ['left', ...stages.map(() => 'right' as const)],
  })
  for (const {name} of places) table.push([name, ...stages.map((stage) => countText(reachedIn(stage, name), paint))])
  table.push(['pairs', ...stages.map((stage) => countText(reachedIn(stage), paint))])
  return table.toString()
}

function reachedIn({matrix = []}: StageResult, from?: string): number {
  return matrix.filter((row) => row.verdict === 'pass' && (from === undefined || row.from === from)).length
}

function countText(count: number, paint: Paint): string {
  return count === 0 ? paint('dim', '·') : String(count)
}

/** `+ pod1 <-> pod2, node1`: pairs that turned in both directions are told once, those of one place together. */
/** The families apart: a pair may turn in one and not yet in the other. */
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
