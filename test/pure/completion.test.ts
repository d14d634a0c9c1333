// The prompt's words: what a line asks for, what Tab makes of it, and what is said of one that nobody knows.
import test from 'ava'
import {complete, helpText, PROMPT_COMMANDS, readLine} from '../../harness/cli/debug/words.ts'
import {CAUSES} from '../../harness/model.ts'
import {PLACES} from '../tools/recorded.ts'

const NAMES = PLACES.map(({name}) => name)
const tab = (line: string) => complete(line, PLACES)
const read = (line: string) => readLine(line, PLACES)

test('the first word is a command or a place', (t) => {
  t.deepEqual(tab('tr'), [['trace '], 'tr'])
  t.deepEqual(tab('nod'), [['node1', 'node2', 'node3'], 'nod'])
  t.deepEqual(tab('p'), [['ping', 'places', 'pod1', 'pod2', 'pod3', 'pod4'], 'p'])
  t.deepEqual(tab(''), [[...PROMPT_COMMANDS.map(({name}) => name), ...NAMES], ''])
  t.deepEqual(tab('zz'), [[], 'zz'])
})

test('the next ones are what the command takes', (t) => {
  t.deepEqual(tab('ping '), [NAMES, ''])
  t.deepEqual(tab('ping pod1 pod3'), [['pod3 '], 'pod3'])
  t.deepEqual(tab('trace pod1 pod3 t'), [['tcp '], 't'])
  t.deepEqual(tab('break forw'), [['forwarding-off '], 'forw'])
  t.deepEqual(tab('break bridge-'), [CAUSES.filter((cause) => cause.startsWith('bridge-')), 'bridge-'])
  t.deepEqual(tab('break forwarding-off node'), [['node1', 'node2', 'node3'], 'node'])
  t.deepEqual(tab('  capture pod4'), [['pod4 '], 'pod4'])
})

test('nothing is offered where nothing fits: after enough words, for what was named, for unknown, at a place', (t) => {
  t.deepEqual(tab('heal '), [[], ''])
  t.deepEqual(tab('ping pod1 pod3 p'), [[], 'p'])
  t.false(tab('ping pod1 ')[0].includes('pod1'))
  t.deepEqual(tab('break unkn'), [[], 'unkn'])
  t.deepEqual(tab('node1 ip ro'), [[], 'ro'])
})

test('a line is a command with its words, or a place with a line for a shell there', (t) => {
  t.deepEqual(read('ping pod1  pod3'), {kind: 'command', name: 'ping', words: ['pod1', 'pod3']})
  t.deepEqual(read('  why '), {kind: 'command', name: 'why', words: []})
  t.deepEqual(read('quit'), {kind: 'command', name: 'exit', words: []})
  t.deepEqual(read("node1 sh -c 'echo  a | wc'"), {kind: 'at', place: 'node1', command: "sh -c 'echo  a | wc'"})
  t.deepEqual(read('node1/extra ip addr'), {kind: 'at', place: 'node1/extra', command: 'ip addr'})
  t.deepEqual(read('pod1'), {kind: 'at', place: 'pod1', command: ''})
  for (const line of ['', '   ', '# ping pod1 pod3']) t.deepEqual(read(line), {kind: 'nothing'})
})

test('a mistake is told with the nearest word, or with how the command is used', (t) => {
  t.deepEqual(read('pimg pod1 pod3'), {
    kind: 'mistake',
    message: 'no command or place pimg',
    help: 'did you mean ping?   (help lists the commands)',
  })
  t.deepEqual(read('noode1 ip route'), {
    kind: 'mistake',
    message: 'no command or place noode1',
    help: 'did you mean node1?   (help lists the commands)',
  })
  for (const [line, usage] of [
    ['ping pod1', 'ping FROM TO'],
    ['ping pod1 pod2 pod3', 'ping FROM TO'],
    ['break', 'break CAUSE [PLACE]'],
    ['heal node1', 'heal'],
    ['why pod1', 'why [FROM TO]'],
    ['capture', 'capture PLACE [TO]'],
  ] as const)
    t.deepEqual(read(line), {kind: 'mistake', message: `${line.split(' ')[0]} takes other words`, help: usage}, line)
})

test('help has every command once', (t) => {
  const lines = helpText().split('\n')
  for (const {usage} of PROMPT_COMMANDS) t.is(lines.filter((line) => line.startsWith(`  ${usage}  `)).length, 1, usage)
})
