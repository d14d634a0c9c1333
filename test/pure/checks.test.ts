// The checks' verdicts on recorded rows: a healthy lab passes, and each fault is seen by the check it concerns.
import test from 'ava'
import {matrixOf, rowName} from '../../harness/checks/matrix.ts'
import type {CheckResult, Probe, Verdict} from '../../harness/model.ts'
import {checkNoNat, checkReach, checkUniqueAddress} from '../tools/findings.ts'
import {PLACES, recordedInterfaces, recordedProbes} from '../tools/recorded.ts'

/** The pairs of places with a verdict, each once. */
function pairsThat(verdict: Verdict, {pairs}: CheckResult): string[] {
  return [...new Set(pairs.filter((pair) => pair.verdict === verdict).map(({from, to}) => `${from} -> ${to}`))].sort()
}

const TRANSLATED = ['pod1', 'pod2'].flatMap((from) => ['node2', 'node3', 'pod3', 'pod4'].map((to) => `${from} -> ${to}`))

test('in a healthy lab every check passes, for every pair', (t) => {
  for (const result of [checkReach(recordedProbes('healthy')), checkNoNat(recordedProbes('healthy'))]) {
    t.is(result.verdict, 'pass')
    t.is(result.pairs.length, 252)
    t.true(result.pairs.every(({verdict, evidence}) => verdict === 'pass' && evidence.length === 0))
  }
  const unique = checkUniqueAddress(PLACES, recordedInterfaces('healthy'))
  t.deepEqual([unique.verdict, unique.pairs.length], ['pass', 21])
})

test('behind a masquerade every place still reaches every other', (t) => {
  t.is(checkReach(recordedProbes('masquerade')).verdict, 'pass')
})

test('no-nat fails behind a masquerade, and names exactly the translated pairs, in each protocol and size', (t) => {
  const result = checkNoNat(recordedProbes('masquerade'))
  t.is(result.verdict, 'fail')
  t.deepEqual(pairsThat('fail', result), TRANSLATED)
  t.deepEqual(pairsThat('unknown', result), [])
  t.is(result.pairs.filter(({verdict}) => verdict === 'fail').length, TRANSLATED.length * 6)
})

test('no-nat tells what left and what arrived, in both directions', (t) => {
  const {pairs} = checkNoNat(recordedProbes('masquerade'))
  for (const protocol of ['icmp', 'tcp', 'udp']) {
    const pair = pairs.find((each) => each.from === 'pod1' && each.to === 'pod3' && each.protocol === protocol && each.size === 'small')
    const [request, reply] = pair?.evidence ?? []
    t.regex(request ?? '', /^request left as 10\.244\.1\.2\b.* -> 10\.244\.2\.2\b.*, pod3 saw 192\.168\.1\.11\b/)
    t.regex(reply ?? '', /^reply left as 10\.244\.2\.2\b.* -> 192\.168\.1\.11\b.*, pod1 saw 10\.244\.2\.2\b.* -> 10\.244\.1\.2\b/)
  }
})

test('no-nat fails when only a port was changed, or only the reply', (t) => {
  const [first, ...others] = recordedProbes('healthy').filter(({protocol}) => protocol === 'udp')
  if (!first?.request.sent || !first.reply.sent) return t.fail('nothing was recorded')
  const port: Probe = {...first, request: {...first.request, seen: {...first.request.sent, sourcePort: 1024}}}
  const reply: Probe = {...first, reply: {...first.reply, seen: {...first.reply.sent, source: '192.168.1.99'}}}
  for (const probe of [port, reply]) {
    const {verdict, pairs} = checkNoNat([probe, ...others])
    t.is(verdict, 'fail')
    t.is(pairs.filter((pair) => pair.verdict === 'fail').length, 1)
  }
})

test('a row of the matrix says that its pair was translated, and no other row does', (t) => {
  t.false(matrixOf(recordedProbes('healthy')).some((row) => 'translated' in row))
  const rows = matrixOf(recordedProbes('masquerade'))
  t.true(rows.every(({verdict}) => verdict === 'pass'))
  const translated = rows.filter((row) => row.translated).map(rowName)
  t.deepEqual(translated.sort(), [...TRANSLATED].sort())
})

test('no-nat says nothing of what was not seen: unknown, never a pass', (t) => {
  const result = checkNoNat(recordedProbes('forwarding-off'))
  t.is(result.verdict, 'unknown')
  t.deepEqual(pairsThat('fail', result), [])
  t.deepEqual(pairsThat('unknown', result), pairsThat('fail', checkReach(recordedProbes('forwarding-off'))))
})

test('with forwarding off on node2 its pod reaches its own node, and nothing beyond it', (t) => {
  const result = checkReach(recordedProbes('forwarding-off'))
  t.is(result.verdict, 'fail')
  const others = ['node1', 'node3', 'pod1', 'pod2', 'pod4']
  t.deepEqual(
    pairsThat('fail', result),
    [...others.map((place) => `${place} -> pod3`), ...others.map((place) => `pod3 -> ${place}`)].sort(),
  )
})

test('a pod without its namespace leaves its pairs unknown, and the others as they are', (t) => {
  const result = checkReach(recordedProbes('no-namespace'))
  t.is(result.verdict, 'unknown')
  t.true(pairsThat('unknown', result).every((pair) => pair.includes('pod3')))
  t.is(pairsThat('unknown', result).length, 12)
  t.is(pairsThat('pass', result).length, 30)
})

test('unique-address fails where two pods hold one address, and names it', (t) => {
  const {verdict, pairs} = checkUniqueAddress(PLACES, recordedInterfaces('two-pods-one-address'))
  t.is(verdict, 'fail')
  const failed = pairs.filter((pair) => pair.verdict === 'fail')
  t.deepEqual(failed, [{from: 'pod1', to: 'pod4', verdict: 'fail', evidence: ['pod1 and pod4 both hold 10.244.1.2']}])
})

test('unique-address fails where a pod lacks its own address', (t) => {
  const interfaces = recordedInterfaces('healthy')
  interfaces.set('pod2', [])
  const result = checkUniqueAddress(PLACES, interfaces)
  t.is(result.verdict, 'fail')
  t.is(pairsThat('fail', result).length, 6)
  t.true(
    result.pairs
      .filter(({verdict}) => verdict === 'fail')
      .every(({evidence}) => evidence.includes('pod2 holds no address, not 10.244.1.3')),
  )
})

test('unique-address is unknown where a place could not be asked', (t) => {
  const interfaces = recordedInterfaces('healthy')
  interfaces.set('pod2', undefined)
  const result = checkUniqueAddress(PLACES, interfaces)
  t.deepEqual([result.verdict, pairsThat('unknown', result).length, pairsThat('fail', result).length], ['unknown', 6, 0])
})
