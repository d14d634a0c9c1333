// The smaller claims, on data alone: a subnet for each node, routers crossed, what a command comes to, the matrix.
import test from 'ava'
import {checkCommand} from '../../harness/checks/command.ts'
import {hopsVerdicts} from '../../harness/checks/hops.ts'
import {matrixOf} from '../../harness/checks/matrix.ts'
import {ownSubnetVerdicts} from '../../harness/checks/own-subnet.ts'
import {pairsToReach} from '../../harness/checks/pairs.ts'
import {uniqueAddressVerdicts} from '../../harness/checks/unique-address.ts'
import type {CommandResult} from '../../harness/command.ts'
import type {Fleet} from '../../harness/driver.ts'
import type {Interface, Interfaces} from '../../harness/facts/interfaces.ts'
import {type CommandClaim, type FlowTuple, type Place, type Probe, placesAfter} from '../../harness/model.ts'
import {translationOf} from '../../harness/probe/translated.ts'
import {loadScenario} from '../../harness/scenario/load.ts'
import {PLACES, recordedInterfaces, recordedProbes} from '../tools/recorded.ts'

/** The healthy lab's interfaces with those of one place replaced. */
function withAddresses(place: string, ...addresses: readonly string[]): Interfaces {
  const own: Interface = {
    name: 'eth0',
    mtu: 1500,
    up: true,
    addresses: addresses.map((text) => ({address: text.split('/')[0] ?? '', prefixLength: Number(text.split('/')[1])})),
  }
  return recordedInterfaces('healthy').set(place, [own])
}

test('own-subnet: nodes whose pods are on networks of their own pass, each pair once', (t) => {
  const verdicts = ownSubnetVerdicts(PLACES, recordedInterfaces('healthy'))
  t.deepEqual(
    verdicts.map(({from, to, verdict}) => `${from} ${to} ${verdict}`),
    ['node1 node2 pass', 'node1 node3 pass', 'node2 node3 pass'],
  )
})

test('own-subnet fails where two nodes’ pods share a network, also one of another length', (t) => {
  for (const address of ['10.244.1.9/24', '10.244.0.9/16', '10.244.1.200/28']) {
    const failing = ownSubnetVerdicts(PLACES, withAddresses('pod4', address)).filter(({verdict}) => verdict === 'fail')
    t.true(
      failing.some(({from, to}) => from === 'node1' && to === 'node3'),
      address,
    )
    t.false(
      failing.some(({from, to}) => from === 'node1' && to === 'node2'),
      address,
    )
    t.regex(failing[0]?.evidence[0] ?? '', /^the pods of node1 are on 10\.244\.1\.0\/24, those of node3 on 10\.244\./)
  }
})

test('own-subnet takes a /32 for the network of its node that holds it', (t) => {
  t.true(ownSubnetVerdicts(PLACES, withAddresses('pod2', '10.244.1.3/32')).every(({verdict}) => verdict === 'pass'))
})

test('own-subnet is unknown for the nodes of a pod that could not be read', (t) => {
  const verdicts = ownSubnetVerdicts(PLACES, recordedInterfaces('healthy').set('pod3', undefined))
  t.deepEqual(
    verdicts.map(({verdict}) => verdict),
    ['unknown', 'pass', 'unknown'],
  )
  t.deepEqual(verdicts[0]?.evidence, ['pod3: its addresses could not be read'])
})

test('unique-address takes addresses of both families, however they are written', (t) => {
  const place = (name: string, ...addresses: readonly string[]): Place => ({
    ...(PLACES.find((each) => each.name === name) as Place),
    address: addresses[0] ?? '',
    addresses,
  })
  const places = [place('pod1', '10.244.1.2', 'fd00::2'), place('pod2', '10.244.1.3', 'fd00::3')]
  const verdictOf = (...held: readonly string[]) =>
    uniqueAddressVerdicts(
      places,
      new Map([
        ...withAddresses('pod1', '10.244.1.2/24', 'fd00:0::2/64'),
        ...[['pod2', withAddresses('pod2', ...held).get('pod2')] as const],
      ]),
    )[0]
  t.is(verdictOf('10.244.1.3/24', 'fd00::3/64')?.verdict, 'pass')
  t.deepEqual(verdictOf('10.244.1.3/24')?.evidence, ['pod2 holds 10.244.1.3, not fd00::3'])
  t.deepEqual(verdictOf('10.244.1.3/24', 'fd00::3/64', 'fd00:0:0::2/64')?.evidence, ['pod1 and pod2 both hold fd00:0::2'])
})

