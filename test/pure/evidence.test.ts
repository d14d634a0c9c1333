// What the tools say while packets are watched, read; and what is concluded from it, beside what the facts predict.
import test from 'ava'
import {bothWays} from '../../harness/both-ways.ts'
import {conflictsIn} from '../../harness/evidence/conflicts.ts'
import {lossesIn} from '../../harness/evidence/counters.ts'
import {dropsIn} from '../../harness/evidence/drops.ts'
import {chosenFor, MOST_WATCHED} from '../../harness/evidence/exchanges.ts'
import {proven} from '../../harness/evidence/proof.ts'
import {endingsIn} from '../../harness/evidence/rules.ts'
import {sightingsOf} from '../../harness/evidence/sightings.ts'
import {unobservedIn, untraced} from '../../harness/evidence/watchers.ts'
import type {Facts} from '../../harness/facts/facts.ts'
import type {Diagnosis, KernelDrop, Observation, Probe, Sighting, TracedRule} from '../../harness/model.ts'
import {observationLines} from '../../harness/report/observation.ts'
import {changedAt, withoutRoute} from '../tools/changed-facts.ts'
import {isAsExpected} from '../tools/expected.ts'
import {MTU, PLACES, recordedFacts, recordedProbes} from '../tools/recorded.ts'

/** What nft 1.0.6 printed of an echo request and of a datagram; the message begins with the nonce. */
const HEADER = 'packet: iif "eth0" ip saddr 10.244.1.2 ip daddr 10.244.2.2 ip ttl 63 ip id 137 ip length 92'
const ECHO = `${HEADER} icmp type echo-request icmp code net-unreachable icmp id 13 icmp sequence 1 @th,64,96 0xe1ae`
const DATAGRAM = `${HEADER} udp sport 40123 udp dport 20790 udp length 72 @th,64,96 0x6162`

test('nft monitor trace: the rule or policy that ended a packet, and which packet it was', (t) => {
  const lines = [
    `trace id 2fef766b inet podwire_0123456789ab prerouting ${ECHO} `,
    'trace id 2fef766b inet podwire_0123456789ab prerouting rule meta l4proto { icmp, ipv6-icmp } @th,64,96 0x61 meta nftrace set 1 # handle 4 (verdict continue)',
    'trace id 2fef766b inet podwire_0123456789ab prerouting policy accept ',
    `trace id 2fef766b ip filter FORWARD ${ECHO} `,
    'trace id 2fef766b ip filter FORWARD rule ip saddr 10.244.0.0/16 counter packets 3 bytes 252 jump KEEP # handle 7 (verdict jump KEEP)',
    'trace id 2fef766b ip filter KEEP rule ip protocol icmp counter packets 12 bytes 1008 drop # handle 9 (verdict drop)',
    `trace id 533ee44f ip filter FORWARD ${DATAGRAM} `,
    'trace id 533ee44f ip filter FORWARD policy drop ',
    'trace id 533ee44f ip filter FORWARD unknown rule handle 3 (verdict accept)',
    'what nobody prints',
  ]
  t.deepEqual(endingsIn(lines), [
    {
      packet: {way: 'request', port: 13},
      rule: {family: 'ip', table: 'filter', chain: 'KEEP', handle: 9, text: 'ip protocol icmp counter drop'},
    },
    {packet: {way: 'request', port: 40_123}, rule: {family: 'ip', table: 'filter', chain: 'FORWARD', text: 'policy drop'}},
  ])
  const reply = DATAGRAM.replace('sport 40123', 'sport 20790').replace('dport 20790', 'dport 40123')
  t.deepEqual(endingsIn([`trace id 1 ip filter IN ${reply}`, 'trace id 1 ip filter IN policy drop'])[0]?.packet, {
    way: 'reply',
    port: 40_123,
  })
  // As nft 1.0.6 writes it: 589825 is identifier 9 and sequence 1.
  const six = 'icmpv6 type echo-request icmpv6 code no-route icmpv6 parameter-problem 589825 @th,64,96 0xfab8'
  const dropped = 'rule meta l4proto ipv6-icmp icmpv6 type echo-request counter packets 0 bytes 0 drop # handle 2 (verdict drop)'
  t.deepEqual(endingsIn([`trace id 1 ip6 filter INPUT packet: iif "eth0" ${six} `, `trace id 1 ip6 filter INPUT ${dropped}`]), [
    {
      packet: {way: 'request', port: 9},
      rule: {
        family: 'ip6',
        table: 'filter',
        chain: 'INPUT',
        handle: 2,
        text: 'meta l4proto ipv6-icmp icmpv6 type echo-request counter drop',
      },
    },
  ])
  t.deepEqual(endingsIn(lines.slice(0, 5)), [], 'a packet that is let pass has no end')
})

