// From what iproute2 prints to facts.
import test from 'ava'
import {fullMtu} from '../../harness/facts/interfaces.ts'
import {parseFacts} from '../../harness/facts/parse.ts'
import {RecordingError, readRecording, recordFacts} from '../../harness/facts/record.ts'
import {versionsIn} from '../../harness/facts/versions.ts'
import {runHook} from '../../harness/trace/nftables.ts'
import {traceTo} from '../../harness/trace.ts'
import {PLACES, recordedFacts} from '../tools/recorded.ts'

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

test('versions are read from what the tools print; what is missing is absent, and no message is taken for one', (t) => {
  const told = versionsIn('Linux 6.18.5-amd64\nip utility, iproute2-6.15.0, libbpf 1.5.0\nnftables v1.1.3 (Commodore Bullmoose #4)\n')
  t.deepEqual(told, {kernel: 'Linux 6.18.5-amd64', iproute2: '6.15.0', nftables: '1.1.3'})
  t.deepEqual(versionsIn('Linux 6.1.0\nip utility, iproute2-ss190107\n'), {kernel: 'Linux 6.1.0', iproute2: 'ss190107'})
  t.deepEqual(versionsIn('bash: line 1: nft: command not found\n'), {})
})

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

test('a veth whose other end is in the same namespace has it by its index, as one elsewhere has', (t) => {
  const veth = (ifindex: number, ifname: string, link?: string) => ({
    ...{ifindex, ifname, link, flags: ['UP'], mtu: 1500, linkinfo: {info_kind: 'veth'}},
  })
  const links = parseFacts([
    JSON.stringify([veth(4, 'veth-a', 'veth-b'), veth(5, 'veth-b', 'veth-a'), veth(6, 'veth-c', 'veth-z')]),
    '[]',
  ])?.links
  t.deepEqual(
    links?.map(({peer}) => peer),
    [{index: 5}, {index: 4}, undefined],
  )
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

/** The lines of a namespace in reading.sh's order, all empty but these. */
function lines(some: Readonly<Record<number, string>>): string[] {
  return Array.from({length: 17}, (_, at) => some[at] ?? (at === 0 ? LINKS : at < 6 ? '[]' : ''))
}

test('a tool that is not there or refuses is told, and what it would have told is empty', (t) => {
  const facts = parseFacts(lines({6: '!bridge 127', 7: '!nft 1', 8: '!tc 127', 10: '!ss 127'}))
  t.deepEqual(facts?.unread, ['bridge', 'nft', 'tc', 'ss'])
  t.deepEqual([facts?.fdb, facts?.ruleset, facts?.trafficControl, facts?.listeners], [[], [], [], []])
  t.deepEqual(parseFacts(lines({}))?.unread, [])
  t.is(parseFacts(['!ip 127', '!ip 127', '!ip 127', '!ip 127']), undefined)
})

test('routes or rules that are others at the end are told; the kernel’s own table may change', (t) => {
  const [before, after] = ['10.9.0.0/16', '10.8.0.0/16'].map((dst) => JSON.stringify([{dst, dev: 'eth0'}])) as [string, string]
  const own = JSON.stringify([
    {dst: '10.9.0.0/16', dev: 'eth0'},
    {dst: 'fe80::1', table: 'local', dev: 'eth0'},
  ])
  t.deepEqual(parseFacts(lines({1: before, 15: after}))?.changed, ['routes'])
  t.deepEqual(parseFacts(lines({1: before, 15: own}))?.changed, [])
  t.deepEqual(parseFacts(lines({1: before, 16: JSON.stringify([{priority: 9, src: 'all', table: '100'}])}))?.changed, ['rules'])
  t.deepEqual(parseFacts(lines({1: before}))?.changed, [])
})

test('neighbours for whom a place answers are told beside those that it knows', (t) => {
  const proxy = JSON.stringify([{dst: '169.254.1.1', dev: 'eth0', proxy: null}])
  const known = JSON.stringify([{dst: 'fd00::1', dev: 'eth0', lladdr: '02:00:00:00:00:01', state: ['REACHABLE']}])
  t.deepEqual(
    parseFacts(lines({3: known, 4: proxy}))?.neighbours.map(({address, proxy: other}) => [address, other]),
    [
      ['fd00::1', false],
      ['169.254.1.1', true],
    ],
  )
})

test('a forwarding entry of a bridge is its own, or was set by hand, or was learned', (t) => {
  const entry = (state: string) => ({mac: '02:00:00:00:00:01', ifname: 'veth-b', master: 'v-net-0', flags: [], state})
  const fdb = parseFacts(lines({6: JSON.stringify(['permanent', 'static', ''].map(entry))}))?.fdb
  t.deepEqual(
    fdb?.map(({permanent, local}) => [permanent, local]),
    [
      [true, true],
      [true, false],
      [false, false],
    ],
  )
})

const LEGACY = [
  '# Generated by iptables-save v1.8.9 on Sat Nov 21 12:51:35 2026',
  '*nat',
  ':PREROUTING ACCEPT [0:0]',
  ':POSTROUTING ACCEPT [0:0]',
  '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.9:8080',
  '-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE',
  'COMMIT',
  '*filter',
  ':FORWARD DROP [0:0]',
  ':X - [0:0]',
  '-A FORWARD -s 10.0.0.0/8 ! -d 10.1.0.0/16 -i eth+ -p tcp -m tcp --dport 80:90 -m comment --comment "a -j b" -j REJECT --reject-with icmp-port-unreachable',
  '-A FORWARD -j X',
  '-A X -p icmp -m icmp --icmp-type 8 -m conntrack --ctstate NEW,ESTABLISHED -j DROP',
  '-A X -m statistic --mode random --probability 0.5 -j ACCEPT',
  'COMMIT',
].join('\v')

test('rules of the old iptables are judged as those of nftables are', (t) => {
  const {ruleset = [], legacyTables} = parseFacts(lines({12: 'nat\vfilter\v', 13: LEGACY})) ?? {}
  t.deepEqual(legacyTables, ['nat', 'filter'])
  const base = {family: 4, reply: false, sourcePort: 40_000, length: 84, iif: 'eth0', oif: 'eth1'} as const
  const tcp = {...base, protocol: 'tcp', source: '10.0.0.1', destination: '10.2.0.1', destinationPort: 85} as const
  t.like(runHook(ruleset, 'forward', tcp), {verdict: 'reject', by: {table: 'iptables-legacy filter', chain: 'FORWARD'}})
  const echo = {...tcp, protocol: 'icmp'} as const
  t.like(runHook(ruleset, 'forward', echo), {verdict: 'drop', by: {chain: 'X'}})
  // Its policy drops the others, unless chance lets them pass.
  const others = [
    {...tcp, destination: '10.1.0.1'},
    {...tcp, iif: 'v'},
    {...tcp, destinationPort: 91},
    {...echo, reply: true},
  ]
  for (const packet of others) {
    const {verdict, doubts} = runHook(ruleset, 'forward', packet)
    t.is(verdict, 'accept')
    t.true(doubts.some(({text}) => text.includes('xt match statistic')))
  }
  t.like(runHook(ruleset, 'prerouting', {...tcp, destinationPort: 80}).translated, {address: '10.0.0.9', port: 8080})
  t.like(runHook(ruleset, 'postrouting', tcp).translated, {cause: 'source-nat'})
})

test('the old iptables’ rules that could not be read are told', (t) => {
  const facts = parseFacts(lines({12: 'filter\v', 13: '!iptables-legacy-save 127'}))
  t.deepEqual([facts?.legacyTables, facts?.unread, facts?.ruleset], [['filter'], ['iptables-legacy-save'], []])
})

test('recorded facts come back as they were, and places that could not be asked too', (t) => {
  const read = recordedFacts()
  const asked = read.get('node1')
  // What a switch has said belongs to the facts.
  const facts = new Map([
    ...read,
    ['pod9', undefined],
    ...(asked ? [['node1', {...asked, answers: new Map([['line', 'text']])}] as const] : []),
  ])
  t.deepEqual(readRecording(recordFacts(facts)), facts)
  t.is(traceTo(readRecording(recordFacts(facts)), PLACES, 'pod1', '10.244.2.2').ended, 'delivered')
})

test('a full packet has the size that most nodes take: one that takes less falls short of it, one that takes more is no measure', (t) => {
  const nodes = PLACES.filter(({kind}) => kind === 'node')
  const taking = (...sizes: readonly number[]) =>
    fullMtu(
      {},
      new Map(
        nodes.map(({name, address}, index) => [
          name,
          [{name: 'eth0', mtu: sizes[index] ?? 1500, up: true, addresses: [{address, prefixLength: 24}]}],
        ]),
      ),
      nodes.slice(0, sizes.length),
    )
  t.is(taking(1500, 1400, 1500), 1500)
  t.is(taking(1500, 9000, 1500), 1500)
  t.is(taking(9000, 9000, 1500), 9000)
  t.is(taking(9000, 1500), 1500)
  t.is(taking(1450, 1400), 1450)
  t.is(fullMtu({mtu: 1442}, new Map(), nodes), 1442)
  t.is(fullMtu({}, new Map(), nodes), 1500)
})

test('what is no recording is refused in a sentence', (t) => {
  const right = recordFacts(recordedFacts())
  const refusal = (text: string) => t.throws(() => readRecording(text, 'lab.facts'), {instanceOf: RecordingError})?.message ?? ''
  t.regex(refusal(''), /^lab\.facts holds no facts that can be read: Unexpected end of JSON input/)
  t.regex(refusal(right.slice(0, 900)), /^lab\.facts holds no facts that can be read: /)
  t.is(refusal('[]'), 'lab.facts holds no facts that can be read: it is no recording of podwire’s')
  t.is(
    refusal(right.replace('"version": 1', '"version": 7')),
    'lab.facts holds no facts that can be read: it is of version 7, and this podwire reads version 1',
  )
  t.regex(refusal(right.replaceAll('"neighbours":[', '"neighbors":[')), /: \w+ has no neighbours$/)
  t.is(refusal('{"podwire": "facts", "version": 1, "places": {"a": 3}}'), 'lab.facts holds no facts that can be read: a has no facts')
})
