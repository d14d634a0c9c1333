// What GitHub Actions shows at the lines of a scenario: workflow commands, which its runner reads in what a step prints
// (docs.github.com, "Workflow commands for GitHub Actions"). It shows ten errors and ten warnings of a step and drops the
// rest, so a claim is one annotation, however many pairs fail, and the last of too many counts what is left out.
import type {Case, Suite} from './cases.ts'
import {visible} from './visible.ts'

/** @returns a line an annotation; empty for a run that passes */
export function githubText({name, cases}: Suite): string {
  const levels = ['error', 'warning'] as const
  const lines = levels.flatMap((level) =>
    limited(
      level,
      name,
      cases.filter((each) => levelOf(each) === level),
    ),
  )
  return lines.map((line) => `${line}\n`).join('')
}

const MOST = 10

function levelOf({verdict}: Case): 'error' | 'warning' | undefined {
  if (verdict === 'pass' || verdict === 'skipped') return undefined
  return verdict === 'unknown' ? 'warning' : 'error'
}

function limited(level: string, scenario: string, cases: readonly Case[]): string[] {
  const shown = cases.length > MOST ? cases.slice(0, MOST - 1) : cases
  const left = cases.slice(shown.length)
  const lines = shown.map((each) => annotation(level, scenario, each))
  if (left.length === 0) return lines
  const names = left.map((each) => `${each.name}: ${each.message}`)
  return [
    ...lines,
    annotation(level, scenario, {...(left[0] as Case), name: `${left.length} more`, message: names.join('\n'), details: []}),
  ]
}

function annotation(level: string, scenario: string, {name, source, message, details}: Case): string {
  const properties = {...(source && {file: source.file, line: String(source.line)}), title: `podwire ${scenario}: ${name}`}
  const words = Object.entries(properties).map(([key, value]) => `${key}=${property(value)}`)
  return `::${level} ${words.join(',')}::${data([message, ...details].join('\n'))}`
}

/** The runner's own escapes, and no others, are taken back by it. */
function data(text: string): string {
  return visible(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
