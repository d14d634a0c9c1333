// Bad input: each mistake is named by its code, told at its line, with what was probably meant. Nothing is started.
import test from 'ava'
import {lineWith, load, problemsOf, SOUND, soundBut} from '../tools/scenario-file.ts'

interface Mistake {
  readonly what: string
  readonly by: string
  readonly code: string
  /** What stands on the line that is told, when it is not `by`. */
  readonly at?: string
  readonly help: string | undefined
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  'a step on an unknown node': {
    what: "on('node2')",
    by: "on('nod2')",
    at: 'ip netns add pod2',
    code: 'unknown-node',
    help: 'did you mean node2?',
  },
  'a step on a node nothing like a known one': {
    what: "on('node2')",
    by: "on('paris')",
    at: 'ip netns add pod2',
    code: 'unknown-node',
    help: 'there is node1, node2',
  },
  'a pod on an unknown node': {what: "node: 'node1'", by: "node: 'node3'", code: 'unknown-node', help: 'did you mean node1?'},
  'a pod on an unknown node, written on a line of its own': {
    what: "node: 'node2',",
    by: "node: 'Node2',",
    code: 'unknown-node',
    help: 'did you mean node2?',
  },
  'a pod with no node': {what: "node: 'node1', ", by: '', at: 'pod1: {', code: 'pod-without-node', help: 'add node: ...'},
  'a pod with no address': {what: ", address: '10.244.1.2'", by: '', at: 'pod1: {', code: 'missing-key', help: 'add address: ...'},
  'an address outside the underlay': {
    what: '192.168.1.12',
    by: '192.168.51.12',
    code: 'address-outside-underlay',
    help: 'did you mean 192.168.1.12?',
  },
  'an address outside the underlay with no near one': {
    what: '192.168.1.12',
    by: '10.0.0.0',
    code: 'address-outside-underlay',
    help: 'choose one in 192.168.1.0/24',
  },
  'the underlay’s own first address': {what: '192.168.1.12', by: '192.168.1.0', at: 'node2:', code: 'address-not-usable', help: undefined},
  'the underlay’s own last address': {what: '192.168.1.12', by: '192.168.1.255', code: 'address-not-usable', help: undefined},
  'two nodes at one address': {
    what: '192.168.1.12',
    by: '192.168.1.11',
    at: 'node2:',
    code: 'two-nodes-one-address',
    help: 'give each node an address of its own',
  },
  'a node’s address that is none': {what: '192.168.1.12', by: '192.168.1.312', code: 'bad-address', help: undefined},
  'a pod’s address with a prefix length': {
    what: '10.244.1.2',
    by: '10.244.1.2/24',
    code: 'bad-address',
    help: 'write it without a prefix length, like 10.244.1.2',
  },
  'an underlay with host bits': {
    what: '192.168.1.0/24',
    by: '192.168.1.1/24',
    code: 'bad-prefix',
    help: 'write it in CIDR notation, like 192.168.1.0/24, with no host bits set and a length of 8 to 30',
  },
  'an underlay without a prefix length': {
    what: '192.168.1.0/24',
    by: '192.168.1.0',
    code: 'bad-prefix',
    help: 'write it in CIDR notation, like 192.168.1.0/24, with no host bits set and a length of 8 to 30',
  },
  'a name that the shell would read': {
    what: 'pod1: {',
    by: "'$(id)': {",
    code: 'bad-name',
    help: 'use 1 to 14 lower-case letters, digits and dashes, a letter first',
  },
  'a name longer than an interface’s': {
    what: 'pod1: {',
    by: "'a-pod-with-a-long-name': {",
    code: 'bad-name',
    help: 'use 1 to 14 lower-case letters, digits and dashes, a letter first',
  },
  'a node’s name in capitals': {
    what: "    node2: '192.168.1.12',\n",
    by: "    node2: '192.168.1.12',\n    NODE: '192.168.1.13',\n",
    at: 'NODE',
    code: 'bad-name',
    help: 'use 1 to 14 lower-case letters, digits and dashes, a letter first',
  },
  'a pod that is called like a node': {what: 'pod1: {', by: 'node1: {', code: 'name-taken', help: 'give the pod a name of its own'},
  'an unfinished single quote': {what: 'ip netns add pod1', by: "ip netns add 'pod1", code: 'unfinished-line', help: undefined},
  'an unfinished double quote': {what: 'ip netns add pod1', by: 'ip netns add "pod1', code: 'unfinished-line', help: undefined},
  'an unfinished substitution': {what: 'ip netns add pod1', by: 'ip netns add $(echo pod1', code: 'unfinished-line', help: undefined},
  'a loop without an end': {what: 'ip netns add pod1', by: 'while true; do ip netns add pod1', code: 'unfinished-line', help: undefined},
  'an unknown key': {
    what: 'underlay:',
    by: "overlay: 'vxlan',\n  underlay:",
    at: 'overlay',
    code: 'unknown-key',
    help: 'did you mean underlay?',
  },
  'an unknown key of a pod': {
    what: "address: '10.244.2.2',",
    by: "address: '10.244.2.2',\n      image: 'x',",
    at: 'image',
    code: 'unknown-key',
    help: 'there is node, address',
  },
  'a key that is missing': {what: "  title: 'two nodes',\n", by: '', at: 'scenario({', code: 'missing-key', help: 'add title: ...'},
  'a scenario without its pods': {
    what: "  pods: {\n    pod1: {node: 'node1', address: '10.244.1.2'},\n    pod2: {\n      node: 'node2',\n      address: '10.244.2.2',\n    },\n  },\n",
    by: '',
    at: 'scenario({',
    code: 'missing-key',
    help: 'add pods: ...',
  },
  'an empty title': {what: "'two nodes'", by: "''", code: 'bad-value', help: undefined},
  'a value of another kind': {what: "'192.168.1.12'", by: '12', code: 'bad-value', help: undefined},
}

