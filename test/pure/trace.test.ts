// The path that facts predict: a recorded lab that works, and then one thing of it changed at a time.
import test from 'ava'
import type {LinkFacts, NamespaceFacts, RouteFacts} from '../../harness/facts/facts.ts'
import type {Cause, Place} from '../../harness/model.ts'
import {sourceTo, traceTo} from '../../harness/trace.ts'
import {link, namespace, route} from '../tools/facts.ts'
import {PLACES, recordedFacts} from '../tools/recorded.ts'

type Changed = Map<string, NamespaceFacts | undefined>

function place(name: string): Place {
  const found = PLACES.find((each) => each.name === name)
  if (!found) throw new Error(`no place ${name}`)
  return found
}

/** The recorded facts with one namespace changed. */
function changed(
  name: string,
  change: (here: NamespaceFacts) => Partial<NamespaceFacts>,
  facts: Changed = new Map(recordedFacts()),
): Changed {
  const here = facts.get(name)
  if (!here) throw new Error(`no facts of ${name}`)
  return facts.set(name, {...here, ...change(here)})
}

function withLink(name: string, device: string, changes: Partial<LinkFacts>, facts?: Changed): Changed {
  return changed(name, ({links}) => ({links: links.map((each) => (each.name === device ? {...each, ...changes} : each))}), facts)
}

function withoutRoute(name: string, to: string): Changed {
  return changed(name, ({routes}) => ({routes: routes.filter((each) => each.to !== to)}))
}

function withRoute(name: string, ...more: readonly RouteFacts[]): Changed {
  return changed(name, ({routes}) => ({routes: [...routes, ...more]}))
}

test('in a lab that works every place’s packets are delivered to every other', (t) => {
  const facts = recordedFacts()
  for (const {name: from} of PLACES) {
    for (const to of PLACES) {
      const {ended, at, evidence} = traceTo(facts, PLACES, from, to.address)
      t.deepEqual([ended, at], ['delivered', to.name], `${from} -> ${to.name}: ${evidence}`)
    }
  }
})

test('a path is told hop by hop, with the route, the device and the next hop of each', (t) => {
  t.deepEqual(traceTo(recordedFacts(), PLACES, 'pod1', '10.244.2.2').hops, [
    {place: 'pod1', route: 'default via 10.244.1.1 dev veth-pod1', dev: 'veth-pod1', nextHop: '10.244.1.1'},
    {place: 'node1', route: '10.244.2.0/24 via 192.168.1.12 dev eth0', dev: 'eth0', nextHop: '192.168.1.12'},
    {place: 'node2', route: '10.244.2.0/24 dev v-net-0', dev: 'v-net-0', nextHop: '10.244.2.2'},
    {place: 'pod3'},
  ])
  t.deepEqual(
    traceTo(recordedFacts(), PLACES, 'pod1', '10.244.1.3').hops.map((hop) => hop.place),
    ['pod1', 'pod2'],
  )
})

test('what a place sends with is the address of the device that it leaves by', (t) => {
  const facts = recordedFacts()
  t.is(sourceTo(facts, 'pod1', '10.244.2.2'), '10.244.1.2')
  t.is(sourceTo(facts, 'node1', '10.244.2.2'), '192.168.1.11')
  t.is(sourceTo(facts, 'node1', '10.244.1.2'), '10.244.1.1')
  t.is(sourceTo(facts, 'pod1', 'fd00::1'), undefined)
  t.is(sourceTo(withRoute('node1', route('10.244.2.2/32', {dev: 'eth0', source: '10.244.1.1'})), 'node1', '10.244.2.2'), '10.244.1.1')
})

interface Fault {
  readonly facts: () => Changed
  readonly ended: Cause
  readonly at: string
  readonly says: RegExp
}

