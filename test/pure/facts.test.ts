// From what iproute2 prints to facts.
import test from 'ava'
import {parseFacts} from '../../harness/facts/parse.ts'
import {recordedFacts} from '../tools/recorded.ts'

const LINKS = JSON.stringify([
  {ifindex: 1, ifname: 'lo', flags: ['LOOPBACK'], mtu: 65536, addr_info: []},
  {
    ifindex: 5,
    link_index: 4,
    ifname: 'veth-pod1',
    flags: ['UP', 'LOWER_UP'],
    mtu: 1450,
    master: 'v-net-0',
    link_netnsid: 3,
    linkinfo: {info_kind: 'veth'},
    addr_info: [{family: 'inet', local: '10.244.1.2', prefixlen: 24, scope: 'global'}, {}],
  },
  {ifindex: 6, link_index: 7, ifname: 'veth-b', flags: ['UP', 'NO-CARRIER'], mtu: 1500, linkinfo: {info_kind: 'veth'}},
])

function routeOf(route: object) {
  return parseFacts([LINKS, JSON.stringify([route])])?.routes[0]
}

test('recorded output gives a veth with its other end, its bridge and its addresses', (t) => {
  const facts = recordedFacts()
  const pod = facts.get('pod1')?.links.find(({name}) => name === 'veth-pod1')
  t.like(pod, {kind: 'veth', up: true, carrier: true, mtu: 1500})
  t.deepEqual(pod?.addresses[0], {address: '10.244.1.2', prefixLength: 24, scope: 'global'})
  const port = facts.get('node1')?.links.find(({index}) => index === pod?.peer?.index)
  t.deepEqual([port?.name, port?.master, port?.peer?.index], ['veth-pod1-br', 'v-net-0', pod?.index])
  t.is(facts.get('node1')?.netnsNames.get(port?.peer?.netnsId ?? -1), 'pod1')
  t.is(facts.get('node1')?.links.find(({name}) => name === 'v-net-0')?.kind, 'bridge')
})

test('recorded output gives routes of both families, but none of the kernel’s own table', (t) => {
  const routes = recordedFacts().get('node1')?.routes ?? []
  t.deepEqual(
    routes.filter(({family}) => family === 4).map(({to, via, dev}) => [to, via, dev]),
    [
      ['10.244.1.0/24', undefined, 'v-net-0'],
      ['10.244.2.0/24', '192.168.1.12', 'eth0'],
      ['10.244.3.0/24', '192.168.1.13', 'eth0'],
      ['192.168.1.0/24', undefined, 'eth0'],
    ],
  )
  t.true(routes.some(({family, to}) => family === 6 && to === 'fe80::/64'))
  t.true(routes.every(({table}) => table === 'main'))
})

test('recorded output tells who forwards', (t) => {
  const facts = recordedFacts()
  t.deepEqual(
    [facts.get('node1')?.forwarding, facts.get('pod1')?.forwarding],
    [
      {4: true, 6: false},
      {4: false, 6: false},
    ],
  )
  const setting = (values: string) => parseFacts([LINKS, '[]', '', '', '', '', '', '', '', '', '', values])?.forwarding
  t.deepEqual(setting('/proc/sys/net/ipv4/ip_forward:0\v/proc/sys/net/ipv6/conf/all/forwarding:1'), {4: false, 6: true})
})

test('a link is up, has a carrier, a master and a peer only where it says so', (t) => {
  const [lo, pod, other] = parseFacts([LINKS, '[]'])?.links ?? []
  t.like(lo, {name: 'lo', kind: '', up: false, carrier: false, addresses: []})
  t.false('peer' in (lo ?? {}) || 'master' in (lo ?? {}))
  t.like(pod, {master: 'v-net-0', peer: {index: 4, netnsId: 3}, mtu: 1450})
  t.is(pod?.addresses.length, 1)
  t.like(other, {up: true, carrier: false, peer: {index: 7}})
})

test('a route is told in CIDR notation, with its type, metric and table', (t) => {
  t.like(routeOf({dst: 'default', gateway: '10.244.1.1', dev: 'eth0'}), {
    family: 4,
    to: '0.0.0.0/0',
    via: '10.244.1.1',
    type: 'unicast',
    metric: 0,
    table: 'main',
  })
  t.like(routeOf({dst: '10.9.0.1', dev: 'eth0', metric: 5, table: '100'}), {to: '10.9.0.1/32', metric: 5, table: '100'})
  t.like(routeOf({type: 'blackhole', dst: '10.9.0.0/16'}), {to: '10.9.0.0/16', type: 'blackhole'})
  t.like(routeOf({dst: '10.9.0.0/16', via: {family: 'inet6', host: 'fe80::1'}, dev: 'eth0'}), {via: 'fe80::1'})
  t.like(routeOf({dst: '10.9.0.0/16', dev: 'eth0', prefsrc: '10.9.0.1'}), {source: '10.9.0.1'})
})

test('an IPv6 route is told by its addresses, and a default route without any by what only IPv6 routes have', (t) => {
  t.like(routeOf({dst: 'default', gateway: 'fe80::1', dev: 'eth0'}), {family: 6, to: '::/0'})
  t.like(routeOf({dst: 'fd00::1', dev: 'eth0'}), {family: 6, to: 'fd00::1/128'})
  t.like(routeOf({dst: 'default', dev: 'eth0', pref: 'medium'}), {family: 6, to: '::/0'})
  t.like(routeOf({dst: 'default', dev: 'eth0'}), {family: 4, to: '0.0.0.0/0'})
  t.like(routeOf({dst: '10.9.0.0/16', via: {family: 'inet6', host: 'fe80::1'}, dev: 'eth0'}), {family: 4})
})

test('a namespace that could not be asked, or gave half an answer, has no facts', (t) => {
  for (const parts of [[], [''], ['  ', '[]', '11'], [LINKS.slice(0, 40), '[]'], [LINKS, '[{"dst":']])
    t.is(parseFacts(parts), undefined, parts.join())
})