const traced = (process: string, event: string) => ` ${process}   [000] ..s1. 13243.777689: ${event}`
const QUEUED = 'net_dev_queue: dev=eth0 skbaddr=000000004d287a98 len=106'
const FREED = 'skbaddr=000000004d287a98 rx_sk=0000000000000000 protocol=2048 location=ip_forward+0x2bd/0x560 reason: IP_INADDRERRORS'

test('tracepoints: a drop is of a watched packet where its skb was sent by a watched process', (t) => {
  const [ours, softirq] = ['podwire-abc1234-19641', 'ksoftirqd/1-22']
  const found = [{reason: 'IP_INADDRERRORS', function: 'ip_forward', devices: ['veth-pod1', 'eth0']}]
  const sent = [traced(ours, QUEUED.replace('eth0', 'veth-pod1')), traced(ours, QUEUED)]
  t.deepEqual(dropsIn([...sent, traced(ours, `kfree_skb: ${FREED}`)], 'podwire-abc1234'), found)
  t.deepEqual(dropsIn([...sent, traced(softirq, `kfree_skb: ${FREED}`)], 'podwire-abc1234'), found, 'a busy processor hands it on')
  const none = {
    'of nobody that is watched': [traced('perl-7', QUEUED), traced('perl-7', `kfree_skb: ${FREED}`)],
    'never sent': [traced(ours, `kfree_skb: ${FREED}`)],
    'come to its end before': [
      ...sent,
      traced(ours, 'consume_skb: skbaddr=000000004d287a98 location=x+0x1/0x2'),
      traced(ours, `kfree_skb: ${FREED}`),
    ],
    ARP: [...sent, traced(ours, `kfree_skb: ${FREED.replace('2048', '2054')}`)],
    'a reply that has come': [...sent, traced(ours, `kfree_skb: ${FREED.replace('ip_forward', 'ping_rcv')}`)],
  }
  for (const [what, lines] of Object.entries(none)) t.deepEqual(dropsIn(lines, 'podwire-abc1234'), [], what)
})

test('counters: losses alone', (t) => {
  const rise = (counter: string) => ({place: 'node2', counter, increase: 3})
  const losses = [rise('Ip:InAddrErrors'), rise('TcpExt:IPReversePathFilter'), rise('eth0 rx_dropped')]
  t.deepEqual(lossesIn([rise('Ip:InReceives'), ...losses, rise('Icmp:InEchos')]), losses)
})

const PAIR = {from: 'pod1', to: 'pod3', address: '10.244.2.2'}
const ICMP = recordedProbes('healthy').find(
  ({from, to, protocol, size}) => from === 'pod1' && to === 'pod3' && protocol === 'icmp' && size === 'small',
) as Probe

function ways(facts: Facts) {
  return bothWays(facts, PLACES, PAIR, {protocol: 'icmp', size: 'small', mtu: MTU})
}

function passing(way: Sighting['way'], ...names: readonly string[]): Sighting[] {
  const [source = '', destination = ''] = way === 'request' ? ['10.244.1.2', '10.244.2.2'] : ['10.244.2.2', '10.244.1.2']
  return names.map((name) => {
    const [direction, place = '', device = ''] = name.split(/[ /]/)
    return {place, device, direction: direction as Sighting['direction'], way, source, destination}
  })
}

const TO_NODE2 = passing('request', 'out pod1/veth-pod1', 'in node1/v-net-0', 'out node1/eth0', 'in node2/eth0')
const THERE = [...TO_NODE2, ...passing('request', 'out node2/v-net-0', 'in pod3/veth-pod3')]
const BACK_TO_NODE2 = passing('reply', 'out pod3/veth-pod3', 'in node2/v-net-0')
const RULE: TracedRule = {
  place: 'node2',
  way: 'request',
  family: 'ip',
  table: 'filter',
  chain: 'FORWARD',
  handle: 4,
  text: 'ip protocol icmp drop',
}
const DROP: KernelDrop = {reason: 'NETFILTER_DROP', function: 'nft_do_chain', devices: ['veth-pod1', 'eth0', 'node2']}
const NOTHING = {answered: false, sightings: [], rules: [], drops: [], unobserved: []} as const

