// The path that facts predict: a recorded lab that works, and then one thing of it changed at a time.
import test from 'ava'
import type {LinkFacts, NamespaceFacts, RouteFacts} from '../../harness/facts/facts.ts'
import type {Cause, Place} from '../../harness/model.ts'
import type {Journey} from '../../harness/trace/path.ts'
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
  const by = (address: string, mac: string) => ({nextHop: address, neighbour: {address, mac, state: 'DELAY'}})
  const whole = traceTo(recordedFacts(), PLACES, 'pod1', '10.244.2.2').hops
  t.deepEqual(whole, [
    {place: 'pod1', route: 'default via 10.244.1.1 dev veth-pod1', dev: 'veth-pod1', ...by('10.244.1.1', '1e:19:20:55:c4:c5')},
    {place: 'node1', route: '10.244.2.0/24 via 192.168.1.12 dev eth0', dev: 'eth0', ...by('192.168.1.12', '9a:f0:27:f3:d6:22')},
    {place: 'node2', route: '10.244.2.0/24 dev v-net-0', dev: 'v-net-0', ...by('10.244.2.2', 'e2:a0:63:11:c3:ee')},
    {place: 'pod3'},
  ])
  // Whom no entry tells of is asked for, and who answers is the same; where nobody does, there is no address.
  const asking = changed('pod1', () => ({neighbours: []}))
  t.deepEqual(traceTo(asking, PLACES, 'pod1', '10.244.2.2').hops[0]?.neighbour, {address: '10.244.1.1', mac: '1e:19:20:55:c4:c5'})
  t.deepEqual(traceTo(recordedFacts(), PLACES, 'pod1', '10.244.1.9').hops[0]?.neighbour, {address: '10.244.1.9'})
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
    ended: 'node-down',
    at: 'node1',
    says: /^nothing could be asked of node1$/,
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

// Found by drawing labs at random and sending packets in them (test/kernel/trace.test.ts): each was once told wrong.

function way(facts: Changed, from: string, to: string, journey: Journey = {}): [string, string] {
  const {ended, at} = traceTo(facts, PLACES, from, to, journey)
  return [ended, at]
}

function withSetting(name: string, settings: Readonly<Record<string, string>>, facts?: Changed): Changed {
  return changed(name, ({sysctls}) => ({sysctls: new Map([...sysctls, ...Object.entries(settings)])}), facts)
}

/** pod1's gateway is 169.254.1.1, which nobody holds, as in routed designs. */
function gatewayOfNobody(): Changed {
  const routes = [route('169.254.1.1/32', {dev: 'veth-pod1'}), route('0.0.0.0/0', {via: '169.254.1.1', dev: 'veth-pod1'})]
  return changed('pod1', () => ({routes}))
}

const BRIDGE_MAC = recordedFacts()
  .get('node1')
  ?.links.find(({name}) => name === 'v-net-0')?.mac as string

test('a gateway that nobody holds: a node with proxy_arp answers for it, a permanent neighbour needs no answer', (t) => {
  t.deepEqual(way(gatewayOfNobody(), 'pod1', '10.244.2.2')[1], 'node1')
  const away = withRoute('node1', route('169.254.0.0/16', {via: '192.168.1.12', dev: 'eth0'}))
  const proxy = withSetting('node1', {'ipv4.conf.v-net-0.proxy_arp': '1'}, new Map([...away, ['pod1', gatewayOfNobody().get('pod1')]]))
  t.deepEqual(way(proxy, 'pod1', '10.244.2.2'), ['delivered', 'pod3'])
  const entry = {address: '169.254.1.1', dev: 'veth-pod1', mac: BRIDGE_MAC, state: 'PERMANENT', proxy: false}
  t.deepEqual(
    way(
      changed('pod1', () => ({neighbours: [entry]}), gatewayOfNobody()),
      'pod1',
      '10.244.2.2',
    ),
    ['delivered', 'pod3'],
  )
})

test('a proxy answers only where its own way there leaves by another device, and where it forwards', (t) => {
  const on = {'ipv4.conf.v-net-0.proxy_arp': '1'}
  const withoutWay = withSetting('node1', on, gatewayOfNobody())
  t.not(way(withoutWay, 'pod1', '10.244.2.2')[0], 'delivered')
  const away = withRoute('node1', route('169.254.0.0/16', {via: '192.168.1.12', dev: 'eth0'}))
  const still = withSetting(
    'node1',
    {...on, 'ipv4.conf.v-net-0.forwarding': '0'},
    new Map([...away, ['pod1', gatewayOfNobody().get('pod1')]]),
  )
  t.not(way(still, 'pod1', '10.244.2.2')[0], 'delivered')
})

