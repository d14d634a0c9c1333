// The ssh driver against a server that fails on purpose. The machine behind it is a real one, as far as it is reached.
import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {type Fleet, type FleetSpec, MachineError} from '../../harness/driver.ts'
import {machinesFrom} from '../../harness/drivers/ssh/inventory.ts'
import {sshDriver} from '../../harness/drivers/ssh.ts'
import {eventually} from '../tools/eventually.ts'
import {type FakeSshd, type Faults, startFakeSshd} from '../tools/fake-sshd.ts'
import {factsOf} from '../tools/machine-facts.ts'
import {makeKey, missingForMachines, type SshMachines, startMachines} from '../tools/ssh-machines.ts'

const missing = missingForMachines()
const onMachines = missing === undefined ? test.serial : test.serial.skip

let machines: SshMachines
let hostKey: string
test.serial.before('a machine starts', async () => {
  if (missing !== undefined) return
  machines = await startMachines({names: ['node1']})
  hostKey = join(machines.folder, 'fake.host')
  makeKey(hostKey)
})
test.serial.after.always('it goes', async () => machines?.[Symbol.asyncDispose]())
if (missing !== undefined) test('without machines no fault is seen', (t) => t.log(missing) ?? t.pass())

const SPEC: FleetSpec = {lab: 'faults', underlay: '192.168.1.0/24', nodes: [{name: 'node1', address: '192.168.1.11'}]}

async function serve(t: ExecutionContext, faults: Faults = {}): Promise<FakeSshd> {
  const server = await startFakeSshd(machines, 'node1', hostKey, faults)
  t.teardown(() => server[Symbol.asyncDispose]())
  return server
}

/** A configuration that reaches the server on this machine's loopback, with a known_hosts of its own. */
function driverFor({port}: FakeSshd, known: string, bare = false) {
  const file = machines.write(`known-${port}`, known)
  const config = machines.write(
    `config-${port}`,
    `Host *\n User root\n IdentityFile ${machines.folder}/key\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile ${file}\n GlobalKnownHostsFile none\n`,
  )
  return sshDriver({targets: machinesFrom({config, nodes: [`node1=127.0.0.1:${port}`]}), bare})
}

function knownAs({port}: FakeSshd, key = hostKey): string {
  return `[127.0.0.1]:${port} ${readFileSync(`${key}.pub`, 'utf8')}`
}

async function started(t: ExecutionContext, server: FakeSshd, bare = false): Promise<Fleet> {
  const fleet = await driverFor(server, knownAs(server), bare).start(SPEC)
  t.teardown(() => letGo(fleet))
  return fleet
}

/** Its machine may be out of reach: that is what is tested. */
async function letGo(fleet: Fleet): Promise<void> {
  try {
    await fleet[Symbol.asyncDispose]()
  } catch {}
}

async function refusalOf(t: ExecutionContext, starting: Promise<Fleet>): Promise<MachineError> {
  const error = await t.throwsAsync(starting, {instanceOf: MachineError})
  return error as MachineError
}

onMachines('a host whose key is another than the known one is refused before we show it anything', async (t) => {
  const server = await serve(t)
  const other = join(machines.folder, 'other.host')
  if (!readIfThere(other)) makeKey(other)
  const error = await refusalOf(t, driverFor(server, knownAs(server, other)).start(SPEC))
  t.is(error.code, 'host-key-changed')
  t.is(server.sessions(), 0)
  t.regex(error.help.join('\n'), new RegExp(`ssh-keygen -R '\\[127\\.0\\.0\\.1\\]:${server.port}'`))
  // The twin: the right one is taken.
  await (await driverFor(server, knownAs(server)).start(SPEC))[Symbol.asyncDispose]()
})

function readIfThere(path: string): boolean {
  try {
    return readFileSync(path).length > 0
  } catch {
    return false
  }
}

onMachines('a revoked key is refused, also where another line knows it', async (t) => {
  const server = await serve(t)
  const error = await refusalOf(t, driverFor(server, `${knownAs(server)}@revoked * ${readFileSync(`${hostKey}.pub`, 'utf8')}`).start(SPEC))
  t.is(error.code, 'host-key-revoked')
})

onMachines('a sudo that refuses, and none at all, are told in its own words', async (t) => {
  const stub = join(machines.folder, 'stub')
  await machines.type(
    'node1',
    `mkdir -p ${stub}; printf '#!/bin/sh\\necho "sudo: a password is required" >&2; exit 1\\n' >${stub}/sudo; chmod 755 ${stub}/sudo`,
  )
  const server = await serve(t, {user: 'guest', path: stub})
  const error = await refusalOf(t, driverFor(server, knownAs(server)).start(SPEC))
  t.is(error.code, 'no-root')
  t.regex(error.message, /sudo: a password is required/)
})

