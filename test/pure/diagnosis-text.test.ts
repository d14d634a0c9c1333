// A diagnosis as it should read: style.md's second message, and what becomes of it with more pairs, fixes, or less known.
import test from 'ava'
import {bothWays} from '../../harness/both-ways.ts'
import type {Facts} from '../../harness/facts/facts.ts'
import {CAUSES, type Diagnosis, type Pair, type Probe, type Trial} from '../../harness/model.ts'
import {causeWords} from '../../harness/report/cause.ts'
import {type DiagnosisSource, diagnosesText, diagnosisText} from '../../harness/report/diagnosis.ts'
import type {Paint} from '../../harness/report/text.ts'
import {withoutRoute} from '../tools/changed-facts.ts'
import {isAsExpected} from '../tools/expected.ts'
import {MTU, PLACES, recordedFacts, recordedProbes} from '../tools/recorded.ts'

const plain: Paint = (_, text) => text
const PAIR: Pair = {from: 'pod1', to: 'pod3', address: '10.244.2.2'}
const SIX_OF_SIX: Trial = {verdict: 'pass', turned: 2, failing: 2, passing: 6, total: 6, evidence: []}

const NO_RETURN: Diagnosis = {
  from: 'pod1',
  to: 'pod3',
  protocol: 'icmp',
  verdict: 'fail',
  cause: 'no-route',
  where: {node: 'node2', netns: null, object: '10.244.1.2'},
  evidence: ['$ ip route get 10.244.1.2 from 10.244.2.2 iif v-net-0\nRTNETLINK answers: Network is unreachable'],
  fix: [{where: 'node2', command: 'ip route add 10.244.1.0/24 via 192.168.1.11'}],
  tried: SIX_OF_SIX,
  pairs: ['pod1 -> pod3'],
}

/** The pair's recorded packets: answered ones, or with every reply lost. */
function probes(answered: boolean, recording: 'healthy' | 'masquerade' = 'healthy'): Probe[] {
  return recordedProbes(recording)
    .filter(({from, to}) => from === PAIR.from && to === PAIR.to)
    .map((probe) => (answered ? probe : {...probe, answered: false, error: 'no-answer', reply: {}}))
}

function source(diagnosis: Diagnosis, facts: Facts, sent: readonly Probe[]): DiagnosisSource {
  const {forward, back} = bothWays(facts, PLACES, PAIR, {protocol: 'icmp', size: 'small', mtu: MTU})
  return {diagnosis, address: PAIR.address, forward, ...(back && {back}), probes: sent}
}

function textOf(changes: Partial<Diagnosis> = {}): string {
  return diagnosisText(source({...NO_RETURN, ...changes}, withoutRoute('node2', '10.244.1.0/24'), probes(false)), plain)
}

test('it reads as style.md has it', (t) => {
  isAsExpected(t, 'diagnosis', textOf())
})

test('many pairs are one diagnosis: some by name, the others counted', (t) => {
  const pairs = ['pod1 -> pod3', ...Array.from({length: 50}, (_, index) => `pod${index + 4} -> pod3`)]
  isAsExpected(t, 'diagnosis.many-pairs', textOf({pairs}))
  t.regex(textOf({pairs}), / and 47 more pairs\n/)
  t.regex(textOf({pairs: pairs.slice(0, 5)}), /pod4 -> pod3, pod5 -> pod3, pod6 -> pod3 and 1 more pair\n/)
  t.regex(textOf({pairs: pairs.slice(0, 3)}), /the same for pod4 -> pod3, pod5 -> pod3\n/)
  t.notRegex(textOf(), /the same for|more pair/)
})

test('a request that is stopped: the evidence stands where it stops', (t) => {
  const diagnosis: Diagnosis = {
    ...NO_RETURN,
    where: {node: 'node1', netns: null, object: '10.244.2.2'},
    evidence: ['node1 has no route to 10.244.2.2'],
    fix: [{where: 'node1', command: 'ip route add 10.244.2.0/24 via 192.168.1.12'}],
  }
  const lost = probes(false).map(({request: _, ...probe}): Probe => ({...probe, request: {}}))
  isAsExpected(t, 'diagnosis.forward', diagnosisText(source(diagnosis, withoutRoute('node1', '10.244.2.0/24'), lost), plain))
})

test('addresses that are translated: the pair reaches, and not as itself', (t) => {
  const diagnosis: Diagnosis = {
    ...NO_RETURN,
    cause: 'source-nat',
    where: {node: 'node1', netns: null, object: 'ip nat POSTROUTING: masquerade'},
    evidence: ['node1 turns 10.244.1.2 into 192.168.1.11'],
    fix: [{where: 'node1', command: 'nft delete rule ip nat POSTROUTING handle 4'}],
    tried: {verdict: 'fail', turned: 1, failing: 2, passing: 5, total: 6, evidence: ['pod3 -> pod1: no-answer']},
  }
  isAsExpected(t, 'diagnosis.source-nat', diagnosisText(source(diagnosis, recordedFacts(), probes(true, 'masquerade')), plain))
})