test('sightings: in the order of time, each device once, of this exchange alone', (t) => {
  const facts = recordedFacts()
  const index = (place: string, name: string) => String(facts.get(place)?.links.find((link) => link.name === name)?.index)
  const row = (place: string, device: string, kind: number, at: string, way = 'request', number = '7') => ({
    node: 'node1',
    kind: 'passed',
    fields: [place, index(place, device), String(kind), at, way, number, 'small', '10.244.1.2', '9', '10.244.2.2', '9', '92'],
  })
  const rows = [
    row('node1', 'eth0', 4, '1700000000.000000300'),
    row('node1', 'eth0', 4, '1700000000.100000300'),
    row('node3', 'eth0', 3, '1700000000.000000400'),
    row('pod1', 'lo', 0, '1700000000.000000100'),
    row('pod2', 'lo', 0, '1700000000.000000100', 'request', '8'),
    row('node2', 'eth0', 0, '1700000000.000000500'),
    row('node1', 'v-net-0', 0, '1700000000.000000200'),
  ]
  const seen = sightingsOf(rows, facts, {number: 7, probe: ICMP, length: 84})
  t.deepEqual(
    seen.map(({direction, place, device}) => `${direction} ${place}/${device}`),
    ['in node1/v-net-0', 'out node1/eth0', 'past node3/eth0', 'in node2/eth0'],
  )
  t.deepEqual(sightingsOf(rows, facts, {number: 6, probe: ICMP, length: 84}), [])
  // A first packet of TCP holds no message: its port tells.
  const syn = [{...rows[0], fields: [...(rows[0]?.fields.slice(0, 5) ?? []), '-', '-', '10.244.1.2', '40123', '10.244.2.2', '20790', '60']}]
  const of = (sourcePort: number): Probe => ({
    ...ICMP,
    protocol: 'tcp',
    request: {sent: {source: '', destination: '', sourcePort, destinationPort: 20_790}},
  })
  t.is(sightingsOf(syn as typeof rows, facts, {number: 7, probe: of(40_123), length: 84}).length, 1)
  t.is(sightingsOf(syn as typeof rows, facts, {number: 7, probe: of(40_124), length: 84}).length, 0)
})

test('of a full exchange over TCP the full packets count: a connection is made by small ones', (t) => {
  const facts = recordedFacts()
  const probe: Probe = {
    ...ICMP,
    ...{protocol: 'tcp', size: 'full', request: {sent: {source: '', destination: '', sourcePort: 40_123, destinationPort: 20_790}}},
  }
  const row = (bytes: number) => {
    const flow = ['10.244.1.2', '40123', '10.244.2.2', '20790', String(bytes)]
    return {node: 'node1', kind: 'passed', fields: ['node1', '99', '4', '1.0', 'request', '-', '-', ...flow]}
  }
  t.is(sightingsOf([row(60), row(1000)], facts, {number: 7, probe, length: MTU}).length, 0)
  t.is(sightingsOf([row(60), row(MTU)], facts, {number: 7, probe, length: MTU}).length, 1)
  t.is(sightingsOf([row(60)], facts, {number: 7, probe: {...probe, size: 'small'}, length: 84}).length, 1)
  const full = bothWays(facts, PLACES, PAIR, {protocol: 'tcp', size: 'full', mtu: MTU})
  const small = changedAt('node1', ({links}) => ({links: links.map((link) => (link.name === 'v-net-0' ? {...link, mtu: 1200} : link))}))
  const cut = bothWays(small, PLACES, PAIR, {protocol: 'udp', size: 'full', mtu: MTU})
  t.is(cut.back?.ended, 'mtu-too-small')
  t.deepEqual(conflictsIn(cut, {...NOTHING, sightings: THERE}), [], 'the answering end knows the size')
  t.is(conflictsIn(cut, {...NOTHING, sightings: [...THERE, ...BACK_TO_NODE2]}).length, 1, 'what was sent should have come further')
  t.deepEqual(conflictsIn(full, NOTHING), [], 'none was sent: the connection has found a smaller size')
})

