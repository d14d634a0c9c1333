// A summary in GitHub's Markdown, for a job's page or a merge request: the verdict, the claims, why what fails fails, and,
// folded, the matrix, the requirements and every line that ran.
import {endingOf} from '../command.ts'
import {placesOf} from '../model.ts'
import type {Case, Suite} from './cases.ts'
import {plain} from './cases.ts'
import {milliseconds} from './duration.ts'
import {type Ended, isCutShort} from './ended.ts'
import {MARKS, matrixText} from './text.ts'
import {visible, visibleLine} from './visible.ts'

const SYMBOLS: Record<Case['verdict'], string> = {...MARKS, error: '✗', skipped: '–'}
/** Columns of a matrix that nobody has to scroll. */
const WIDTH = 120
/** GitHub refuses the summary of a step above 1 MiB; nobody reads a tenth of it. */
const MOST = 100_000
const MOST_CASES = 200

/** @returns a whole document, with a newline at its end, at most some 100 kB long */
export function markdownText(ended: Ended, suite: Suite): string {
  const folded = isCutShort(ended) ? [] : [matrixPart(ended), requirementsPart(ended)]
  const parts = [headPart(ended, suite), casesPart(suite.cases), whyPart(suite.cases), ...folded, linesPart(ended)]
  const kept: string[] = []
  let length = 0
  for (const part of parts) {
    if (part === '') continue
    const fits = length + part.length <= MOST
    kept.push(fits ? part : '*more than a summary holds is left out here*')
    if (!fits) break
    length += part.length
  }
  return `${kept.join('\n\n')}\n`
}

function headPart(ended: Ended, {name, title, cutShort, duration, properties}: Suite): string {
  const verdict = isCutShort(ended) ? (ended.exit === 130 ? 'interrupted' : 'not run to its end') : ended.outcome.verdict
  const symbol = isCutShort(ended) ? SYMBOLS.error : SYMBOLS[ended.outcome.verdict]
  const driver = properties.find(([key]) => key === 'driver')?.[1]
  const where = driver === undefined ? '' : ` (driver ${inline(driver)}, ${milliseconds(duration)})`
  const why = cutShort === undefined ? [] : [`**${inline(cutShort)}**`]
  return [`## ${symbol} ${inline(name)}: ${verdict}`, `${paragraph(title)}${where}`, ...why].join('\n\n')
}

function casesPart(cases: readonly Case[]): string {
  if (cases.length === 0) return ''
  const claims = cases.filter(({part}) => part !== 'stage')
  const stages = cases.filter(({part}) => part === 'stage')
  const wired = stages.filter(({verdict}) => verdict === 'pass').length
  const rows = [...stages.filter(({verdict}) => verdict !== 'pass'), ...claims].slice(0, MOST_CASES)
  const left = cases.length - wired - rows.length
  return [
    ...(stages.length > 0 ? [`${wired} of ${stages.length} stages of the recipe ran to their end.`, ''] : []),
    ...table(
      ['', 'claim', 'found', 'where'],
      rows.map(({name, verdict, message, source}) => [
        `${SYMBOLS[verdict]} ${verdict}`,
        inline(name),
        inline(message),
        source ? inline(`${source.file}:${source.line}`) : '',
      ]),
    ),
    ...(left > 0 ? ['', `and ${left} more`] : []),
  ].join('\n')
}

function whyPart(cases: readonly Case[]): string {
  return cases
    .filter(({details}) => details.length > 0)
    .slice(0, MOST_CASES)
    .map(({name, details}) => `### ${inline(name)}\n\n${fenced(details.join('\n'))}`)
    .join('\n\n')
}

function matrixPart({scenario, outcome}: Exclude<Ended, {problems: unknown}>): string {
  const cluster = placesOf(scenario).filter(({kind}) => kind !== 'host')
  return cluster.length > 1 ? folds('The matrix', fenced(matrixText(cluster, outcome.probes, plain, WIDTH))) : ''
}

function requirementsPart({outcome: {requirements}}: Exclude<Ended, {problems: unknown}>): string {
  if (requirements.length === 0) return ''
  const rows = requirements.map(({verdict, sentence, stronger, passed, total}) => [
    `${SYMBOLS[verdict]} ${verdict}`,
    `${inline(sentence)}${stronger ? ' (the documents’ stronger form)' : ''}`,
    `${passed} of ${total} pairs`,
  ])
  return folds('The requirements', table(['', 'sentence', 'found'], rows).join('\n'))
}

function linesPart(ended: Ended): string {
  const history = (isCutShort(ended) ? ended.sofar?.history : ended.history) ?? []
  if (history.length === 0) return ''
  const lines = history.map((result) => {
    const ending = result.exitCode === 0 ? milliseconds(result.duration) : endingOf(result)
    return `${result.node}# ${visibleLine(result.command)}  # ${ending}`
  })
  return folds(history.length === 1 ? 'The line that ran' : `The ${history.length} lines that ran`, fenced(lines.join('\n')))
}

function folds(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
}

/** Text as it is, on one line: nothing in it is taken for Markdown or HTML (GFM, sections 2.4 and 4.10), or for a mention. */
function inline(text: string): string {
  return visibleLine(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '&#64;')
    .replaceAll(/[\\`*_{}[\]#|~!$]/g, (character) => `\\${character}`)
}

/** As inline, where it begins a block: no list, no rule, no line under a heading (GFM, sections 4.1, 4.3 and 5.2). */
function paragraph(text: string): string {
  return inline(text).replace(/^[-+=]|(?<=^\d{1,9})[.)](?=\s|$)/, (character) => `\\${character}`)
}

/** A block whose fence is longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}text\n${visible(text)}\n${fence}`
}