test('a bridge’s own MTU is no limit to what it forwards from port to port', (t) => {
  const small = withLink('node1', 'v-net-0', {mtu: 1300})
  t.deepEqual(way(small, 'pod1', '10.244.1.3', {length: 1500}), ['delivered', 'pod2'])
  t.deepEqual(way(withLink('pod2', 'veth-pod2', {mtu: 1300}), 'pod1', '10.244.1.3', {length: 1500}), ['mtu-blackhole', 'pod2'])
  // A VLAN header's length is let pass.
  t.deepEqual(way(withLink('pod2', 'veth-pod2', {mtu: 1496}), 'pod1', '10.244.1.3', {length: 1500}), ['delivered', 'pod2'])
})

test('the kernel’s echo replies may be fragmented, requests and TCP may not', (t) => {
  const small = () => withLink('node1', 'eth0', {mtu: 1300})
  t.deepEqual(way(small(), 'pod1', '10.244.2.2', {length: 1500}), ['mtu-too-small', 'node1'])
  t.deepEqual(way(small(), 'pod1', '10.244.2.2', {length: 1500, reply: true, source: '10.244.1.2'}), ['delivered', 'pod3'])
  t.deepEqual(way(small(), 'pod1', '10.244.2.2', {length: 1500, reply: true, protocol: 'udp', source: '10.244.1.2'})[0], 'mtu-too-small')
})

test('a port of a bridge gets no answers of its own: wrong-device', (t) => {
  const port = withLink('node1', 'eth0', {master: 'v-net-0'})
  t.deepEqual(way(port, 'node1', '192.168.1.12'), ['wrong-device', 'node1'])
})

test('an address that a short network makes its broadcast address is nobody’s to forward to: wrong-prefix-length', (t) => {
  const addresses = [{address: '10.244.2.1', prefixLength: 31 - 1, scope: 'global'}]
  const facts = withLink('node2', 'v-net-0', {addresses})
  const there = changed('node2', () => ({routes: [...(facts.get('node2')?.routes ?? []), route('10.244.2.3/32', {dev: 'v-net-0'})]}), facts)
  t.deepEqual(way(there, 'pod1', '10.244.2.3'), ['wrong-prefix-length', 'node2'])
})

test('a gateway that is the sender’s own address is none: the destination is asked for itself', (t) => {
  const own = withRoute('node1', route('192.168.1.12/32', {via: '192.168.1.11', dev: 'eth0'}))
  t.deepEqual(way(own, 'node1', '192.168.1.12'), ['delivered', 'node2'])
})

test('later packets of a connection are held to other rules than the first', (t) => {
  const state = {match: {op: 'in', left: {ct: {key: 'state'}}, right: 'established'}}
  const chain = {family: 'ip', table: 't', name: 'c', type: 'filter', hook: 'output', prio: 0, policy: 'accept'}
  const ruleset = [{chain}, {rule: {family: 'ip', table: 't', chain: 'c', handle: 2, expr: [state, {drop: null}]}}]
  const facts = changed('pod1', () => ({ruleset}))
  t.deepEqual(way(facts, 'pod1', '10.244.2.2', {protocol: 'tcp'}), ['delivered', 'pod3'])
  t.deepEqual(way(facts, 'pod1', '10.244.2.2', {protocol: 'tcp', established: true}), ['filter-drop', 'pod1'])
})

test('what does not forward asks neither its routes nor its reverse path filter', (t) => {
  const off = {'ipv4.ip_forward': '0', 'ipv4.conf.eth0.forwarding': '0', 'ipv4.conf.eth0.rp_filter': '1'}
  const facts = withSetting('node2', off, withoutRoute('node2', '10.244.2.0/24'))
  t.deepEqual(
    way(
      changed('node2', () => ({forwarding: {4: false, 6: false}}), facts),
      'pod1',
      '10.244.2.2',
    ),
    ['forwarding-off', 'node2'],
  )
})

test('a route that refuses comes before the reverse path filter', (t) => {
  const refusing = withRoute('node2', route('10.244.2.2/32', {type: 'prohibit'}))
  const filtering = changed('node2', ({routes}) => ({routes: routes.filter(({to}) => to !== '10.244.1.0/24')}), refusing)
  t.deepEqual(way(withSetting('node2', {'ipv4.conf.eth0.rp_filter': '1'}, filtering), 'pod1', '10.244.2.2'), ['prohibit-route', 'node2'])
})

test('a rule for the sender’s own source is for connected sockets: an echo request has none yet', (t) => {
  const rule = {priority: 50, not: false, from: '10.244.1.2/32', action: 'prohibit'}
  const facts = changed('pod1', ({rules}) => ({rules: {...rules, 4: [rule, ...rules[4]]}}))
  t.deepEqual(way(facts, 'pod1', '10.244.2.2'), ['delivered', 'pod3'])
  t.deepEqual(way(facts, 'pod1', '10.244.2.2', {protocol: 'tcp'}), ['policy-rule', 'pod1'])
  t.deepEqual(way(facts, 'pod1', '10.244.2.2', {reply: true, source: '10.244.1.2'}), ['policy-rule', 'pod1'])
})