test('where the old iptables has tables, rules are not observed, and it is said', (t) => {
  const read = recordedFacts()
  const here = read.get('node2')
  if (!here) return t.fail('node2 is there')
  const facts = new Map(read).set('node2', {...here, legacyTables: ['filter']})
  const posts = PLACES.map((place) => ({place, families: ['inet']}))
  t.deepEqual(untraced(posts, facts), [{what: 'rules', place: 'node2', why: 'nft does not trace the rules of the old iptables (filter)'}])
  t.deepEqual(untraced(posts, read), [])
})

test('what was seen as predicted is no conflict', (t) => {
  const stopped = ways(withoutRoute('node2', '10.244.1.0/24'))
  t.deepEqual([stopped.forward.ended, stopped.back?.ended, stopped.back?.at], ['delivered', 'no-route', 'node2'])
  t.deepEqual(conflictsIn(stopped, {...NOTHING, sightings: [...THERE, ...BACK_TO_NODE2]}), [])
  t.deepEqual(conflictsIn(ways(recordedFacts()), {...NOTHING, answered: true, sightings: THERE}), [])
  const atOnce = ways(withoutRoute('node1', '10.244.2.0/24'))
  t.deepEqual(conflictsIn(atOnce, {...NOTHING, sightings: TO_NODE2.slice(0, 2)}), [])
})

test('every disagreement is said', (t) => {
  const whole = ways(recordedFacts())
  const stopped = ways(withoutRoute('node2', '10.244.1.0/24'))
  const atOnce = ways(withoutRoute('node1', '10.244.2.0/24'))
  t.deepEqual(conflictsIn(whole, {...NOTHING, sightings: TO_NODE2}), [
    'the facts bring the request to pod3, and it was last seen coming in at node2/eth0',
  ])
  t.deepEqual(conflictsIn(whole, NOTHING), ['the facts bring the request to pod3, and it was seen nowhere'])
  t.deepEqual(conflictsIn(whole, {...NOTHING, sightings: [...THERE, ...BACK_TO_NODE2]}), [
    'the facts bring the reply to pod1, and it was last seen coming in at node2/v-net-0',
  ])
  t.deepEqual(conflictsIn(stopped, {...NOTHING, answered: true}), [
    'the facts stop the reply at node2 (no-route), and this one was answered',
  ])
  t.deepEqual(conflictsIn(atOnce, {...NOTHING, sightings: THERE}), ['the facts stop the request at node1 (no-route), and it came to pod3'])
  t.deepEqual(conflictsIn(atOnce, {...NOTHING, sightings: TO_NODE2.slice(0, 1)}), [
    'the facts bring the request to node1, and it was last seen going out at pod1/veth-pod1',
  ])
  t.deepEqual(conflictsIn(stopped, {...NOTHING, sightings: TO_NODE2, rules: [RULE], drops: [DROP]}), [
    'the facts bring the request to pod3, and it was last seen coming in at node2/eth0',
    'the facts stop the reply at node2 (no-route), and ip filter FORWARD at node2 dropped the request: ip protocol icmp drop',
    'the facts stop it by no-route, and the kernel dropped it: NETFILTER_DROP in nft_do_chain',
  ])
  t.deepEqual(conflictsIn(whole, {...NOTHING, sightings: THERE, drops: [{...DROP, reason: 'NOT_SPECIFIED'}]}).slice(1), [
    'the facts let it pass both ways, and the kernel dropped it: NOT_SPECIFIED in nft_do_chain',
  ])
})

test('a packet that ends where the facts leave it open is no conflict; elsewhere it is', (t) => {
  const whole = ways(recordedFacts())
  const doubt = {cause: 'filter-drop', at: 'node2', object: 'ip filter FORWARD handle 4', evidence: 'it is not understood'} as const
  const open = {...whole, forward: {...whole.forward, doubts: [doubt]}}
  t.deepEqual(conflictsIn(open, {...NOTHING, sightings: TO_NODE2, rules: [RULE], drops: [DROP]}), [])
  t.is(conflictsIn({...whole, forward: {...whole.forward, doubts: [{...doubt, at: 'node1'}]}}, {...NOTHING, sightings: TO_NODE2}).length, 1)
})

