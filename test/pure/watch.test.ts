// When a lab that is followed is looked at again, and which of what its monitors say is a change.
import {setTimeout as sleep} from 'node:timers/promises'
import test from 'ava'
import {isChange, type Tool} from '../../harness/watch/change.ts'
import {type Rounds, rounds} from '../../harness/watch/rounds.ts'
import {eventually} from '../tools/eventually.ts'

interface Looked {
  readonly began: number
  readonly ended: number
  readonly all: boolean
}

/** Rounds whose looks take so long, and what they were. */
function looking(milliseconds: number, works = true): {readonly round: Rounds; readonly looks: Looked[]; atOnce(): number} {
  const looks: Looked[] = []
  let [now, most] = [0, 0]
  const round = rounds({
    async look(all) {
      const began = performance.now()
      most = Math.max(most, ++now)
      await sleep(milliseconds)
      now--
      looks.push({began, ended: performance.now(), all})
      return works
    },
  })
  return {round, looks, atOnce: () => most}
}

const first = (looks: readonly Looked[]) =>
  eventually(
    () => looks.length,
    (count) => count > 0,
  )

test('nothing is looked at until somebody watches, and then everything', async (t) => {
  const {round, looks} = looking(1)
  round.changed()
  await sleep(300)
  t.is(looks.length, 0)
  round.resume()
  await first(looks)
  t.deepEqual(
    looks.map(({all}) => all),
    [true],
  )
  round.pause()
  round.changed()
  round.look()
  await sleep(300)
  t.is(looks.length, 1)
  round.resume()
  await eventually(
    () => looks.length,
    (count) => count === 2,
  )
  t.true(looks[1]?.all)
  await round.end()
})

test('many changes give few looks, never two at once, and one that begins after the last change', async (t) => {
  const {round, looks, atOnce} = looking(20)
  round.resume()
  await first(looks)
  const before = looks.length
  const began = performance.now()
  let last = 0
  for (let change = 0; change < 1000; change++) {
    round.changed()
    last = performance.now()
    if (change % 10 === 0) await sleep(1)
  }
  await eventually(
    () => looks.at(-1)?.began ?? 0,
    (at) => at >= last,
  )
  const took = performance.now() - began
  t.is(atOnce(), 1)
  t.true((looks.at(-1)?.began ?? 0) >= last)
  t.true(looks.slice(before).every(({all}) => !all))
  // 50 ms of quiet, or changes that go on for 250 ms, before each.
  t.true(looks.length - before <= 2 + took / 50, `${looks.length - before} looks in ${took} ms`)
  await round.end()
})

test('changes that never end do not keep it from looking', async (t) => {
  const {round, looks} = looking(1)
  round.resume()
  await first(looks)
  const {length} = await eventually(
    () => {
      round.changed() // more often than it waits for quiet
      return looks
    },
    (now) => now.length >= 3,
  )
  t.true(length >= 3, `${length} looks`)
  await round.end()
})

test('a change while it looks is looked at afterwards', async (t) => {
  const {round, looks} = looking(200)
  round.resume()
  await first(looks)
  round.changed()
  await sleep(120) // it looks by now
  round.changed()
  const changed = performance.now()
  await eventually(
    () => looks.at(-1)?.began ?? 0,
    (at) => at >= changed,
  )
  t.true((looks.at(-1)?.began ?? 0) >= changed)
  await round.end()
})

test('where something fails it looks again by itself, and where all works it does not', async (t) => {
  const failing = looking(1, false)
  const working = looking(1)
  for (const {round} of [failing, working]) round.resume()
  await eventually(
    () => failing.looks.length,
    (count) => count >= 2,
  )
  t.true(failing.looks.length >= 2)
  t.is(working.looks.length, 1)
  for (const {round} of [failing, working]) await round.end()
})

test('once it has ended it looks no more', async (t) => {
  const {round, looks} = looking(100)
  round.resume()
  await sleep(20)
  await round.end()
  const {length} = looks
  round.changed()
  round.look()
  await sleep(300)
  t.is(looks.length, length)
})

for (const [tool, line, is] of [
  ['ip', '[ROUTE]Deleted 10.244.2.0/24 via 192.168.1.12 dev eth0', true],
  ['ip', '[NETCONF]inet eth0 forwarding off', true],
  ['ip', '[NEIGH]192.168.1.12 dev eth0 lladdr 02:00:00:00:00:99 PERMANENT', true],
  ['ip', '[NEIGH]Deleted 192.168.1.12 dev eth0 lladdr 02:00:00:00:00:99 PERMANENT', true],
  ['ip', '[NEIGH]dev veth-pod1-br lladdr 02:00:00:00:00:98 NOARP', true],
  ['ip', '[NEIGH]192.168.1.12 dev eth0 lladdr 06:cb:93:93:41:32 REACHABLE', false],
  ['ip', '[NEIGH]192.168.1.12 dev eth0 FAILED', false],
  ['ip', '[NEIGH]Deleted 224.0.0.22 dev v-net-0 lladdr 01:00:5e:00:00:16 NOARP', false],
  ['ip', '[NEIGH]Deleted ff02::2 dev v-net-0 lladdr 33:33:00:00:00:02 NOARP', false],
  ['nft', 'add rule ip filter FORWARD counter packets 0 bytes 0 accept', true],
  ['nft', '# new generation 6 by process 27099 (iptables-nft)', false],
  ['nft', 'add table ip podwire_0a1b2c3d4e5f { flags owner; }', false],
  ['nft', 'add rule ip podwire_0a1b2c3d4e5f prerouting meta nftrace set 1', false],
  ['nft', 'add table ip podwire', true],
  ['tc', 'qdisc clsact ffff: dev eth0 parent ffff:fff1', true],
] as const satisfies readonly [Tool, string, boolean][])
  test(`${tool} monitor: ${line} is ${is ? 'a' : 'no'} change`, (t) => t.is(isChange({tool, line}), is))