test('a wrong neighbour that forwards delivers all the same; one that does not is why it is lost', (t) => {
  const mac = (name: string) =>
    recordedFacts()
      .get(name)
      ?.links.find((each) => each.name === 'eth0')?.mac as string
  const entry = (of: string) => ({address: '192.168.1.12', dev: 'eth0', mac: of, state: 'PERMANENT', proxy: false})
  const by3 = () => changed('node1', () => ({neighbours: [entry(mac('node3'))]}))
  t.deepEqual(way(by3(), 'pod1', '10.244.2.2'), ['delivered', 'pod3'])
  const still = changed('node3', () => ({forwarding: {4: false, 6: false}}), by3())
  t.deepEqual(way(withSetting('node3', {'ipv4.conf.eth0.forwarding': '0'}, still), 'pod1', '10.244.2.2'), ['neighbour-wrong', 'node1'])
  t.deepEqual(
    way(
      changed('node1', () => ({neighbours: [entry('02:00:00:00:99:99')]})),
      'pod1',
      '10.244.2.2',
    ),
    ['neighbour-wrong', 'node1'],
  )
})

test('whoever refuses the asker’s source does not answer its question either', (t) => {
  const filtering = withSetting('node2', {'ipv4.conf.eth0.rp_filter': '1'}, withRoute('node2', route('192.168.1.11/32', {dev: 'v-net-0'})))
  const {ended, at, evidence} = traceTo(
    changed('node1', () => ({neighbours: []}), filtering),
    PLACES,
    'node1',
    '192.168.1.12',
  )
  t.deepEqual([ended, at], ['reverse-path-filter', 'node2'])
  t.regex(evidence, /does not answer when it is asked for 192\.168\.1\.12/)
})

test('a port that neither learns nor is flooded hands nothing on', (t) => {
  const port = {state: 'forwarding', isolated: false, hairpin: false, learning: false, flood: false, broadcast: true, multicast: true}
  t.deepEqual(way(withLink('node1', 'veth-pod2-br', {port}), 'pod1', '10.244.1.3'), ['fdb-wrong', 'node1'])
  t.deepEqual(way(withLink('node1', 'veth-pod2-br', {port: {...port, learning: true}}), 'pod1', '10.244.1.3'), ['delivered', 'pod2'])
})

test('a port with the MAC of the pod behind it: the node still reaches the pod, another pod does not', (t) => {
  const mac = recordedFacts()
    .get('pod2')
    ?.links.find(({name}) => name === 'veth-pod2')?.mac as string
  const entry = {mac, dev: 'veth-pod2-br', master: 'v-net-0', permanent: true, local: true}
  const facts = () => changed('node1', ({fdb}) => ({fdb: [...fdb.filter((each) => each.mac !== mac), entry]}))
  t.deepEqual(way(facts(), 'node1', '10.244.1.3'), ['delivered', 'pod2'])
  t.deepEqual(way(facts(), 'pod1', '10.244.1.3'), ['fdb-wrong', 'node1'])
})

test('a place without any address has nothing to send from', (t) => {
  const bare = changed('pod1', ({links}) => ({links: links.map((each) => ({...each, addresses: []}))}))
  t.deepEqual(way(bare, 'pod1', '10.244.2.2'), ['address-missing', 'pod1'])
})

test('what could not be read on the way, or changed meanwhile, is a doubt', (t) => {
  const doubts = (change: Partial<NamespaceFacts>) =>
    traceTo(
      changed('node1', () => change),
      PLACES,
      'pod1',
      '10.244.2.2',
    ).doubts
  t.deepEqual(doubts({}), [])
  t.deepEqual(
    doubts({unread: ['nft', 'ss'], changed: ['routes']}).map(({cause, at, evidence}) => [cause, at, evidence]),
    [
      ['filter-drop', 'node1', 'nft could not be asked at node1'],
      ['unknown', 'node1', 'the routes of node1 changed while they were read'],
    ],
  )
})

test('what comes in by a bridge’s port for that port’s own MAC is the machine’s; by another port it is nobody’s', (t) => {
  const links = recordedFacts().get('node1')?.links ?? []
  const bridge = links.find(({name}) => name === 'v-net-0')
  // A bridge that nobody gave a MAC has that of one of its ports.
  const port = links.find(({master, mac}) => master === 'v-net-0' && mac !== bridge?.mac) as LinkFacts
  const own = port.name.replace(/^veth-|-br$/g, '')
  for (const [pod, ended] of [
    [own, 'delivered'],
    [own === 'pod1' ? 'pod2' : 'pod1', 'neighbour-wrong'],
  ] as const) {
    const entry = {address: '10.244.1.1', dev: `veth-${pod}`, mac: port.mac, state: 'REACHABLE', proxy: false}
    const facts = changed(pod, ({neighbours}) => ({neighbours: [entry, ...neighbours.filter(({address}) => address !== entry.address)]}))
    t.is(traceTo(facts, PLACES, pod, '10.244.1.1').ended, ended, pod)
  }
})
