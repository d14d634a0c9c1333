// How what was found at stages reads, and how the matrix grew.
import test from 'ava'
import type {CheckResult, MatrixRow, StageResult} from '../../harness/model.ts'
import type {Paint} from '../../harness/report/text.ts'
import {stageFindingsText, stageShortfallText, timelineText} from '../../harness/report/timeline.ts'
import {isAsExpected} from '../tools/expected.ts'
import {PLACES} from '../tools/recorded.ts'

const plain: Paint = (_, text) => text

function rows(reached: readonly string[]): MatrixRow[] {
  return PLACES.flatMap(({name: from}) =>
    PLACES.filter(({name}) => name !== from).map(({name: to}) => ({
      from,
      to,
      family: 4 as const,
      verdict: reached.includes(`${from} -> ${to}`) ? 'pass' : 'fail',
    })),
  )
}

function stage(number: number, reached: readonly string[], before: readonly string[] = []): StageResult {
  const [gained, lost] = [reached.filter((pair) => !before.includes(pair)), before.filter((pair) => !reached.includes(pair))]
  return {stage: number, title: `part ${number}`, checks: [], probing: 1, matrix: rows(reached), gained, lost}
}

const BOTH = ['pod1 -> pod2', 'pod2 -> pod1']
const MORE = [...BOTH, 'pod1 -> pod3', 'pod3 -> pod1', 'pod1 -> node1']

test('the timeline has a column for each stage, and says by name what turned at each', (t) => {
  const stages = [stage(1, []), stage(2, BOTH), stage(3, MORE, BOTH), stage(4, ['pod1 -> node1'], MORE)]
  isAsExpected(t, 'timeline', timelineText(stages, PLACES, rows(['pod1 -> node1']), plain))
})

test('stages that were not probed are not in the timeline, and without any there is none', (t) => {
  t.is(timelineText([{stage: 1, title: 'a', checks: []}], PLACES, rows(BOTH), plain), '')
  t.is(timelineText([], PLACES, rows(BOTH), plain), '')
  const text = timelineText([{stage: 1, title: 'a', checks: []}, stage(2, BOTH)], PLACES, rows(BOTH), plain)
  t.regex(text, /│ reaches │ 2 │/)
})

test('a timeline that is wider than the screen goes on in a table below, with every stage in one of them', (t) => {
  const stages = Array.from({length: 40}, (_, index) => stage(index + 1, BOTH, index === 0 ? [] : BOTH))
  for (const width of [20, 60, 80, 100]) {
    const lines = timelineText(stages, PLACES, rows(BOTH), plain, width).split('\n')
    const tables = lines.filter((line) => /^[│┌├└]/.test(line))
    t.true(
      tables.every((line) => line.length <= width),
      `${width}`,
    )
    const heads = lines.filter((line) => line.startsWith('│ reaches')).flatMap((line) => line.match(/\d+/g) ?? [])
    t.deepEqual(
      heads,
      stages.map((each) => `${each.stage}`),
      `${width}`,
    )
  }
  t.is(timelineText(stages, PLACES, rows(BOTH), plain).match(/reaches │/g)?.length, 1)
})

test('what turned after the last stage has a column and is told by name; nothing did where the end is as it was', (t) => {
  const stages = [stage(1, BOTH), stage(2, MORE, BOTH)]
  const text = timelineText(stages, PLACES, rows([...BOTH, 'pod4 -> node1']), plain)
  t.regex(text, /│ reaches │ 1 │ 2 │ end │\n/)
  t.regex(text, /│ pod1 +│ 1 │ 3 │ +1 │\n/)
  t.true(text.endsWith('\nthe end, since stage 2\n   + pod4 -> node1\n   - pod1 <-> pod3\n   - pod1 -> node1'), text)
  t.notRegex(timelineText(stages, PLACES, rows(MORE), plain), /\bend\b/)
})

