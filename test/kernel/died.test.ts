// A node that died, and a pod: every command that looks at the lab says node-down or pod-missing, and where; no stack trace.
import type {ExecutionContext} from 'ava'
import {endNode} from './tools/dying.ts'
import {engineTurn} from './tools/engine-turn.ts'
import {type Home, makeHome} from './tools/home.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'

interface Told {
  readonly diagnoses: readonly {readonly cause: string; readonly where: object; readonly pairs: readonly string[]}[]
  readonly failing: readonly string[]
}

async function says(t: ExecutionContext, home: Home, argv: readonly string[], code: number, words: RegExp): Promise<void> {
  const ended = await home.podwire(argv)
  const all = ended.stdout + ended.stderr
  t.is(ended.code, code, `${argv.join(' ')}: ${all}`)
  t.regex(all, words, argv.join(' '))
  t.notRegex(all, /\n {4}at |error\[internal\]/, argv.join(' '))
}

onEach(ALL, 'a node that died is node-down, to every command that looks at it', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver])).code, 0)
  await endNode(home, 'three-nodes', 'node2')
  const {code, stdout, stderr} = await home.podwire(['diagnose', '--json', '--no-trial'])
  t.is(code, 1, stderr)
  const {diagnoses, failing} = JSON.parse(stdout) as Told
  t.deepEqual(
    diagnoses.map(({cause, where}) => [cause, where]),
    [['node-down', {node: 'node2', netns: null, object: 'node2'}]],
  )
  // Both ways between node2 with its pod and the five others, and between the two.
  t.is(failing.length, 22)
  t.deepEqual([...(diagnoses[0]?.pairs ?? [])].sort(), [...failing].sort())
  const patience = ['--patience', '0.3']
  await says(t, home, ['diagnose', 'pod1', 'pod3'], 1, /^cause: node-down {2}node2 is not running, so requests stop there$/m)
  await says(t, home, ['trace', 'pod1', 'pod3', ...patience], 1, /node down at node2/)
  await says(t, home, ['trace', 'pod3', 'pod1', ...patience], 1, /node down at node2/)
  await says(t, home, ['check', ...patience], 1, /node2: node-down: /)
  await says(t, home, ['capture', 'pod3', '--seconds', '1'], 3, /^error\[node-down\]: node2 is not running: /m)
  await says(t, home, ['exec', 'pod3', '--', 'true'], 3, /^error\[node-down\]: node2 is not running: /m)
  await says(t, home, ['shell', 'node2'], 3, /^error\[node-down\]: node2 is not running: /m)
  t.is((await home.podwire(['exec', 'node1', '--', 'true'])).code, 0, 'the others are as they were')
})

onEach(LOCAL, 'a pod that died is pod-missing, to every command that looks at it', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  t.is((await home.podwire(['exec', 'node2', '--', 'ip', 'netns', 'del', 'pod3'])).code, 0)
  const patience = ['--patience', '0.3']
  await says(t, home, ['diagnose', 'pod1', 'pod3', '--no-trial'], 1, /^cause: pod-missing {2}the network namespace pod3/m)
  await says(t, home, ['trace', 'pod1', 'pod3', ...patience], 1, /pod missing at pod3/)
  await says(t, home, ['trace', 'pod3', 'pod1', ...patience], 1, /pod missing at pod3/)
  await says(t, home, ['check', ...patience], 1, /pod3 has no namespace: pod-missing/)
  await says(t, home, ['capture', 'pod3', '--seconds', '1'], 3, /^error\[pod-missing\]: node2 has no network namespace pod3/m)
})

onEach(LOCAL.slice(0, 1), 'a place that is not there: the nearest one, from every command that takes a place', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  for (const argv of [
    ['diagnose', 'noode1', 'pod3'],
    ['diagnose', 'pod3', 'noode1'],
    ['trace', 'pod3', 'noode1'],
    ['capture', 'noode1'],
    ['capture', 'pod3', 'noode1'],
    ['break', 'no-route', 'noode1'],
    ['exec', 'noode1', '--', 'true'],
    ['shell', 'noode1'],
  ])
    await says(t, home, argv, 2, /no place noode1 in this lab\n.*did you mean node1\?/)
})
