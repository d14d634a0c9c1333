// What becomes of a claim that should fail: it holds when every pair fails for the reason that is named, and for no other.
import test from 'ava'
import {judge, type Reason, wordsOf} from '../../harness/checks/expectation.ts'
import {reasonsFor} from '../../harness/checks/reason.ts'
import type {Facts} from '../../harness/facts/facts.ts'
import type {Cause, PairVerdict, Probe, Verdict} from '../../harness/model.ts'
import {PLACES, recordedFacts} from '../tools/recorded.ts'

function pair(verdict: Verdict, to = 'pod3'): PairVerdict {
  return {
    from: 'pod1',
    to,
    address: '10.244.2.2',
    protocol: 'icmp',
    size: 'small',
    verdict,
    evidence: verdict === 'pass' ? [] : ['no-answer'],
  }
}

const because = (cause: Cause, at: string) => (): Reason => ({cause, at, evidence: `${at} says so`})
const never = (): Reason => {
  throw new Error('nothing has to be explained')
}

const reasonOf = (probe: Probe, facts: Facts, before?: Facts): Reason =>
  reasonsFor([probe], {facts, places: PLACES, mtu: 1500, before})(probe)

test('without an expected failure the pairs add up, and nothing is explained', (t) => {
  t.deepEqual(judge([pair('pass'), pair('pass')], undefined, never), {verdict: 'pass', evidence: []})
  t.is(judge([pair('pass'), pair('fail')], undefined, never).verdict, 'fail')
  t.is(judge([pair('pass'), pair('unknown')], undefined, never).verdict, 'unknown')
})

test('a failure by the cause that is claimed is a pass, at the place where it is claimed or at any', (t) => {
  t.deepEqual(judge([pair('fail')], {cause: 'no-route', at: 'node1'}, because('no-route', 'node1')), {verdict: 'pass', evidence: []})
  t.deepEqual(judge([pair('fail')], {cause: 'no-route'}, because('no-route', 'node2')), {verdict: 'pass', evidence: []})
})

test('a failure by another cause, or at another place, fails the claim and names both', (t) => {
  const cause = judge([pair('fail')], {cause: 'no-route', at: 'node1'}, because('forwarding-off', 'node1'))
  t.deepEqual(cause, {
    verdict: 'fail',
    evidence: ['pod1 -> pod3 icmp fails, but not for no-route at node1: forwarding-off at node1 (node1 says so; no-answer)'],
  })
  t.is(judge([pair('fail')], {cause: 'no-route', at: 'node1'}, because('no-route', 'node2')).verdict, 'fail')
})

test('a pair that holds fails a claim that it should not', (t) => {
  t.deepEqual(judge([pair('pass')], {cause: 'no-route'}, never), {
    verdict: 'fail',
    evidence: ['pod1 -> pod3 icmp holds, and should fail: no-route'],
  })
  t.is(judge([pair('fail', 'pod3'), pair('pass', 'pod4')], {cause: 'no-route'}, because('no-route', 'node1')).verdict, 'fail')
})

test('what was not observed, or fails for no known reason, leaves the claim unknown', (t) => {
  const unseen = judge([pair('unknown')], {cause: 'no-route'}, never)
  t.deepEqual(unseen, {verdict: 'unknown', evidence: ['pod1 -> pod3 icmp could not be observed: no-answer']})
  const unexplained = judge([pair('fail')], {cause: 'no-route'}, () => ({cause: 'unknown', evidence: 'it should pass'}))
  t.is(unexplained.verdict, 'unknown')
  t.regex(unexplained.evidence[0] ?? '', /fails, and not known to be for no-route: unknown \(it should pass; no-answer\)/)
  t.is(judge([pair('unknown'), pair('pass')], {cause: 'no-route'}, never).verdict, 'fail')
})

test('of no pairs at all nothing is known, and the same words are told once', (t) => {
  t.is(judge([], {cause: 'no-route'}, never).verdict, 'unknown')
  t.is(judge([pair('pass'), pair('pass')], {cause: 'no-route'}, never).evidence.length, 1)
})

test('an expected failure in words', (t) => {
  t.deepEqual([wordsOf({cause: 'no-route'}), wordsOf({cause: 'no-route', at: 'node1'})], ['no-route', 'no-route at node1'])
})

const UNANSWERED: Probe = {
  from: 'pod1',
  to: 'pod3',
  address: '10.244.2.2',
  family: 4,
  protocol: 'icmp',
  size: 'small',
  answered: false,
  error: 'no-answer',
  request: {},
  reply: {},
}

function without(name: string, to: string) {
  const facts = new Map(recordedFacts())
  const here = facts.get(name)
  if (!here) throw new Error(`no facts of ${name}`)
  return facts.set(name, {...here, routes: here.routes.filter((route) => route.to !== to)})
}

test('the reason of a lost exchange is what stops the request, or else what stops the reply', (t) => {
  t.like(reasonOf(UNANSWERED, without('node1', '10.244.2.0/24')), {cause: 'no-route', at: 'node1'})
  t.like(reasonOf(UNANSWERED, without('node2', '10.244.1.0/24')), {cause: 'no-return-route', at: 'node2'})
  t.like(reasonOf(UNANSWERED, without('pod3', '0.0.0.0/0')), {cause: 'no-return-route', at: 'pod3'})
})

test('where the tables let it pass, or the kernel says something else, the reason is unknown', (t) => {
  t.is(reasonOf(UNANSWERED, recordedFacts()).cause, 'unknown')
  const facts = without('pod1', '0.0.0.0/0')
  t.is(reasonOf({...UNANSWERED, error: 'ENETUNREACH'}, facts).cause, 'gateway-missing')
  const contradicted = reasonOf({...UNANSWERED, error: 'EACCES'}, facts)
  t.is(contradicted.cause, 'unknown')
  t.regex(contradicted.evidence, /the tables say gateway-missing \(.*\), the kernel EACCES/)
})

test('an answer that would come from another place is a duplicate address', (t) => {
  const facts = new Map(recordedFacts())
  const here = facts.get('node2')
  if (!here) return t.fail()
  const lo = here.links.map((link) =>
    link.name === 'lo' ? {...link, addresses: [{address: '10.244.2.2', prefixLength: 32, scope: 'global'}]} : link,
  )
  t.like(reasonOf(UNANSWERED, facts.set('node2', {...here, links: lo})), {cause: 'duplicate-address', at: 'node2'})
})
