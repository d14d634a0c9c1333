// Which code a change of the recorded lab is told by, from facts alone: probes are answered as the facts predict them.
import test from 'ava'
import {bothWays, reaches} from '../../harness/both-ways.ts'
import {diagnose} from '../../harness/diagnose/diagnose.ts'
import {differences} from '../../harness/diagnose/difference.ts'
import {fixFor} from '../../harness/diagnose/fix.ts'
import type {Facts, LinkFacts, NamespaceFacts} from '../../harness/facts/facts.ts'
import type {Probe} from '../../harness/model.ts'
import {changedAt, withoutRoute, withRoute, withSetting} from '../tools/changed-facts.ts'
import {route} from '../tools/facts.ts'
import {PLACES, PROBED, recordedFacts, recordedProbes} from '../tools/recorded.ts'

const HISTORY = [
  {node: 'node1', command: 'ip route add 10.244.2.0/24 via 192.168.1.12'},
  {node: 'node1', command: 'ip addr add 10.244.1.1/24 dev v-net-0'},
  {node: 'node1', command: 'ip -n pod1 route add default via 10.244.1.1'},
]

function probesOf(facts: Facts): Probe[] {
  return recordedProbes('healthy').map((probe) => {
    const {from, to, address, protocol, size} = probe
    const ways = bothWays(facts, PLACES, {from, to, address}, {protocol, size, mtu: PROBED.mtu})
    return reaches(ways) ? probe : {...probe, answered: false}
  })
}

function told(facts: Facts, before?: Facts): string[] {
  const found = diagnose({places: PLACES, facts, probes: probesOf(facts), mtu: PROBED.mtu, history: HISTORY, ...(before && {before})})
  return found.map(({cause, where, fix}) => {
    const at = where.netns === null ? where.node : `${where.node}/${where.netns}`
    return `${cause} ${at} ${where.object} => ${fix.map(({command}) => command).join('; ')}`
  })
}

/** A place without a route, and with others. */
function rerouted(name: string, to: string, ...more: readonly ReturnType<typeof route>[]): Facts {
  return changedAt(name, ({routes}) => ({routes: [...more, ...routes.filter((each) => each.to !== to)]}))
}

function relinked(here: NamespaceFacts, name: string, addresses: LinkFacts['addresses']): readonly LinkFacts[] {
  return here.links.map((link) => (link.name === name ? {...link, addresses} : link))
}

const via = (to: string, hop: string, dev = 'eth0') => route(to, {via: hop, dev})
const BACK = 'ip route replace 10.244.2.0/24 via 192.168.1.12 dev eth0'

/** What is changed, and what is told of it. */
const CHANGES: readonly (readonly [string, () => Facts, ...string[]])[] = [
  ['nothing', recordedFacts],
  [
    'a route is gone',
    () => withoutRoute('node1', '10.244.2.0/24'),
    'no-route node1 10.244.2.0/24 via 192.168.1.12 dev eth0 => ip route add 10.244.2.0/24 via 192.168.1.12 dev eth0',
  ],
  [
    'a route leads to a pod',
    () => rerouted('node1', '10.244.2.0/24', via('10.244.2.0/24', '10.244.1.2', 'v-net-0')),
    `wrong-next-hop node1 10.244.2.0/24 via 10.244.1.2 dev v-net-0 => ${BACK}; ip -n pod1 route flush cache; ip -n pod2 route flush cache`,
  ],
  [
    'a route comes before one for the same hosts',
    () => changedAt('node1', ({routes}) => ({routes: [via('10.244.2.0/24', '192.168.1.99'), ...routes]})),
    'next-hop-unreachable node1 10.244.2.0/24 via 192.168.1.99 dev eth0 => ip route del 10.244.2.0/24 via 192.168.1.99 dev eth0',
  ],
  [
    'one of two next hops is nobody',
    () =>
      rerouted(
        'node1',
        '10.244.2.0/24',
        route('10.244.2.0/24', {nextHops: ['99', '12'].map((last) => ({via: `192.168.1.${last}`, dev: 'eth0', weight: 1}))}),
      ),
    `next-hop-unreachable node1 10.244.2.0/24 nexthop via 192.168.1.99 dev eth0 nexthop via 192.168.1.12 dev eth0 => ${BACK}`,
  ],
  [
    'a route for more hosts takes the place of one that is gone',
    () => rerouted('node1', '10.244.2.0/24', via('10.244.0.0/16', '192.168.1.99')),
    'next-hop-unreachable node1 10.244.0.0/16 via 192.168.1.99 dev eth0 => ip route del 10.244.0.0/16 via 192.168.1.99 dev eth0; ip route add 10.244.2.0/24 via 192.168.1.12 dev eth0',
  ],
  [
    'a route for one host leads back to where it came from',
    () => withRoute('node2', via('10.244.2.2/32', '192.168.1.11')),
    'more-specific-route node2 10.244.2.2 via 192.168.1.11 dev eth0 => ip route del 10.244.2.2 via 192.168.1.11 dev eth0',
  ],
  [
    'a route takes fewer bytes than its device',
    () => rerouted('node1', '10.244.2.0/24', route('10.244.2.0/24', {via: '192.168.1.12', dev: 'eth0', mtu: 1200})),
    `mtu-too-small node1 10.244.2.0/24 via 192.168.1.12 dev eth0 mtu 1200 => ${BACK}`,
  ],
  [
    'what is near is sent from an address that nobody knows, by a route in the place of the kernel’s own',
    () =>
      changedAt('pod1', (here) => ({
        links: relinked(here, 'veth-pod1', [
          {address: '10.244.1.2', prefixLength: 24, scope: 'global'},
          {address: '10.99.0.1', prefixLength: 32, scope: 'global'},
        ]),
        routes: here.routes.map((each) => (each.to === '10.244.1.0/24' ? route(each.to, {dev: 'veth-pod1', source: '10.99.0.1'}) : each)),
      })),
    'wrong-source node1/pod1 10.244.1.0/24 dev veth-pod1 => ip -n pod1 route replace 10.244.1.0/24 dev veth-pod1 proto kernel scope link src 10.244.1.2; ip -n pod1 addr del 10.99.0.1/32 dev veth-pod1',
  ],
  [
    'a pod has another’s address, too: who learned it from there has to ask again',
    () =>
      changedAt('pod2', (here) => ({
        links: relinked(
          here,
          'veth-pod2',
          ['10.244.1.3', '10.244.1.2'].map((address) => ({address, prefixLength: 24, scope: 'global'})),
        ),
      })),
    'duplicate-address node1/pod2 10.244.1.2/24 dev veth-pod2 => ip -n pod2 addr del 10.244.1.2/24 dev veth-pod2; ip -n pod1 neigh flush to 10.244.1.2; ip -n pod2 neigh flush to 10.244.1.2; ip neigh flush to 10.244.1.2',
  ],
  [
    'a node forwards nothing from its bridge',
    () => withSetting('node1', 'ipv4.conf.v-net-0.forwarding', '0'),
    'forwarding-off node1 net.ipv4.conf.v-net-0.forwarding => sysctl -w net.ipv4.conf.v-net-0.forwarding=1',
  ],
]

