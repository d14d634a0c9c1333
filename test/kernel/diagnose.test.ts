// Faults by their catalogue, diagnosed from what probes and facts say: the code, the place, and a fix after which every pair
// works again. One lab for all: each fix has to leave it as it was.
import test, {type ExecutionContext} from 'ava'
import {examine} from '../../harness/examine.ts'
import {readFacts} from '../../harness/facts/read.ts'
import {FAULTS, faultOf, firstPlace, injectionAt} from '../../harness/faults/catalogue.ts'
import {CONTROL_FAULTS} from '../../harness/faults/control.ts'
import {differences} from '../../harness/faults/difference.ts'
import type {Injection} from '../../harness/faults/fault.ts'
import {TUNNEL_FAULTS} from '../../harness/faults/tunnels.ts'
import {Unfit, wiredFrom} from '../../harness/faults/wired.ts'
import type {Cause, Diagnosis, FixCommand, Place} from '../../harness/model.ts'
import {allPairs} from '../../harness/probe/probe.ts'
import {type Healthy, healthy as healthyLab, type, works} from './tools/diagnosing.ts'
import {threeNodes} from './tools/labs.ts'
import {HARMLESS, PAIRS, PHRASINGS} from './tools/phrasings.ts'
import {asRoot, asUser, inDocker, onEach, type Runner} from './tools/runners.ts'

async function healthy(runner: Runner): Promise<Healthy & AsyncDisposable> {
  const lab = await threeNodes(runner)
  return {...(await healthyLab(lab)), [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]()}
}

async function diagnosed({lab, places, before}: Healthy): Promise<{found: readonly Diagnosis[]; failing: number}> {
  const history = lab.history.map(({node, command}) => ({node, command}))
  const {probes, diagnoses} = await examine(lab.fleet, places, allPairs(places), {history, before})
  return {found: diagnoses, failing: probes.filter(({answered}) => answered !== true).length}
}

function isNamed({cause, where}: Diagnosis, {expect}: Injection): boolean {
  const same = where.node === expect.where.node && where.netns === expect.where.netns && expect.where.object.test(where.object)
  return same && [expect.cause, ...(expect.alike ?? [])].includes(cause)
}

/** @returns false where no place of this lab fits the fault */
async function namesAndMends(t: ExecutionContext, here: Healthy, cause: string): Promise<boolean> {
  const variant = faultOf(cause)?.variants[0]
  const wired = wiredFrom(here.before, here.places)
  const place = variant && firstPlace(variant, wired)
  if (!variant || place === undefined) return false
  const injection = injectionAt(variant, wired, place)
  if (injection instanceof Unfit) return false
  const words = `${cause} at ${place}: ${injection.inject.map(({command}) => command).join('; ')}`
  t.deepEqual(await type(here, injection.inject), [], words)
  const {found} = await diagnosed(here)
  const told = JSON.stringify(found.map(({cause: code, where, fix}) => [code, where, fix]))
  t.is(found.length, 1, `one diagnosis of ${words}: ${told}`)
  t.true(
    found.some((diagnosis) => isNamed(diagnosis, injection)),
    `${words} is named: ${told}`,
  )
  t.deepEqual(
    await type(
      here,
      found.flatMap(({fix}) => fix),
    ),
    [],
    words,
  )
  t.true(await works(here), `${words} is mended by ${told}`)
  return true
}