onMachines('a connection that is cut in the middle of a command: no exit code, and the next one has a new connection', async (t) => {
  const server = await serve(t)
  const fleet = await started(t, server)
  const running = fleet.run('node1', 'echo begun; sleep 1000')
  await eventually(
    () => machines.type('node1', 'pgrep -f "[s]leep 1000" || true'),
    (pids) => pids !== '',
  )
  server.cut()
  const lost = await running
  t.deepEqual([lost.exitCode, lost.cause, lost.stdout.toString()], [null, 'session-lost', 'begun\n'])
  t.regex(lost.stderr.toString(), /the connection to node1 \(root@127\.0\.0\.1:\d+\) was lost/)
  const next = await fleet.run('node1', 'echo again; uname -n')
  t.deepEqual([next.exitCode, next.stdout.toString()], [0, 'again\nnode1\n'])
})

onMachines('a connection that is cut in the middle of the set-up, at every session: refused, and nothing is left', async (t) => {
  const before = await factsOf(machines, ['node1'])
  for (const at of [1, 2]) {
    const server = await serve(t)
    const starting = driverFor(server, knownAs(server), true).start({...SPEC, lab: `cut-${at}`})
    starting.catch(() => undefined)
    await eventually(server.sessions, (count) => count >= at)
    await server[Symbol.asyncDispose]()
    const outcome = await starting.then(
      async (fleet) => {
        await letGo(fleet)
        return 'started'
      },
      (error: unknown) => (error instanceof MachineError ? 'refused' : String(error)),
    )
    t.regex(outcome, /^(?:refused|started)$/)
    t.deepEqual(await factsOf(machines, ['node1'], before), before)
  }
  t.is(
    await eventually(
      () => machines.type('node1', 'ls /run/podwire-ssh 2>/dev/null || true'),
      (found) => found === '',
      60_000,
    ),
    '',
  )
})

onMachines('a machine that is gone for good after the last command: its changes are undone, by itself', async (t) => {
  const before = await factsOf(machines, ['node1'])
  const server = await serve(t)
  const fleet = await started(t, server, true)
  t.is((await fleet.run('node1', 'ip link add v-net-0 type bridge; sysctl -w net.ipv4.ip_forward=1')).exitCode, 0)
  t.notDeepEqual(await factsOf(machines, ['node1']), before)
  await server[Symbol.asyncDispose]()
  t.is((await fleet.run('node1', 'true')).exitCode, null)
  t.deepEqual(await factsOf(machines, ['node1'], before), before)
})

onMachines('a machine that answers slowly is waited for', async (t) => {
  const server = await serve(t, {slow: 150})
  const fleet = await started(t, server)
  const {exitCode, stdout} = await fleet.run('node1', 'echo slow')
  t.deepEqual([exitCode, stdout.toString()], [0, 'slow\n'])
})

onMachines('ten megabytes come whole, and a hundred streams at once are no more than two sessions', async (t) => {
  const server = await serve(t)
  const fleet = await started(t, server)
  const {stdout} = await fleet.run('node1', 'yes wire | head -c 10485760')
  t.true(stdout.equals(Buffer.alloc(10 * 1024 * 1024, 'wire\n')))
  const streams = await Promise.all(Array.from({length: 100}, (_, index) => fleet.stream('node1', ['sh', '-c', `exit ${index}`])))
  for (const stream of streams) stream.stdout?.resume()
  for (const stream of streams) stream.stderr?.resume()
  t.deepEqual(
    await Promise.all(streams.map(({exit}) => exit)),
    streams.map((_, index) => index),
  )
  t.is(server.sessions(), 2)
})

onMachines('a session that ends without an exit code is unknown, and never 0', async (t) => {
  const server = await serve(t, {silent: /nsenter/})
  const fleet = await started(t, server)
  const stream = await fleet.stream('node1', ['sh', '-c', 'kill -9 $PPID; sleep 1000'])
  stream.stdout?.resume()
  stream.stderr?.resume()
  t.is(await stream.exit, null)
})

onMachines('--accept-new takes a key once, and hashed where the configuration says so', async (t) => {
  const server = await serve(t)
  const known = machines.write('hashed', '')
  const config = machines.write(
    'hashing',
    `Host *\n User root\n IdentityFile ${machines.folder}/key\n IdentitiesOnly yes\n IdentityAgent none\n HashKnownHosts yes\n UserKnownHostsFile ${known}\n GlobalKnownHostsFile none\n`,
  )
  for (const acceptNew of [true, false]) {
    const driver = sshDriver({targets: machinesFrom({config, acceptNew, nodes: [`node1=127.0.0.1:${server.port}`]})})
    await (await driver.start(SPEC))[Symbol.asyncDispose]()
    t.regex(readFileSync(known, 'utf8'), /^\|1\|\S+ ssh-ed25519 \S+\n$/)
  }
  writeFileSync(known, '')
})
