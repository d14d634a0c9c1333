// The contract: how a lab begins, ends and is kept. Each case has a lab of its own, beside the one that the others share.
import type {Driver, FleetHandle, FleetSpec} from '../../harness/driver.ts'
import {eventually} from '../tools/eventually.ts'
import {namespacesOf, processesIn} from '../tools/namespaces.ts'
import type {Cases} from './suite.ts'

const NODES = ['left', 'right']
let labs = 0

function spec(): FleetSpec {
  const nodes = NODES.map((name, index) => ({name, address: `10.77.0.${index + 11}`}))
  return {lab: `life-${process.pid}-${++labs}`, underlay: '10.77.0.0/24', nodes}
}

/** Processes that are left in these namespaces, given time to end. */
const remains = (namespaces: readonly string[]) =>
  eventually(
    () => processesIn(namespaces),
    (pids) => pids.length === 0,
  )

async function startedAndKept(driver: Driver): Promise<{handle: FleetHandle; namespaces: string[]}> {
  const fleet = await driver.start(spec())
  const namespaces = await namespacesOf(fleet, NODES)
  await fleet.run('left', 'sleep 1000 & echo $! >/run/kept')
  const handle = await fleet.keep()
  await fleet[Symbol.asyncDispose]()
  return {handle: JSON.parse(JSON.stringify(handle)) as FleetHandle, namespaces} // as another process reads it
}

export const LIFE: Cases = {
  async 'a lab says how its nodes run, and leaves nothing when it is disposed, also twice'(t, {driver}) {
    const fleet = await driver.start(spec())
    t.true(fleet.description.length > 0)
    const namespaces = await namespacesOf(fleet, NODES)
    t.true(namespaces.length >= 6)
    await fleet.run('left', 'ip netns add pod1; sleep 1000 & setsid sleep 1000 &')
    t.true(processesIn(namespaces).length >= 4) // the twin: what is there is found
    await fleet[Symbol.asyncDispose]()
    t.deepEqual(await remains(namespaces), [])
    await fleet[Symbol.asyncDispose]()
  },

  async 'a lab of the same name and addresses starts again after the first has gone'(t, {driver}) {
    const same = spec()
    for (const round of [1, 2]) {
      await using fleet = await driver.start(same)
      t.is((await fleet.run('right', `[ ! -e /run/round ] && echo ${round} | tee /run/round`)).stdout.toString(), `${round}\n`)
    }
  },

  async 'labs run side by side and see nothing of each other'(t, {driver, fleet: other}) {
    await using fleet = await driver.start(spec())
    const [own, theirs] = [await namespacesOf(fleet, NODES), await namespacesOf(other, ['node1', 'node2'])]
    t.deepEqual(
      own.filter((namespace) => theirs.includes(namespace)),
      [],
    )
    t.not((await fleet.run('left', 'ping -c 1 -W 1 192.168.1.11')).exitCode, 0)
    t.is((await fleet.run('left', 'ping -c 1 -W 10 10.77.0.12')).exitCode, 0)
  },

  async 'what runs when its lab is disposed comes back as disposed, and nothing is left of it'(t, {driver}) {
    const fleet = await driver.start(spec())
    const namespaces = await namespacesOf(fleet, NODES)
    const running = fleet.run('left', 'touch /run/begun; sleep 1000')
    const waiting = fleet.run('left', 'echo never')
    const stream = await fleet.stream('right', ['cat'])
    await fleet.run('left', 'until [ -e /run/begun ]; do sleep 0.02; done', {shell: 'observer'})
    await fleet[Symbol.asyncDispose]()
    for (const {exitCode, cause, duration} of [await running, await waiting]) {
      t.deepEqual([exitCode, cause], [null, 'disposed'])
      t.true(duration >= 0)
    }
    t.is(await stream.exit, null)
    t.deepEqual(await remains(namespaces), [])
  },

  async 'a line for a lab that was disposed comes back as disposed'(t, {driver}) {
    const fleet = await driver.start(spec())
    await fleet.run('left', 'true')
    await fleet[Symbol.asyncDispose]()
    for (const node of NODES) {
      const {exitCode, cause} = await fleet.run(node, 'true')
      t.deepEqual([exitCode, cause], [null, 'disposed'])
    }
  },

  async 'a lab that is kept outlives its fleet, is found again as it was, and goes when it is removed'(t, {driver}) {
    const {handle, namespaces} = await startedAndKept(driver)
    try {
      for (const round of [1, 2]) {
        const found = await driver.find(handle)
        t.is((await found?.run('left', 'kill -0 "$(cat /run/kept)"'))?.exitCode, 0, `round ${round}`) // a file and a process are still there
        t.true((found?.description.length ?? 0) > 0)
        await found?.[Symbol.asyncDispose]() // lets go of it, and no more
      }
    } finally {
      await driver.remove(handle)
    }
    t.deepEqual(await remains(namespaces), [])
    t.is(await driver.find(handle), undefined)
    await driver.remove(handle)
  },

  async 'a lab is written down before it is kept, and goes with its podwire where it cannot be'(t, {driver}) {
    const fleet = await driver.start(spec())
    const namespaces = await namespacesOf(fleet, NODES)
    let told: FleetHandle | undefined
    const keeping = fleet.keep((handle) => {
      told = handle
      throw new Error('no room')
    })
    await t.throwsAsync(keeping, {message: 'no room'})
    await fleet[Symbol.asyncDispose]()
    t.deepEqual(await remains(namespaces), [])
    t.is(await driver.find(told ?? {}), undefined)
  },

  async 'what is left of a kept lab whose nodes were killed goes when it is removed'(t, {driver}) {
    const {handle, namespaces} = await startedAndKept(driver)
    const found = await driver.find(handle)
    await Promise.all(NODES.map((node) => found?.run(node, 'kill -KILL -1')))
    await found?.[Symbol.asyncDispose]()
    await driver.remove(handle)
    t.deepEqual(await remains(namespaces), [])
    t.is(await driver.find(handle), undefined)
  },

  async 'letting go of a lab that was found ends what was started through it, and only that'(t, {driver}) {
    const {handle} = await startedAndKept(driver)
    try {
      const found = await driver.find(handle)
      const line = found?.run('left', 'echo $BASHPID >/run/pid; sleep 1000')
      const again = await driver.find(handle)
      const stream = await found?.stream('left', ['sh', '-c', 'echo $$ >/run/stream; sleep 1000; true'])
      await again?.run('left', 'until [ -s /run/pid ] && [ -s /run/stream ]; do sleep 0.02; done')
      await found?.[Symbol.asyncDispose]()
      t.is((await line)?.cause, 'disposed')
      t.is(await stream?.exit, null)
      for (const file of ['/run/pid', '/run/stream']) {
        const ended = `read -r pid <${file}; while [ -e /proc/$pid/stat ] && ! grep -q ') Z ' /proc/$pid/stat; do sleep 0.05; done 2>/dev/null`
        t.is((await again?.run('left', ended, {timeLimit: 20_000}))?.exitCode, 0, file)
      }
      t.is((await again?.run('left', 'kill -0 "$(cat /run/kept)"'))?.exitCode, 0)
      await again?.[Symbol.asyncDispose]()
    } finally {
      await driver.remove(handle)
    }
  },
}