test('what the facts leave unknown disagrees with nothing that came after it, only with what should have come there', (t) => {
  const whole = ways(recordedFacts())
  const end = {ended: 'unknown', at: 'node1', object: 'flannel0', evidence: 'what the process does is not seen'} as const
  const open = {...ways(recordedFacts()), forward: {...whole.forward, hops: whole.forward.hops.slice(0, 2), ...end}}
  const {back: _, ...unseen} = open
  t.deepEqual(conflictsIn(unseen, {...NOTHING, answered: true, sightings: THERE}), [])
  t.deepEqual(conflictsIn(unseen, {...NOTHING, sightings: THERE, rules: [RULE], drops: [DROP]}), [])
  t.deepEqual(conflictsIn(unseen, {...NOTHING, sightings: TO_NODE2.slice(0, 1)}), [
    'the facts bring the request to node1, and it was last seen going out at pod1/veth-pod1',
  ])
})

test('a place that could not be watched makes no conflict', (t) => {
  const unobserved = [{what: 'packets', place: 'pod3', why: 'it has no namespace'}] as const
  t.deepEqual(conflictsIn(ways(recordedFacts()), {...NOTHING, sightings: TO_NODE2, unobserved}), [])
})

const UNKNOWN: Diagnosis = {
  ...{
    from: 'pod1',
    to: 'pod3',
    verdict: 'fail',
    cause: 'unknown',
    where: {node: 'node1', netns: 'pod1', object: ''},
    evidence: ['no answer'],
  },
  ...{fix: [], pairs: ['pod1 -> pod3']},
}
const SEEN: Observation = {
  ...PAIR,
  ...{
    protocol: 'icmp',
    size: 'small',
    predicted: {way: 'reply', ended: 'delivered', at: 'pod1', arrives: 'pod3', doubts: []},
    answered: false,
  },
  ...{sightings: TO_NODE2, rules: [], drops: [], counters: [], unobserved: [], conflicts: []},
}

test('the end of a packet that was seen names what the facts leave unknown, and nothing else does', (t) => {
  const named = (changes: Partial<Observation>, diagnosis = UNKNOWN) => {
    const {cause, where, evidence} = proven(diagnosis, {...SEEN, ...changes}, PLACES)
    return [cause, where.node, where.object, evidence.length]
  }
  const unknown = ['unknown', 'node1', '', 1]
  t.deepEqual(named({rules: [RULE], drops: [DROP]}), ['filter-drop', 'node2', 'ip filter FORWARD handle 4: ip protocol icmp drop', 2])
  t.is(named({rules: [{...RULE, family: 'bridge'}]})[0], 'bridge-filter-drop')
  t.is(named({rules: [{...RULE, text: 'reject with icmp host-unreachable'}]})[0], 'filter-reject')
  t.deepEqual(named({drops: [{...DROP, reason: 'IP_RPFILTER'}]}), ['reverse-path-filter', 'node2', 'eth0', 2])
  t.deepEqual(named({}), unknown)
  t.deepEqual(named({rules: [RULE, {...RULE, place: 'node1'}]}), unknown, 'two ends')
  t.deepEqual(named({drops: [{...DROP, reason: 'NOT_SPECIFIED'}]}), unknown, 'a reason that says nothing')
  t.deepEqual(named({drops: [DROP, {...DROP, reason: 'IP_RPFILTER'}]}), unknown, 'two reasons')
  t.deepEqual(named({drops: [{...DROP, reason: 'IP_RPFILTER'}], sightings: TO_NODE2.slice(0, 3)}), unknown, 'nobody saw where')
  t.deepEqual(named({rules: [RULE], answered: true}), unknown, 'it was answered')
  t.is(named({rules: [RULE]}, {...UNKNOWN, cause: 'tc-drop'})[0], 'tc-drop', 'what has a name keeps it')
})

