// The documents' statements, the scenarios that show them, and whether they did. Data in, text out.
import Table from 'cli-table3'
import {DOCUMENTS, type Statement} from '../documents.ts'
import type {DriverName} from '../driver.ts'
import type {CheckResult, Requirement, Scenario, Verdict} from '../model.ts'
import {milliseconds} from './duration.ts'
import {COLOURS, MARKS, type Paint} from './text.ts'
import {visibleLine} from './visible.ts'

/** A scenario that was run. */
export interface Shown {
  readonly name: string
  readonly title: string
  readonly shows: readonly string[]
  readonly verdict: Verdict
  /** Milliseconds. */
  readonly duration: number
  /** What the documents and Kubernetes require, as it was found at the end; empty where the end was not reached. */
  readonly requirements: readonly Pick<Requirement, 'id' | 'verdict' | 'passed' | 'total'>[]
  /** What was claimed and does not hold, or is not known to. */
  readonly failures: readonly Failure[]
  /** Why the end was not reached. */
  readonly problem: string | null
}

/** A claim that does not pass. */
export interface Failure {
  readonly claim: string
  readonly verdict: Verdict
  readonly evidence: readonly string[]
}

/** The claims that do not pass, each with why. */
export function failuresIn(checks: readonly CheckResult[]): Failure[] {
  return checks
    .filter(({verdict}) => verdict !== 'pass')
    .map(({claim, verdict, evidence, pairs}) => ({
      claim,
      verdict,
      evidence: [...evidence, ...pairs.flatMap((pair) => (pair.verdict === 'pass' ? [] : pair.evidence))],
    }))
}

export interface StatementRow {
  readonly statement: string
  readonly documents: readonly number[]
  readonly scenario: string | null
  readonly verdict: Verdict
}

/** A row for each statement and scenario that shows it; one that no scenario shows is unknown. */
export function statementRows(statements: readonly Statement[], shown: readonly Shown[]): StatementRow[] {
  return statements.flatMap(({words, documents}): StatementRow[] => {
    const by = shown.filter(({shows}) => shows.includes(words))
    if (by.length === 0) return [{statement: words, documents, scenario: null, verdict: 'unknown'}]
    return by.map(({name, verdict}) => ({statement: words, documents, scenario: name, verdict}))
  })
}

/** A line for a scenario that was run, its requirements in short, and below it what did not pass. */
export function scenarioText({name, verdict, duration, requirements, failures, problem}: Shown, paint: Paint): string {
  const line = `${paint(COLOURS[verdict], verdict.padEnd(7))} ${name.padEnd(22)} ${paint('dim', milliseconds(duration).padEnd(9))}`
  const why = [...(problem === null ? [] : [problem]), ...failures.map(({claim, evidence}) => `${claim}: ${evidence[0] ?? ''}`)]
  return [`${line} ${requirementsShort(requirements)}`.trimEnd(), ...why.map((text) => `          ${visibleLine(text)}`)].join('\n')
}

/** How many passed, and by name those that this machine could not run. */
export function countText(shown: readonly Shown[]): string {
  const count = (wanted: Verdict) => shown.filter(({verdict}) => verdict === wanted)
  const skipped = count('unknown').map(({name, problem}) => `\n  ${name}: ${visibleLine(problem ?? 'not everything could be observed')}`)
  return `${count('pass').length} pass, ${count('fail').length} fail, ${skipped.length} skipped or unknown${skipped.join('')}`
}

/** `requirements 9 of 9`, or which do not pass. */
export function requirementsShort(requirements: Shown['requirements']): string {
  if (requirements.length === 0) return ''
  const short = requirements.filter(({verdict}) => verdict !== 'pass')
  const which = short.map(({id, verdict}) => `${id} ${verdict}`).join(', ')
  return `requirements ${requirements.length - short.length} of ${requirements.length}${which === '' ? '' : `: ${which}`}`
}

/** What --json prints: fixtures/schema/scenarios.json. */
export function scenariosJson(driver: {name: DriverName; reason: string}, shown: readonly Shown[], statements: readonly StatementRow[]) {
  return {format: 1, kind: 'scenarios', driver, scenarios: shown.toSorted((a, b) => a.name.localeCompare(b.name)), statements}
}

/** What --list --json prints: fixtures/schema/scenario-list.json. */
export function scenarioListJson(scenarios: readonly Pick<Scenario, 'name' | 'title' | 'shows'>[]) {
  return {format: 1, kind: 'scenario-list', scenarios: scenarios.map(({name, title, shows}) => ({name, title, shows}))}
}

/** `documents: 1 Internal Networking, ...`: what the table's numbers mean. */
export function documentsText(): string {
  const titles = Object.entries(DOCUMENTS).map(([number, title]) => `${number} ${title}`)
  return `documents: ${titles.join('; ')}`
}

/** @param width columns of the terminal: the statements are wrapped to fit */
export function shownText(rows: readonly StatementRow[], width: number, paint: Paint): string {
  const scenarioWidth = Math.max(...rows.map(({scenario}) => scenario?.length ?? 4), 8) + 2
  const table = new Table({
    head: ['statement', 'document', 'scenario', 'verdict'],
    style: {head: [], border: [], compact: true},
    colWidths: [Math.max(30, width - scenarioWidth - 10 - 11 - 5), 10, scenarioWidth, 11],
    wordWrap: true,
  })
  for (const {statement, documents, scenario, verdict} of rows)
    table.push([
      statement,
      documents.join(', '),
      scenario ?? paint('yellow', 'none'),
      paint(COLOURS[verdict], `${MARKS[verdict]} ${verdict}`),
    ])
  return table.toString()
}
