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
  const quiet = {...REFUSED, command: 'ping -c1 10.9.9.9', stderr: Buffer.alloc(0), stdout: Buffer.from('100% packet loss\n')}
  t.regex(messageText(stepMessage(quiet, undefined, [], []), plain), /= ping: 100% packet loss/)
})

function told(command: string, stderr: string): string {
  return messageText(stepMessage({...REFUSED, command, stderr: Buffer.from(stderr)}, SOURCE, [], []), plain)
}

test('whose words a line is: the kernel’s, the program’s, or the shell’s', (t) => {
  for (const [command, line, speaker] of [
    ['ip link set nodev up', 'Cannot find device "nodev"', 'kernel'],
    ['ip route add 10.9.0.0/24 via 10.8.8.8', 'Error: Nexthop has invalid gateway.', 'kernel'],
    ['for i in 1 2; do ip route add x; done', 'RTNETLINK answers: File exists', 'kernel'],
    ['sysctl -w net.ipv4.nosuch=1 >/dev/null', 'sysctl: cannot stat /proc/sys/net/ipv4/nosuch: No such file or directory', 'kernel'],
    ['/usr/sbin/nft -f /run/x.nft', '/run/x.nft:1:1-5: Error: No such file or directory', 'kernel'],
    ['bridge fdb add x', 'RTNETLINK answers: Invalid argument', 'kernel'],
    ['tc qdisc add dev nope root netem', 'Cannot find device "nope"', 'kernel'],
    ['ip netns exec pod1 sysctl -w net.ipv4.nosuch=1', 'sysctl: cannot stat', 'kernel'],
    ['ip lnik', 'Object "lnik" is unknown, try "ip help".', 'ip'],
    ['ip addr add 10.2.3.999/24 dev eth0', 'Error: any valid prefix is expected rather than "10.2.3.999/24".', 'ip'],
    ['ip netns exec nope ping x', 'Cannot open network namespace "nope": No such file or directory', 'ip'],
    ['ip netns exec pod1 ping 10.9.9.9', 'ping: connect: Network is unreachable', 'ping'],
    ['cat /nofile', 'cat: /nofile: No such file or directory', 'cat'],
    ['LC_ALL=C exec grep x /run/y', 'grep: /run/y: No such file or directory', 'grep'],
    ['nosuch-cmd --x', '/bin/bash: line 2: nosuch-cmd: command not found', 'said'],
    ['ip link show nodev', 'bash: line 1: ip: command not found', 'said'],
    ['echo words >&2; false', 'words', 'said'],
  ] as const) {
    t.true(told(command, `${line}\n`).endsWith(`\n   = ${speaker}: ${line}`), `${command}: ${told(command, line)}`)
  }
})

test('of very many lines the first and the last are told, and how many were left out', (t) => {
  const lines = told('seq 1 200000', Array.from({length: 200_000}, (_, index) => `${index + 1}`).join('\n')).split('\n')
  t.is(lines.length, 3 + 8 + 1 + 4)
  t.deepEqual(
    [lines[3], lines[10], lines[11], lines[12], lines.at(-1)],
    ['   = seq: 1', '   = seq: 8', '   = ... 199988 lines left out', '   = seq: 199997', '   = seq: 200000'],
  )
  t.is(told('seq 1 13', Array.from({length: 13}, (_, index) => `${index}`).join('\n')).split('\n').length, 3 + 13)
})

test('a very long line is cut, in what was said and in the source alike', (t) => {
  const long = 'x'.repeat(200_000)
  const lines = told(`true ${long}`, long).split('\n')
  t.true(lines.every((line) => line.length < 500))
  t.regex(lines.at(-1) ?? '', /xx \.\.\. and 199600 characters more$/)
  t.regex(lines[2] ?? '', /xx \.\.\. and 199605 characters more$/)
})

test('what a terminal would obey is shown, wherever it stands', (t) => {
  const evil = '\x1b[31mred\x07\x9b2J\r\u202eback'
  const shown = '\\x1b[31mred\\x07\\x9b2J\\x0d\\u202eback'
  t.true(told('cat /x', `${evil}\n`).endsWith(`= cat: ${shown}`))
  const text = messageText({code: 'usage', message: evil, source: {file: evil, line: 1}, excerpt: evil, notes: [evil], help: [evil]}, plain)
  t.is(text.split(shown).length, 1 + 5)
  t.false(/[\p{Cc}\u202e]/u.test(text.replaceAll('\n', '')))
  t.true(told('cat /x', 'a\tb ✓ é').endsWith('a\tb ✓ é'))
})
