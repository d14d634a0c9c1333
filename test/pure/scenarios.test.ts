// The scenarios that come with podwire, and what they say that they show.
import {readFileSync} from 'node:fs'
import test from 'ava'
import {STATEMENTS} from '../../harness/documents.ts'
import {placesOf} from '../../harness/model.ts'
import {documentsText, requirementsShort, type Shown, scenarioText, shownText, statementRows} from '../../harness/report/statements.ts'
import {scenarioTable, shownScenarios, solutionScenarios, solutionTable} from '../tools/scenario-table.ts'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const plain = (_: string, text: string) => text

test('every statement of the documents is shown by a scenario, and scenarios show nothing that no document states', async (t) => {
  const shown = new Set((await shownScenarios()).flatMap(({shows}) => shows))
  t.deepEqual([...shown].sort(), STATEMENTS.map(({words}) => words).sort())
})

test('what only some documents state is credited to these', (t) => {
  const documentsOf = (words: RegExp) => STATEMENTS.filter((statement) => words.test(statement.words)).map(({documents}) => documents)
  t.deepEqual(documentsOf(/simple routing techniques/), [[1, 3]])
  t.deepEqual(documentsOf(/^A pod hosts a container$/), [[2]])
  t.deepEqual(documentsOf(/^This creates a virtual network of all PODs/), [[1, 3]])
  t.deepEqual(documentsOf(/^As long as you can implement a solution .* without having to configure any net rules$/), [[4]])
})

test('a step waits for something only for a time, and no words of a failure are but a place’s name', async (t) => {
  for (const scenario of [...(await shownScenarios()), ...(await solutionScenarios())]) {
    const places = placesOf(scenario).map(({name}) => name)
    for (const {command} of scenario.stages.flatMap(({steps}) => steps))
      if (/\b(until|while)\b/.test(command)) t.regex(command, /^timeout \d/, scenario.name)
    for (const claim of [...scenario.stages.flatMap(({claims}) => claims), ...scenario.claims])
      if (claim.check === 'command' && claim.exit === 'failure')
        t.false(
          claim.prints.every((text) => places.includes(text)),
          claim.command,
        )
  }
})

test('a scenario opens with a sentence and a drawing', async (t) => {
  for (const {file, name} of [...(await shownScenarios()), ...(await solutionScenarios())]) {
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

test('the README has a row for each ready network, and the page about them a drawing', async (t) => {
  const table = /<!-- solutions -->\n\n(.*?)\n\n/s.exec(README)?.[1]
  const all = await solutionScenarios()
  const wanted = solutionTable(all)
  if (process.env.UPDATE_README) t.log(wanted)
  else t.is(table, wanted)
  const page = readFileSync(new URL('../../scenarios/README.md', import.meta.url), 'utf8')
  for (const {name} of all) t.regex(page, new RegExp(`\\[${name}\\]\\(${name}\\.ts\\)`))
})

const ONE: Shown = {
  name: 'one',
  title: '',
  shows: ['a'],
  verdict: 'pass',
  duration: 1,
  requirements: [],
  failures: [],
  problem: null,
}

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

test('a scenario’s line has its requirements in short, and below it why it does not pass', (t) => {
  const holds = {id: 'same-node', verdict: 'pass', passed: 2, total: 2} as const
  t.is(scenarioText({...ONE, requirements: [holds]}, plain), `pass    ${'one'.padEnd(22)} ${'1.0 ms'.padEnd(9)} requirements 1 of 1`)
  const failures = [{claim: 'reach', verdict: 'fail', evidence: ['ENETUNREACH', 'more']}] as const
  const [line = '', ...why] = scenarioText({...ONE, verdict: 'fail', failures, problem: 'node1# false: exit 1'}, plain).split('\n')
  t.regex(line, /^fail {4}one +1\.0 ms$/)
  t.deepEqual(why, ['          node1# false: exit 1', '          reach: ENETUNREACH'])
  t.is(
    requirementsShort([holds, {...holds, id: 'other-nodes', verdict: 'fail'}, {...holds, id: 'node-subnet', verdict: 'unknown'}]),
    'requirements 1 of 3: other-nodes fail, node-subnet unknown',
  )
})

test('every document that the table names by its number has a title', (t) => {
  for (const number of new Set(STATEMENTS.flatMap(({documents}) => documents))) t.regex(documentsText(), new RegExp(`[:;] ${number} [A-Z]`))
  t.is(
    documentsText(),
    'documents: 1 Internal Networking, Cluster Networking; 2 Networking in Kubernetes; 3 Networking; 4 Pod Networking in Kubernetes',
  )
})
