// `podwire trace` as text and as a document: prediction and observation apart, and a conflict between them said.
import {readFileSync} from 'node:fs'
import {Ajv2020} from 'ajv/dist/2020.js'
import test from 'ava'
import {bothWays, conflictsOf, reaches} from '../../harness/both-ways.ts'
import {mtuIn, pairBetween} from '../../harness/cli/trace.ts'
import type {Facts} from '../../harness/facts/facts.ts'
import type {PacketSize, Pair, Probe, Protocol} from '../../harness/model.ts'
import type {Paint} from '../../harness/report/text.ts'
import {type Exchange, traceJson, tracesText, verdictOf} from '../../harness/report/trace.ts'
import {changedAt, withoutRoute, withRoute, withSetting} from '../tools/changed-facts.ts'
import {isAsExpected} from '../tools/expected.ts'
import {route} from '../tools/facts.ts'
import {MTU, PLACES, type Recording, recordedFacts, recordedProbes} from '../tools/recorded.ts'

const plain: Paint = (_, text) => text
const PAIR: Pair = {from: 'pod1', to: 'pod3', address: '10.244.2.2'}

function probeOf(recording: Recording, protocol: Protocol = 'icmp', size: PacketSize = 'small', pair = PAIR): Probe {
  const found = recordedProbes(recording).find(
    (probe) => probe.from === pair.from && probe.to === pair.to && probe.protocol === protocol && probe.size === size,
  )
  if (!found) throw new Error('no such probe')
  return found
}

function exchange(facts: Facts, probe: Probe, pair: Pair = PAIR): Exchange {
  const {protocol, size} = probe
  const ways = bothWays(facts, PLACES, pair, {protocol, size, mtu: MTU})
  return {ways, probe, conflicts: conflictsOf(ways, probe)}
}

function textOf(...exchanges: readonly Exchange[]): string {
  return tracesText({lab: 'three-nodes', exchanges}, plain)
}

function both(facts: Facts, recording: Recording): Exchange[] {
  return (['small', 'full'] as const).map((size) => exchange(facts, probeOf(recording, 'icmp', size)))
}

test('a pair that reaches: both ways hop by hop, and what each end saw', (t) => {
  const exchanges = both(recordedFacts(), 'healthy')
  isAsExpected(t, 'trace', textOf(...exchanges).replace(/after \S+ ms/, 'after 0.1 ms'))
  t.is(verdictOf(exchanges), 'pass')
  t.true(exchanges.every(({ways}) => reaches(ways)))
})

test('a pair that fails: where the reply stops is said, and that nobody saw it', (t) => {
  const silent: Probe = {...probeOf('healthy'), answered: false, error: 'no-answer', reply: {}}
  const failing = exchange(withoutRoute('node2', '10.244.1.0/24'), silent)
  isAsExpected(t, 'trace.no-return-route', textOf(failing))
  t.deepEqual(failing.conflicts, [])
  t.is(verdictOf([failing]), 'fail')
})

test('full packets are told of only where they fare otherwise', (t) => {
  const [small, full] = both(recordedFacts(), 'healthy')
  if (!small || !full) return t.fail()
  t.false(textOf(small, full).includes('1500 bytes'))
  const narrow = changedAt('node1', ({links}) => ({links: links.map((each) => (each.name === 'eth0' ? {...each, mtu: 1400} : each))}))
  const stuck = exchange(narrow, {...probeOf('healthy', 'icmp', 'full'), answered: false, error: 'EMSGSIZE', request: {}, reply: {}})
  t.regex(textOf(small, stuck), /1500 bytes: does not reach\n {2}forward .* {3}mtu too small at node1\n/)
  t.is(verdictOf([small, stuck]), 'fail')
})

/** node1's way to others is a process, as flanneld's with its TUN device. */
const BY_A_PROCESS = changedAt('node1', ({links}) => ({links: links.map((each) => (each.name === 'eth0' ? {...each, kind: 'tun'} : each))}))

test('what is not known is not foretold, and no packet disagrees with it', (t) => {
  const unseen = exchange(BY_A_PROCESS, probeOf('healthy'))
  t.regex(textOf(unseen), /^predicted from the facts, icmp, 84 bytes: unknown\n {2}forward .* {3}unknown at node1\n/)
  t.notRegex(textOf(unseen), /does not reach|conflict/)
})

test('a conflict is said: the facts let it pass, and no packet did', (t) => {
  const lost: Probe = {...probeOf('healthy'), answered: false, error: 'no-answer', request: {}, reply: {}}
  t.regex(
    textOf(exchange(recordedFacts(), lost)),
    /reaches\n[\s\S]*not answered\n {4}nobody saw the request\nconflict: the facts bring the request to pod3, and nobody saw it \(no-answer\)$/,
  )
})

