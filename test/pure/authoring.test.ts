// What a scenario file is written with becomes plain data, each step with its own line.
import test from 'ava'
import type {Step} from '../../harness/model.ts'
import {lineWith, load, SOUND, soundBut} from '../tools/scenario-file.ts'

const FIRST = '      ip netns add pod1\n'

function commandsOn(node: string, steps: readonly Step[]): string[] {
  return steps.filter((step) => step.node === node).map(({command}) => command)
}

test('a sound scenario loads as it is written', async (t) => {
  const {name, title, underlay, nodes, pods, stages, claims} = await load(t, SOUND)
  t.deepEqual([name, title, underlay], ['mine', 'two nodes', '192.168.1.0/24'])
  t.deepEqual(nodes, [
    {name: 'node1', address: '192.168.1.11'},
    {name: 'node2', address: '192.168.1.12'},
  ])
  t.deepEqual(pods, [
    {name: 'pod1', node: 'node1', address: '10.244.1.2'},
    {name: 'pod2', node: 'node2', address: '10.244.2.2'},
  ])
  t.deepEqual(
    stages.map((stage) => stage.title),
    ['a namespace for each pod'],
  )
  t.deepEqual(claims, [{check: 'reach'}, {check: 'no-nat'}, {check: 'unique-address'}])
})

test('every step knows the line that it was written on', async (t) => {
  const text = soundBut(FIRST, `${FIRST}\n      # the bridge\n      ip link add v-net-0 type bridge\n\n      ip link set v-net-0 up\n`)
  const {stages, file} = await load(t, text)
  const steps = stages.flatMap((stage) => stage.steps)
  t.is(steps.length, 4)
  for (const {command, source} of steps) t.deepEqual(source, {file, line: lineWith(text, command)}, command)
})

test('a line that ends in a backslash goes on in the next, and is told at its first', async (t) => {
  const text = soundBut(
    FIRST,
    `${FIRST}      ip link add veth-pod1 type veth \\\n        peer name veth-pod1-br \\\n        netns pod1\n      ip link\n`,
  )
  const steps = (await load(t, text)).stages.flatMap((stage) => stage.steps)
  t.deepEqual(commandsOn('node1', steps), [
    'ip netns add pod1',
    'ip link add veth-pod1 type veth peer name veth-pod1-br netns pod1',
    'ip link',
  ])
  t.deepEqual(
    steps.slice(1, 3).map(({source}) => source.line),
    [lineWith(text, 'ip link add veth-pod1'), lineWith(text, 'netns pod1\n'.trim()) + 1],
  )
})

test('empty lines and comments are left out, but not a # within a line', async (t) => {
  const text = soundBut(FIRST, `\n      # ip netns add never\n      echo 'a # b' # c\n      #\n`)
  t.deepEqual(
    commandsOn(
      'node1',
      (await load(t, text)).stages.flatMap((stage) => stage.steps),
    ),
    [`echo 'a # b' # c`],
  )
})

test('a backslash in a step stays a backslash', async (t) => {
  const text = soundBut(FIRST, "      printf '\\n\\t\\x41\\\\u' $HOME\n")
  t.deepEqual(
    commandsOn(
      'node1',
      (await load(t, text)).stages.flatMap((stage) => stage.steps),
    ),
    ["printf '\\n\\t\\x41\\\\u' $HOME"],
  )
})

test('stages keep their sentences and their steps; steps before any stage are in one of the scenario’s title', async (t) => {
  const text = SOUND.replace(`    ...on('node2')`, `    ...stage('the other node', 'and a bridge.'),\n    ...on('node2')`)
  const {stages} = await load(t, text)
  t.deepEqual(
    stages.map(({title, sentence, steps}) => [title, sentence, steps.map(({node}) => node)]),
    [
      ['a namespace for each pod', undefined, ['node1']],
      ['the other node', 'and a bridge.', ['node2']],
    ],
  )
  const without = await load(t, soundBut("    ...stage('a namespace for each pod'),\n", ''))
  t.deepEqual(
    without.stages.map((stage) => [stage.title, stage.steps.length]),
    [['two nodes', 2]],
  )
})
