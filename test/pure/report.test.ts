// What people read, from recorded data, against fixtures/expected.

import test from 'ava'
import {requirementsFrom} from '../../harness/checks/requirements.ts'
import type {CommandResult} from '../../harness/command.ts'
import type {CheckResult, Place, Probe} from '../../harness/model.ts'
import {milliseconds} from '../../harness/report/duration.ts'
import {
  checkText,
  hopsText,
  matrixText,
  type Paint,
  requirementsText,
  shortfallText,
  stageText,
  stepText,
} from '../../harness/report/text.ts'
import {isAsExpected} from '../tools/expected.ts'
import {checkNoNat, checkReach, checkUniqueAddress, findings} from '../tools/findings.ts'
import {PLACES, type Recording, recordedInterfaces, recordedProbes} from '../tools/recorded.ts'

const plain: Paint = (_, text) => text

function report(name: Recording): string {
  const probes = recordedProbes(name)
  const checks = [checkReach(probes), checkNoNat(probes), checkUniqueAddress(PLACES, recordedInterfaces(name))]
  const [reach] = checks
  if (!reach) throw new Error('no check')
  const short = checks.map((check) => shortfallText(check, reach, plain)).filter((text) => text !== '')
  return [
    matrixText(PLACES, probes, plain),
    hopsText(probes, PLACES),
    checks.map((check) => checkText(check, plain)).join('\n'),
    ...short,
    requirementsText(requirementsFrom(PLACES, findings(PLACES, probes, recordedInterfaces(name))), plain),
  ].join('\n\n')
}

for (const name of ['healthy', 'masquerade', 'forwarding-off', 'no-namespace'] satisfies Recording[]) {
  test(`the report of a lab that is ${name} reads as expected`, (t) => isAsExpected(t, name, report(name)))
}

test('a requirement that does not pass beside a run that does is said to decide nothing; in one that fails, or where all pass, nothing is', (t) => {
  const of = (name: Recording) => requirementsFrom(PLACES, findings(PLACES, recordedProbes(name), recordedInterfaces(name)))
  const told = /\nwhat does not pass here is no claim of this scenario, and decides nothing$/
  t.regex(requirementsText(of('forwarding-off'), plain, 'pass'), told)
  t.notRegex(requirementsText(of('forwarding-off'), plain, 'fail'), told)
  t.notRegex(requirementsText(of('healthy'), plain, 'pass'), told)
})

test('a fault shows: no two of these reports are alike', (t) => {
  const reports = (['healthy', 'masquerade', 'forwarding-off', 'no-namespace'] as const).map((name) => report(name))
  t.is(new Set(reports).size, reports.length)
})

test('a pair that only small packets reach has an s, and one that was not probed a question mark', (t) => {
  const some = recordedProbes('healthy').filter(({from}) => from !== 'node3')
  const small = some.map(
    (probe): Probe =>
      probe.from === 'pod1' && probe.to === 'pod4' && probe.size === 'full' ? {...probe, answered: false, error: 'no-answer'} : probe,
  )
  const rows = matrixText(PLACES, small, plain).split('\n')
  t.regex(rows.find((row) => row.startsWith('│ pod1')) ?? '', /│ +sss +│/)
  t.regex(rows.find((row) => row.startsWith('│ node3')) ?? '', /│ +\?\?\? +│/)
})

test('a matrix wider than the screen is told by the pairs that fall short alone, and how many do not', (t) => {
  const probes = recordedProbes('forwarding-off')
  const wide = matrixText(PLACES, probes, plain)
  const width = wide.split('\n')[0]?.length ?? 0
  t.is(matrixText(PLACES, probes, plain, width), wide)
  const short = matrixText(PLACES, probes, plain, width - 1)
  isAsExpected(t, 'forwarding-off.narrow', short)
  const healthy = matrixText(PLACES, recordedProbes('healthy'), plain, 40)
  t.is(healthy, 'The matrix: 42 of 42 pairs pass in every protocol and size')
})

test('pairs that are translated have an n, which the legend explains where there is one', (t) => {
  const short = matrixText(PLACES, recordedProbes('masquerade'), plain, 40)
  t.regex(short, /^The matrix: 34 of 42 pairs pass/)
  t.regex(short, /^ {2}pod1 -> nnn pod3, pod4, node2, node3$/m)
  t.regex(short, /n reaches, but translated$/)
  t.notRegex(matrixText(PLACES, recordedProbes('forwarding-off'), plain), /translated/)
  const cut = recordedProbes('masquerade').map((probe) => (probe.size === 'full' ? {...probe, answered: false} : probe))
  t.regex(matrixText(PLACES, cut, plain, 40), /^ {2}pod1 -> sss every other$/m)
})

