// From a name or a path to a scenario, and what podwire says when there is none to be had: exit code 2, and the line.
import {mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join, resolve} from 'node:path'
import test from 'ava'
import {loadScenario, scenarioNames} from '../../harness/scenario/load.ts'
import {ScenarioError} from '../../harness/scenario/problem.ts'
import {podwireAsNobody} from '../tools/podwire.ts'
import {lineWith, load, SOUND, soundBut, temporaryFile} from '../tools/scenario-file.ts'

test('every scenario that comes with podwire loads by its name', async (t) => {
  t.true(scenarioNames().includes('three-nodes'))
  for (const name of scenarioNames()) {
    const {stages, nodes, file} = await loadScenario(name)
    t.true(stages.length > 0 && nodes.length > 0, name)
    const steps = stages.flatMap((stage) => stage.steps)
    // A broken scenario has the lines of the one that it breaks, and then its own.
    if (name.startsWith('broken/')) t.is(steps.at(-1)?.source.file, file)
    else for (const {source} of steps) t.is(source.file, file)
  }
})

test('a scenario may lie anywhere and import podwire', async (t) => {
  t.is((await load(t, SOUND)).name, 'mine')
})

test('an unknown name gets the nearest one', async (t) => {
  const error = await t.throwsAsync(loadScenario('three-node'), {instanceOf: ScenarioError})
  t.deepEqual(
    error?.problems.map(({code, help}) => [code, help]),
    [['unknown-scenario', 'did you mean three-nodes?']],
  )
})

test('a name that is like none gets them all', async (t) => {
  const error = await t.throwsAsync(loadScenario('zzzzzzzzzzzzzzzzzzzzzzzz'), {instanceOf: ScenarioError})
  for (const name of scenarioNames()) t.true(error?.problems[0]?.help?.includes(name))
})

test('a path to no file is unknown too', async (t) => {
  for (const path of ['./no-such.ts', '/no/such.ts', 'no-such.ts']) {
    const error = await t.throwsAsync(loadScenario(path), {instanceOf: ScenarioError})
    t.deepEqual(
      error?.problems.map(({code}) => code),
      ['unknown-scenario'],
      path,
    )
  }
})

const UNREADABLE: Readonly<Record<string, {text: string; at: string; code: string; words: RegExp}>> = {
  'a file that does not parse': {
    text: soundBut("title: 'two nodes',", 'title: ),'),
    at: 'title: ),',
    code: 'scenario-not-readable',
    words: /\[scenario-not-readable\]: ./,
  },
  'a file that throws': {
    text: `${SOUND}\nthrow new Error('my own words')\n`,
    at: 'throw',
    code: 'scenario-not-readable',
    words: /my own words/,
  },
  'a file that imports what podwire has not': {
    text: soundBut('stage,', 'stge,'),
    at: 'import',
    code: 'scenario-not-readable',
    words: /stge/,
  },
  'a file that throws words': {
    text: `${SOUND}\nthrow 'my own words'\n`,
    at: 'throw',
    code: 'scenario-not-readable',
    words: /the file throws 'my own words'/,
  },
  'a file that throws nothing': {text: `${SOUND}\nthrow null\n`, at: 'throw', code: 'scenario-not-readable', words: /the file throws null/},
  'a file that throws what has no text': {
    text: `${SOUND}\nthrow Object.create(null)\n`,
    at: 'throw',
    code: 'scenario-not-readable',
    words: /the file throws \[Object: null prototype\]/,
  },
  'a file that throws an error without words': {
    text: `${SOUND}\nthrow new TypeError()\n`,
    at: 'throw',
    code: 'scenario-not-readable',
    words: /the file throws TypeError/,
  },
  'a file that waits for nothing': {
    text: `${SOUND}\nawait new Promise(() => {})\n`,
    at: 'await',
    code: 'scenario-not-readable',
    words: /awaits something that never comes/,
  },
  'a file that waits, and keeps busy meanwhile': {
    text: `${SOUND}\nsetInterval(() => {}, 1000)\nawait new Promise(() => {})\n`,
    at: 'await',
    code: 'scenario-not-readable',
    words: /awaits something that never comes/,
  },
  'a name that is declared twice': {
    text: `${SOUND}\nlet twice\n\nlet twice = 1`,
    at: 'twice = 1',
    code: 'scenario-not-readable',
    words: /already been declared/,
  },
  'a template without an end': {
    text: `${SOUND}\nconst x = \`\n`,
    at: 'const x',
    code: 'scenario-not-readable',
    words: /Unterminated/,
  },
  'a file that needs more than its types taken away': {
    text: `${SOUND}\nenum Colour {red}\n`,
    at: 'enum',
    code: 'scenario-not-readable',
    words: /enum is not supported/,
  },
  'a file that exports a number': {text: '\nexport default 5\n', at: 'export', code: 'no-scenario', words: /no scenario, but a number/},
  'a step in which something is filled in': {
    text: soundBut('netns add pod1', 'netns add $' + "{'pod1'}"),
    at: "...on('node1')`",
    code: 'step-not-literal',
    words: /write the value out/,
  },
  'a mistake in a declaration': {
    text: soundBut("node: 'node2'", "node: 'nod2'"),
    at: "node: 'nod2'",
    code: 'unknown-node',
    words: /did you mean node2\?/,
  },
}

