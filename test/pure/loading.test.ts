// From a name or a path to a scenario, and what podwire says when there is none to be had: exit code 2, and the line.
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
    for (const {source} of stages.flatMap(({steps}) => steps)) t.is(source.file, file)
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
