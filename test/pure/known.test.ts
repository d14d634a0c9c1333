// How long a diagnosis stands in the live page.
import test from 'ava'
import type {Diagnosis, Probe} from '../../harness/model.ts'
import {knownDiagnoses} from '../../harness/ui/known.ts'

const diagnosis = (...pairs: string[]): Diagnosis => ({
  from: 'pod1',
  to: 'pod2',
  verdict: 'fail',
  cause: 'no-route',
  where: {node: 'node1', netns: null, object: 'x'},
  evidence: [],
  fix: [],
  pairs,
})

const flow = (source: string) => ({source, sourcePort: 1, destination: '10.244.2.2', destinationPort: 1})

function probe(pair: string, answered: boolean, seenAs = '10.244.1.2'): Probe {
  const [from = '', to = ''] = pair.split(' -> ')
  const passage = {sent: flow('10.244.1.2'), seen: flow(seenAs), seenAt: to}
  return {from, to, address: '10.244.2.2', family: 4, protocol: 'icmp', size: 'small', answered, request: passage, reply: passage}
}

test('a diagnosis stands while one of its pairs fails, and no longer', (t) => {
  const known = knownDiagnoses()
  const one = diagnosis('a -> b', 'c -> d')
  known.add('a', 'b', [one])
  t.deepEqual(known.standing([probe('a -> b', false), probe('c -> d', false)]), [one])
  known.changed()
  t.deepEqual(known.standing([probe('a -> b', true), probe('c -> d', false)]), [one])
  t.deepEqual(known.standing([probe('a -> b', true), probe('c -> d', true)]), [])
  t.deepEqual(known.standing([probe('a -> b', false)]), [])
})

test('a pair that is answered and translated fails, too', (t) => {
  const known = knownDiagnoses()
  const one = diagnosis('a -> b')
  known.add('a', 'b', [one])
  t.deepEqual(known.standing([probe('a -> b', true, '192.168.1.11')]), [one])
  known.changed()
  t.deepEqual(known.standing([probe('a -> b', true, '192.168.1.11')]), [one])
  t.deepEqual(known.standing([probe('a -> b', true)]), [])
})

test('what no packet suffers from stands until something changes', (t) => {
  const known = knownDiagnoses()
  const one = diagnosis('a -> b')
  known.add('a', 'b', [one])
  t.deepEqual(known.standing([probe('a -> b', true)]), [one])
  t.deepEqual(known.standing([probe('a -> b', true)]), [one])
  known.changed()
  t.deepEqual(known.standing([probe('a -> b', true)]), [])
})

test('what is found of a pair takes the place of what was', (t) => {
  const known = knownDiagnoses()
  const [old, other, now] = [diagnosis('a -> b', 'b -> a'), diagnosis('c -> d'), diagnosis('b -> a')]
  const probes = ['a -> b', 'b -> a', 'c -> d'].map((pair) => probe(pair, false))
  known.add('a', 'b', [old, other])
  known.add('b', 'a', [now])
  t.deepEqual(known.standing(probes), [other, now])
  known.add('a', 'b', [])
  t.deepEqual(known.standing(probes), [other])
})
