// Evidence: a real exchange of a failing pair, watched on its way. What the facts predict of it and what it did stand apart;
// what this machine or a node does not let podwire see is said to be unknown; nothing of the watching stays.
import {diagnose} from '../../harness/diagnose/diagnose.ts'
import {withEvidence} from '../../harness/evidence/evidence.ts'
import {startWatchers} from '../../harness/evidence/watchers.ts'
import {type Examined, examine} from '../../harness/examine.ts'
import type {Facts} from '../../harness/facts/facts.ts'
import {readFacts} from '../../harness/facts/read.ts'
import type {Lab} from '../../harness/lab.ts'
import {type Diagnosis, type Observation, type Pair, type Place, placesOf} from '../../harness/model.ts'
import {makeHome} from './tools/home.ts'
import {threeNodes, type as typed} from './tools/labs.ts'
import {ownMachine} from './tools/own-machine.ts'
import {ALL, asRoot, LOCAL, onEach, type Runner} from './tools/runners.ts'
import {mistakesIn} from './tools/schema.ts'

const PAIRS: readonly Pair[] = [{from: 'pod1', to: 'pod3', address: '10.244.2.2'}]
const UDP_DROP = 'iptables -A FORWARD -p udp -d 10.244.2.2 -j DROP'

async function examined(lab: Lab, places: readonly Place[], before: Facts): Promise<Examined> {
  return examine(lab.fleet, places, PAIRS, {history: [], before})
}

/** The first diagnosis that has evidence, after lines on nodes that break the lab. */
async function evidenceOf(
  runner: Runner,
  ...lines: readonly (readonly [string, string])[]
): Promise<Diagnosis & {observation: Observation}> {
  await using lab = await threeNodes(runner)
  const places = placesOf(lab.scenario)
  const before = await readFacts(lab.fleet, places)
  for (const [node, line] of lines) await typed(lab, node, line)
  const found = await examined(lab, places, before)
  const told = await withEvidence(lab.fleet, found.diagnoses, {...found, places})
  const first = told.find(({observation}) => observation)
  if (!first?.observation) throw new Error(`a diagnosis with evidence: ${JSON.stringify(told)}`)
  return {...first, observation: first.observation}
}

function lastOf({sightings}: Observation): string {
  const last = sightings.at(-1)
  return `${last?.way} ${last?.direction} ${last?.place}/${last?.device}`
}

onEach(ALL, 'a filter drops the packet: the rule is named, it was last seen in front of it, and the facts agree', async (t, runner) => {
  const {cause, observation} = await evidenceOf(runner, ['node2', UDP_DROP])
  t.is(cause, 'filter-drop')
  t.deepEqual(observation.predicted, {way: 'request', ended: 'filter-drop', at: 'node2', doubts: []})
  t.is(observation.answered, false)
  t.is(lastOf(observation), 'request in node2/eth0')
  t.deepEqual(
    observation.rules.map(({place, way, family, table, chain}) => [place, way, family, table, chain]),
    [['node2', 'request', 'ip', 'filter', 'FORWARD']],
  )
  t.regex(observation.rules[0]?.text ?? '', /udp.*10\.244\.2\.2.* drop/)
  t.deepEqual(observation.conflicts, [])
  t.deepEqual(observation.unobserved, [])
  t.deepEqual(
    observation.drops.map(({reason}) => reason),
    ['NETFILTER_DROP'],
  )
})

onEach([asRoot], 'the kernel’s reason and its counter: forwarding off, and rp_filter', async (t, runner) => {
  const off = await evidenceOf(runner, ['node2', 'sysctl -w net.ipv4.ip_forward=0'])
  t.is(off.cause, 'forwarding-off')
  t.deepEqual(
    off.observation.drops.map(({reason, devices}) => [reason, devices]),
    [['IP_INADDRERRORS', ['veth-pod1', 'eth0', 'node2']]],
  )
  t.true(off.observation.counters.some(({place, counter, increase}) => `${place} ${counter}` === 'node2 Ip:InAddrErrors' && increase > 0))
  t.deepEqual(off.observation.conflicts, [])
  const filtered = await evidenceOf(
    runner,
    ['node2', 'ip route add 10.244.1.2/32 dev v-net-0'],
    ['node2', 'sysctl -w net.ipv4.conf.eth0.rp_filter=1'],
  )
  t.deepEqual([...new Set(filtered.observation.drops.map(({reason}) => reason))], ['IP_RPFILTER'])
  t.true(filtered.observation.counters.some(({place, counter}) => `${place} ${counter}` === 'node2 TcpExt:IPReversePathFilter'))
})