test('one exchange a diagnosis, small before full, and not more than can be afforded', (t) => {
  const failing = recordedProbes('healthy').map((probe): Probe => ({...probe, answered: false}))
  const known = {facts: withoutRoute('node1', '10.244.2.0/24'), places: PLACES, probes: failing, mtu: MTU}
  const [only, ...others] = chosenFor([{...UNKNOWN, pairs: ['pod1 -> pod3', 'pod2 -> pod3']}], known)
  t.deepEqual(
    [only?.probe.from, only?.probe.to, only?.probe.protocol, only?.probe.size, others.length],
    ['pod1', 'pod3', 'icmp', 'small', 0],
  )
  t.is(chosenFor([{...UNKNOWN, protocol: 'udp'}], known)[0]?.probe.protocol, 'udp')
  const sockets = failing.filter(({protocol}) => protocol !== 'icmp')
  t.is(chosenFor([UNKNOWN], {...known, probes: sockets})[0]?.probe.protocol, 'udp', 'rather one packet than a connection')
  const at = {
    ...UNKNOWN,
    cause: 'no-route',
    pairs: ['pod1 -> pod2', 'pod2 -> pod3'],
    where: {node: 'node1', netns: null, object: ''},
  } as const
  t.is(chosenFor([at], known)[0]?.probe.from, 'pod2', 'one that is stopped at the fault')
  t.is(chosenFor([UNKNOWN, {...UNKNOWN, cause: 'no-route'}], known).length, 1, 'one way, one packet')
  const many = ['pod1', 'pod2', 'pod3', 'pod4', 'node1'].map(
    (from): Diagnosis => ({...UNKNOWN, from, to: 'node3', pairs: [`${from} -> node3`]}),
  )
  t.is(chosenFor(many, known).length, MOST_WATCHED)
  t.deepEqual(chosenFor([UNKNOWN], {...known, probes: failing.map((probe) => ({...probe, answered: null}))}), [])
  t.deepEqual(chosenFor([], known), [])
})

test('a machine without perl, and a tool that is not there: what is not observed is named with its reason', (t) => {
  const posts = PLACES.filter(({node}) => node === 'node2').map((place) => ({place, families: ['inet']}))
  const rows = [{node: 'node2', kind: 'lost', fields: ['the probe ended with 127']}]
  t.deepEqual(
    unobservedIn(rows, posts).map(({what, place, why}) => `${what} ${place} ${why}`),
    ['pod3', 'node2'].flatMap((place) => ['packets', 'rules', 'counters'].map((what) => `${what} ${place} the probe ended with 127`)),
  )
  const blind = [{node: 'node1', kind: 'blind', fields: ['pod1', 'rules', 'nft cannot be run: No such file or directory']}]
  t.deepEqual(unobservedIn(blind, posts), [{what: 'rules', place: 'pod1', why: 'nft cannot be run: No such file or directory'}])
  t.deepEqual(unobservedIn([], posts), [])
})

test('prediction and observation as they should read, apart, and the conflict', (t) => {
  const counters = [{place: 'node2', counter: 'Ip:InDiscards', increase: 3}]
  const unobserved = [
    {what: 'drops', why: 'the kernel lets only root read the tracepoint skb:kfree_skb'},
    {what: 'rules', place: 'node1', why: 'nft cannot be run: No such file or directory'},
    {what: 'rules', place: 'pod1', why: 'nft cannot be run: No such file or directory'},
  ] as const
  const texts = [
    {
      ...SEEN,
      rules: [RULE],
      drops: [DROP],
      counters,
      conflicts: conflictsIn(ways(recordedFacts()), {...SEEN, rules: [RULE], drops: [DROP]}),
    },
    {...SEEN, predicted: {way: 'request', ended: 'filter-drop', at: 'node2', doubts: []}, unobserved},
    {...SEEN, answered: true, sightings: [...THERE, ...passing('reply', 'out pod3/veth-pod3', 'in pod1/veth-pod1')]},
    {
      ...SEEN,
      predicted: {way: 'request', ended: 'gateway-missing', at: 'pod1', doubts: ['the rule 7 at node1 is not understood']},
      sightings: [],
    },
    {...SEEN, sightings: passing('request', 'past node3/eth0')},
  ].map((observation) => observationLines(observation as Observation, (_, text) => text).join('\n'))
  isAsExpected(t, 'observation', texts.join('\n\n'))
})

test('an end that is not known is told as no end', (t) => {
  const predicted = {way: 'request', ended: 'unknown', at: 'node1', doubts: []} as const
  const [first] = observationLines({...SEEN, predicted} as Observation, (_, words) => words)
  t.is(first, 'predicted: what becomes of the request at node1 is not known')
})

test('what a node says of itself is not obeyed by a terminal', (t) => {
  const text = observationLines({...SEEN, rules: [{...RULE, text: '\x1b[2Jdrop'}]}, (_, words) => words).join('\n')
  t.true(text.includes('\\x1b[2Jdrop') && !text.includes('\x1b'))
})
