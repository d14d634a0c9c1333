// The documents' sentences, each with the pairs of places that stand behind its verdict.
import test from 'ava'
import {type Findings, requirementsFrom} from '../../harness/checks/requirements.ts'
import {findings} from '../tools/findings.ts'
import {PLACES, type Recording, recordedInterfaces, recordedProbes} from '../tools/recorded.ts'

function all(name: Recording, addresses: Recording | 'two-pods-one-address' = name): Findings {
  return findings(PLACES, recordedProbes(name), recordedInterfaces(addresses))
}

function counts(found: Findings): Record<string, string> {
  return Object.fromEntries(requirementsFrom(PLACES, found).map(({id, verdict, passed, total}) => [id, `${verdict} ${passed}/${total}`]))
}

test('a healthy lab meets every requirement, with all its pairs', (t) => {
  t.deepEqual(counts(all('healthy')), {
    'unique-address': 'pass 6/6',
    'node-subnet': 'pass 3/3',
    'same-node': 'pass 2/2',
    'other-nodes': 'pass 10/10',
    'pods-no-nat': 'pass 12/12',
    'nodes-no-nat': 'pass 24/24',
    'cluster-wide': 'pass 18/18',
    'pods-directly': 'pass 12/12',
    'node-agents': 'pass 8/8',
  })
})

test('behind a masquerade the requirements without NAT fail, by the translated pairs', (t) => {
  t.deepEqual(counts(all('masquerade')), {
    'unique-address': 'pass 6/6',
    'node-subnet': 'pass 3/3',
    'same-node': 'pass 2/2',
    'other-nodes': 'pass 10/10',
    'pods-no-nat': 'fail 8/12',
    'nodes-no-nat': 'fail 20/24',
    'cluster-wide': 'pass 18/18',
    'pods-directly': 'fail 8/12',
    'node-agents': 'pass 8/8',
  })
})

test('with forwarding off on node2 what is beyond it fails, and what is on a node passes', (t) => {
  t.deepEqual(counts(all('forwarding-off')), {
    'unique-address': 'pass 6/6',
    'node-subnet': 'pass 3/3',
    'same-node': 'pass 2/2',
    'other-nodes': 'fail 4/10',
    'pods-no-nat': 'fail 6/12',
    'nodes-no-nat': 'fail 20/24',
    'cluster-wide': 'pass 18/18',
    'pods-directly': 'fail 6/12',
    'node-agents': 'pass 8/8',
  })
})

test('what could not be observed leaves a requirement unknown', (t) => {
  t.deepEqual(counts(all('no-namespace')), {
    'unique-address': 'unknown 3/6',
    'node-subnet': 'unknown 1/3',
    'same-node': 'pass 2/2',
    'other-nodes': 'unknown 4/10',
    'pods-no-nat': 'unknown 6/12',
    'nodes-no-nat': 'unknown 18/24',
    'cluster-wide': 'unknown 12/18',
    'pods-directly': 'unknown 6/12',
    'node-agents': 'unknown 6/8',
  })
})

test('two pods with one address fail their requirement', (t) => {
  t.is(counts(all('healthy', 'two-pods-one-address'))['unique-address'], 'fail 5/6')
})

test('a requirement is told only where it has pairs', (t) => {
  const {reach, ...others} = all('healthy')
  const none = {reach: [], 'no-nat': [], 'unique-address': [], 'own-subnet': []}
  t.deepEqual(Object.keys(counts({...none, reach})), [
    'same-node',
    'other-nodes',
    'pods-no-nat',
    'nodes-no-nat',
    'pods-directly',
    'node-agents',
  ])
  t.deepEqual(Object.keys(counts({...none, 'own-subnet': others['own-subnet']})), ['node-subnet'])
  const nodes = PLACES.filter(({kind}) => kind === 'node')
  t.deepEqual(requirementsFrom(nodes, {...none, reach}), [])
  t.deepEqual(requirementsFrom(PLACES, none), [])
})

test('what the documents ask beyond Kubernetes says so, and only that', (t) => {
  const requirements = requirementsFrom(PLACES, all('healthy'))
  t.deepEqual(
    requirements.filter(({stronger}) => stronger).map(({id}) => id),
    ['node-subnet', 'nodes-no-nat'],
  )
  t.true(requirements.every(({stronger, by}) => !stronger || by === 'documents'))
})

test('pods of two nodes on one network fail the node’s own subnet, and nothing else', (t) => {
  const interfaces = recordedInterfaces('healthy')
  for (const name of ['pod4', 'node3'])
    interfaces.set(
      name,
      interfaces.get(name)?.map((link) => ({
        ...link,
        addresses: link.addresses.map(({address, prefixLength}) => ({address: address.replace('10.244.3.', '10.244.2.1'), prefixLength})),
      })),
    )
  const moved = PLACES.map((place) => (place.name === 'pod4' ? {...place, address: '10.244.2.12', addresses: ['10.244.2.12']} : place))
  const found = Object.fromEntries(
    requirementsFrom(moved, findings(moved, recordedProbes('healthy'), interfaces)).map(({id, verdict, passed, total}) => [
      id,
      `${verdict} ${passed}/${total}`,
    ]),
  )
  t.deepEqual(found, {...counts(all('healthy')), 'node-subnet': 'fail 2/3'})
})
