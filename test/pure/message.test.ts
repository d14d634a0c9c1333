// Errors as they should read: the problem, the source line, the kernel's own words, what is true, what was meant.
import test from 'ava'
import type {CommandResult} from '../../harness/command.ts'
import {messageText, stepMessage} from '../../harness/report/message.ts'
import type {Paint} from '../../harness/report/text.ts'
import {isAsExpected} from '../tools/expected.ts'

const plain: Paint = (_, text) => text
const SOURCE = {file: 'scenarios/two-nodes.ts', line: 39}
const REFUSED: CommandResult = {
  node: 'node2',
  command: 'ip route add 10.244.1.0/24 via 192.168.51.11',
  exitCode: 2,
  stdout: Buffer.alloc(0),
  stderr: Buffer.from('Error: Nexthop has invalid gateway.\n'),
  startedAt: 0,
  duration: 1.2,
}

test('a refused step reads as style.md has it', (t) => {
  const message = stepMessage(
    REFUSED,
    SOURCE,
    ['node2 is on 192.168.1.0/24 (eth0) and 10.244.2.0/24 (v-net-0)'],
    ['did you mean 192.168.1.11, node1 on the underlay?'],
  )
  isAsExpected(t, 'step-failed', messageText(message, plain))
})

test('a step that hung names its limit', (t) => {
  const hung: CommandResult = {
    ...REFUSED,
    command: 'sleep 1000',
    exitCode: null,
    cause: 'time-limit',
    stderr: Buffer.alloc(0),
    duration: 30_012,
  }
  isAsExpected(t, 'step-hung', messageText(stepMessage(hung, SOURCE, [], []), plain))
})

test('a mistake in a scenario shows its line and what was meant', (t) => {
  const message = {
    code: 'unknown-node',
    message: 'pod pod1 is on nod1, which is no node of this scenario',
    source: SOURCE,
    excerpt: "    pod1: {node: 'nod1', address: '10.244.1.2'},",
    help: ['did you mean node1?'],
  }
  isAsExpected(t, 'unknown-node', messageText(message, plain))
})

test('what is not known of a message is left out', (t) => {
  t.is(messageText({code: 'usage', message: 'no lab is running'}, plain), 'error[usage]: no lab is running')
})

test('each of the kernel’s lines is its own, and a step without complaints tells its output', (t) => {
  const two = {...REFUSED, stderr: Buffer.from('RTNETLINK answers: File exists\nFailed to send flush request\n')}
  t.regex(
    messageText(stepMessage(two, undefined, [], []), plain),
    / {3}= kernel: RTNETLINK answers: File exists\n {3}= kernel: Failed to send flush request$/,
  )
  const quiet = {...REFUSED, stderr: Buffer.alloc(0), stdout: Buffer.from('100% packet loss\n')}
  t.regex(messageText(stepMessage(quiet, undefined, [], []), plain), /= kernel: 100% packet loss/)
})