test('a conflict is said: the facts stop it, and it came', (t) => {
  const off = changedAt('node1', () => ({forwarding: {4: false, 6: false}, sysctls: new Map([['ipv4.ip_forward', '0']])}))
  t.deepEqual(exchange(off, probeOf('healthy')).conflicts, ['the facts stop the request (forwarding-off at node1), and pod3 saw it'])
  t.deepEqual(exchange(withoutRoute('node2', '10.244.1.0/24'), probeOf('healthy')).conflicts, [
    'the facts stop the reply (no-route at node2), and it came',
  ])
})

test('no conflict where both agree, or where nothing could be observed', (t) => {
  t.deepEqual(exchange(recordedFacts(), probeOf('healthy')).conflicts, [])
  t.deepEqual(exchange(recordedFacts(), probeOf('healthy', 'tcp')).conflicts, [])
  t.deepEqual(exchange(recordedFacts(), {...probeOf('healthy'), answered: null, request: {}, reply: {}}).conflicts, [])
  t.is(verdictOf([exchange(recordedFacts(), {...probeOf('healthy'), answered: null})]), 'unknown')
})

test('an address that was translated on the way is told with both', (t) => {
  const seen = exchange(recordedFacts(), probeOf('masquerade'))
  t.regex(textOf(seen), /pod3 .*saw the request, source 192\.168\.1\.11 \(10\.244\.1\.2 was sent\)/)
  t.deepEqual(seen.conflicts, ['the facts leave the source alone, and 10.244.1.2 arrived as 192.168.1.11'])
})

test('a hop is told with the route that it takes, blackholes and settings with their names', (t) => {
  const probe = probeOf('healthy')
  const hole = withRoute('node1', route('10.244.2.2/32', {type: 'blackhole'}))
  t.regex(textOf(exchange(hole, probe)), /blackhole route at node1\n.*\n {4}node1 {2}blackhole 10\.244\.2\.2\n/)
  const ignored = withSetting('pod3', 'ipv4.icmp_echo_ignore_all', '1')
  t.regex(textOf(exchange(ignored, probe)), /echo ignored at pod3\n/)
})

test('what nodes say is not obeyed by a terminal', (t) => {
  const probe: Probe = {...probeOf('healthy'), answered: false, error: '\x1b[2Jgone', request: {}, reply: {}}
  const text = textOf(exchange(recordedFacts(), probe))
  t.false(text.includes('\x1b'))
  t.true(text.includes('\\x1b[2Jgone'))
})

test('two places make a pair, an address too, whoever holds it', (t) => {
  t.deepEqual(pairBetween('pod1', 'pod3', PLACES), PAIR)
  t.deepEqual(pairBetween('pod1', '10.244.2.2', PLACES), PAIR)
  t.deepEqual(pairBetween('pod1', '10.244.9.9', PLACES), {from: 'pod1', to: '10.244.9.9', address: '10.244.9.9'})
  t.throws(() => pairBetween('pod1', 'pod9', PLACES), {message: 'no place pod9 in this lab'})
  t.throws(() => pairBetween('pdo1', 'pod3', PLACES), {message: 'no place pdo1 in this lab'})
  t.throws(() => pairBetween('pod1', 'pod1', PLACES))
  t.throws(() => pairBetween('pod1', '10.244.1.2', PLACES))
})

test('a full packet is as long as the nodes’ own device takes', (t) => {
  t.is(mtuIn({}, recordedFacts(), PLACES), MTU)
  t.is(mtuIn({}, new Map(), PLACES), 1500)
  t.is(mtuIn({mtu: 1450}, recordedFacts(), PLACES), 1450)
})

test('the document is as fixtures/schema/trace.json has it, and a mistake in one is found', (t) => {
  const text = readFileSync(new URL('../../fixtures/schema/trace.json', import.meta.url), 'utf8')
  const validate = new Ajv2020({strict: true, allErrors: true, allowUnionTypes: true}).compile(JSON.parse(text))
  const document = (exchanges: readonly Exchange[]) =>
    JSON.parse(JSON.stringify(traceJson({lab: 'three-nodes', exchanges}))) as Record<string, unknown>
  const healthy = document(both(recordedFacts(), 'healthy'))
  for (const each of [healthy, document(both(withoutRoute('node1', '10.244.2.0/24'), 'masquerade'))]) {
    t.true(validate(each), JSON.stringify(validate.errors))
  }
  const unseen = document(both(BY_A_PROCESS, 'healthy'))
  const predicted = ({exchanges}: Record<string, unknown>) => (exchanges as {predicted: {reaches: unknown}}[])[0]?.predicted.reaches
  t.deepEqual(
    [predicted(healthy), predicted(unseen), predicted(document(both(withoutRoute('node1', '10.244.2.0/24'), 'healthy')))],
    [true, null, false],
  )
  t.true(validate(unseen), JSON.stringify(validate.errors))
  t.false(validate({...healthy, verdict: 'maybe'}))
  t.false(validate({...healthy, more: 1}))
  t.false(validate({...healthy, exchanges: []}))
})
