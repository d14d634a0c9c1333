// A line that is cut, and a podwire that is killed: the loss is named, nothing is told that nobody saw, and the machine
// brings itself back, by the dead man's switch.
import test, {type ExecutionContext} from 'ava'
import type {Fleet, FleetSpec} from '../../harness/driver.ts'
import {type Restored, sshDriver} from '../../harness/drivers/ssh.ts'
import {eventually} from '../tools/eventually.ts'
import {factsOf} from '../tools/machine-facts.ts'
import {missingForMachines, type SshMachines, startMachines} from '../tools/ssh-machines.ts'

const missing = missingForMachines()
const onMachines = missing === undefined ? test.serial : test.serial.skip

let machines: SshMachines
test.serial.before('the machines start', async () => {
  if (missing === undefined) machines = await startMachines({names: ['node1', 'node2']})
})
test.serial.after.always('the machines go', async () => machines?.[Symbol.asyncDispose]())
if (missing !== undefined) test('without machines nothing is lost', (t) => t.log(missing) ?? t.pass())

const NAMES = ['node1', 'node2']
const SPEC: FleetSpec = {
  lab: 'loss',
  underlay: '192.168.1.0/24',
  nodes: NAMES.map((name, index) => ({name, address: `192.168.1.${index + 11}`})),
}

/** Cuts the line to node1, as a broken cable does: nobody is told. Gives what mends it. */
async function cutLine(): Promise<() => Promise<string>> {
  const rule = 'nft add rule ip cut'
  await machines.type(
    'controller',
    'nft add table ip cut',
    "nft add chain ip cut in '{ type filter hook input priority 0; }'",
    "nft add chain ip cut out '{ type filter hook output priority 0; }'",
    `${rule} in ip saddr 10.99.0.11 drop`,
    `${rule} out ip daddr 10.99.0.11 drop`,
  )
  return () => machines.type('controller', 'nft delete table ip cut')
}

async function start(t: ExecutionContext, bare: boolean, restored: Restored[] = []): Promise<Fleet> {
  const fleet = await sshDriver({...machines.driverOptions(), bare, restored: (one) => restored.push(one)}).start(SPEC)
  t.teardown(() => fleet[Symbol.asyncDispose]()) // a test that fails must not go on holding the machines
  return fleet
}

async function holders(): Promise<string> {
  return (await machines.type('node1', 'ls /run/podwire-ssh 2>/dev/null || true')).trim()
}

onMachines('a line that is cut in the middle of a command: no exit code, the loss named, the machine brings itself back', async (t) => {
  const before = await factsOf(machines, NAMES)
  const fleet = await start(t, true)
  t.is((await fleet.run('node1', 'ip link add v-net-0 type bridge && sysctl -w net.ipv4.ip_forward=1')).exitCode, 0)
  t.notDeepEqual(await factsOf(machines, NAMES), before) // the twin: what is changed is seen
  const running = fleet.run('node1', 'echo begun; sleep 1000')
  await eventually(
    () => machines.type('node1', 'pgrep -f "[s]leep 1000" || true'),
    (pids) => pids !== '',
  )
  const mend = await cutLine()
  try {
    const lost = await running
    t.deepEqual([lost.exitCode, lost.cause], [null, 'session-lost'])
    t.is(lost.stdout.toString(), 'begun\n')
    t.regex(lost.stderr.toString(), /the connection to node1 \(root@10\.99\.0\.11\) was lost: it has not answered for 5 seconds/)
    t.is((await fleet.run('node2', 'echo here')).stdout.toString(), 'here\n')
    t.is(await eventually(holders, (found) => !found.includes('node1'), 60_000), '')
  } finally {
    await mend()
  }
  // A connection that was begun while the line was cut takes seconds to be given up.
  await eventually(
    () => fleet.run('node1', 'true'),
    ({stderr}) => !/cannot be reached/.test(stderr.toString()),
    60_000,
  )
  await t.notThrowsAsync(async () => fleet[Symbol.asyncDispose]())
  t.deepEqual(await factsOf(machines, NAMES, before), before)
})