onEach(LOCAL, 'no nft on node2: which rule it met is unknown there, and the diagnosis is the same', async (t, runner) => {
  const {cause, where, observation} = await evidenceOf(runner, ['node2', UDP_DROP], ['node2', 'mount --bind /dev/null /usr/sbin/nft'])
  t.deepEqual([cause, where.node], ['filter-drop', 'node2'])
  t.deepEqual(observation.rules, [])
  const blind = observation.unobserved.filter(({what}) => what === 'rules')
  t.deepEqual(blind.map(({place}) => place).sort(), ['node2', 'pod3'])
  for (const {why} of blind) t.regex(why, /nft cannot be run/)
  // The rest is seen all the same.
  t.is(lastOf(observation), 'request in node2/eth0')
})

onEach(
  LOCAL,
  'facts from before the fault predict wrongly: the conflict is said, and the rule that was seen names the cause',
  async (t, runner) => {
    await using lab = await threeNodes(runner)
    const places = placesOf(lab.scenario)
    const facts = await readFacts(lab.fleet, places)
    await typed(lab, 'node2', UDP_DROP)
    const {probes, mtu} = await examined(lab, places, facts)
    const blind = diagnose({places, facts, probes, mtu, history: []})
    t.deepEqual(
      blind.map(({cause}) => cause),
      ['unknown'],
    )
    const [found] = await withEvidence(lab.fleet, blind, {facts, places, probes, mtu})
    const observation = found?.observation
    t.deepEqual(observation?.predicted, {way: 'reply', ended: 'delivered', at: 'pod1', arrives: 'pod3', doubts: []})
    t.deepEqual(observation?.conflicts.slice(0, 2), [
      'the facts bring the request to pod3, and it was last seen coming in at node2/eth0',
      `the facts let it pass both ways, and ip filter FORWARD at node2 dropped the request: ${observation?.rules[0]?.text}`,
    ])
    t.deepEqual([found?.cause, found?.where.node, found?.where.netns], ['filter-drop', 'node2', null])
    t.regex(found?.where.object ?? '', /^ip filter FORWARD handle \d+: /)
    // With the facts of now there is nothing to be said against them.
    const now = await examined(lab, places, facts)
    const [told] = await withEvidence(lab.fleet, now.diagnoses, {...now, places})
    t.deepEqual(told?.observation?.conflicts, [])
  },
)

onEach(ALL, 'while podwire watches, its tables are no part of the facts; when it has, they are gone', async (t, runner) => {
  await using lab = await threeNodes(runner)
  const places = placesOf(lab.scenario)
  const before = await readFacts(lab.fleet, places)
  const tables = () => typed(lab, 'node1', 'nft list tables; ip netns exec pod1 nft list tables')
  const own = await tables() // Docker's, in a container
  const posts = places.map((place) => ({place, families: ['inet', 'bridge']}))
  const watchers = startWatchers(lab.fleet, posts, 'abcdef012345', 'icmp')
  await watchers.ready
  t.is((await tables()).match(/^table (inet|bridge) podwire_abcdef012345$/gm)?.length, 4)
  t.deepEqual(
    [...(await readFacts(lab.fleet, places))].map(([place, here]) => [place, here?.ruleset]),
    [...before].map(([place, here]) => [place, here?.ruleset]),
  )
  await watchers.finish()
  t.is(await tables(), own)
})

onEach(LOCAL, 'podwire diagnose tells what was seen and what could not be, and ends alike without it', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  t.is((await home.podwire(['exec', 'node2', '--', ...UDP_DROP.split(' ')])).code, 0)
  const diagnosed = ['diagnose', 'pod1', 'pod3', '--no-trial', '--json']
  const [watched, blind] = [await home.podwire(diagnosed), await home.podwire([...diagnosed, '--no-watch'])]
  const documents = [watched, blind].map(({stdout}) => JSON.parse(stdout) as {diagnoses: Diagnosis[]})
  for (const document of documents) t.deepEqual(mistakesIn(document, 'diagnosis'), [])
  t.deepEqual([watched.code, blind.code], [1, 1], watched.stderr)
  const [seen, unseen] = documents.map(({diagnoses}) => diagnoses[0])
  t.deepEqual([seen?.cause, seen?.where, unseen?.observation], ['filter-drop', unseen?.where, undefined])
  t.is(seen?.observation?.rules[0]?.chain, 'FORWARD')
  // The tracepoint is for root alone.
  const unobserved = seen?.observation?.unobserved.map(({what}) => what)
  t.deepEqual([seen?.observation?.drops.length, unobserved], runner === asRoot ? [1, []] : [0, ['drops']])
  const {stdout} = await home.podwire(['diagnose', 'pod1', 'pod3', '--no-trial'])
  t.regex(
    stdout,
    /\n {2}predicted: the request ends at node2: filter-drop\n {2}seen: {6}udp, small: the request passed pod1, node1, and was last seen at node2\/eth0, coming in\n/,
  )
  if (runner !== asRoot) t.regex(stdout, /\n {2}unknown: {3}why the kernel dropped them: the kernel lets only root read/)
})

