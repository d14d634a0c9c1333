// The formats that CI reads, for runs that ended in each way: against what they should read like, against the schema and the
// parsers of those who read them, and with twins that these find out.
import {readFileSync} from 'node:fs'
import test, {type ExecutionContext} from 'ava'
import {Parser} from 'tap-parser'
import {validateXML} from 'xmllint-wasm'
import {type Suite, suiteOf} from '../../harness/report/cases.ts'
import type {Ended} from '../../harness/report/ended.ts'
import {githubText} from '../../harness/report/github.ts'
import {errorJson} from '../../harness/report/json.ts'
import {junitXml} from '../../harness/report/junit.ts'
import {markdownText} from '../../harness/report/markdown.ts'
import {tapText} from '../../harness/report/tap.ts'
import {checkText} from '../../harness/report/text.ts'
import {visible} from '../../harness/report/visible.ts'
import {isAsExpected} from '../tools/expected.ts'
import {interrupted, passing, ROOT, RUNS} from '../tools/runs.ts'

const FORMATS = {
  junit: (ended: Ended) => junitXml(suiteOf(ended, ROOT)),
  tap: (ended: Ended) => tapText(suiteOf(ended, ROOT)),
  github: (ended: Ended) => githubText(suiteOf(ended, ROOT)),
  markdown: (ended: Ended) => markdownText(ended, suiteOf(ended, ROOT)),
} as const

const SCHEMA = readFileSync(new URL('../../fixtures/junit/junit-10.xsd', import.meta.url), 'utf8')

async function schemaErrors(xml: string): Promise<string[]> {
  const {errors} = await validateXML({xml: {fileName: 'report.xml', contents: xml}, schema: SCHEMA})
  return errors.map(({message}) => message)
}

interface Tap {
  readonly ok: boolean
  readonly count: number
  readonly failed: number
  readonly skipped: number
  readonly bailed: boolean
  readonly diagnostics: readonly Readonly<Record<string, unknown>>[]
}

/** As strictly as TAP can be read: what is no TAP at all is a failure. */
function readTap(text: string): Tap {
  const diagnostics: Record<string, unknown>[] = []
  const parser = new Parser({strict: true})
  parser.on('assert', ({diag}: {diag?: Record<string, unknown>}) => void (diag && diagnostics.push(diag)))
  parser.end(text)
  const {ok, count, fail, skip, bailout, failures} = parser.results as unknown as {
    ok: boolean
    count: number
    fail: number
    skip: number
    bailout: boolean | string
    failures: readonly {tapError?: string | null}[]
  }
  if (failures.some(({tapError}) => typeof tapError === 'string')) throw new Error(`no TAP: ${JSON.stringify(failures)}`)
  return {ok, count, failed: fail, skipped: skip, bailed: bailout !== false, diagnostics}
}

for (const [name, run] of Object.entries(RUNS)) {
  for (const [format, render] of Object.entries(FORMATS)) {
    test(`${format} of a run that is ${name} reads as expected`, (t) =>
      isAsExpected(t, `report.${name}.${format}`, render(run()).trimEnd()))
  }

  test(`junit of a run that is ${name} is valid by the schema, and counts what is in it`, async (t) => {
    const xml = FORMATS.junit(run())
    t.deepEqual(await schemaErrors(xml), [])
    const count = (element: string) => xml.split(`<${element} `).length - 1
    const said = (attribute: string) => Number(new RegExp(`<testsuite .*?${attribute}="(\\d+)"`).exec(xml)?.[1])
    t.deepEqual(
      [said('tests'), said('failures'), said('errors'), said('skipped')],
      [count('testcase'), count('failure'), count('error'), count('skipped')],
    )
  })

  test(`TAP of a run that is ${name} is TAP, and passes only where the run does`, (t) => {
    const tap = readTap(FORMATS.tap(run()))
    t.is(tap.ok, name === 'passing')
    t.is(tap.bailed, ['interrupted', 'refused', 'unable', 'unreadable'].includes(name))
    t.true(tap.count > 0)
  })
}

