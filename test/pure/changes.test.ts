// What a stage changed in the kernels, a line each, in the words of their tools; and what comes and goes by itself, which is no change.
import test from 'ava'
import type {Facts, LinkFacts, NamespaceFacts} from '../../harness/facts/facts.ts'
import {rulesetOfLegacy} from '../../harness/facts/legacy.ts'
import type {Ruleset} from '../../harness/facts/ruleset.ts'
import {COMPARED, changesBetween} from '../../harness/page/changes.ts'
import {changedAt} from '../tools/changed-facts.ts'
import {link, namespace} from '../tools/facts.ts'
import {recordedFacts} from '../tools/recorded.ts'

const facts = recordedFacts()
const lines = (was: Facts | undefined, is: Facts) => changesBetween(was, is).map(({sign, text}) => `${sign} ${text}`)
/** Of one thing that is another at node1. */
const after = (change: (here: NamespaceFacts) => Partial<NamespaceFacts>) => lines(facts, changedAt('node1', change))
const onDevice = (name: string, change: (link: LinkFacts) => Partial<LinkFacts>) =>
  changedAt('node1', ({links}) => ({links: links.map((each) => (each.name === name ? {...each, ...change(each)} : each))}))
const asPort = (name: string, change: Partial<NonNullable<LinkFacts['port']>>) =>
  onDevice(name, ({port}) => (port ? {port: {...port, ...change}} : {}))
const NAT: Ruleset = [
  {table: {family: 'ip', name: 'translate'}},
  {chain: {family: 'ip', table: 'translate', name: 'post', type: 'nat', hook: 'postrouting', prio: 100, policy: 'accept'}},
  {
    rule: {
      ...{family: 'ip', table: 'translate', chain: 'post', handle: 2},
      expr: [{match: {op: '==', left: {meta: {key: 'oifname'}}, right: 'eth0'}}, {counter: {packets: 1, bytes: 2}}, {masquerade: null}],
    },
  },
]

test('rules of nftables and of the old iptables: what is new and what is gone, not what they have counted', (t) => {
  const withNat = changedAt('node1', () => ({ruleset: NAT}))
  const chain = 'nft: ip translate post: chain type nat hook postrouting priority 100; policy accept'
  const rule = 'nft: ip translate post: oifname eth0 counter masquerade'
  t.deepEqual(changesBetween(facts, withNat), [
    {place: 'node1', sign: '+', text: chain},
    {place: 'node1', sign: '+', text: rule, dev: 'eth0'},
  ])
  t.deepEqual(lines(withNat, facts), [`- ${chain}`, `- ${rule}`])
  const counted = JSON.parse(JSON.stringify(NAT).replace('"packets":1', '"packets":9').replace('"handle":2', '"handle":7')) as Ruleset
  t.deepEqual(
    lines(
      withNat,
      changedAt('node1', () => ({ruleset: counted})),
    ),
    [],
  )
  // The same rule twice is one more.
  const twice = changedAt('node1', () => ({ruleset: [...NAT, ...NAT.slice(2)]}))
  t.deepEqual(lines(withNat, twice), [`+ ${rule}`])
  const dropping = changedAt('node1', () => ({ruleset: JSON.parse(JSON.stringify(NAT).replace('accept', 'drop')) as Ruleset}))
  t.deepEqual(lines(withNat, dropping), [`- ${chain}`, `+ ${chain.replace('accept', 'drop')}`])
  const old = rulesetOfLegacy('*filter\v:INPUT ACCEPT [0:0]\v:FORWARD DROP [0:0]\v-A FORWARD -s 10.244.1.0/24 -j REJECT\vCOMMIT', 'ip')
  t.deepEqual(
    after(() => ({ruleset: old})),
    ['+ iptables-legacy: filter FORWARD: policy drop', '+ iptables-legacy: filter FORWARD: ip saddr 10.244.1.0/24 reject'],
  )
})

test('rules that could not be read on one side are not told as gone', (t) => {
  const withNat = changedAt('node1', () => ({ruleset: NAT}))
  t.deepEqual(
    lines(
      withNat,
      changedAt('node1', () => ({unread: ['nft']})),
    ),
    [],
  )
})

test('a set: what somebody put into it, not what packets do', (t) => {
  const set = (changes: object) =>
    changedAt('node1', () => ({ruleset: [...NAT, {set: {family: 'ip', table: 'translate', name: 's', ...changes}}]}))
  t.deepEqual(lines(set({elem: ['10.0.0.1']}), set({elem: ['10.0.0.1', '10.0.0.2']})), [
    '- nft: ip translate s: set { 10.0.0.1 }',
    '+ nft: ip translate s: set { 10.0.0.1, 10.0.0.2 }',
  ])
  const seen = {flags: ['dynamic'], elem: ['10.0.0.1']}
  t.deepEqual(lines(set(seen), set({...seen, elem: []})), [])
})

