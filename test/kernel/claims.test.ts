// Claims at stages: what fails fails for the cause that is named, or the scenario does; and the matrix as it grows.
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {makeHome} from './tools/home.ts'
import {type Result, readResult} from './tools/result.ts'
import {LOCAL, onEach} from './tools/runners.ts'
import {mistakesIn} from './tools/schema.ts'

/** Two pods by veth alone; at every stage one thing more is there. */
const STAGES = `import {hops, noNat, on, ownSubnet, reach, runs, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'claims',
  underlay: '192.168.1.0/24',
  nodes: {node1: '192.168.1.11', node2: '192.168.1.12'},
  pods: {pod1: {node: 'node1', address: '10.244.1.2'}, pod2: {node: 'node2', address: '10.244.2.2'}},
  files: {'/run/podwire/hello.sh': './hello.sh'},
  steps: [
    ...stage('namespaces'),
    ...on('node1')\`
      ip netns add pod1
      ip link add veth-pod1 type veth peer name veth-pod1-br
      ip link set veth-pod1 netns pod1
      ip -n pod1 addr add 10.244.1.2/24 dev veth-pod1
      ip -n pod1 link set veth-pod1 up
      ip addr add 10.244.1.1/24 dev veth-pod1-br
      ip link set veth-pod1-br up
    \`,
    ...on('node2')\`
      ip netns add pod2
      ip link add veth-pod2 type veth peer name veth-pod2-br
      ip link set veth-pod2 netns pod2
      ip -n pod2 addr add 10.244.2.2/24 dev veth-pod2
      ip -n pod2 link set veth-pod2 up
      ip addr add 10.244.2.1/24 dev veth-pod2-br
      ip link set veth-pod2-br up
    \`,
    reach('node1', 'pod1'),
    reach('pod1', 'pod2').fails('gateway-missing', 'pod1'),
    runs('node1')\`sh /run/podwire/hello.sh\`.prints('hello'),
    ...stage('default routes'),
    ...on('node1')\`
      ip -n pod1 route add default via 10.244.1.1
    \`,
    ...on('node2')\`
      ip -n pod2 route add default via 10.244.2.1
    \`,
    reach('pod1', 'pod2').fails('forwarding-off', 'node1'),
    ...stage('forwarding'),
    ...on('node1')\`
      sysctl -w net.ipv4.ip_forward=1
    \`,
    ...on('node2')\`
      sysctl -w net.ipv4.ip_forward=1
    \`,
    reach('pod1', 'pod2').fails('no-route', 'node1'),
    runs('pod1')\`ping -c1 -W1 10.244.2.2\`.fails('100% packet loss'),
    ...stage('one route'),
    ...on('node1')\`
      ip route add 10.244.2.0/24 via 192.168.1.12
    \`,
    reach('pod1', 'pod2').fails('no-return-route', 'node2'),
    ...stage('the route back'),
    ...on('node2')\`
      ip route add 10.244.1.0/24 via 192.168.1.11
    \`,
    hops('pod1', 'pod2').are(2),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all(), ownSubnet.all()],
})
`

const GATEWAY = "fails('gateway-missing', 'pod1')"

/** All that was claimed at stages and does not pass: stage, claim, verdict, why. */
function shortfalls({stages}: Pick<Result, 'stages'>): string[] {
  return stages.flatMap(({stage, checks}) =>
    checks.filter(({verdict}) => verdict !== 'pass').map(({claim, verdict, evidence}) => `${stage} ${claim} ${verdict}: ${evidence[0]}`),
  )
}

onEach(LOCAL, 'each stage fails by the cause that it is claimed to fail by, and the timeline says what it bought', async (t, runner) => {
  await using home = makeHome(runner)
  home.write('hello.sh', 'echo hello\n')
  home.write('claims.ts', STAGES)
  const ended = await home.podwire(['run', './claims.ts', '--driver', 'local', '--json', '--timeline'])
  t.is(ended.code, 0, ended.stdout)
  const result = readResult(ended)
  t.deepEqual(mistakesIn(result, 'result'), [])
  t.deepEqual(shortfalls(result), [])
  t.deepEqual(
    result.stages.map(({checks, matrix = [], lost}) => [
      checks.length,
      matrix.filter(({verdict}) => verdict === 'pass').length,
      lost?.length,
    ]),
    [
      [3, 4, 0],
      [1, 6, 0],
      [2, 6, 0],
      [1, 8, 0],
      [1, 12, 0],
    ],
  )
  t.deepEqual(result.stages[3]?.gained?.toSorted(), ['node1 -> pod2', 'pod2 -> node1'])
  t.is(result.stages[0]?.checks[2]?.command?.output, 'hello')
})

