// Bad input: each mistake is named by its code, told at its line, with what was probably meant. Nothing is started.
import test from 'ava'
import {claimsLast, lineWith, load, problemsOf, SOUND, soundBut} from '../tools/scenario-file.ts'

const UNDERLAY = 'write it in CIDR notation, like 192.168.1.0/24, with no host bits set and a length of 8 to 30'
const UNICAST = 'choose a unicast address, like 10.244.1.2'
const OBJECTS_OWN = 'JavaScript’s objects have it for themselves; choose another name'
const SPREAD = "spread a list: ...stage('...'), ...on('node1')`...`"

const LIKE_ADDRESS = 'write it like 10.244.1.2 or fd00:10:244:1::2'
const ROUTERS = 'a whole number, 0 or more: .are(2)'
const CAUSE = "name the cause: .fails('no-route')"
const WHY = "name the words that it prints: .fails('Network is unreachable')"
const WORDS = "name the words that it prints: .prints('10.244.1.2'), or claim .holds()"

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
  'a node’s address that is none': {
    what: '192.168.1.12',
    by: '192.168.1.312',
    code: 'bad-address',
    help: 'write it without a prefix length, like 192.168.1.11',
  },
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
    help: UNDERLAY,
  },
  'an underlay without a prefix length': {
    what: '192.168.1.0/24',
    by: '192.168.1.0',
    code: 'bad-prefix',
    help: UNDERLAY,
  },
  'an underlay of all there is': {what: '192.168.1.0/24', by: '0.0.0.0/0', code: 'bad-prefix', help: UNDERLAY},
  'an underlay of two': {what: '192.168.1.0/24', by: '192.168.1.0/31', code: 'bad-prefix', help: UNDERLAY},
  'an underlay that is loopback': {what: '192.168.1.0/24', by: '127.0.0.0/24', code: 'bad-prefix', help: UNDERLAY},
  'an underlay of IPv6': {what: '192.168.1.0/24', by: 'fd00::/64', code: 'bad-prefix', help: UNDERLAY},
  'an IPv6 address as a node’s first': {
    what: "'192.168.1.12'",
    by: "['fd00::12', '192.168.1.12']",
    code: 'address-outside-underlay',
    help: "put its IPv4 address first: ['192.168.1.12', 'fd00::12']",
  },
  'an IPv6 address as a node’s only one': {
    what: "'192.168.1.12'",
    by: "'fd00::12'",
    code: 'address-outside-underlay',
    help: "put its IPv4 address first: ['...', 'fd00::12']",
  },
  'a node’s second address that is none': {
    what: "'192.168.1.12'",
    by: "['192.168.1.12', 'fd00::12/64']",
    code: 'bad-address',
    help: 'write it without a prefix length, like 10.244.1.2',
  },
  'no address at all': {what: "'192.168.1.12'", by: '[]', code: 'bad-value', help: undefined},
  'a pod at 0.0.0.0': {what: '10.244.1.2', by: '0.0.0.0', code: 'address-not-usable', help: UNICAST},
  'a pod at 127.0.0.1': {what: '10.244.1.2', by: '127.0.0.1', code: 'address-not-usable', help: UNICAST},
  'a pod at a multicast address': {what: '10.244.1.2', by: '224.0.0.5', code: 'address-not-usable', help: UNICAST},
  'a pod at ::1': {what: '10.244.1.2', by: '::1', code: 'address-not-usable', help: UNICAST},
  'a pod at a node’s address': {
    what: '10.244.1.2',
    by: '192.168.1.12',
    at: 'pod1: {',
    code: 'address-taken',
    help: 'a pod has an address of its own',
  },
  'a pod at a node’s second address, written otherwise': {
    what: "'192.168.1.12',\n  },\n  pods: {\n    pod1: {node: 'node1', address: '10.244.1.2'}",
    by: "['192.168.1.12', 'fd00::12'],\n  },\n  pods: {\n    pod1: {node: 'node1', address: ['10.244.1.2', 'fd00:0:0::12']}",
    at: 'pod1: {',
    code: 'address-taken',
    help: 'a pod has an address of its own',
  },
  'a pod that is called lo': {what: 'pod1: {', by: 'lo: {', code: 'bad-name', help: 'that name is taken; choose another'},
  'a pod that is called eth0': {what: 'pod1: {', by: 'eth0: {', code: 'bad-name', help: 'that name is taken; choose another'},
  'a node that is called underlay': {
    what: "    node2: '192.168.1.12',\n",
    by: "    node2: '192.168.1.12',\n    underlay: '192.168.1.13',\n",
    at: "    underlay: '192.168.1.13'",
    code: 'bad-name',
    help: 'that name is taken; choose another',
  },
  ...Object.fromEntries(
    ['constructor', 'prototype', '__proto__', "['__proto__']"].flatMap((name) => [
      [
        `a pod that is called ${name}`,
        {
          what: 'pods: {',
          by: `pods: {\n    ${name}: {node: 'node1', address: '10.244.1.9'},`,
          at: `    ${name}:`,
          code: 'bad-name',
          help: OBJECTS_OWN,
        },
      ],
      [
        `a node that is called ${name}`,
        {what: 'nodes: {', by: `nodes: {\n    ${name}: '192.168.1.13',`, at: `    ${name}:`, code: 'bad-name', help: OBJECTS_OWN},
      ],
      [
        `a host that is called ${name}`,
        {
          what: '  steps: [',
          by: `  hosts: {\n    ${name}: '192.168.1.50',\n  },\n  steps: [`,
          at: `    ${name}:`,
          code: 'bad-name',
          help: OBJECTS_OWN,
        },
      ],
    ]),
  ),
  'a node of that name whose value is nonsense': {
    what: 'nodes: {',
    by: 'nodes: {\n    constructor: 5,',
    at: 'constructor',
    code: 'bad-name',
    help: OBJECTS_OWN,
  },
  'a pod that is declared twice': {
    what: '    pod2: {\n',
    by: "    pod1: {node: 'node2', address: '10.244.2.9'},\n    pod2: {\n",
    at: '10.244.2.9',
    code: 'declared-twice',
    help: undefined,
  },
  'a node that is declared twice': {
    what: "    node2: '192.168.1.12',\n",
    by: "    node2: '192.168.1.13',\n    node2: '192.168.1.12',\n",
    at: "node2: '192.168.1.12'",
    code: 'declared-twice',
    help: undefined,
  },
  'a key of a pod that is given twice': {
    what: "      node: 'node2',\n",
    by: "      node: 'node1',\n      'node': 'node2',\n",
    at: "'node': 'node2'",
    code: 'declared-twice',
    help: undefined,
  },
  'a key of the scenario that is given twice': {
    what: "  title: 'two nodes',\n",
    by: "  title: 'one',\n  title: 'two nodes',\n",
    at: "title: 'two nodes'",
    code: 'declared-twice',
    help: undefined,
  },
  'no claims at all': {
    what: '[reach.all(), noNat.all(), uniqueAddress.all()]',
    by: '[]',
    at: 'checks:',
    code: 'no-checks',
    help: 'claim something: checks: [reach.all(), noNat.all()]',
  },
  'a line of 200 kB': {
    what: 'ip netns add pod1',
    by: `echo ${'x'.repeat(200_000)}`,
    at: 'echo xxx',
    code: 'line-too-long',
    help: 'put it into a file: files: {...}',
  },
  'a step that was not spread, the first': {what: "...stage('a namespace", by: "stage('a namespace", code: 'bad-value', help: SPREAD},
  'a step that was not spread, behind others': {what: "...on('node2')`", by: "on('node2')`", code: 'bad-value', help: SPREAD},
  'a claim that was not called': {what: 'reach.all(),', by: 'reach.all,', at: 'checks:', code: 'bad-value', help: 'like reach.all()'},
  'a claim instead of a list of them': {
    what: '[reach.all(), noNat.all(), uniqueAddress.all()]',
    by: 'reach.all()',
    code: 'bad-value',
    help: 'like reach.all()',
  },
  'a file that is not there': {
    what: '  steps: [',
    by: "  files: {\n    '/run/podwire/x.sh': './no-such.sh',\n  },\n  steps: [",
    at: 'no-such.sh',
    code: 'no-file',
    help: 'name it as seen from the scenario’s own folder',
  },
  'a file that is a folder': {
    what: '  steps: [',
    by: "  files: {\n    '/run/podwire/x.sh': '',\n  },\n  steps: [",
    at: 'x.sh',
    code: 'no-file',
    help: 'name it as seen from the scenario’s own folder',
  },
  ...Object.fromEntries(
    ['/etc/passwd', '/run/../etc/passwd', 'run/x', '/run/netns/pod1', '/run/', '/run/x/', '/runx'].map((path) => [
      `a file that goes to ${path}`,
      {
        what: '  steps: [',
        by: `  files: {\n    '${path}': './mine.ts',\n  },\n  steps: [`,
        at: './mine.ts',
        code: 'bad-path',
        help: 'choose a path below /run, which is each machine’s own, like /run/podwire/net-script.sh',
      },
    ]),
  ),
  'a file in a folder that is another file': {
    what: '  steps: [',
    by: "  files: {\n    '/run/x/y': './mine.ts',\n    '/run/x': './mine.ts',\n  },\n  steps: [",
    at: '/run/x/y',
    code: 'bad-path',
    help: 'give each file a path that is no folder of another’s',
  },
  'a host on an unknown machine': {
    what: '  steps: [',
    by: "  hosts: {\n    phone: {node: 'nod1', address: '10.9.0.2'},\n  },\n  steps: [",
    at: 'phone',
    code: 'unknown-node',
    help: 'did you mean node1?',
  },
  'a host outside the underlay': {
    what: '  steps: [',
    by: "  hosts: {\n    laptop: '192.168.51.50',\n  },\n  steps: [",
    at: 'laptop',
    code: 'address-outside-underlay',
    help: 'did you mean 192.168.1.50?',
  },
  'a host that is called like a pod': {
    what: '  steps: [',
    by: "  hosts: {\n    pod1: {node: 'node1', address: '10.9.0.2'},\n  },\n  steps: [",
    at: "    pod1: {node: 'node1', address: '10.9.0.2'}",
    code: 'name-taken',
    help: 'give the host a name of its own',
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

interface BadClaim {
  readonly code: string
  readonly says?: RegExp
  readonly help: string | undefined
}

const BAD_CLAIMS: Readonly<Record<string, BadClaim>> = {
  "reach('pod', 'pod2')": {code: 'unknown-place', says: /^pod is no place/, help: 'did you mean pod1?'},
  "reach('pod1', 'noode2')": {code: 'unknown-place', help: 'did you mean node2?'},
  "reach('pod1', 'paris')": {code: 'unknown-place', help: 'there is pod1, pod2, node1, node2'},
  "reach('pod1', '10.9.9.999')": {code: 'bad-address', says: /^10\.9\.9\.999 is no address$/, help: LIKE_ADDRESS},
  "reach('pod1', '10.244.1')": {code: 'bad-address', help: LIKE_ADDRESS},
  "reach('pod1', 'fd00::zz')": {code: 'bad-address', help: LIKE_ADDRESS},
  "noNat('pod1', '10.244.1.0/24')": {code: 'bad-address', help: 'write it without a prefix length, like 10.244.1.2'},
  "reach('pod1', '224.0.0.5')": {code: 'address-not-usable', help: UNICAST},
  "reach('pod1', '127.0.0.1').fails('no-route')": {code: 'address-not-usable', help: UNICAST},
  "reach('pod1', '10.244.2.2')": {
    code: 'address-of-a-place',
    says: /^10\.244\.2\.2 is the address of pod2$/,
    help: "name the place: reach('pod1', 'pod2')",
  },
  "reach('pod1', '192.168.1.12').holds()": {code: 'address-of-a-place', help: "name the place: reach('pod1', 'node2')"},
  "noNat('pod2', '10.244.1.2').holds()": {code: 'address-of-a-place', help: "name the place: noNat('pod2', 'pod1')"},
  "reach('10.9.9.9', 'pod1')": {code: 'unknown-place', help: 'there is pod1, pod2, node1, node2'},
  "noNat.among('pod1', 'pdo2')": {code: 'unknown-place', help: 'did you mean pod2?'},
  "uniqueAddress.among('pod1', 'pood2')": {code: 'unknown-place', help: 'did you mean pod2?'},
  "hops('pod1', 'pdo2').are(2)": {code: 'unknown-place', help: 'did you mean pod2?'},
  'runs("noode1")`true`': {code: 'unknown-place', help: 'did you mean node1?'},
  "answersAt('pdo1', '10.244.1.9')": {code: 'unknown-place', help: 'did you mean pod1?'},
  "answersAt('pod1', '10.244.1.9/24')": {code: 'bad-address', help: 'write it without a prefix length, like 10.244.1.2'},
  "reach('pod1', 'pod2').fails('no-rout')": {code: 'unknown-cause', says: /^no-rout is no cause/, help: 'did you mean no-route?'},
  "reach('pod1', 'pod2').fails('Forwarding Off')": {code: 'unknown-cause', help: 'did you mean forwarding-off?'},
  "reach('pod1', 'pod2').fails('no-route', 'noode1')": {code: 'unknown-place', help: 'did you mean node1?'},
  "reach('pod1', 'pod1')": {code: 'no-pairs', help: undefined},
  "reach.among('pod1')": {code: 'no-pairs', help: undefined},
  'noNat.among()': {code: 'no-pairs', help: undefined},
  "uniqueAddress.among('pod1', 'pod1')": {code: 'no-pairs', help: undefined},
  "hops('pod1', 'pod1').are(0)": {code: 'no-pairs', help: undefined},
  "hops('pod1', 'pod2').are(1.5)": {code: 'bad-value', says: /^1\.5 is no number of routers$/, help: ROUTERS},
  "hops('pod1', 'pod2').are(-1)": {code: 'bad-value', says: /^-1 is no number of routers$/, help: ROUTERS},
  "hops('pod1', 'pod2').are('two')": {code: 'bad-value', says: /^"two" is no number of routers$/, help: ROUTERS},
  "hops('pod1', 'pod2').are(Number.NaN)": {code: 'bad-value', says: /^NaN is no number of routers$/, help: ROUTERS},
  "hops('pod1', 'pod2').are()": {code: 'bad-value', says: /^hops does not say how many/, help: 'add how many: .are(2)'},
  "hops('pod1', 'pod2')": {code: 'bad-value', says: /^hops does not say how many/, help: 'add how many: .are(2)'},
  "hops('pod1').are(2)": {code: 'bad-value', says: /^hops needs two places/, help: "like hops('pod1', 'pod2').are(2)"},
  "reach('pod1')": {code: 'bad-value', says: /^reach needs two places/, help: "like reach('pod1', 'pod2')"},
  'reach()': {code: 'bad-value', says: /^reach needs two places/, help: "like reach('pod1', 'pod2')"},
  "noNat('pod1')": {code: 'bad-value', says: /^noNat needs two places/, help: "like noNat('pod1', 'pod2')"},
  "reach('pod1', 'pod2').only('sctp')": {code: 'bad-value', says: /^"sctp" are no packets/, help: 'there is icmp, tcp, udp, small, full'},
  "reach('pod1', 'pod2').fails()": {code: 'bad-value', says: /^reach fails for a cause, and none is named$/, help: CAUSE},
  "reach('pod1', 'pod2').fails(' ')": {code: 'bad-value', says: /^reach fails for a cause/, help: CAUSE},
  "reach('pod1', 'pod2').fails(null)": {code: 'bad-value', says: /^null is no cause/, help: CAUSE},
  "uniqueAddress.among('pod1', undefined)": {
    code: 'bad-value',
    says: /^uniqueAddress takes names/,
    help: "like uniqueAddress.among('pod1', 'pod2')",
  },
  "uniqueAddress.all().fails('no-route')": {
    code: 'never-holds',
    says: /^uniqueAddress never fails for no-route$/,
    help: "write .fails('duplicate-address') or .fails('address-missing')",
  },
  "uniqueAddress.all().fails('duplicate-address', 'pod1')": {
    code: 'never-holds',
    says: /^uniqueAddress fails at no place, so not at pod1$/,
    help: "write .fails('duplicate-address') or .fails('address-missing')",
  },
  "ownSubnet.all().fails('duplicate-address')": {code: 'never-holds', help: "write .fails('overlapping-subnets')"},
  "ownSubnet.all().fails('overlapping-subnets', 'node1')": {code: 'never-holds', help: "write .fails('overlapping-subnets')"},
  "noNat.all().fails('no-route')": {code: 'never-holds', help: "write .fails('source-nat') or .fails('destination-nat')"},
  "noNat.all().fails('source-nat', 'node1')": {code: 'never-holds', help: "write .fails('source-nat') or .fails('destination-nat')"},
  "noNat.all().fails('sorce-nat')": {code: 'unknown-cause', help: 'did you mean source-nat?'},
  'runs("pod1")`ip a`.fails()': {code: 'no-words', says: /^a command can fail for many reasons/, help: WHY},
  "runs('pod1')`ip a`.fails('')": {code: 'no-words', help: WHY},
  "runs('pod1')`ip a`.fails('unreachable', ' ')": {code: 'no-words', help: WHY},
  'runs("pod1")`ip a`.prints()': {code: 'no-words', says: /any output would do$/, help: WORDS},
  "runs('pod1')`ip a`.prints('')": {code: 'no-words', help: WORDS},
  'runs("pod1")`ip a`.prints(5)': {code: 'bad-value', says: /^what a command prints/, help: "like .prints('10.244.1.2')"},
  'runs("pod1")``': {code: 'empty-command', help: undefined},
  "runs('pod1')`echo 'x`": {code: 'unfinished-line', help: undefined},
}

test('each mistake in a claim or an address of a stage is told at its line, with what was probably meant', async (t) => {
  for (const [written, {code, says = /./, help}] of Object.entries(BAD_CLAIMS)) {
    const text = soundBut("    ...on('node2')", `    ${written},\n    ...on('node2')`).replace(
      "from 'podwire'",
      "from 'podwire'\nimport {answersAt, hops, ownSubnet, runs} from 'podwire'",
    )
    const problems = await problemsOf(t, text)
    t.deepEqual(
      problems.map((problem) => [problem.code, problem.help]),
      [[code, help]],
      written,
    )
    t.is(problems[0]?.line, lineWith(text, written), written)
    t.regex(problems[0]?.message ?? '', says, written)
    t.notRegex(problems[0]?.message ?? '', /undefined|\[object/, written)
  }
})

test('an address is a place’s where the claim stands: not before it is given to it, and no more once it is taken', async (t) => {
  const moved = (claim: string, last: string) =>
    claimsLast(last).replace(
      "    ...on('node2')",
      `    ${claim},\n    ...stage('made again'),\n    answersAt('pod2', '10.244.2.9'),\n    ...on('node2')`,
    )
  await t.notThrowsAsync(load(t, moved("reach('pod1', '10.244.2.9')", "reach('pod1', '10.244.2.2')")))
  const problems = await problemsOf(t, moved("reach('pod1', '10.244.2.2')", "reach('pod1', '10.244.2.9')"))
  t.deepEqual(
    problems.map(({code}) => code),
    ['address-of-a-place', 'address-of-a-place'],
  )
})

test('one address of a place that has several may be claimed to fail', async (t) => {
  await t.notThrowsAsync(load(t, claimsLast("reach('pod1', '10.244.2.2').fails('no-route')")))
})

test('places that no packet can go between are told, whoever names them', async (t) => {
  for (const claim of ["reach('pod1', 'pod2')", "noNat.among('node1', 'pod2', 'pod1')", 'reach.all()', "hops('pod1', 'pod2').are(2)"]) {
    const text = claimsLast(claim).replace("'10.244.2.2'", "'fd00:10:244:2::2'")
    const problems = await problemsOf(t, text)
    t.deepEqual(
      problems.map(({code, line, help}) => [code, line, help]),
      [['no-common-family', lineWith(text, claim), 'give both an address of one family, or leave that pair out']],
      claim,
    )
    t.regex(problems[0]?.message ?? '', /^no packet can go from \w+ to \w+: they share no address family$/, claim)
  }
  const apart = claimsLast("reach('pod1', 'node2'), uniqueAddress.all()").replace("'10.244.2.2'", "'fd00:10:244:2::2'")
  await t.notThrowsAsync(load(t, apart))
})

test('a claim may be of places on a host, and of an address that nobody has; a cause may be said in words', async (t) => {
  const hosts = "  hosts: {laptop: '192.168.1.50'},\n"
  for (const claim of [
    "reach('laptop', 'pod1')",
    "reach('pod1', 'fd00::99').fails('no route')",
    "reach('pod1', '10.9.9.9').fails(' forwarding off ', 'node1')",
    "uniqueAddress.among('laptop', 'pod1')",
  ])
    await t.notThrowsAsync(load(t, claimsLast(claim).replace('  steps: [', `${hosts}  steps: [`)), claim)
})

test('claims at a stage are claims enough', async (t) => {
  const text = soundBut("    ...on('node2')", "    reach('pod1', 'node1'),\n    ...on('node2')")
  await t.notThrowsAsync(load(t, text.replace('[reach.all(), noNat.all(), uniqueAddress.all()]', '[]')))
})

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

test('that a failure has no known cause cannot be claimed: any failure would do', async (t) => {
  const [problem] = await problemsOf(t, soundBut('reach.all()', "reach('pod1', 'pod2').fails('unknown')"))
  t.is(problem?.code, 'unknown-cause')
})