/** Paths that are written otherwise in a URL, or that look like something else in a stack. */
const FOLDERS = ['', 'a folder', 'a (1)', '100%25', 'é✓']

for (const [title, {text, at, code, words}] of Object.entries(UNREADABLE)) {
  test(`${title} ends podwire with 2 and the source line, and starts nothing`, async (t) => {
    const file = temporaryFile(t, 'mine.ts', text)
    const line = lineWith(text, at)
    const ended = await podwireAsNobody(['run', file, '--driver', 'local'])
    t.deepEqual([ended.code, ended.stdout], [2, ''])
    t.true(ended.stderr.startsWith(`error[${code}]: `), ended.stderr)
    t.regex(ended.stderr, new RegExp(`^ {2}--> ${file.slice(1)}:${line}$`, 'm'))
    t.true(ended.stderr.includes(`   |  ${text.split('\n')[line - 1]?.trim()}\n`), ended.stderr)
    t.regex(ended.stderr, words)
  })
}

let files = 0

test('a line is right wherever the file lies: of an error, of a step, of a declaration', async (t) => {
  for (const folder of FOLDERS) {
    const parent = dirname(temporaryFile(t, 'x', ''))
    mkdirSync(join(parent, folder), {recursive: true})
    const write = (text: string) => {
      const file = join(parent, folder, `mine${++files}.ts`)
      writeFileSync(file, text)
      return file
    }
    const problemOf = async (text: string) => {
      const file = write(text)
      const error = await t.throwsAsync(loadScenario(file), {instanceOf: ScenarioError})
      t.is(error?.problems[0]?.source?.file, file, folder)
      return error?.problems[0]?.source?.line
    }
    const throwing = `${SOUND}\nthrow new Error('x')\n`
    t.is(await problemOf(throwing), lineWith(throwing, 'throw'), folder)
    const unknown = soundBut("on('node2')", "on('nod2')")
    t.is(await problemOf(unknown), lineWith(unknown, 'ip netns add pod2'), folder)
    const twice = soundBut('  nodes: {', "  title: 'x',\n  nodes: {")
    t.is(await problemOf(twice), lineWith(twice, "title: 'x'"), folder)
    const file = write(SOUND)
    t.deepEqual((await loadScenario(file)).stages[0]?.steps[0]?.source, {file, line: lineWith(SOUND, 'ip netns add pod1')}, folder)
  }
})

test('a file whose path looks like a URL with a query is told right, too', async (t) => {
  const folder = join(dirname(temporaryFile(t, 'x', '')), '#1?')
  mkdirSync(folder)
  for (const text of [`${SOUND}\nthrow new Error('x')\n`, `${SOUND}\nthrow 'x'\n`]) {
    writeFileSync(join(folder, 'mine.ts'), text)
    const {stderr} = await podwireAsNobody(['run', join(folder, 'mine.ts')])
    t.true(stderr.includes(`#1?/mine.ts:${lineWith(text, 'throw')}\n`), stderr)
  }
})

test('a folder, a file that nobody may read, and one of another kind are told so, without a line', async (t) => {
  const folder = dirname(temporaryFile(t, 'x', ''))
  mkdirSync(join(folder, 'folder.ts'))
  writeFileSync(join(folder, 'locked.ts'), SOUND, {mode: 0})
  writeFileSync(join(folder, 'mine.txt'), SOUND)
  for (const [name, words] of [
    ['folder.ts', /is a folder, no scenario/],
    ['locked.ts', /EACCES/],
    ['mine.txt', /Unknown file extension/],
    ['/dev/null', /is no ordinary file, no scenario/],
  ] as const) {
    const {code, stdout, stderr} = await podwireAsNobody(['run', resolve(folder, name)])
    t.deepEqual([code, stdout], [2, ''], name)
    t.regex(stderr, /^error\[scenario-not-readable\]: /, name)
    t.regex(stderr, words, name)
    t.false(stderr.includes('-->'), name)
  }
})

test('an empty file, and one that exports nothing by default, are told so', async (t) => {
  for (const text of ['', '// nothing\n', 'export const x = 1\n']) {
    const {code, stdout, stderr} = await podwireAsNobody(['run', temporaryFile(t, 'mine.ts', text)])
    t.deepEqual([code, stdout], [2, ''], text)
    t.is(stderr, 'error[no-scenario]: the file exports nothing by default\n   = help: export default scenario({ ... })\n\n', text)
  }
})