const WRONG = [
  {
    title: 'another cause',
    by: "fails('no-route', 'pod1')",
    says: /^1 reach pod1 -> pod2 fails: no-route at pod1 fail: pod1 -> pod2 icmp fails, but not for no-route at pod1: gateway-missing at pod1/,
  },
  {
    title: 'another place',
    by: "fails('gateway-missing', 'node1')",
    says: /^1 .* fail: .* but not for gateway-missing at node1: gateway-missing at pod1/,
  },
  {title: 'no failure', by: 'holds()', says: /^1 reach pod1 -> pod2 fail: undefined$/},
]

for (const {title, by, says} of WRONG) {
  onEach(LOCAL, `a stage that fails otherwise than claimed, by ${title}, fails the scenario`, async (t, runner) => {
    await using home = makeHome(runner)
    home.write('hello.sh', 'echo hello\n')
    home.write('claims.ts', STAGES.replace(GATEWAY, by))
    const ended = await home.podwire(['run', './claims.ts', '--driver', 'local', '--json'])
    t.is(ended.code, 1, ended.stderr)
    const result = readResult(ended)
    const [short, ...others] = shortfalls(result)
    t.is(result.verdict, 'fail')
    t.regex(short ?? '', says)
    t.deepEqual(others, [])
    t.true(
      result.checks.every(({verdict}) => verdict === 'pass'),
      'the end is as claimed',
    )
  })
}

onEach(LOCAL, 'a pair that reaches where it should not, and a command that says something else, fail the scenario', async (t, runner) => {
  await using home = makeHome(runner)
  home.write('hello.sh', 'echo hello\n')
  home.write(
    'claims.ts',
    STAGES.replace("reach('node1', 'pod1')", "reach('node1', 'pod1').fails('interface-down')").replace(
      "prints('hello')",
      "prints('goodbye')",
    ),
  )
  const {code, stdout} = await home.podwire(['run', './claims.ts', '--driver', 'local'], {env: {NO_COLOR: '1'}})
  t.is(code, 1)
  t.regex(stdout, / {3}✗ reach node1 -> pod1 fails: interface-down\n {7}node1 -> pod1 icmp holds, and should fail: interface-down\n/)
  const told = / {3}✗ node1# sh \/run\/podwire\/hello\.sh prints 'goodbye'\n {7}it does not say "goodbye"\n {7}it said: hello\n/
  t.regex(stdout, told)
  const file = join(home.folder, 'claims.txt')
  const quiet = await home.podwire(['run', './claims.ts', '--driver', 'local', '--quiet', '--report', 'text', '--report', `text=${file}`])
  t.is(quiet.code, 1)
  for (const text of [quiet.stdout, readFileSync(file, 'utf8')]) {
    t.regex(text, told)
    t.regex(text, /^1\. namespaces\n {3}✗ /m)
    t.notRegex(text, /ip netns add|✓ (reach|hops)/)
  }
})

onEach(
  LOCAL,
  'a run that is as claimed and quiet tells of no stage, and of what else the documents require that it decides nothing',
  async (t, runner) => {
    await using home = makeHome(runner)
    home.write('hello.sh', 'echo hello\n')
    home.write(
      'claims.ts',
      STAGES.replace('checks: [reach.all(), noNat.all(), uniqueAddress.all(), ownSubnet.all()]', 'checks: [uniqueAddress.all()]'),
    )
    const whole = await home.podwire(['run', './claims.ts', '--driver', 'local', '--quiet'])
    t.is(whole.code, 0, whole.stdout)
    t.notRegex(whole.stdout, /^1\. namespaces|decides nothing/m)
    const short = STAGES.replace(/ {4}\.\.\.stage\('the route back'\)[\s\S]*\.are\(2\),\n/, '').replace(
      /checks: .*/,
      'checks: [uniqueAddress.all()],',
    )
    home.write('claims.ts', short)
    const idle = await home.podwire(['run', './claims.ts', '--driver', 'local', '--quiet'])
    t.is(idle.code, 0, idle.stdout)
    t.regex(
      idle.stdout,
      /^✗ fail +all nodes communicate .*\n[\s\S]*^what does not pass here is no claim of this scenario, and decides nothing$/m,
    )
  },
)