test('fixes of several lines, untried ones, and none', (t) => {
  const fix = [
    {where: 'node2', command: 'ip link set v-net-0 up'},
    {where: 'node2', command: 'ip route add 10.244.1.0/24 via 192.168.1.11'},
  ]
  t.true(
    textOf({fix}).endsWith(
      'fix:   on node2: ip link set v-net-0 up\n       on node2: ip route add 10.244.1.0/24 via 192.168.1.11   (tried on a copy of the lab: 6 of 6 pairs reach)',
    ),
  )
  const {tried: _, ...untried} = NO_RETURN
  const text = diagnosisText({diagnosis: untried}, plain)
  t.true(text.endsWith('via 192.168.1.11   (not tried)'))
  t.regex(textOf({fix: []}), /\nfix: {3}none is known$/)
  t.regex(
    textOf({tried: {...SIX_OF_SIX, verdict: 'unknown', evidence: ['the journal has an interactive shell']}}),
    /\(could not be tried on a copy of the lab\)\n {9}the journal has an interactive shell$/,
  )
})

test('what a copy refused of a fix is said under it', (t) => {
  const refused = ['node2# ip route add 10.244.1.0/24 via 192.168.1.11: RTNETLINK answers: File exists']
  t.regex(
    textOf({tried: {...SIX_OF_SIX, verdict: 'fail', turned: 0, refused}}),
    /\(tried on a copy of the lab: 1 of 1 line refused, mends 0 of 2 failing pairs, 6 of 6 reach\)\n {9}node2# ip route add .*File exists$/,
  )
})

test('unknown is said to be unknown, with what was seen', (t) => {
  const unknown: Diagnosis = {
    ...NO_RETURN,
    cause: 'unknown',
    where: {node: 'node2', netns: 'pod3', object: ''},
    evidence: ['pod3 saw the request', 'no reply left it'],
    fix: [],
  }
  const {protocol: _, ...all} = unknown
  isAsExpected(t, 'diagnosis.unknown', diagnosisText(source(all, recordedFacts(), probes(false)), plain))
  t.regex(diagnosisText({diagnosis: {...unknown, verdict: 'unknown'}}, plain), /^unknown: whether pod1 reaches pod3\n/)
})

test('without paths and packets it is still whole', (t) => {
  const text = diagnosisText(
    {diagnosis: {...NO_RETURN, where: {node: 'node1', netns: 'pod1', object: ''}, cause: 'gateway-missing'}},
    plain,
  )
  t.regex(text, /^fail: pod1 cannot reach pod3\n\n {2}\$ ip route get .*\n {2}RTNETLINK answers/)
  t.regex(text, /\ncause: gateway-missing {2}pod1 has no default route\n/)
})

test('several diagnoses stand apart', (t) => {
  const one = {diagnosis: NO_RETURN}
  t.is(diagnosesText([one, one], plain).split('fail: ').length, 3)
  t.is(diagnosesText([], plain), '')
})

test('protocols that fare differently are counted apart', (t) => {
  const {protocol: _, ...all} = NO_RETURN
  const mixed = probes(false).map((probe) => (probe.protocol === 'icmp' ? {...probe, answered: true} : probe))
  t.regex(
    diagnosisText({diagnosis: all, probes: mixed}, plain),
    /^fail: .* \(icmp: 2 sent, 2 answered; tcp, udp: 2 sent, 0 answered each\)\n/,
  )
  const unseen = probes(false).map((probe): Probe => ({...probe, answered: null}))
  t.regex(diagnosisText({diagnosis: NO_RETURN, probes: unseen}, plain), /\(icmp: 2 sent, 0 answered, 2 not observed\)/)
})

test('every cause has words of its own, with and without an object, and none leaves a hole', (t) => {
  const sentences = CAUSES.map((cause) => causeWords(cause, 'node2', 'v-net-0'))
  t.is(new Set(sentences).size, CAUSES.length)
  for (const cause of CAUSES) {
    for (const words of [causeWords(cause, 'node2', ''), causeWords(cause, 'node2', 'v-net-0')]) {
      t.true(words.includes('node2') || words.includes('v-net-0'), `${cause}: ${words}`)
      t.notRegex(words, /undefined| {2}|: *$|\s$/, cause)
    }
  }
})

test('what a node says is not obeyed by a terminal, and a flood is cut', (t) => {
  const evidence = Array.from({length: 40}, (_, index) => `\x1b]0;line ${index}\x07`)
  const text = textOf({evidence, where: {...NO_RETURN.where, object: '\x1b[2J'}})
  t.false(text.includes('\x1b') || text.includes('\x07'))
  t.regex(text, /lines left out/)
})