const SENT: FlowTuple = {source: '10.244.1.2', sourcePort: 7, destination: '10.244.2.2', destinationPort: 7}

function probe(changes: Partial<Probe>): Probe {
  const base = {from: 'pod1', to: 'pod3', address: '10.244.2.2', family: 4, protocol: 'icmp', size: 'small', answered: true} as const
  return {...base, request: {}, reply: {}, ...changes}
}

test('hops: what is gone of the time to live is the routers that were crossed', (t) => {
  t.is(hopsVerdicts([probe({ttl: 62})], 2)[0]?.verdict, 'pass')
  const wrong = hopsVerdicts([probe({ttl: 62})], 1)[0]
  t.deepEqual([wrong?.verdict, wrong?.evidence], ['fail', ['2 routers were crossed (ttl 62), not 1']])
  const unseen = hopsVerdicts([probe({answered: false, error: 'ENETUNREACH'})], 2)[0]
  t.deepEqual([unseen?.verdict, unseen?.evidence], ['unknown', ['no time to live was seen (ENETUNREACH)']])
  t.deepEqual(hopsVerdicts([probe({protocol: 'tcp', ttl: 62})], 1), [])
})

test('hops agrees with what was recorded: none on a node, two between nodes', (t) => {
  const between = (from: string, to: string) => recordedProbes('healthy').filter((each) => each.from === from && each.to === to)
  for (const [to, routers] of [
    ['pod2', 0],
    ['node1', 0],
    ['node2', 1],
    ['pod3', 2],
  ] as const) {
    t.true(
      hopsVerdicts(between('pod1', to), routers).every(({verdict}) => verdict === 'pass'),
      to,
    )
    t.true(
      hopsVerdicts(between('pod1', to), routers + 1).every(({verdict}) => verdict === 'fail'),
      to,
    )
  }
})

test('which end was translated, by what the receivers saw', (t) => {
  t.is(translationOf(probe({request: {sent: SENT, seen: SENT}})), undefined)
  t.is(translationOf(probe({request: {sent: SENT}})), undefined)
  t.is(translationOf(probe({request: {sent: SENT, seen: {...SENT, source: '192.168.1.11'}}})), 'source-nat')
  t.is(translationOf(probe({request: {sent: SENT, seen: {...SENT, sourcePort: 8}}})), 'source-nat')
  t.is(translationOf(probe({request: {sent: SENT, seen: {...SENT, destination: '10.244.2.9'}}})), 'destination-nat')
  t.is(translationOf(probe({request: {sent: SENT, seen: SENT}, reply: {sent: SENT, seen: {...SENT, source: '10.9.9.9'}}})), 'source-nat')
  const six = {...SENT, source: 'fd00::1', destination: 'fd00::2'}
  t.is(translationOf(probe({request: {sent: six, seen: {...six, source: 'fd00:0::1'}}})), undefined)
})

test('the matrix has one verdict for a pair: the worst of its exchanges', (t) => {
  const rows = matrixOf([
    probe({}),
    probe({protocol: 'tcp', answered: false}),
    probe({to: 'pod4'}),
    probe({to: 'pod2', answered: null}),
    probe({to: 'pod2', protocol: 'tcp'}),
  ])
  t.deepEqual(rows, [
    {from: 'pod1', to: 'pod3', family: 4, verdict: 'fail'},
    {from: 'pod1', to: 'pod4', family: 4, verdict: 'pass'},
    {from: 'pod1', to: 'pod2', family: 4, verdict: 'unknown'},
  ])
  t.deepEqual(matrixOf([]), [])
})

const CLAIM: CommandClaim = {
  check: 'command',
  place: 'node1',
  command: 'ip addr',
  prints: [],
  exit: 'success',
  source: {file: 'x.ts', line: 1},
}
const NODE = PLACES.find(({name}) => name === 'node1') as Place
const POD = PLACES.find(({name}) => name === 'pod1') as Place

/** A fleet of which only one answer is known, and what it was asked. */
function answering(result: Partial<CommandResult> & {readonly out?: string; readonly err?: string}): {fleet: Fleet; asked: string[]} {
  const asked: string[] = []
  const {out = '', err = '', ...rest} = result
  const fleet = {
    run: async (node: string, command: string) => {
      asked.push(`${node}# ${command}`)
      return {node, command, exitCode: 0, startedAt: 0, duration: 1, stdout: Buffer.from(out), stderr: Buffer.from(err), ...rest}
    },
  } as unknown as Fleet
  return {fleet, asked}
}

