// What a terminal shows of a run that is under way: on any size of screen, in few words, and nothing where there is no terminal.
import test from 'ava'
import {liveLines, liveOn, type Moment} from '../../harness/cli/live.ts'
import type {Screen} from '../../harness/cli/terminal.ts'
import type {CommandResult} from '../../harness/command.ts'
import type {Step} from '../../harness/model.ts'
import {type Paint, stepText} from '../../harness/report/text.ts'

const plain: Paint = (_, text) => text
const STEP: Step = {node: 'node1', command: 'ip link', source: {file: '/x.ts', line: 1}}
const stages = Array.from({length: 20}, (_, index) => ({
  title: `stage ${index + 1} ${'of a long name '.repeat(8)}`,
  steps: [STEP, STEP, STEP],
}))
const at = (moment: Partial<Moment>): Moment => ({stages: stages.slice(0, 3), current: 1, lines: 0, elapsed: 0, ...moment})
const wide = {columns: 400, rows: 40, paint: plain}

test('what has run, runs and will run is told apart by marks, with counts', (t) => {
  const lines = liveLines(at({stages: stages.slice(0, 3).map((stage) => ({...stage, title: 'x'})), current: 2, lines: 1}), wide)
  t.deepEqual(lines, ['', '✓ 1. x: 3 lines', '⠋ 2. x: 1 of 3 lines', '  3. x: 3 lines', '  probes', '0.0 ms'])
})

test('probes are counted once they begin', (t) => {
  const lines = liveLines(at({current: 4, probes: {done: 130, total: 252}}), wide)
  t.is(lines.at(-2), '⠋ probes: 130 of 252 exchanges')
  t.true(lines.slice(1, -2).every((line) => line.startsWith('✓')))
})

test('no line is wider than the screen, and all together are lower, wherever the run is', (t) => {
  for (const columns of [1, 2, 20, 80]) {
    for (const rows of [1, 5, 10, 24, 100]) {
      for (let current = 1; current <= 21; current++) {
        const lines = liveLines(at({stages, current}), {columns, rows, paint: plain})
        t.true(
          lines.every((line) => [...line].length <= columns),
          `${columns} columns`,
        )
        t.true(lines.length <= Math.max(rows - 1, 3), `${rows} rows: ${lines.length}`)
      }
    }
  }
  const lines = liveLines(at({stages, current: 10}), {columns: 400, rows: 24, paint: plain})
  t.true(lines.some((line) => line.startsWith('⠋ 10. ')))
  t.regex(lines.at(-1) ?? '', /^and 5 more, /)
})

test('a title is shown, never obeyed', (t) => {
  const [, line = ''] = liveLines(at({stages: [{title: '\u001b[2J\u0007', steps: [STEP]}]}), wide)
  t.is(line, '⠋ 1. \\x1b[2J\\x07: 0 of 1 line')
})

function screen(isTTY: boolean): {screen: Screen; written: string[]} {
  const written: string[] = []
  const write = (text: string) => {
    written.push(text)
    return true
  }
  const stream = {isTTY, columns: 60, rows: 20, write} as unknown as NodeJS.WriteStream
  return {screen: {paint: plain, width: 60, stream, write: (text) => void write(`${text}\n`)}, written}
}

test('on a terminal the list is drawn and taken away again; what was written above it stays', (t) => {
  const {screen: terminal, written} = screen(true)
  const live = liveOn(terminal, stages.slice(0, 2))
  live?.write('above')
  live?.stage(1)
  t.regex(written.join(''), /above\n[\s\S]*0 of 3 lines/)
  live?.end()
  const before = written.length
  live?.write('after')
  live?.stage(2)
  t.deepEqual(written.slice(before), ['after\n'])
})

test('nothing is drawn where there is no terminal, or one that can only write on', (t) => {
  t.is(liveOn(screen(false).screen, stages), undefined)
  const term = process.env.TERM
  process.env.TERM = 'dumb'
  t.is(liveOn(screen(true).screen, stages), undefined)
  if (term === undefined) delete process.env.TERM
  else process.env.TERM = term
})

test('the time of a line stands on the same line of a screen that has room for both', (t) => {
  const nothing = Buffer.alloc(0)
  const result: CommandResult = {
    node: 'node1',
    command: 'ip link',
    exitCode: 0,
    stdout: nothing,
    stderr: nothing,
    startedAt: 0,
    duration: 1.5,
  }
  t.is(stepText(STEP, result, plain).length, 72 + '1.5 ms'.length)
  t.is(stepText(STEP, result, plain, 50).length, 49)
  t.regex(stepText(STEP, result, plain, 10), /ip link {2}1\.5 ms$/)
})