onMachines('a line that is cut for a moment: the next command has a new connection, and the lab is as it was', async (t) => {
  const restored: Restored[] = []
  const fleet = await start(t, false, restored)
  t.is((await fleet.run('node1', 'ip link add v-net-0 type bridge')).exitCode, 0)
  const running = fleet.run('node1', 'sleep 1000')
  const waiting = fleet.run('node1', 'echo once >>/run/once; cat /run/once')
  const mend = await cutLine()
  t.is((await fleet.run('node2', 'true')).exitCode, 0)
  t.is((await running).cause, 'session-lost')
  await mend()
  // What had not begun was not half done: it runs, once.
  t.is((await waiting).stdout.toString(), 'once\n')
  t.is((await fleet.run('node1', 'ip link show v-net-0')).exitCode, 0)
  await fleet[Symbol.asyncDispose]()
  t.deepEqual(restored.map(({node, left}) => [node, left]).sort(), [
    ['node1', []],
    ['node2', []],
  ])
})

onMachines('a line that is cut after the last command: the machine brings itself back all the same', async (t) => {
  const before = await factsOf(machines, NAMES)
  const fleet = await start(t, true)
  t.is((await fleet.run('node1', 'ip link add v-net-0 type bridge')).exitCode, 0)
  const mend = await cutLine()
  try {
    // node2 is asked, and answers; what node1 does nobody can tell.
    await t.throwsAsync(async () => fleet[Symbol.asyncDispose](), {message: /node1 cannot be asked to undo the lab/})
    t.deepEqual(await factsOf(machines, NAMES, before), before)
    t.is(await eventually(holders, (found) => found === '', 60_000), '')
  } finally {
    await mend()
  }
})

for (const how of ['in namespaces', 'bare'] as const) {
  onMachines(`podwire is killed in the middle of a run, ${how}: nothing is left on the machines`, async (t) => {
    const before = await factsOf(machines, NAMES)
    const lines = ['ip link add v-net-0 type bridge', 'sysctl -w net.ipv4.ip_forward=1', 'touch /tmp/podwire-reached && sleep 1000']
    const file = machines.write(
      'killed.ts',
      `import {on, reach, scenario, stage} from 'podwire'\nexport default scenario({title: 'killed', underlay: '192.168.1.0/24', nodes: {node1: '192.168.1.11', node2: '192.168.1.12'}, pods: {}, steps: [...stage('a'), ...on('node1')\`\n${lines.join('\n')}\n\`], checks: [reach.all()]})\n`,
    )
    const {stream, ended} = await machines.begin(['run', file, '--driver', 'ssh', ...(how === 'bare' ? ['--bare'] : [])])
    await eventually(
      () => machines.type('node1', 'pgrep -f "[s]leep 1000" || true'),
      (pids) => pids !== '',
    )
    t.not(await holders(), '')
    stream.kill('SIGKILL')
    await ended
    t.is(await eventually(holders, (found) => found === '', 60_000), '')
    t.deepEqual(await factsOf(machines, NAMES, before), before)
    t.is(await machines.type('node1', 'pgrep -f "[s]leep 1000" || true; rm -f /tmp/podwire-reached'), '')
  })
}

onMachines('a line that is cut in the middle of the set-up: it is refused, and the machine brings itself back', async (t) => {
  const before = await factsOf(machines, NAMES)
  const starting = start(t, true)
  starting.catch(() => undefined)
  await eventually(holders, (found) => found !== '')
  const mend = await cutLine()
  try {
    const error = await t.throwsAsync(starting)
    t.regex(error?.message ?? '', /node1|10\.99\.0\.11/)
    t.deepEqual(await factsOf(machines, NAMES, before), before)
    t.is(await eventually(holders, (found) => found === '', 60_000), '')
  } finally {
    await mend()
  }
})

onMachines('a hundred streams at once on one machine, whose sshd takes ten sessions', async (t) => {
  await using fleet = await start(t, false)
  const streams = await Promise.all(Array.from({length: 100}, () => fleet.stream('node1', ['cat'])))
  const echoed = await Promise.all(
    streams.map(async (stream, index) => {
      stream.stdin?.end(`stream ${index}`)
      const chunks: Buffer[] = []
      for await (const chunk of stream.stdout ?? []) chunks.push(chunk as Buffer)
      return [Buffer.concat(chunks).toString(), await stream.exit]
    }),
  )
  t.deepEqual(
    echoed,
    streams.map((_, index) => [`stream ${index}`, 0]),
  )
})
