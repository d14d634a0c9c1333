// The documents' sentences, each with the pairs of places that stand behind its verdict.
import test from 'ava'
import {checkNoNat} from '../../harness/checks/no-nat.ts'
import {checkReach} from '../../harness/checks/reach.ts'
import {requirementsFrom} from '../../harness/checks/requirements.ts'
import {checkUniqueAddress} from '../../harness/checks/unique-address.ts'
import type {CheckResult} from '../../harness/model.ts'
import {PLACES, type Recording, recordedInterfaces, recordedProbes} from '../tools/recorded.ts'

function all(name: Recording, addresses: Recording | 'two-pods-one-address' = name): CheckResult[] {
  const probes = recordedProbes(name)
  return [checkReach(probes), checkNoNat(probes), checkUniqueAddress(PLACES, recordedInterfaces(addresses))]
}

function counts(checks: readonly CheckResult[]): Record<string, string> {
  return Object.fromEntries(requirementsFrom(PLACES, checks).map(({id, verdict, passed, total}) => [id, `${verdict} ${passed}/${total}`]))
}

test('a healthy lab meets every requirement, with all its pairs', (t) => {
  t.deepEqual(counts(all('healthy')), {
    'unique-address': 'pass 6/6',
    'same-node': 'pass 2/2',
    'other-nodes': 'pass 10/10',
    'pods-no-nat': 'pass 12/12',
    'nodes-no-nat': 'pass 24/24',
    'node-agents': 'pass 8/8',
  })
})

test('behind a masquerade the requirements without NAT fail, by the translated pairs', (t) => {
  t.deepEqual(counts(all('masquerade')), {
    'unique-address': 'pass 6/6',
    'same-node': 'pass 2/2',
    'other-nodes': 'pass 10/10',
    'pods-no-nat': 'fail 8/12',
    'nodes-no-nat': 'fail 20/24',
    'node-agents': 'pass 8/8',
  })
})

test('with forwarding off on node2 what is beyond it fails, and what is on a node passes', (t) => {
  t.deepEqual(counts(all('forwarding-off')), {
    'unique-address': 'pass 6/6',
    'same-node': 'pass 2/2',
    'other-nodes': 'fail 4/10',
    'pods-no-nat': 'fail 6/12',
    'nodes-no-nat': 'fail 20/24',
    'node-agents': 'pass 8/8',
  })
})

test('what could not be observed leaves a requirement unknown', (t) => {
  t.deepEqual(counts(all('no-namespace')), {
    'unique-address': 'unknown 3/6',
    'same-node': 'pass 2/2',
    'other-nodes': 'unknown 4/10',
    'pods-no-nat': 'unknown 6/12',
    'nodes-no-nat': 'unknown 18/24',
    'node-agents': 'unknown 6/8',
  })
})

test('two pods with one address fail their requirement', (t) => {
  t.is(counts(all('healthy', 'two-pods-one-address'))['unique-address'], 'fail 5/6')
})

test('a requirement is told only where all its checks were claimed and it has pairs', (t) => {
  const [reach] = all('healthy')
  if (!reach) return t.fail()
  t.deepEqual(Object.keys(counts([reach])), ['same-node', 'other-nodes', 'node-agents'])
  t.deepEqual(
    requirementsFrom(
      PLACES.filter(({kind}) => kind === 'node'),
      [reach],
    ),
    [],
  )
  t.deepEqual(requirementsFrom(PLACES, []), [])
})