test('thousands of routes more are looked at at once', (t) => {
  const many = Array.from({length: 5000}, (_, index) => via(`10.88.${index >> 8}.${index & 255}/32`, '192.168.1.11'))
  const added = differences(recordedFacts(), withRoute('node3', ...many), PLACES)
  t.is(added.filter(({kind}) => kind === 'route').length, many.length)
})

for (const [what, facts, ...expected] of CHANGES)
  test(`held against the lab that worked: ${what}`, (t) => {
    const found = told(facts(), recordedFacts())
    t.is(found.length, expected.length, found.join('\n'))
    for (const [index, words] of expected.entries()) t.true(found[index]?.startsWith(words), `${found[index]}\n${words}`)
  })

/** The same with nothing to compare with. */
const BLIND: readonly (readonly [string, () => Facts, ...string[]])[] = [
  ['nothing', recordedFacts],
  [
    'a route leads to a pod',
    () => rerouted('node1', '10.244.2.0/24', via('10.244.2.0/24', '10.244.1.2', 'v-net-0')),
    'wrong-next-hop node1 10.244.2.0/24 via 10.244.1.2 dev v-net-0 => ip route replace 10.244.2.0/24 via 192.168.1.12',
  ],
  [
    'all routes but one are gone',
    () => changedAt('node1', ({routes}) => ({routes: routes.filter(({to}) => to === '192.168.1.0/24')})),
    'no-route node1 10.244.2.2 => ip route add 10.244.1.0/24 dev v-net-0 proto kernel scope link src 10.244.1.1; ip route add 10.244.2.0/24 via 192.168.1.12',
  ],
  [
    'a pod thinks that all pods are near',
    () =>
      changedAt('pod1', (here) => ({
        links: relinked(here, 'veth-pod1', [{address: '10.244.1.2', prefixLength: 16, scope: 'global'}]),
        routes: [route('10.244.0.0/16', {dev: 'veth-pod1', source: '10.244.1.2'}), via('0.0.0.0/0', '10.244.1.1', 'veth-pod1')],
      })),
    'wrong-prefix-length node1/pod1 10.244.1.2/16 dev veth-pod1 => ip -n pod1 addr add 10.244.1.2/24 dev veth-pod1; ip -n pod1 addr del 10.244.1.2/16 dev veth-pod1',
  ],
  [
    'a bridge has no address',
    () => changedAt('node1', (here) => ({links: relinked(here, 'v-net-0', []), routes: here.routes.filter(({dev}) => dev !== 'v-net-0')})),
    'address-missing node1 v-net-0 => ip addr add 10.244.1.1/24 dev v-net-0',
  ],
]

for (const [what, facts, ...expected] of BLIND)
  test(`with nothing to compare with: ${what}`, (t) => {
    const found = told(facts())
    t.is(found.length, expected.length, found.join('\n'))
    for (const [index, words] of expected.entries()) t.true(found[index]?.startsWith(words), `${found[index]}\n${words}`)
  })

test('of a path’s size senders forget what they learned of it by each family that they have', (t) => {
  const places = PLACES.map((place) => (place.name === 'pod3' ? {...place, addresses: [place.address, 'fd00:10:244:2::2']} : place))
  const known = {facts: recordedFacts(), places, history: HISTORY, mtu: 1500}
  const [item] = differences(
    recordedFacts(),
    rerouted('node1', '10.244.2.0/24', route('10.244.2.0/24', {via: '192.168.1.12', dev: 'eth0', mtu: 1200})),
    PLACES,
  )
  const fix = fixFor({cause: 'mtu-too-small', at: 'node1', object: '', evidence: [], items: item ? [item] : []}, known)
  t.deepEqual(
    fix.filter(({where}) => where === 'node2').map(({command}) => command),
    ['ip -n pod3 route flush cache', 'ip -n pod3 -6 route flush cache', 'ip route flush cache'],
  )
})