test('thirty pods that reach nobody are a line each on a narrow screen', (t) => {
  const pods = Array.from({length: 30}, (_, index): Place => ({...(PLACES[0] as Place), name: `pod${index}`}))
  const lines = matrixText(pods, [], plain, 80).split('\n')
  t.is(lines.length, 1 + 30 + 1)
  t.true(lines[0]?.startsWith('The matrix: 0 of 870 pairs pass'))
  t.is(lines[1], '  pod0 -> ??? every other')
  t.true(lines.slice(1, -1).every((line) => line.length <= 80))
})

test('a claim that should fail is told by itself, not by its pairs', (t) => {
  const claimed: CheckResult = {
    ...checkReach(recordedProbes('forwarding-off')),
    claim: 'reach fails: forwarding-off',
    fails: {cause: 'forwarding-off'},
    verdict: 'pass',
  }
  t.is(checkText(claimed, plain), '✓ pass    reach fails: forwarding-off')
  t.is(shortfallText(claimed, claimed, plain), '')
  const failed: CheckResult = {...claimed, verdict: 'fail', evidence: ['pod1 -> pod2 holds\x1b[2J']}
  t.is(shortfallText(failed, failed, plain), '  reach fails: forwarding-off\n    pod1 -> pod2 holds\\x1b[2J')
})

test('what a node said of a pair is shown, never obeyed', (t) => {
  const evil = recordedProbes('healthy').map(
    (probe): Probe => (probe.from === 'pod1' ? {...probe, answered: false, error: '\x1b]0;x\x07'} : probe),
  )
  const text = shortfallText(checkReach(evil), undefined, plain)
  t.true(text.includes('\\x1b]0;x\\x07'))
  t.false(text.includes('\x1b'))
})

test('shortfalls beyond the first pairs are counted, not told', (t) => {
  const reach = checkReach(recordedProbes('forwarding-off'))
  const text = shortfallText(reach, reach, plain, 3)
  t.is(text.split('\n').filter((line) => line.includes(' -> ')).length, 3)
  t.true(text.endsWith('\n  and 7 more pairs'))
})

test('what reach tells as lost is not told again as unseen by no-nat; without reach it is', (t) => {
  const probes = recordedProbes('forwarding-off')
  t.is(shortfallText(checkNoNat(probes), checkReach(probes), plain), '')
  t.regex(shortfallText(checkNoNat(probes), undefined, plain), /no-nat unknown .*not seen to arrive/)
})

test('a step is told as a person would type it, with its time or how it ended, in one column', (t) => {
  const step = {node: 'node1', command: 'ip link add v-net-0 type bridge', source: {file: 'x.ts', line: 3}}
  const result: CommandResult = {
    node: 'node1',
    command: step.command,
    exitCode: 0,
    stdout: Buffer.alloc(0),
    stderr: Buffer.alloc(0),
    startedAt: 0,
    duration: 1.25,
  }
  const text = stepText(step, result, plain)
  t.is(text, '   node1# ip link add v-net-0 type bridge'.padEnd(72) + milliseconds(1.25))
  t.is(stepText(step, {...result, exitCode: 2}, plain).slice(72), 'exit 2')
  t.is(stepText(step, {...result, exitCode: null, cause: 'time-limit'}, plain).slice(72), 'killed after its time limit')
  t.regex(stepText({...step, command: 'x'.repeat(100)}, result, plain), /x {2}1/)
})

test('a stage is told with its number and the document’s sentence', (t) => {
  t.is(
    stageText({title: 'a bridge', sentence: 'So we create a bridge.', steps: [], readdressed: {}, claims: []}, 2, plain),
    '\n2. a bridge\n   “So we create a bridge.”',
  )
  t.is(stageText({title: 'a bridge', steps: [], readdressed: {}, claims: []}, 2, plain), '\n2. a bridge')
})

test('a short time is told in milliseconds, a long one in seconds', (t) => {
  t.deepEqual([0, 2.345, 999.94, 1000, 12_345].map(milliseconds), ['0.0 ms', '2.3 ms', '999.9 ms', '1.00 s', '12.35 s'])
})
