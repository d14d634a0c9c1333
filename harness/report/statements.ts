// The documents' statements, the scenarios that show them, and whether they did. Data in, text out.
import Table from 'cli-table3'
import type {Statement} from '../documents.ts'
import type {Verdict} from '../model.ts'
import {COLOURS, MARKS, type Paint} from './text.ts'

/** A scenario that was run. */
export interface Shown {
  readonly name: string
  readonly title: string
  readonly shows: readonly string[]
  readonly verdict: Verdict
  /** Milliseconds. */
  readonly duration: number
  /** What was claimed and did not hold, a line each. */
  readonly failures: readonly string[]
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