/** Each on the way from pod1 to pod3. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'a node without a route to the pod': {
    facts: () => withoutRoute('node1', '10.244.2.0/24'),
    ended: 'no-route',
    at: 'node1',
    says: /^node1 has no route to 10\.244\.2\.2$/,
  },
  'a pod without a default route': {
    facts: () => withoutRoute('pod1', '0.0.0.0/0'),
    ended: 'gateway-missing',
    at: 'pod1',
    says: /^pod1 has no default route$/,
  },
  'a node that does not forward': {
    facts: () =>
      changed('node2', ({sysctls}) => ({
        forwarding: {4: false, 6: true},
        sysctls: new Map([...sysctls].map(([name, value]) => [name, /^ipv4\.(ip_forward|conf\..*\.forwarding)$/.test(name) ? '0' : value])),
      })),
    ended: 'forwarding-off',
    at: 'node2',
    says: /^net\.ipv4\.ip_forward is 0 at node2$/,
  },
  'the other end of the veth pair that is down': {
    facts: () => withLink('node1', 'veth-pod1-br', {up: false}),
    ended: 'peer-down',
    at: 'node1',
    says: /^veth-pod1-br is down at node1$/,
  },
  'a device that is down': {
    facts: () => withLink('node1', 'eth0', {up: false}),
    ended: 'interface-down',
    at: 'node1',
    says: /^eth0 is down at node1$/,
  },
  'the other pod’s device that is down': {
    facts: () => withLink('pod3', 'veth-pod3', {up: false}),
    ended: 'interface-down',
    at: 'pod3',
    says: /^veth-pod3 is down at pod3$/,
  },
  'an address that two hold on one segment': {
    facts: () =>
      withLink('node3', 'eth0', {
        addresses: ['192.168.1.13', '192.168.1.12'].map((address) => ({address, prefixLength: 24, scope: 'global'})),
      }),
    ended: 'duplicate-address',
    at: 'node1',
    says: /^node2 and node3 both hold 192\.168\.1\.12$/,
  },
  'a next hop that nobody is': {
    facts: () => withRoute('node1', route('10.244.2.2/32', {via: '192.168.1.99', dev: 'eth0'})),
    ended: 'next-hop-unreachable',
    at: 'node1',
    says: /^nobody on eth0 of node1 holds 192\.168\.1\.99$/,
  },
  'a next hop that is on another segment': {
    facts: () => withRoute('node1', route('10.244.2.2/32', {via: '10.244.3.2', dev: 'eth0'})),
    ended: 'next-hop-unreachable',
    at: 'node1',
    says: /^10\.244\.3\.2 is pod4, which is not on eth0 of node1$/,
  },
  'a black hole': {
    facts: () => withRoute('node1', route('10.244.2.0/25', {type: 'blackhole'})),
    ended: 'blackhole-route',
    at: 'node1',
    says: /^node1 has the route blackhole 10\.244\.2\.0\/25$/,
  },
  'a route that says unreachable': {
    facts: () => withRoute('node1', route('10.244.2.2/32', {type: 'unreachable'})),
    ended: 'unreachable-route',
    at: 'node1',
    says: /unreachable 10\.244\.2\.2/,
  },
  'a route that forbids': {
    facts: () => withRoute('node2', route('10.244.2.2/32', {type: 'prohibit'})),
    ended: 'prohibit-route',
    at: 'node2',
    says: /prohibit 10\.244\.2\.2/,
  },
  'two nodes that hand it to one another': {
    facts: () => withRoute('node2', route('10.244.2.2/32', {via: '192.168.1.11', dev: 'eth0'})),
    ended: 'routing-loop',
    at: 'node1',
    says: /^node1 has passed it on before$/,
  },
  'a pod that does not hold its address': {
    facts: () => withLink('pod3', 'veth-pod3', {addresses: []}),
    ended: 'address-missing',
    at: 'pod3',
    says: /^veth-pod3 at pod3 has no address, and should have 10\.244\.2\.2$/,
  },
  'a pod that is not there': {
    facts: () => new Map(recordedFacts()).set('pod3', undefined),
    ended: 'pod-missing',
    at: 'pod3',
    says: /^pod3 is not there$/,
  },
  'a route to the pod by a device that it is not on': {
    facts: () => withRoute('node2', route('10.244.2.2/32', {dev: 'eth0'})),
    ended: 'wrong-device',
    at: 'node2',
    says: /^node2 looks for 10\.244\.2\.2 on eth0, and pod3 is on v-net-0$/,
  },
  'a node that could not be asked': {
    facts: () => new Map(recordedFacts()).set('pod1', undefined).set('node1', undefined),
    ended: 'unknown',
    at: 'pod1',
    says: /^pod1 could not be asked$/,
  },
}

for (const [title, {facts, ended, at, says}] of Object.entries(FAULTS)) {
  test(`${title}: ${ended} at ${at}`, (t) => {
    const trace = traceTo(facts(), PLACES, 'pod1', place('pod3').address)
    t.deepEqual([trace.ended, trace.at], [ended, at], trace.evidence)
    t.regex(trace.evidence, says)
  })
}

test('an address that no place is meant to have, on a segment of the sender, is neighbour-unresolved', (t) => {
  const {ended, at} = traceTo(recordedFacts(), PLACES, 'pod1', '10.244.1.99')
  t.deepEqual([ended, at], ['neighbour-unresolved', 'pod1'])
})

test('the longest prefix counts, then the lowest metric, and routes of other tables do not', (t) => {
  const way = (...more: readonly RouteFacts[]) => traceTo(withRoute('node1', ...more), PLACES, 'node1', '10.244.2.2').hops[0]?.nextHop
  t.is(way(), '192.168.1.12')
  t.is(way(route('10.244.2.0/25', {via: '192.168.1.13', dev: 'eth0', metric: 999})), '192.168.1.13')
  t.is(way(route('10.244.0.0/16', {via: '192.168.1.13', dev: 'eth0'})), '192.168.1.12')
  t.is(way(route('10.244.2.0/24', {via: '192.168.1.13', dev: 'eth0', metric: 1})), '192.168.1.12')
  t.is(way(route('10.244.2.0/25', {via: '192.168.1.13', dev: 'eth0', table: '100'})), '192.168.1.12')
})

test('a bridge port that is down keeps a pod from its segment, one that is not enslaved too', (t) => {
  for (const changes of [{up: false}, {master: 'v-net-9'}]) {
    const {ended} = traceTo(withLink('node2', 'veth-pod3-br', changes), PLACES, 'node2', '10.244.2.2')
    t.not(ended, 'delivered')
  }
})

test('IPv6 has routes and forwarding of its own', (t) => {
  const places: Place[] = ['a', 'b', 'c'].map((name) => ({name, kind: 'node', node: name, netns: undefined, address: '', addresses: []}))
  const facts = (forwarding: boolean): Changed =>
    new Map([
      [
        'a',
        namespace(
          [link('eth0', {addresses: ['fd00::1/64']})],
          [route('fd00::/64', {dev: 'eth0'}), route('fd01::/64', {via: 'fd00::2', dev: 'eth0'})],
        ),
      ],
      [
        'b',
        namespace(
          [link('eth0', {addresses: ['fd00::2/64']})],
          [route('fd00::/64', {dev: 'eth0'}), route('fd01::/64', {via: 'fd00:0::3', dev: 'eth0'})],
          {forwarding: {4: true, 6: forwarding}},
        ),
      ],
      ['c', namespace([link('eth0', {addresses: ['fd00::3/64', 'fd01::1/64']})], [route('fd00::/64', {dev: 'eth0'})])],
    ])
  t.deepEqual(traceTo(facts(true), places, 'a', 'fd01:0::1').ended, 'delivered')
  const {ended, at, evidence} = traceTo(facts(false), places, 'a', 'fd01::1')
  t.deepEqual([ended, at, evidence], ['forwarding-off', 'b', 'net.ipv6.conf.all.forwarding is 0 at b'])
  t.is(traceTo(facts(true), places, 'c', 'fd09::1').ended, 'no-route')
})