test('a switch of the kernel, as it was and as it is; one for all devices is one; what is counted is none', (t) => {
  const set = (...changes: [string, string][]) => after(({sysctls}) => ({sysctls: new Map([...sysctls, ...changes])}))
  const rpFilter = 'ipv4.conf.v-net-0.rp_filter'
  const was = facts.get('node1')?.sysctls.get(rpFilter)
  t.deepEqual(set([rpFilter, '7']), [`+ net.${rpFilter} ${was} → 7`])
  t.is(
    changesBetween(
      facts,
      changedAt('node1', ({sysctls}) => ({sysctls: new Map([...sysctls, [rpFilter, '7']])})),
    )[0]?.dev,
    'v-net-0',
  )
  t.deepEqual(set(['netfilter.nf_conntrack_count', '99']), [])
  const off = after(({sysctls, forwarding}) => ({
    sysctls: new Map([...sysctls].map(([name, value]) => [name, /^ipv4\.(ip_forward|conf\..*\.forwarding)$/.test(name) ? '0' : value])),
    forwarding: {...forwarding, 4: false},
  }))
  t.deepEqual(off, ['- forwards IPv4'])
  // What a new device has by itself is nothing that was set.
  const fresh = after(({sysctls}) => ({
    sysctls: new Map([...sysctls, ['ipv4.conf.new0.rp_filter', sysctls.get('ipv4.conf.default.rp_filter') ?? '']]),
  }))
  t.deepEqual(fresh, [])
})

test('a device: its MAC address, its flags as a port, ARP, its tunnel; and the device is outlined', (t) => {
  const port = 'veth-pod1-br'
  const mac = facts.get('node1')?.links.find(({name}) => name === 'eth0')?.mac
  const other = changesBetween(
    facts,
    onDevice('eth0', () => ({mac: '02:00:00:00:01:02'})),
  )
  t.deepEqual(other, [
    {place: 'node1', sign: '-', text: `eth0 link/ether ${mac}`, dev: 'eth0'},
    {place: 'node1', sign: '+', text: 'eth0 link/ether 02:00:00:00:01:02', dev: 'eth0'},
  ])
  t.deepEqual(changesBetween(facts, asPort(port, {isolated: true})), [{place: 'node1', sign: '+', text: `${port} isolated on`, dev: port}])
  t.deepEqual(lines(facts, asPort(port, {hairpin: true, learning: false, state: 'blocking'})), [
    ...[`+ ${port} hairpin on`, `+ ${port} learning off`, `+ ${port} state blocking`],
  ])
  t.deepEqual(
    lines(
      facts,
      onDevice('eth0', () => ({arp: false})),
    ),
    ['+ eth0 arp off'],
  )
  const vxlan = (id: number) => onDevice('eth0', () => ({vxlan: {id, port: 4789, learning: false, local: '192.168.1.11', dev: 'eth0'}}))
  t.deepEqual(lines(vxlan(42), vxlan(43)), [
    '- eth0 vxlan id 42 local 192.168.1.11 dev eth0 dstport 4789 nolearning',
    '+ eth0 vxlan id 43 local 192.168.1.11 dev eth0 dstport 4789 nolearning',
  ])
})

test('a bridge’s own MAC address is told where no port of it gave it', (t) => {
  const port = facts.get('node1')?.links.find(({master}) => master === 'v-net-0')
  const bridge = (mac: string) => onDevice('v-net-0', () => ({mac}))
  const [one, other] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b']
  t.deepEqual(lines(bridge('00:00:00:00:00:00'), bridge(port?.mac ?? '')), [])
  t.deepEqual(lines(bridge(one), bridge(other)), [`- v-net-0 link/ether ${one}`, `+ v-net-0 link/ether ${other}`])
})