onEach(LOCAL, 'routes that change while they are read, and a tool that is not there: no crash, and said', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  const quiet = await home.podwire(['diagnose', 'pod1', 'pod3', '--json'])
  t.deepEqual((JSON.parse(quiet.stdout) as {unknown: unknown}).unknown, [], quiet.stderr)
  const restless = 'for i in $(seq 20000); do ip route add 10.99.0.0/16 via 192.168.1.13; ip route del 10.99.0.0/16; done'
  const type = (line: string) => home.podwire(['exec', 'node2', '--', 'sh', '-c', line])
  t.is((await type(`(${restless}) >/dev/null 2>&1 & mount --bind /dev/null /usr/sbin/nft; ip route del 10.244.1.0/24`)).code, 0)
  // The route may be as it was at both looks: so often it is not.
  let said = ''
  for (let attempt = 0; attempt < 10 && !/routes changed/.test(said); attempt++) {
    const {code, stdout, stderr} = await home.podwire(['diagnose', 'pod1', 'pod3', '--no-trial', '--json'])
    t.is(code, 1, stderr)
    const document = JSON.parse(stdout) as {diagnoses: Diagnosis[]; unknown: {place: string; what: string}[]}
    t.deepEqual(mistakesIn(document, 'diagnosis'), [])
    t.true(document.diagnoses.some(({cause, where}) => cause === 'no-route' && where.node === 'node2'))
    said = document.unknown.map(({place, what}) => `${place}: ${what}`).join('\n')
  }
  t.regex(said, /^node2: nft could not be asked$/m)
  t.regex(said, /^node2: the routes changed while they were read$/m)
})

onEach(LOCAL, 'SIGKILL while a packet is watched leaves no table in the lab and no instance of tracefs', async (t, runner) => {
  using machine = ownMachine(runner)
  const {code, output} = await machine.run(`
    cd /run
    (podwire up three-nodes --driver local --name watched >/dev/null) || exit 92
    (podwire exec node2 -- ${UDP_DROP}) || exit 93
    ls() { command ls "$@"; }
    traced=; mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null && [ -z "$AS_USER" ] && traced=yes
    watching() { grep -qsx nft /proc/[0-9]*/comm && { [ -z "$traced" ] || ls /sys/kernel/tracing/instances | grep -q podwire-; }; }
    ls /sys/kernel/tracing/instances 2>/dev/null >instances.before
    podwire diagnose pod1 pod3 --no-trial >shown 2>&1 & pid=$!
    until_so watching
    kill -KILL $pid; wait $pid
    ended() { ! grep -qsx nft /proc/[0-9]*/comm; }
    until_so ended
    for place in node1 node2 node3 pod1 pod3; do
      (podwire exec $place -- nft list tables) >tables || exit 94
      ! grep podwire tables || exit 95
    done
    clean() { ls /sys/kernel/tracing/instances 2>/dev/null >instances.after; ! grep -vxFf instances.before instances.after | grep podwire-; }
    until_so clean
    # The next one is as good as the first.
    (podwire diagnose pod1 pod3 --no-trial --json >told); [ $? = 1 ] || exit 96
    grep -q '"predicted"' told || { cat told; exit 97; }
    (podwire down) || exit 98
    gone
  `)
  t.is(code, 0, output)
})

onEach([asRoot], 'an instance of tracefs whose holder was killed goes with the next one', async (t, runner) => {
  using machine = ownMachine(runner)
  const {code, output} = await machine.run(`
    cd /run
    mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null || exit 0 # this machine has none
    stale=/sys/kernel/tracing/instances/podwire-stale$$
    mkdir $stale || exit 91
    (podwire up three-nodes --driver local >/dev/null) || exit 92
    (podwire exec node2 -- ${UDP_DROP}) || exit 93
    (podwire diagnose pod1 pod3 --no-trial >/dev/null); [ $? = 1 ] || exit 94
    left() { ! [ -d $stale ]; }
    until_so left
    (podwire down) || exit 95
    gone
  `)
  t.is(code, 0, output)
})