/** On labs side by side, since much of it is waiting for packets that do not come; each takes the next that is left. */
async function sideBySide<T>(runner: Runner, items: readonly T[], work: (here: Healthy, item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  await Promise.all(
    Array.from({length: LABS}, async () => {
      await using here = await healthy(runner)
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(here, item)
    }),
  )
}

/** As many as the machine has cores for. */
const LABS = 2

onEach([asRoot], 'every fault of the catalogue is named by its code and place, and its fix mends it', async (t, runner) => {
  t.timeout(300_000) // for hangs
  const unfit: string[] = []
  const causes = FAULTS.map(({cause}) => cause)
  await sideBySide(runner, causes, async (here, cause) => {
    if (!(await namesAndMends(t, here, cause))) unfit.push(cause)
  })
  // One asks for a lab with proxy ARP, another for IPv6, and others for ready networks: broken-networks.test.ts has those.
  const networks = [...TUNNEL_FAULTS, ...CONTROL_FAULTS].map(({cause}) => cause)
  t.deepEqual(unfit.sort(), ['ipv6-disabled', 'proxy-arp-missing', ...networks].sort())
})

const SOME: readonly Cause[] = ['no-route', 'forwarding-off', 'interface-down', 'filter-drop', 'source-nat', 'gateway-missing']

/** A third of the 48 that can be brought about, with some of SOME: containers are set up otherwise. */
const IN_CONTAINERS: readonly Cause[] = [
  ...SOME,
  ...(['blackhole-route', 'address-missing', 'duplicate-address', 'wrong-prefix-length', 'bridge-down', 'peer-down'] as const),
  ...(['port-not-enslaved', 'neighbour-wrong', 'no-return-route', 'wrong-next-hop', 'policy-rule', 'filter-reject'] as const),
  ...(['mtu-too-small', 'echo-ignored'] as const),
]

onEach(
  [asUser, inDocker],
  'a lab that works has no diagnosis; faults in it are named and mended whatever runs the nodes',
  async (t, runner) => {
    await using here = await healthy(runner)
    const {found, failing} = await diagnosed(here)
    t.deepEqual([found, failing], [[], 0])
    for (const cause of runner.driver === 'docker' ? IN_CONTAINERS : SOME) t.true(await namesAndMends(t, here, cause), cause)
  },
)

test('on docker there are faults for a third of the causes', (t) => {
  t.true(new Set(IN_CONTAINERS).size * 3 >= FAULTS.length)
})

/** Each on machines of its own. */
const TWO: readonly (readonly [FixCommand, string])[] = [
  [{where: 'node1', command: 'ip route del 10.244.2.0/24'}, 'no-route node1'],
  [{where: 'node1', command: 'ip -n pod2 link set veth-pod2 down'}, 'interface-down node1'],
  [{where: 'node2', command: 'sysctl -w net.ipv4.ip_forward=0'}, 'forwarding-off node2'],
  [{where: 'node2', command: 'ip -n pod3 addr del 10.244.2.2/24 dev veth-pod3'}, 'address-missing node2'],
  [{where: 'node3', command: 'iptables -A FORWARD -p udp -j DROP'}, 'filter-drop node3'],
  [{where: 'node3', command: 'ip link set veth-pod4-br nomaster'}, 'port-not-enslaved node3'],
]

onEach([asRoot], 'two faults at once are two diagnoses, and both fixes together mend the lab', async (t, runner) => {
  t.timeout(300_000) // for hangs
  const both = TWO.flatMap((one, index) => TWO.slice(index + 1).map((other) => [one, other] as const))
  await sideBySide(runner, both, async (here, [[first, one], [second, other]]) => {
    const said = `${first.command} and ${second.command}`
    t.deepEqual(await type(here, [first, second]), [])
    const {found} = await diagnosed(here)
    t.deepEqual(found.map(({cause, where}) => `${cause} ${where.node}`).sort(), [one, other].sort(), said)
    const fixes = found.flatMap(({fix}) => fix)
    t.deepEqual(await type(here, fixes), [], said)
    t.true(await works(here), `${said} are mended`)
  })
})

/** `pod3# COMMAND`, in the shell of the place. */
function typedAt(places: readonly Place[], line: string): FixCommand {
  const [at = '', ...words] = line.split('# ')
  const {node, netns} = places.find(({name}) => name === at) as Place
  const command = words.join('# ')
  return {where: node, command: netns === undefined ? command : `ip netns exec ${netns} bash -c '${command.replaceAll("'", `'\\''`)}'`}
}

/** Names all of these and nothing else, and its fix leaves everything as it was. */
async function namesExactly(t: ExecutionContext, here: Healthy, lines: readonly string[], expected: readonly string[]): Promise<void> {
  const words = lines.join('; ')
  const commands = lines.map((line) => typedAt(here.places, line))
  t.deepEqual(await type(here, commands), [], words)
  const {found} = await diagnosed(here)
  const told = found.map(({cause, where}) => ({cause, at: where.netns ?? where.node, object: where.object}))
  t.is(told.length, expected.length, `${words}: ${JSON.stringify(told)}`)
  for (const each of expected) {
    const [causes = '', at, object = ''] = each.split(' ')
    t.true(
      told.some((one) => causes.split('|').includes(one.cause) && one.at === at && one.object.includes(object)),
      `${words} is ${each}: ${JSON.stringify(told)}`,
    )
  }
  const fix = found.flatMap((diagnosis) => diagnosis.fix)
  t.deepEqual(await type(here, fix), [], words)
  t.true(await works(here), `${words} is mended by ${JSON.stringify(fix)}`)
  t.deepEqual(differences(here.before, await readFacts(here.lab.fleet, here.places)), [], words)
}

for (const [family, phrasings] of Object.entries(PHRASINGS))
  onEach([asRoot], `a fault ${family} is named however it is typed, and its fix undoes it and nothing else`, async (t, runner) => {
    await using here = await healthy(runner)
    t.true(await works(here))
    for (const [line, expected] of phrasings) await namesExactly(t, here, [line], [expected])
  })

onEach([asRoot], 'of two faults both are named, though one hides the other, and their fixes undo both', async (t, runner) => {
  await using here = await healthy(runner)
  t.true(await works(here))
  for (const [lines, expected] of PAIRS) await namesExactly(t, here, lines, expected)
})

onEach([asRoot], 'what was changed and breaks nothing is not diagnosed, and stays when a fault beside it is mended', async (t, runner) => {
  await using here = await healthy(runner)
  t.true(await works(here))
  const harmless = HARMLESS.map((line) => typedAt(here.places, line))
  t.deepEqual(await type(here, harmless), [])
  t.deepEqual(await diagnosed(here), {found: [], failing: 0})
  const changed = await readFacts(here.lab.fleet, here.places)
  t.deepEqual(await type(here, [{where: 'node1', command: 'iptables -A FORWARD -d 10.244.3.2 -j DROP'}]), [])
  const {found} = await diagnosed(here)
  t.deepEqual(
    found.map(({cause, where}) => [cause, where.node]),
    [['filter-drop', 'node1']],
  )
  t.deepEqual(await type(here, found[0]?.fix ?? []), [])
  t.deepEqual(differences(changed, await readFacts(here.lab.fleet, here.places)), [])
})