test('entries that somebody fixed, not those that are learned', (t) => {
  const entry = {mac: '02:00:00:00:01:02', dev: 'veth-pod2-br', master: 'v-net-0', permanent: true, local: false}
  t.deepEqual(
    changesBetween(
      facts,
      changedAt('node1', ({fdb}) => ({fdb: [...fdb, entry]})),
    ),
    [{place: 'node1', sign: '+', text: 'fdb 02:00:00:00:01:02 dev veth-pod2-br master v-net-0 static', dev: 'veth-pod2-br'}],
  )
  t.deepEqual(
    after(({fdb}) => ({fdb: [...fdb, {...entry, permanent: false}]})),
    [],
  )
  const neighbour = {address: '10.244.1.9', dev: 'v-net-0', mac: '02:00:00:00:00:09', proxy: false}
  t.deepEqual(
    after(({neighbours}) => ({neighbours: [...neighbours, {...neighbour, state: 'PERMANENT'}]})),
    ['+ neighbour 10.244.1.9 dev v-net-0 lladdr 02:00:00:00:00:09 PERMANENT'],
  )
  t.deepEqual(
    after(() => ({neighbours: [{...neighbour, state: 'REACHABLE'}]})),
    [],
  )
})

test('rules: IPv4 and IPv6 are told apart, and what every namespace begins with is told where it goes', (t) => {
  const first = lines(undefined, facts)
  t.false(first.some((text) => text.includes('lookup local') || text.includes('lookup main')))
  t.deepEqual(
    after(({rules}) => ({rules: {...rules, 6: []}})).filter((text) => text.includes('lookup main')),
    ['- IPv6 rule 32766: from all lookup main'],
  )
  const rule = {priority: 100, not: false, from: '10.244.1.0/24', action: 'lookup', table: '7'}
  t.deepEqual(
    after(({rules}) => ({rules: {4: [...rules[4], rule], 6: rules[6]}})),
    ['+ rule 100: from 10.244.1.0/24 lookup 7'],
  )
})

test('tc, programs, switches, sessions, daemons and drawn networks', (t) => {
  t.deepEqual(
    after(() => ({trafficControl: [{dev: 'eth0', kind: 'pfifo', side: 'root', text: 'qdisc pfifo {"limit":0}'}]})),
    ['+ tc: qdisc pfifo dev eth0 root limit 0'],
  )
  const map = (type: string, value: string) => ({
    programs: [{id: 1, name: 'from_pod', maps: [{id: 2, name: 'pods', type, entries: [{key: ['0x0a', '0x01'], value: [value]}]}]}],
  })
  const withMap = (type: string, value: string) => changedAt('node1', () => map(type, value))
  t.deepEqual(lines(withMap('hash', '0x01'), withMap('hash', '0x10')), [
    '- bpf: map pods key 10 1 value 1',
    '+ bpf: map pods key 10 1 value 16',
  ])
  t.deepEqual(lines(withMap('lru_hash', '0x01'), withMap('lru_hash', '0x10')), [])
  const withSwitch = (connected: boolean, ...ports: string[]) =>
    changedAt('node1', () => ({
      switches: [
        {bridge: 'br-int', secure: true, ports: ports.map((name) => ({name, type: ''})), controllers: [{target: 'tcp:1', connected}]},
      ],
    }))
  t.deepEqual(lines(withSwitch(true, 'a', 'b'), withSwitch(false, 'a')), [
    ...['- ovs: br-int port b', '- ovs: br-int controller tcp:1, connected', '+ ovs: br-int controller tcp:1, not connected'],
  ])
  const session = {local: '192.168.1.12', remote: '192.168.1.11'}
  t.deepEqual(
    after(() => ({sessions: [session]})),
    ['+ BGP session 192.168.1.11 - 192.168.1.12'],
  )
  const bird = (runs: boolean) => changedAt('node1', () => ({daemons: [{name: 'bird', pid: 7, runs}]}))
  t.deepEqual(lines(bird(true), bird(false)), ['- daemon bird runs', '+ daemon bird has ended'])
  t.deepEqual(
    after(() => ({
      drawn: [{object: 'ls1 pod1', settings: " -- lsp-set-addresses pod1 '0a:00 10.244.1.2'", line: ''}],
      policies: [{on: 'ls1', direction: 'to-lport', priority: 1000, match: 'ip4', action: 'drop'}],
    })),
    ["+ ovn: ls1 pod1 '0a:00 10.244.1.2'", '+ ovn: ls1 to-lport 1000 ip4 drop'],
  )
})

test('a namespace that nobody declared, and that is there no more, is gone', (t) => {
  const more = new Map([...facts, ['node1/stray', namespace([link('eth0')], [])]])
  t.deepEqual(changesBetween(more, facts), [{place: 'node1/stray', sign: '-', text: 'is gone, or cannot be asked'}])
})

test('what was compared is said by name', (t) => {
  for (const what of ['MAC addresses', 'port flags', 'nftables', 'sysctl', 'BGP sessions', 'without their flows'])
    t.true(COMPARED.includes(what), what)
})
