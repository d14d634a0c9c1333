// Faults by their catalogue, diagnosed from what probes and facts say: the code, the place, and a fix after which every pair
// works again. One lab for all: each fix has to leave it as it was.
import test, {type ExecutionContext} from 'ava'
import {examine} from '../../harness/examine.ts'
import {FAULTS, faultOf, firstPlace, injectionAt} from '../../harness/faults/catalogue.ts'
import type {Injection} from '../../harness/faults/fault.ts'
import {Unfit, wiredFrom} from '../../harness/faults/wired.ts'
import type {Diagnosis, FixCommand} from '../../harness/model.ts'
import {allPairs} from '../../harness/probe/probe.ts'
import {type Healthy, healthy as healthyLab, type, works} from './tools/diagnosing.ts'
import {threeNodes} from './tools/labs.ts'
import {ALL, asRoot, onEach, type Runner} from './tools/runners.ts'

/** What is not named as the catalogue has it, each with what happens instead. */
const NOT_YET: Readonly<Record<string, string>> = {
  'fdb-wrong': 'a port that sends moves the entry, and nothing fails',
  'stp-listening': 'the bridge is named, whose setting it is, and not the port',
  'neighbour-unresolved': 'what asks first is learned from',
  'mtu-blackhole': 'the two halves, the size and the filter, are told apart',
  'tc-drop': 'it is told twice',
}

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

onEach([asRoot], 'every fault of the catalogue is named by its code and place, and its fix mends it', async (t, runner) => {
  await using here = await healthy(runner)
  t.true(await works(here))
  const unfit: string[] = []
  for (const {cause} of FAULTS) {
    if (cause in NOT_YET) continue
    if (!(await namesAndMends(t, here, cause))) unfit.push(cause)
  }
  // One asks for a lab with proxy ARP, the other for IPv6.
  t.deepEqual(unfit.sort(), ['ipv6-disabled', 'proxy-arp-missing'])
})

const SOME = [
  'no-route',
  'forwarding-off',
  'interface-down',
  'filter-drop',
  'source-nat',
  'gateway-missing',
  'blackhole-route',
  'address-missing',
]

onEach(ALL, 'a few faults are named and mended whatever runs the nodes', async (t, runner) => {
  await using here = await healthy(runner)
  for (const cause of SOME) t.true(await namesAndMends(t, here, cause), cause)
})

onEach(ALL, 'a lab that works has no diagnosis', async (t, runner) => {
  await using here = await healthy(runner)
  const {found, failing} = await diagnosed(here)
  t.deepEqual([found, failing], [[], 0])
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
  await using here = await healthy(runner)
  for (const [index, [first, one]] of TWO.entries()) {
    for (const [second, other] of TWO.slice(index + 1)) {
      t.deepEqual(await type(here, [first, second]), [])
      const {found} = await diagnosed(here)
      const names = found.map(({cause, where}) => `${cause} ${where.node}`).sort()
      t.deepEqual(names, [one, other].sort(), `${first.command} and ${second.command}`)
      t.deepEqual(
        await type(
          here,
          found.flatMap(({fix}) => fix),
        ),
        [],
      )
      t.true(await works(here), `${first.command} and ${second.command} are mended`)
    }
  }
})

test('what is not named yet is in the catalogue, with a reason', (t) => {
  for (const [cause, why] of Object.entries(NOT_YET)) {
    t.truthy(faultOf(cause), cause)
    t.true(why.length > 10)
  }
})