test('a sound scenario has no mistake', async (t) => {
  await t.notThrowsAsync(load(t, SOUND))
})

for (const [title, {what, by, at = by, code, help}] of Object.entries(MISTAKES)) {
  test(`${title} is ${code}`, async (t) => {
    const text = soundBut(what, by)
    const problems = await problemsOf(t, text)
    t.deepEqual(
      problems.map((problem) => [problem.code, problem.line, problem.help]),
      [[code, lineWith(text, at), help]],
    )
    t.notRegex(problems[0]?.message ?? '', /undefined|\[object/)
  })
}

test('a scenario without nodes is no-nodes, and its pods and steps are told too', async (t) => {
  const text = soundBut("    node1: '192.168.1.11',\n    node2: '192.168.1.12',\n", '')
  const problems = await problemsOf(t, text)
  t.deepEqual(
    problems.map(({code, line}) => [code, line]),
    [
      ['no-nodes', lineWith(text, 'nodes: {')],
      ['unknown-node', lineWith(text, "node: 'node1'")],
      ['unknown-node', lineWith(text, "node: 'node2'")],
      ['unknown-node', lineWith(text, 'ip netns add pod1')],
      ['unknown-node', lineWith(text, 'ip netns add pod2')],
    ],
  )
})

test('all mistakes are told at once', async (t) => {
  const text = soundBut("node: 'node1'", "node: 'nodel'").replace('192.168.1.12', '192.168.2.12').replace('ip netns add pod2', "echo 'pod2")
  t.deepEqual(
    (await problemsOf(t, text)).map(({code}) => code),
    ['address-outside-underlay', 'unknown-node', 'unfinished-line'],
  )
})

test('shell words that only look unfinished are no mistake', async (t) => {
  for (const line of [
    "echo it\\'s",
    'echo "$(echo \'a b\')"',
    'for i in 1 2; do echo $i; done',
    "nft 'add rule ip nat post oif eth0 masquerade'",
    'true # it’s',
  ]) {
    await t.notThrowsAsync(load(t, soundBut('ip netns add pod1', line)), line)
  }
})

test('a file that exports no scenario is told so', async (t) => {
  for (const text of [
    '',
    '\n',
    'export default 1\n',
    'export const x = 1\n',
    'export default {}\n',
    'export default []\n',
    'export default null\n',
  ]) {
    const problems = await problemsOf(t, text)
    t.deepEqual(
      problems.map(({code, help}) => [code, help]),
      [['no-scenario', 'export default scenario({ ... })']],
      text,
    )
    t.regex(problems[0]?.message ?? '', /export/, text)
  }
})