test('two families are counted each for itself', (t) => {
  const both = [...rows(MORE), ...rows(BOTH).map((row) => ({...row, family: 6 as const}))]
  const found: StageResult = {stage: 1, title: 'a', checks: [], matrix: both, gained: [...MORE, ...BOTH.map((pair) => `${pair} (IPv6)`)]}
  const six = both.map((row) => (row.family === 6 && row.to === 'pod4' ? {...row, verdict: 'pass' as const} : row))
  const lines = timelineText([found], PLACES, six, plain).split('\n')
  t.is(lines[0], 'The timeline: how many others each place reaches after each stage, 42 pairs by IPv4 and 42 by IPv6')
  const counts = (name: string) =>
    lines
      .find((line) => line.startsWith(`│ ${name} `))
      ?.match(/[\d·]+(?= +│)/g)
      ?.slice(-2)
  t.deepEqual(['pod1 IPv4', 'pod1 IPv6', 'pairs IPv4', 'pairs IPv6'].map(counts), [
    ['3', '3'],
    ['1', '2'],
    ['5', '5'],
    ['2', '8'],
  ])
  t.true(lines.includes('   + IPv6 pod1 -> pod4'), lines.join('\n'))
})

const SOURCE = {file: 'x.ts', line: 3}
const CHECK: CheckResult = {check: 'reach', claim: 'reach pod1 -> pod3', verdict: 'pass', pairs: [], evidence: [], source: SOURCE}

function found(...checks: readonly CheckResult[]): string {
  return stageFindingsText({stage: 1, title: 'a', checks}, plain)
}

test('what was claimed at a stage is a line each, and nothing where nothing was claimed', (t) => {
  t.is(found(), '')
  t.is(found(CHECK, {...CHECK, claim: 'no-nat'}), '   ✓ reach pod1 -> pod3\n   ✓ no-nat')
})

test('what does not hold says why: pair by pair, or for a failure that was claimed in one sentence', (t) => {
  const pairs = [{from: 'pod1', to: 'pod3', protocol: 'icmp', size: 'small', verdict: 'fail', evidence: ['ENETUNREACH']}] as const
  t.is(found({...CHECK, verdict: 'fail', pairs}), '   ✗ reach pod1 -> pod3\n       pod1 -> pod3 icmp small: ENETUNREACH')
  const expected = {...CHECK, verdict: 'fail', pairs, fails: {cause: 'no-route'}, evidence: ['it fails, but not for no-route']} as const
  t.is(found(expected), '   ✗ reach pod1 -> pod3\n       it fails, but not for no-route')
  const many = Array.from({length: 12}, (_, index) => ({...pairs[0], to: `pod${index}`}))
  t.true(found({...CHECK, verdict: 'fail', pairs: many}).endsWith('\n       and 4 more'))
})

test('a claim that did not hold in time says so before its pairs', (t) => {
  const pairs = [{from: 'pod1', to: 'pod3', protocol: 'icmp', size: 'small', verdict: 'fail', evidence: ['no-answer']}] as const
  const convergence = {within: 10_000, after: null, looks: 9}
  t.is(
    found({...CHECK, verdict: 'fail', pairs, convergence, evidence: ['not within 10 s, looked at 9 times']}),
    '   ✗ reach pod1 -> pod3\n       not within 10 s, looked at 9 times\n       pod1 -> pod3 icmp small: no-answer',
  )
})

test('of all stages, those with claims that do not hold or are not known to are told by number and title, and nothing of the others', (t) => {
  const unseen: CheckResult = {
    ...CHECK,
    check: 'command',
    claim: 'pod1# true',
    verdict: 'unknown',
    fails: {cause: 'unknown'},
    evidence: ['it went away'],
  }
  const stages: StageResult[] = [
    {stage: 1, title: 'one', checks: [CHECK]},
    {stage: 2, title: 'two', checks: [CHECK, {...CHECK, claim: 'no-nat', verdict: 'fail'}]},
    {stage: 3, title: 'three', checks: []},
    {stage: 4, title: 'four', checks: [unseen]},
  ]
  t.is(stageShortfallText(stages, plain), '2. two\n   ✗ no-nat\n4. four\n   ? pod1# true\n       it went away')
  t.is(stageShortfallText(stages.slice(0, 1), plain), '')
})

test('a command shows what it said, and nothing of it is obeyed by the terminal', (t) => {
  const command = {place: 'pod1', command: 'ip addr', exitCode: 0, output: 'one\n\ntwo\x1b[2J\nthree\nfour'}
  const text = found({...CHECK, check: 'command', claim: 'pod1# ip addr', command})
  t.deepEqual(text.split('\n'), ['   ✓ pod1# ip addr', '       one', '       two\\x1b[2J', '       three'])
  const failed = found({...CHECK, check: 'command', claim: 'pod1# ip addr', command, verdict: 'fail', evidence: ['it said: two\x1b[2J']})
  t.true(failed.endsWith('it said: two\\x1b[2J'))
})
