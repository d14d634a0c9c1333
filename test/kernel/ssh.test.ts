// The ssh driver by its public face: machines with a real OpenSSH server each, podwire in a namespace of its own.
import {spawn, spawnSync} from 'node:child_process'
import {appendFileSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {fileURLToPath} from 'node:url'
import test, {type ExecutionContext} from 'ava'
import type {Restored} from '../../harness/drivers/ssh.ts'
import {eventually} from '../tools/eventually.ts'
import {factsOf} from '../tools/machine-facts.ts'
import {makeKey, missingForMachines, type SshMachines, startMachines} from '../tools/ssh-machines.ts'
import {readResult} from './tools/result.ts'

const missing = missingForMachines()
const onMachines = missing === undefined ? test.serial : test.serial.skip
if (missing !== undefined) test(`without machines the ssh driver is not tested`, (t) => t.log(missing) ?? t.pass())

let machines: SshMachines
test.serial.before('the machines start', async () => {
  if (missing === undefined) machines = await startMachines({names: ['node1', 'node2', 'node3']})
})
test.serial.after.always('the machines go', async () => machines?.[Symbol.asyncDispose]())

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const NAMES = ['node1', 'node2', 'node3']
const SSH = ['--driver', 'ssh']
const bothNodes = "nodes: {node1: '192.168.1.11', node2: '192.168.1.12'}"

/** A scenario of two nodes with these lines on node1, and its path. */
function scenario(name: string, lines: readonly string[], checks = 'reach.all()'): string {
  const text = `import {on, reach, scenario, stage} from 'podwire'
export default scenario({title: 'lines', underlay: '192.168.1.0/24', ${bothNodes}, pods: {},
  steps: [...stage('lines'), ...on('node1')\`
${lines.join('\n')}
\`], checks: [${checks}]})
`
  return machines.write(`${name}.ts`, text)
}

interface WithMachines {
  readonly machines: readonly Restored[]
  readonly driver: {readonly description: string}
}

onMachines('three nodes on three machines: every pair by every protocol, and the machines as they were', async (t) => {
  const before = await factsOf(machines, NAMES)
  const ended = await machines.podwire(['run', 'three-nodes', ...SSH, '--json'])
  t.is(ended.code, 0, ended.stderr)
  const result = readResult(ended)
  t.is(result.probes.length, 252)
  t.true(result.checks.every(({verdict, pairs}) => verdict === 'pass' && pairs.every((pair) => pair.verdict === 'pass')))
  t.true(result.requirements.every(({verdict}) => verdict === 'pass'))
  t.is(result.mtu, 1450)
  const {machines: told, driver} = JSON.parse(ended.stdout) as WithMachines
  t.regex(
    driver.description,
    /^a namespace on each machine over SSH .*underlay 192\.168\.1\.0\/24 by VXLAN \d+ among them \(192\.168\.1\.11 at 10\.99\.0\.11/,
  )
  t.deepEqual(
    told.map(({node, machine, undone, left}) => [node, machine, undone, left]).sort(),
    NAMES.map((name, index) => [name, `root@10.99.0.${index + 11}`, [], []]),
  )
  t.deepEqual(await factsOf(machines, NAMES), before)
})

onMachines('the screen says where the nodes are, and that the machines are as they were', async (t) => {
  const {code, stdout} = await machines.podwire(['run', scenario('screen', ['ip link add v-net-0 type bridge']), ...SSH])
  t.is(code, 0, stdout)
  t.regex(stdout, /^driver ssh \(asked for\): a namespace on each machine over SSH \(node1 root@10\.99\.0\.11, node2 root@10\.99\.0\.12\)/)
  t.regex(stdout, /The machines\n(?:node[12] \(root@10\.99\.0\.1[12]\) is as it was\n){2}/)
})

/** What a machine had before podwire came, of every kind that it can change. */
const OWN = [
  'ip link add br7 type bridge',
  'ip link set br7 up',
  'ip addr add 172.16.0.1/24 dev br7',
  'ip addr add 172.16.1.1/24 dev br7',
  'ip route add 172.20.0.0/16 via 172.16.0.9',
  'ip route add blackhole 172.21.0.0/16',
  'ip rule add pref 100 from 203.0.113.9 lookup 77',
  'ip neigh add 172.16.0.9 lladdr 02:00:00:00:00:09 dev br7',
  'nft add table inet mine',
  "nft add chain inet mine c '{ type filter hook input priority 0; }'",
  'nft add rule inet mine c tcp dport 9 counter drop',
  'iptables -A FORWARD -s 203.0.113.1 -j DROP',
  'ip netns add old',
]

/** Lines that change each of them, and add of each. */
const CHANGES = [
  'ip addr del 172.16.0.1/24 dev br7',
  'ip link set br7 mtu 1400',
  'ip link set br7 down',
  'ip route add 172.22.0.0/16 dev lo',
  'ip route del blackhole 172.21.0.0/16',
  'ip rule del pref 100',
  'ip rule add pref 101 from 203.0.113.10 lookup 78',
  'nft flush chain inet mine c',
  'nft add table ip more',
  'iptables -F FORWARD',
  'iptables -t nat -A POSTROUTING -s 172.16.0.0/24 -j MASQUERADE',
  'ip link add v-net-0 type bridge',
  'ip link add veth-a type veth peer name veth-b',
  'ip netns add pod1',
  'ip link set veth-b netns pod1',
  'ip -n pod1 link set lo up',
  'sysctl -w net.ipv4.ip_forward=1',
  'sysctl -w net.ipv4.conf.all.rp_filter=2',
  'sysctl -w net.ipv6.conf.br7.disable_ipv6=1',
  'sleep 1000 &',
]

onMachines('--bare: exactly what a recipe changed on the machines themselves is undone', async (t) => {
  await machines.type('node1', ...OWN)
  const before = await factsOf(machines, NAMES)
  const ended = await machines.podwire(['run', scenario('changes', CHANGES), ...SSH, '--bare', '--json'])
  t.is(ended.code, 0, ended.stderr)
  const [{undone = [], left = []} = {}] = (JSON.parse(ended.stdout) as WithMachines).machines.filter(({node}) => node === 'node1')
  t.deepEqual(left, [])
  for (const line of ['ip netns del pod1', 'ip link del v-net-0', 'ip link set dev br7 up', 'sysctl -w net.ipv4.ip_forward=0'])
    t.true(undone.includes(line), `${line}\n${undone.join('\n')}`)
  t.deepEqual(await factsOf(machines, NAMES), before)
  t.is(await machines.type('node1', 'ls -A /run/podwire-ssh 2>/dev/null; pgrep -f "[s]leep 1000" || true'), '')
})

onMachines('--bare: what cannot be brought back is said, and is a failure', async (t) => {
  await machines.type('node1', 'ip netns add lost')
  const {code, stdout} = await machines.podwire(['run', scenario('lost', ['ip netns del lost']), ...SSH, '--bare'])
  t.is(code, 1)
  t.regex(stdout, /node1 \(root@10\.99\.0\.11\) is NOT as it was: namespace gone lost \d+/)
  t.regex(stdout, /node2 \(root@10\.99\.0\.12\) is as it was/)
})

for (const [what, line, says] of [
  ['its device', 'ip link set eth0 down', 'eth0 is the device that it came in by'],
  ['its address', 'ip addr del 10.99.0.11/24 dev eth0', 'it came in by 10.99.0.11'],
  ['a filter', 'iptables -A INPUT -s 10.99.0.0/16 -j DROP', 'INPUT would drop what comes from 10.99.0.1'],
] as const) {
  onMachines(`--bare: a line that would cut podwire off by ${what} is noticed before it runs`, async (t) => {
    const before = await factsOf(machines, NAMES)
    const {code, stderr} = await machines.podwire(['run', scenario('cut', [line]), ...SSH, '--bare'])
    t.is(code, 1)
    t.true(stderr.includes(`not run: ${says}`), stderr)
    t.regex(stderr, /--> .*cut\.ts:\d+/)
    t.deepEqual(await factsOf(machines, NAMES), before)
  })
}

onMachines('--bare --allow-cutoff: it runs, the loss is named, and the machine brings itself back', async (t) => {
  const before = await factsOf(machines, NAMES)
  const lines = ['ip link add v-net-0 type bridge', 'ip link set eth0 down', 'true']
  const {code, stderr} = await machines.podwire(['run', scenario('cut', lines), ...SSH, '--bare', '--allow-cutoff'])
  t.is(code, 1)
  t.regex(stderr, /the connection to node1 \(root@10\.99\.0\.11\) was lost: it has not answered for 5 seconds/)
  t.deepEqual(await factsOf(machines, NAMES, before), before)
})

onMachines('a machine whose key is not known is refused, with its fingerprint; --accept-new writes it down, once', async (t) => {
  const known = join(machines.folder, 'known_hosts')
  const all = readFileSync(known, 'utf8')
  const print =
    /SHA256:\S+/.exec(spawnSync('ssh-keygen', ['-lf', join(machines.folder, 'node1.host.pub')]).stdout.toString())?.[0] ?? 'none'
  const file = scenario('keys', ['true'])
  try {
    writeFileSync(known, '')
    const refused = await machines.podwire(['run', file, ...SSH])
    t.is(refused.code, 3)
    t.true(
      refused.stderr.includes(`error[host-key-unknown]: node1: the key of root@10.99.0.11 is not known: ssh-ed25519 ${print}`),
      refused.stderr,
    )
    t.is(readFileSync(known, 'utf8'), '')
    t.is((await machines.podwire(['run', file, ...SSH, '--accept-new'])).code, 0)
    t.is(readFileSync(known, 'utf8').trim().split('\n').length, 2)
    t.is((await machines.podwire(['run', file, ...SSH])).code, 0)
    // Another key than the known one is refused, also with --accept-new.
    writeFileSync(known, all.replace(/^10\.99\.0\.12 .*$/m, `10.99.0.12 ${readFileSync(join(machines.folder, 'key.pub'), 'utf8').trim()}`))
    const changed = await machines.podwire(['run', file, ...SSH, '--accept-new'])
    t.is(changed.code, 3)
    t.regex(changed.stderr, /error\[host-key-changed\]: node2: root@10\.99\.0\.12 presents another key/)
  } finally {
    writeFileSync(known, all)
  }
})

onMachines('a key that no machine takes, and none at all, are refused with what was tried', async (t) => {
  makeKey(join(machines.folder, 'stranger'))
  const inventory = machines.write('stranger.yaml', 'defaults: {key: stranger}\nnodes: {node1: root@10.99.0.11, node2: root@10.99.0.12}\n')
  const wrong = await machines.podwire(['run', scenario('keys', ['true']), ...SSH, '--inventory', inventory])
  t.is(wrong.code, 3)
  t.regex(wrong.stderr, /error\[ssh-refused\]: node1: root@10\.99\.0\.11 does not let us in: it takes none of .*\/stranger/)
  const none = await machines.podwire(['run', scenario('keys', ['true']), ...SSH, '--ssh-config', join(machines.folder, 'without-key')])
  t.regex(none.stderr, /error\[ssh-refused\]: .*there was no key to show/)
})

onMachines('a key with a passphrase: from an agent, from a person at a terminal, and not without either', async (t) => {
  const key = join(machines.folder, 'locked')
  makeKey(key, 'open sesame')
  appendFileSync(join(machines.folder, 'authorized_keys'), readFileSync(`${key}.pub`))
  const config = machines.write('locked_config', `${readFileSync(join(machines.folder, 'without-key'), 'utf8')}  IdentityFile ${key}\n`)
  const argv = ['run', scenario('keys', ['true']), ...SSH, '--ssh-config', config]
  const nobody = await machines.podwire(argv, {through: ['setsid', '--wait']})
  t.is(nobody.code, 3)
  t.regex(nobody.stderr, /error\[passphrase\].*locked has a passphrase, and there is no terminal to ask at[\s\S]*ssh-add/)

  const held = await machines.podwire(argv, {env: await agentWith(t, key, 'open sesame')})
  t.is(held.code, 0, held.stderr)

  const {stream, ended} = await machines.begin(argv, {through: ['sh', '-c', 'exec script -qe -c "$*" /dev/null', 'sh'], input: null})
  const answers = ['not it\n', 'open sesame\n']
  stream.stdout?.on('data', (chunk: Buffer) => chunk.includes('Passphrase for') && stream.stdin?.write(answers.shift() ?? '\x03'))
  const typed = await ended
  t.is(typed.code, 0, typed.stdout)
  t.regex(typed.stdout, /Passphrase for .*locked:[\s\S]*That was not it\. Passphrase for/)
  t.notRegex(typed.stdout, /open sesame/)
})

/** An agent that holds the key, for as long as the test runs. */
async function agentWith(t: ExecutionContext, key: string, passphrase: string): Promise<Record<string, string>> {
  const socket = join(machines.folder, 'agent')
  const agent = await machines.fleet.stream('controller', ['ssh-agent', '-D', '-a', socket])
  t.teardown(() => agent.kill())
  const ask = machines.write('ask', `#!/bin/sh\necho '${passphrase}'\n`)
  await machines.type('controller', `chmod 700 ${ask}; until [ -S ${socket} ]; do sleep 0.02; done`)
  await machines.type('controller', `SSH_AUTH_SOCK=${socket} SSH_ASKPASS=${ask} SSH_ASKPASS_REQUIRE=force DISPLAY=none ssh-add -q ${key}`)
  return {SSH_AUTH_SOCK: socket}
}

onMachines('who is not root is, by sudo; where sudo refuses podwire says so and ends with 3', async (t) => {
  const file = scenario('sudo', ['test "$(id -u)" = 0', 'ip link add v-net-0 type bridge'])
  const walker = await machines.podwire(['run', file, ...SSH, '--node', 'node1=walker@10.99.0.11'])
  t.is(walker.code, 0, walker.stderr)
  t.regex(walker.stdout, /node1 \(walker@10\.99\.0\.11\) is as it was/)
  const guest = await machines.podwire(['run', file, ...SSH, '--node', 'node1=guest@10.99.0.11'])
  t.is(guest.code, 3)
  t.regex(guest.stderr, /error\[no-root\]: node1: guest may not be root on guest@10\.99\.0\.11: .*sudo/)
})

onMachines('a machine behind another: over a jump host, and not without', async (t) => {
  await machines.type(
    'node2',
    'nft add table ip behind',
    "nft add chain ip behind c '{ type filter hook input priority 0; }'",
    'nft add rule ip behind c ip saddr 10.99.0.1 tcp dport 22 reject',
  )
  try {
    const file = scenario('jump', ['true'])
    const straight = await machines.podwire(['run', file, ...SSH])
    t.is(straight.code, 3)
    t.regex(straight.stderr, /error\[ssh-unreachable\]: node2: root@10\.99\.0\.12 cannot be reached/)
    const inventory = machines.write('jump.json', JSON.stringify({nodes: {node1: 'node1', node2: {host: 'node2', jump: 'node1'}}}))
    const jumped = await machines.podwire(['run', file, ...SSH, '--inventory', inventory])
    t.is(jumped.code, 0, jumped.stderr)
  } finally {
    await machines.type('node2', 'nft delete table ip behind')
  }
})

onMachines('a lab that is kept is there for other commands, until it is taken down, and its machines are then as they were', async (t) => {
  const before = await factsOf(machines, NAMES)
  t.is((await machines.podwire(['up', 'three-nodes', ...SSH])).code, 0)
  const listed = await machines.podwire(['ls', '--json'])
  t.deepEqual(
    (JSON.parse(listed.stdout) as {labs: {driver: string}[]}).labs.map(({driver}) => driver),
    ['ssh'],
  )
  const said = await machines.podwire(['exec', 'node2', '--', 'sh', '-c', 'cat; uname -n >&2; exit 7'], {input: 'fed'})
  t.deepEqual([said.code, said.stdout, said.stderr], [7, 'fed', 'node2\n'])
  t.is((await machines.podwire(['exec', 'pod1', '--', 'ping', '-c1', '-W5', '10.244.2.2'])).code, 0)
  const shell = await machines.podwire(['shell', 'pod1'], {
    through: ['sh', '-c', 'exec script -qe -c "$*" /dev/null', 'sh'],
    input: 'ip -br addr; exit 5\n',
  })
  t.is(shell.code, 5, shell.stdout)
  t.regex(shell.stdout, /pod1# [\s\S]*10\.244\.1\.2\/24/)
  t.is((await machines.podwire(['check'])).code, 0)
  t.is((await machines.podwire(['exec', 'node2', '--', 'ip', 'route', 'del', '10.244.1.0/24'])).code, 0)
  t.is((await machines.podwire(['check'])).code, 1)
  t.is((await machines.podwire(['down'])).code, 0)
  t.deepEqual((JSON.parse((await machines.podwire(['ls', '--json'])).stdout) as {labs: unknown[]}).labs, [])
  t.deepEqual(await factsOf(machines, NAMES), before)
})

onMachines('a lab on machines is followed by podwire ui, and nothing of that stays there', async (t) => {
  const before = await factsOf(machines, NAMES)
  t.is((await machines.podwire(['up', 'three-nodes', ...SSH])).code, 0)
  const ui = await machines.begin(['ui', '--json'])
  const said = follow(ui.stream.stdout)
  const link = /"url": "([^"]+)"/.exec(await eventually(said, (text) => text.includes('"url"')))?.[1] ?? ''
  const follower = fileURLToPath(new URL('tools/follower.ts', import.meta.url))
  const [file = '', ...argv] = [...machines.inController, process.execPath, '--import=tsx', follower, link]
  const child = spawn(file, argv, {cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit']})
  const lines = follow(child.stdout)
  const shows = async (words: RegExp) => t.regex(await eventually(lines, (text) => words.test(text)), words)
  await shows(/^42 pairs reach$/m)
  await shows(/^shell is at 24 80$/m)
  t.is((await machines.podwire(['exec', 'node2', '--', 'ip', 'route', 'del', '10.244.1.0/24'])).code, 0)
  await shows(/^34 pairs reach$/m)
  t.is((await machines.podwire(['exec', 'node2', '--', 'ip', 'route', 'add', '10.244.1.0/24', 'via', '192.168.1.11'])).code, 0)
  await shows(/^34 pairs reach\n42 pairs reach$/m)
  t.is((await machines.podwire(['down'])).code, 0)
  await shows(/^gone$/m)
  const ended = await ui.ended
  t.deepEqual([ended.code, ended.stderr], [0, 'lab three-nodes is down: the page has ended with it\n'])
  t.deepEqual(await factsOf(machines, NAMES), before)
})

/** What comes of a stream, by and by. */
function follow(stream: Readable | null): () => string {
  let text = ''
  stream?.on('data', (piece: Buffer) => {
    text += piece.toString()
  })
  return () => text
}

onMachines('two nodes on one machine are refused', async (t) => {
  const {code, stderr} = await machines.podwire(['run', scenario('twins', ['true']), ...SSH, '--node', 'node2=root@10.99.0.11'])
  t.is(code, 3)
  t.regex(stderr, /error\[one-machine\]: node[12] and node[12] are the same machine/)
})

onMachines('a firewall between the machines is told before anything runs', async (t) => {
  await machines.type(
    'node2',
    'nft add table ip wall',
    "nft add chain ip wall c '{ type filter hook input priority 0; }'",
    'nft add rule ip wall c udp dport 4789 drop',
  )
  try {
    const {code, stderr} = await machines.podwire(['run', scenario('wall', ['touch /run/ran']), ...SSH])
    t.is(code, 3)
    t.regex(stderr, /error\[underlay\]: node[12] \(10\.99\.0\.1[12]\) does not reach node[12] .*\n.*let UDP 4789 pass/)
  } finally {
    await machines.type('node2', 'nft delete table ip wall')
  }
})

onMachines('--underlay macvlan: addresses of their own in the machines’ network', async (t) => {
  const {code, stdout, stderr} = await machines.podwire([
    'run',
    scenario('macvlan', ['true'], "reach('node1', 'node2')"),
    ...SSH,
    '--underlay',
    'macvlan',
    '--json',
  ])
  t.is(code, 0, stderr)
  t.is(readResult({stdout, stderr}).mtu, 1500)
  t.regex(stdout, /underlay 192\.168\.1\.0\/24 by macvlan in their own network/)
})

onMachines('doctor looks at every machine side by side, and says of each what is missing', async (t) => {
  const inventory = machines.write(
    'doctor.yaml',
    'nodes:\n  node1: node1\n  node2: {host: node2, user: walker}\n  node3: {host: node3, user: guest}\n',
  )
  const whole = await machines.podwire(['doctor', ...SSH, '--node', 'node1=node1', '--node', 'node2=walker@node2'])
  t.is(whole.code, 0, whole.stdout)
  t.regex(whole.stdout, /│ +│ node1 │ node2 │/)
  t.regex(whole.stdout, /│ machine +│ +✓ +│ +✓ +│/)
  t.regex(whole.stdout, /✓ they reach one another: .* by VXLAN/)
  const {code, stdout} = await machines.podwire(['doctor', ...SSH, '--inventory', inventory, '--json'])
  t.is(code, 3)
  const {items} = JSON.parse(stdout) as {items: {id: string; state: string; machine?: string; what: string; help?: string}[]}
  t.deepEqual(
    items.filter(({id}) => id === 'machine').map(({machine, state}) => [machine, state]),
    [
      ['node1', 'ok'],
      ['node2', 'ok'],
      ['node3', 'missing'],
    ],
  )
  t.regex(items.find(({machine}) => machine === 'node3')?.help ?? '', /sudo without a password/)
  // The twin: a command that is not there is named, with its package.
  await machines.type('node2', 'mount -t tmpfs tmpfs /usr/lib/cni')
  const lacking = await machines.podwire(['doctor', ...SSH, '--node', 'node2=node2'])
  await machines.type('node2', 'umount /usr/lib/cni')
  t.is(lacking.code, 3)
  t.regex(lacking.stdout, /✗ node2: \/usr\/lib\/cni\/host-local\n +apt-get install containernetworking-plugins/)
})

onMachines('what is not said, or said wrong, is told with the nearest right thing', async (t) => {
  const file = scenario('usage', ['true'])
  for (const [argv, says] of [
    [['--inventory', machines.write('bad.yaml', 'nodes: {node1: {hots: node1}}')], /hots.*did you mean host\?/],
    [['--inventory', machines.write('none.yaml', 'nodes: [')], /none\.yaml cannot be read/],
    [
      ['--ssh-config', machines.write('empty', ''), '--node', 'nod1=node1'],
      /nothing says which machine node1 is[\s\S]*did you mean nod1\?/,
    ],
  ] as const) {
    const {code, stderr} = await machines.podwire(['run', file, ...SSH, ...argv])
    t.is(code, 2)
    t.regex(stderr, says)
  }
  const other = await machines.podwire(['run', file, '--driver', 'local', '--bare'])
  t.is(other.code, 2)
  t.regex(other.stderr, /--bare is of the ssh driver[\s\S]*--driver ssh/)
})
