// What a scenario file is written with becomes plain data, each step with its own line.
import test from 'ava'
import {type Claim, machinesOf, placesAfter, placesOf, type Step} from '../../harness/model.ts'
import {loadScenario} from '../../harness/scenario/load.ts'
import {claimsLast, lineWith, load, SOUND, soundBut, temporaryFile} from '../tools/scenario-file.ts'

const FIRST = '      ip netns add pod1\n'

function commandsOn(node: string, steps: readonly Step[]): string[] {
  return steps.filter((step) => step.node === node).map(({command}) => command)
}

test('a sound scenario loads as it is written', async (t) => {
  const {name, file, title, shows, underlay, nodes, pods, hosts, files, stages, claims} = await load(t, SOUND)
  t.deepEqual([name, title, underlay], ['mine', 'two nodes', '192.168.1.0/24'])
  t.deepEqual(nodes, [
    {name: 'node1', address: '192.168.1.11', addresses: ['192.168.1.11']},
    {name: 'node2', address: '192.168.1.12', addresses: ['192.168.1.12']},
  ])
  t.deepEqual(pods, [
    {name: 'pod1', node: 'node1', address: '10.244.1.2', addresses: ['10.244.1.2']},
    {name: 'pod2', node: 'node2', address: '10.244.2.2', addresses: ['10.244.2.2']},
  ])
  t.deepEqual(
    stages.map((stage) => stage.title),
    ['a namespace for each pod'],
  )
  const source = {file, line: lineWith(SOUND, 'checks:')}
  t.deepEqual(claims, [
    {check: 'reach', source},
    {check: 'no-nat', source},
    {check: 'unique-address', source},
  ])
  t.deepEqual([shows, hosts, files, stages[0]?.readdressed, stages[0]?.claims], [[], [], [], {}, []])
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

test('a backtick and a dollar with a brace in a step are written with a backslash, and come without it', async (t) => {
  const home = '$' + '{HOME}'
  const text = soundBut('ip netns add pod1', `echo \\\`hostname\\\` \\${home} \\$ \\n`)
  const [step] = (await load(t, text)).stages.flatMap(({steps}) => steps)
  t.is(step?.command, `echo \`hostname\` ${home} \\$ \\n`)
})

const WRITTEN: Readonly<Record<string, {readonly check: Claim['check']; readonly [key: string]: unknown}>> = {
  "reach('pod1', 'pod2')": {check: 'reach', from: ['pod1'], to: ['pod2']},
  "reach('pod1', 'pod2').holds()": {check: 'reach', from: ['pod1'], to: ['pod2']},
  "reach('pod1', '10.9.9.9').fails('no-route', 'node1')": {
    check: 'reach',
    from: ['pod1'],
    to: ['10.9.9.9'],
    fails: {cause: 'no-route', at: 'node1'},
  },
  "reach.all().fails('no route')": {check: 'reach', fails: {cause: 'no-route'}},
  "reach.among('pod1', 'node2')": {check: 'reach', from: ['pod1', 'node2'], to: ['pod1', 'node2']},
  "noNat('pod1', 'pod2').fails('source-nat')": {check: 'no-nat', from: ['pod1'], to: ['pod2'], fails: {cause: 'source-nat'}},
  "noNat.among('pod1', 'pod2')": {check: 'no-nat', from: ['pod1', 'pod2'], to: ['pod1', 'pod2']},
  "uniqueAddress.among('pod1', 'pod2').fails('duplicate-address')": {
    check: 'unique-address',
    places: ['pod1', 'pod2'],
    fails: {cause: 'duplicate-address'},
  },
  'ownSubnet.all()': {check: 'own-subnet'},
  "hops('pod1', 'pod2').are(2)": {check: 'hops', from: 'pod1', to: 'pod2', routers: 2},
  'runs("pod1")`ip addr`': {check: 'command', place: 'pod1', command: 'ip addr', exit: 'success', prints: []},
  'runs("pod1")`ip addr`.prints("10.244.1.2", "UP")': {
    check: 'command',
    place: 'pod1',
    command: 'ip addr',
    exit: 'success',
    prints: ['10.244.1.2', 'UP'],
  },
  'runs("pod1")`ping -c1 10.9.9.9`.fails("unreachable")': {
    check: 'command',
    place: 'pod1',
    command: 'ping -c1 10.9.9.9',
    exit: 'failure',
    prints: ['unreachable'],
  },
}

test('every claim becomes data, with its own line, at the end and at a stage alike', async (t) => {
  for (const [written, claim] of Object.entries(WRITTEN)) {
    const last = claimsLast(written)
    const {claims, file} = await load(t, last)
    t.deepEqual(claims, [{...claim, source: {file, line: lineWith(last, written)}} as unknown as Claim], written)
    const among = soundBut("    ...on('node2')", `    ${written},\n    ...on('node2')`).replace(
      "from 'podwire'",
      "from 'podwire'\nimport {hops, ownSubnet, runs} from 'podwire'",
    )
    const {stages, file: other} = await load(t, among)
    t.deepEqual(stages[0]?.claims, [{...claim, source: {file: other, line: lineWith(among, written)}} as unknown as Claim], written)
  }
})

test('a claim stands at the stage in which it is written', async (t) => {
  const text = SOUND.replace("    ...on('node2')", "    reach('pod1', 'node1'),\n    ...stage('the other node'),\n    ...on('node2')")
  t.deepEqual(
    (await load(t, text)).stages.map(({title, claims}) => [title, claims.length]),
    [
      ['a namespace for each pod', 1],
      ['the other node', 0],
    ],
  )
})

test('a place that is readdressed has its new addresses from that stage on, and the others keep theirs', async (t) => {
  const text = SOUND.replace("from 'podwire'", "from 'podwire'\nimport {answersAt} from 'podwire'").replace(
    "    ...on('node2')",
    "    ...stage('made again'),\n    answersAt('pod1', ['10.244.1.9', 'fd00:1::9']),\n    ...on('node2')",
  )
  const made = await load(t, text)
  const addressesAfter = (stages: number) => placesAfter(made, stages).find(({name}) => name === 'pod1')?.addresses
  t.deepEqual(addressesAfter(1), ['10.244.1.2'])
  t.deepEqual(addressesAfter(2), ['10.244.1.9', 'fd00:1::9'])
  t.is(placesAfter(made, 2).find(({name}) => name === 'pod1')?.address, '10.244.1.9')
  t.deepEqual(placesAfter(made, 2).find(({name}) => name === 'pod2')?.addresses, ['10.244.2.2'])
})

test('a host on the underlay is a machine, one in a namespace is a place of its machine', async (t) => {
  const hosts =
    "  hosts: {\n    laptop: '192.168.1.50',\n    phone: {node: 'laptop', address: ['10.9.0.2', 'fd00:9::2']},\n  },\n  steps: ["
  const made = await load(t, soundBut('  steps: [', hosts))
  t.deepEqual(
    machinesOf(made).map(({name}) => name),
    ['node1', 'node2', 'laptop'],
  )
  t.deepEqual(
    placesOf(made)
      .filter(({kind}) => kind === 'host')
      .map(({name, node, netns, address}) => [name, node, netns, address]),
    [
      ['laptop', 'laptop', undefined, '192.168.1.50'],
      ['phone', 'laptop', 'phone', '10.9.0.2'],
    ],
  )
})

test('addresses of two families are kept in their order, and shows as it is written', async (t) => {
  const text = soundBut("address: '10.244.1.2'", "address: ['10.244.1.2', 'fd00:244:1::2']").replace(
    "    node1: '192.168.1.11'",
    "    node1: ['192.168.1.11', 'fd00:1::11']",
  )
  const {pods, nodes, shows} = await load(t, text.replace('  underlay:', "  shows: ['a sentence'],\n  underlay:"))
  t.deepEqual([pods[0]?.address, pods[0]?.addresses], ['10.244.1.2', ['10.244.1.2', 'fd00:244:1::2']])
  t.deepEqual(nodes[0]?.addresses, ['192.168.1.11', 'fd00:1::11'])
  t.deepEqual(shows, ['a sentence'])
})

test('a file is found from the scenario’s own folder, and goes to every machine', async (t) => {
  const text = soundBut('  steps: [', "  files: {'/run/podwire/mine.ts': './mine.ts'},\n  steps: [")
  const file = temporaryFile(t, 'mine.ts', text)
  t.deepEqual((await loadScenario(file)).files, [{path: '/run/podwire/mine.ts', from: file, nodes: ['node1', 'node2']}])
})
