// Facts of labs that run: complete, also where a tool is missing or something changes under the reader's hands.
import {readChanged, readFacts} from '../../harness/facts/read.ts'
import {readRecording, recordFacts} from '../../harness/facts/record.ts'
import {placesOf} from '../../harness/model.ts'
import {threeNodes, type} from './tools/labs.ts'
import {ALL, asRoot, onEach} from './tools/runners.ts'

onEach(ALL, 'the facts of a lab are whole, and come back from a recording as they were', async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(lab, 'node1', 'ip -6 neigh add fd00::1 lladdr 02:00:00:00:00:01 dev eth0', 'ip neigh add proxy 169.254.1.1 dev v-net-0')
  await type(lab, 'node1', 'ip -6 rule add from fd00::/64 lookup 100')
  const facts = await readFacts(lab.fleet, placesOf(lab.scenario))
  t.deepEqual(
    [...facts].filter(([, here]) => here === undefined || here.unread.length > 0 || here.changed.length > 0),
    [],
  )
  const node = facts.get('node1')
  t.true(node?.neighbours.some(({address, state}) => address === 'fd00::1' && state === 'PERMANENT'))
  t.true(node?.neighbours.some(({address, proxy}) => address === '169.254.1.1' && proxy))
  t.true(node?.rules[6].some(({from, table}) => from === 'fd00::/64' && table === '100'))
  t.deepEqual(readRecording(recordFacts(facts)), facts)
})

onEach(ALL, 'what changed is read again, and nothing else', async (t, runner) => {
  await using lab = await threeNodes(runner)
  const places = placesOf(lab.scenario)
  const before = await readFacts(lab.fleet, places)
  await type(lab, 'node1', 'ip netns add extra', 'ip -n pod1 route del default', 'ip route del 10.244.2.0/24')
  await type(lab, 'node3', 'ip netns del pod4', 'ip route del 10.244.1.0/24')
  const only = new Map([
    ['node1', new Set(['pod1', 'extra', "no'such"])],
    ['node3', new Set(['pod4'])],
  ])
  const now = await readChanged(lab.fleet, places, before, only)
  t.deepEqual(
    [...now.keys()].filter((place) => now.get(place) !== before.get(place)),
    ['pod1', 'pod4', 'node1/extra'],
  )
  const all = await readFacts(lab.fleet, places)
  for (const place of ['pod1', 'pod4', 'node1/extra']) t.deepEqual(now.get(place)?.routes, all.get(place)?.routes, place)
  t.is(now.get('pod4'), undefined)
  t.true(now.has('pod4')) // it is declared: it is known to be gone
  t.is(now.get('node1'), before.get('node1')) // although it is another
  t.notDeepEqual(all.get('node1')?.routes, before.get('node1')?.routes)

  await type(lab, 'node1', 'ip netns del extra')
  t.false((await readChanged(lab.fleet, places, now, new Map([['node1', new Set(['extra'])]]))).has('node1/extra'))
})

onEach(ALL, 'a tool that a node does not have is told, and the rest is there', async (t, runner) => {
  await using lab = await threeNodes(runner)
  // What a shell function of that name hides is not there for who asks.
  const without = {
    ...lab.fleet,
    run: (node: string, command: string, options = {}) => {
      const hidden = command
        .replaceAll('podwire_line nft', 'podwire_line no-such-nft')
        .replaceAll('podwire_line ss', 'podwire_line no-such-ss')
      return lab.fleet.run(node, hidden, options)
    },
  }
  const facts = await readFacts(without, placesOf(lab.scenario))
  t.deepEqual(facts.get('pod1')?.unread, ['no-such-nft', 'no-such-ss'])
  t.true((facts.get('pod1')?.routes.length ?? 0) > 0)
})

onEach([asRoot], 'routes that come and go while they are read: no crash, and it is said', async (t, runner) => {
  await using lab = await threeNodes(runner)
  const loop = await lab.fleet.stream('node2', [
    'sh',
    '-c',
    'while :; do ip route add 10.77.0.0/16 via 192.168.1.13; ip route del 10.77.0.0/16; done',
  ])
  loop.stdout?.resume()
  const places = placesOf(lab.scenario)
  let said = 0
  for (let round = 0; round < 12; round++) {
    const facts = await readFacts(lab.fleet, places)
    t.truthy(facts.get('node2'))
    t.deepEqual(facts.get('node1')?.changed, [])
    if (facts.get('node2')?.changed.includes('routes')) said++
  }
  loop.kill()
  t.true(said > 0, `${said} of 12`)
})

onEach([asRoot], 'rules of the old iptables are read where they are in use', async (t, runner) => {
  await using lab = await threeNodes(runner)
  const {exitCode} = await lab.fleet.run('node1', 'iptables-legacy -A FORWARD -s 10.9.0.0/16 -j DROP')
  if (exitCode !== 0) {
    t.pass('this machine has no iptables-legacy')
    return
  }
  const node = (await readFacts(lab.fleet, placesOf(lab.scenario))).get('node1')
  t.deepEqual(node?.legacyTables, ['filter'])
  const rule = node?.ruleset.find((item) => item.rule?.table === 'iptables-legacy filter')?.rule
  t.like(rule, {family: 'ip', chain: 'FORWARD'})
})