test('a command that ends as claimed and says what is claimed is a pass', async (t) => {
  const {fleet, asked} = answering({out: 'inet 10.244.1.2/24\n'})
  const {verdict, evidence, command} = await checkCommand(fleet, NODE, {...CLAIM, prints: ['10.244.1.2']})
  t.deepEqual([verdict, evidence, command], ['pass', [], {place: 'node1', command: 'ip addr', exitCode: 0, output: 'inet 10.244.1.2/24'}])
  t.deepEqual(asked, ['node1# ip addr'])
})

test('at a pod it runs in the pod’s own namespace, to the letter', async (t) => {
  const {fleet, asked} = answering({})
  await checkCommand(fleet, POD, {...CLAIM, command: "echo 'a b' | wc"})
  t.deepEqual(asked, [`node1# [ -e /run/netns/pod1 ] || exit 193; ip netns exec pod1 bash -c 'echo '\\''a b'\\'' | wc'`])
})

test('another exit code, or a text that is not said, fails it and shows what was said', async (t) => {
  const code = await checkCommand(answering({exitCode: 2, err: 'Cannot find device\n'}).fleet, NODE, CLAIM)
  t.deepEqual([code.verdict, code.evidence], ['fail', ['it ended with 2', 'it said: Cannot find device']])
  const text = await checkCommand(answering({}).fleet, NODE, {...CLAIM, prints: ['UP']})
  t.deepEqual([text.verdict, text.evidence], ['fail', ['it does not say "UP"', 'it said nothing']])
  const elsewhere = await checkCommand(answering({err: 'UP'}).fleet, NODE, {...CLAIM, prints: ['UP']})
  t.is(elsewhere.verdict, 'fail', 'standard error is not its output')
})

test('a command that should fail passes when it fails with those words, and fails when it does not', async (t) => {
  const claim: CommandClaim = {...CLAIM, exit: 'failure', prints: ['unreachable']}
  t.is((await checkCommand(answering({exitCode: 1, err: 'Network is unreachable'}).fleet, NODE, claim)).verdict, 'pass')
  t.is((await checkCommand(answering({exitCode: 1, err: 'no such device'}).fleet, NODE, claim)).verdict, 'fail')
  const held = await checkCommand(answering({out: 'unreachable'}).fleet, NODE, claim)
  t.deepEqual([held.verdict, held.evidence[0]], ['fail', 'it ended with 0, and should fail'])
})

test('a command that was cut off fails by its time limit, and is unknown where its node went away', async (t) => {
  const verdictFor = async (cause: 'time-limit' | 'session-lost' | 'disposed') =>
    (await checkCommand(answering({exitCode: null, cause}).fleet, NODE, CLAIM)).verdict
  t.deepEqual(
    [await verdictFor('time-limit'), await verdictFor('session-lost'), await verdictFor('disposed')],
    ['fail', 'unknown', 'unknown'],
  )
})

test('a command that could not be run, or whose place is not there, has not failed as claimed', async (t) => {
  const {fleet} = answering({exitCode: 127, err: 'bash: pingg: command not found'})
  const typed = await checkCommand(fleet, POD, {...CLAIM, exit: 'failure', prints: ['not found']})
  t.is(typed.verdict, 'fail')
  t.regex(typed.evidence.join(), /could not be run/)
  const gone = await checkCommand(answering({exitCode: 193}).fleet, POD, {...CLAIM, exit: 'failure', prints: []})
  t.is(gone.verdict, 'fail')
  t.regex(gone.evidence.join(), /pod1 has no namespace/)
})

test('hosts are looked at in the pairs that they were last said to reach in', async (t) => {
  const scenario = await loadScenario(new URL('../../scenarios/minikube.ts', import.meta.url).pathname)
  const pairs = pairsToReach(scenario, placesAfter(scenario, scenario.stages.length)).map(({from, to}) => `${from} ${to}`)
  t.is(pairs.length, 11)
  t.true(['laptop phone', 'laptop minikube', 'laptop pod1', 'laptop pod2', 'phone minikube'].every((pair) => pairs.includes(pair)))
  // It is said to fail to the last.
  t.false(pairs.includes('phone pod1'))
})