test('a document that breaks the schema is found out, and so is one that is no XML', async (t) => {
  const xml = FORMATS.junit(passing())
  t.regex((await schemaErrors(xml.replace(/ errors="0" skipped/, ' skipped'))).join(), /attribute 'errors' is required/)
  t.regex((await schemaErrors(xml.replace(/time="[^"]*"/, 'time="1.23456"'))).join(), /The value '1.23456' is not accepted/)
  t.regex((await schemaErrors(xml.replace('classname', 'file="x" classname'))).join(), /attribute 'file' is not allowed/)
  t.not((await schemaErrors(xml.replace('</testsuite>', ''))).length, 0)
})

test('TAP that counts wrong or breaks off is found out', (t) => {
  const text = FORMATS.tap(passing())
  t.true(readTap(text).ok)
  t.throws(() => readTap(text.replace(/^ok 3.*\n/m, '')), {message: /no TAP/})
  t.throws(() => readTap(text.replace('1..5', '1..6')), {message: /no TAP/})
  t.false(readTap(text.replace(/^ok 4/m, 'not ok 4')).ok)
})

test('the cause and its fix stand in every format of a run that fails', (t) => {
  for (const [format, render] of Object.entries(FORMATS)) {
    const text = render(RUNS.failing())
    t.regex(text, /no-route at node2/, format)
    t.regex(text, /on node2: ip route add 10\.244\.1\.0\/24 via 192\.168\.1\.11/, format)
    t.notRegex(render(passing()), /no-route|✗ fail|not ok|<failure/, format)
  }
})

test('an interrupted run says so in every format, and what was not reached is no pass', (t) => {
  for (const [format, render] of Object.entries(FORMATS)) t.regex(render(interrupted()), /interrupted at stage 2 of 2/, format)
  const {cases} = suiteOf(interrupted(), ROOT)
  t.deepEqual(
    cases.map(({name, verdict}) => [name, verdict]),
    [
      ['1. a bridge on each node', 'pass'],
      ['2. routes <between> the nodes & pods', 'skipped'],
      ['the run', 'error'],
      ['reach at the end', 'skipped'],
      ['no-nat at the end', 'skipped'],
    ],
  )
  // What was under way is not told as what was never come to.
  t.deepEqual(
    cases.filter(({verdict}) => verdict === 'skipped').map(({message}) => message),
    ['interrupted', 'not reached', 'not reached'],
  )
})

test('a run that is interrupted while the claims of a stage are looked at, or before anything runs, was not in the middle of the next', (t) => {
  const {sofar, ...run} = interrupted()
  if (!sofar) return t.fail()
  const {driver: _, ...early} = {...sofar, history: [], stages: []}
  for (const cut of [{...sofar, stages: []}, early]) {
    const {cases} = suiteOf({...run, sofar: cut}, ROOT)
    t.is(cases.find(({name}) => name.startsWith('2. '))?.message, 'not reached')
  }
})

test('a claim that is about no pair says so in every format, and nothing empty beside it', (t) => {
  const run = passing()
  const [first] = run.outcome.checks
  if (!first) return t.fail()
  const why = 'there is no pair that it could be true of'
  const check = {...first, verdict: 'unknown' as const, pairs: [], evidence: [why]}
  const ended = {...run, outcome: {...run.outcome, verdict: 'unknown' as const, checks: [check]}}
  const told = suiteOf(ended, ROOT).cases.at(-1)
  t.deepEqual([told?.message, told?.details], [why, []])
  t.regex(
    checkText(check, (_, text) => text),
    new RegExp(`unknown reach: ${why}$`),
  )
})

test('what begins like a list is none in Markdown', (t) => {
  for (const [title, shown] of [
    ['1. a list', '1\\. a list'],
    ['20) one', '20\\) one'],
    ['- a list', '\\- a list'],
    ['+ one', '\\+ one'],
    ['=== a heading', '\\=== a heading'],
    ['10.244.1.0/24 by hand', '10.244.1.0/24 by hand'],
  ] as const) {
    const run = passing()
    const lines = FORMATS.markdown({...run, scenario: {...run.scenario, title}}).split('\n')
    t.true(
      lines.some((line) => line.startsWith(shown)),
      lines.slice(0, 4).join('\n'),
    )
  }
})

test('a refused line is an annotation at that line, a bad scenario one at its own', (t) => {
  t.regex(FORMATS.github(RUNS.refused()), /^::error file=scenarios\/three-nodes\.ts,line=21,title=/)
  t.regex(
    FORMATS.github(RUNS.unreadable()),
    /^::error file=mine\/broken\.ts,line=8,title=podwire broken%3A unknown-node::nod2 is no node%0A/,
  )
  t.is(FORMATS.github(passing()), '')
})

/** Names, kernel words and paths that mean something in one of the formats. */
const EVIL = [
  ']]><x a="1">&amp;',
  '| `a` **b** @me <b>',
  '# SKIP',
  '\\',
  '%0A::error::x',
  'a\nb\r\n::warning::c',
  '\u001b[31mred\u0000\ufffe\ud800',
  ': - {a: [1',
  '🙂',
]

function evil(t: ExecutionContext): Suite {
  const suite = suiteOf(passing(), ROOT)
  t.true(suite.cases.length > 3)
  const cases = EVIL.map((words) => ({
    name: words,
    verdict: 'fail' as const,
    part: 'claim' as const,
    kind: 'reach',
    source: {file: `a,b:${words}.ts`, line: 3},
    message: words,
    details: [words, '  ...', '---', ...words.split('\n')],
  }))
  return {...suite, name: EVIL.join(' '), cases, cutShort: EVIL.join(' ')}
}

test('nothing that a node said is taken for the format it stands in', async (t) => {
  const suite = evil(t)
  t.deepEqual(await schemaErrors(junitXml(suite)), [])
  t.true(junitXml(suite).includes('message="]]&gt;&lt;x a=&quot;1&quot;&gt;&amp;amp;"'))
  const tap = readTap(tapText(suite))
  t.deepEqual([tap.count, tap.failed, tap.skipped], [EVIL.length, EVIL.length, 0])
  t.deepEqual(
    tap.diagnostics.map(({message}) => message),
    EVIL.map((words) => visible(words.toWellFormed())),
  )
  const lines = githubText(suite).trimEnd().split('\n')
  t.is(lines.length, EVIL.length)
  for (const line of lines) t.regex(line, /^::error file=a%2Cb%3A[^:,]*,line=3,title=[^:,]*::/)
  const markdown = markdownText(passing(), suite)
  t.notRegex(markdown.replaceAll(/^(`{3,})text\n.*?\n\1$/gms, ''), /<(b|x)\b|(?<!&#64;|\w)@me/)
})

test('more annotations than GitHub shows are counted in the last', (t) => {
  const suite = suiteOf(RUNS.failing(), ROOT)
  const one = suite.cases.find(({verdict}) => verdict === 'fail')
  if (!one) return t.fail()
  const many = Array.from({length: 40}, (_, index) => ({...one, name: `claim ${index}`}))
  const lines = githubText({...suite, cases: many})
    .trimEnd()
    .split('\n')
  t.is(lines.length, 10)
  t.regex(lines[9] ?? '', /title=podwire three-nodes%3A 31 more::claim 9: /)
})

test('a summary stays far below what GitHub takes, whatever a run said', (t) => {
  const ended = RUNS.failing()
  const suite = suiteOf(ended, ROOT)
  const [one] = suite.cases
  if (!one) return t.fail()
  const cases = Array.from({length: 5000}, (_, index) => ({
    ...one,
    verdict: 'fail' as const,
    part: 'claim' as const,
    name: `claim ${index}`,
    kind: 'reach',
    details: ['x'.repeat(400), 'y'.repeat(400)],
  }))
  const text = markdownText(ended, {...suite, cases})
  t.true(text.length < 200_000)
  t.regex(text, /and 4800 more/)
  t.regex(text, /\*more than a summary holds is left out here\*/)
})

test('claims of the same words are cases of different names', (t) => {
  const run = passing()
  const [reach] = run.outcome.checks
  if (!reach) return t.fail()
  const checks = [30, 40, 40].map((line) => ({...reach, source: {file: '/x.ts', line}}))
  const {cases} = suiteOf({...run, outcome: {...run.outcome, checks}}, ROOT)
  t.deepEqual(
    cases.slice(-3).map(({name}) => name),
    ['reach', 'reach (line 40)', 'reach (2)'],
  )
})

test('a scenario without pods, steps or claims is a report all the same', async (t) => {
  const run = passing()
  const empty = {
    ...run,
    scenario: {...run.scenario, pods: [], stages: [], claims: []},
    history: [],
    outcome: {...run.outcome, checks: [], probes: [], requirements: []},
  }
  t.deepEqual(await schemaErrors(FORMATS.junit(empty)), [])
  t.is(FORMATS.tap(empty), 'TAP version 13\n1..0\n')
  t.is(FORMATS.github(empty), '')
  t.regex(FORMATS.markdown(empty), /^## ✓ three-nodes: pass\n/)
})

test('json of a run that was cut short holds what was known until then', (t) => {
  const {exit, problems, step, sofar} = interrupted()
  const document = JSON.parse(JSON.stringify(errorJson(exit, problems, step, sofar))) as {
    exit: number
    run: {history: unknown[]; scenario: {name: string}}
  }
  t.deepEqual([document.exit, document.run.history.length, document.run.scenario.name], [130, 2, 'three-nodes'])
})

test('failing pairs that were too many to be looked at are counted', async (t) => {
  const run = {...RUNS.failing(), undiagnosed: 666}
  t.regex(FORMATS.junit(run), /<property name="failing pairs not diagnosed" value="666"\/>/)
  t.deepEqual(await schemaErrors(FORMATS.junit(run)), [])
  t.notRegex(FORMATS.junit({...run, undiagnosed: 0}), /not diagnosed/)
})
