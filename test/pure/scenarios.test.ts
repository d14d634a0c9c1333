// The scenarios that come with podwire, and what they say that they show.
import {readFileSync} from 'node:fs'
import test from 'ava'
import {STATEMENTS} from '../../harness/documents.ts'
import {type Shown, shownText, statementRows} from '../../harness/report/statements.ts'
import {scenarioTable, shownScenarios} from '../tools/scenario-table.ts'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const plain = (_: string, text: string) => text

test('every statement of the documents is shown by a scenario, and scenarios show nothing that no document states', async (t) => {
  const shown = new Set((await shownScenarios()).flatMap(({shows}) => shows))
  t.deepEqual([...shown].sort(), STATEMENTS.map(({words}) => words).sort())
})

test('a scenario opens with a sentence and a drawing', async (t) => {
  for (const {file, name} of await shownScenarios()) {
    const comment = readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, 12)
      .filter((line) => line.startsWith('//'))
    t.true(comment.length >= 4, name)
    t.regex(comment[0] ?? '', /^\/\/ [A-Z].*[.:]$|^\/\/ [A-Z].*/, name)
    t.true(
      comment.some((line) => /\[\w+\]/.test(line)),
      `${name} has a drawing`,
    )
  }
})

test('the README has a row for each scenario, as the scenarios themselves say it', async (t) => {
  const table = /<!-- scenarios -->\n\n(.*?)\n\n/s.exec(README)?.[1]
  const wanted = scenarioTable(await shownScenarios())
  if (process.env.UPDATE_README) t.log(wanted)
  else t.is(table, wanted)
})

const ONE: Shown = {name: 'one', title: '', shows: ['a'], verdict: 'pass', duration: 1, failures: []}

test('a statement has a row for each scenario that shows it, and is unknown where none does', (t) => {
  const rows = statementRows(
    [
      {words: 'a', documents: [1, 3]},
      {words: 'b', documents: [4]},
    ],
    [ONE, {...ONE, name: 'two', verdict: 'fail'}],
  )
  t.deepEqual(
    rows.map(({statement, scenario, verdict}) => [statement, scenario, verdict]),
    [
      ['a', 'one', 'pass'],
      ['a', 'two', 'fail'],
      ['b', null, 'unknown'],
    ],
  )
  const text = shownText(rows, 80, plain)
  t.regex(text, /│ a +│ 1, 3 +│ two +│ ✗ fail/)
  t.regex(text, /│ b +│ 4 +│ none +│ \? unknown/)
  t.true(text.split('\n').every((line) => line.length <= 80))
})
