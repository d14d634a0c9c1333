// Which route a packet takes: rules, tables, prefixes and metrics.
import test from 'ava'
import type {NamespaceFacts, RuleFacts} from '../../harness/facts/facts.ts'
import {parseFacts} from '../../harness/facts/parse.ts'
import {lookUp, type Routed, ruleWords, sourceFor} from '../../harness/trace/routing.ts'
import {link, namespace, route} from '../tools/facts.ts'

const TO: Routed = {family: 4, source: '10.244.1.2', destination: '10.244.2.2', protocol: 'tcp', sourcePort: 40_000, destinationPort: 80}

const MAIN = [route('0.0.0.0/0', {via: '10.0.0.1', dev: 'eth0'}), route('10.244.2.0/24', {via: '10.0.0.2', dev: 'eth0'})]
const HUNDRED = [route('10.244.0.0/16', {via: '10.0.0.9', dev: 'eth0', table: '100'})]
const OWN: readonly RuleFacts[] = ['local', 'main', 'default'].map((table, at) => ({
  priority: [0, 32766, 32767][at] ?? 0,
  not: false,
  action: 'lookup',
  table,
}))

function withRules(...rules: readonly Partial<RuleFacts>[]): NamespaceFacts {
  const made = rules.map((rule, at): RuleFacts => ({priority: 100 + at, not: false, action: 'lookup', table: '100', ...rule}))
  return namespace([link('eth0', {addresses: ['10.0.0.5/24']})], [...MAIN, ...HUNDRED], {rules: {4: [...made, ...OWN], 6: []}})
}

function hop(here: NamespaceFacts, packet: Routed = TO): string | undefined {
  return lookUp(here, packet).route?.via
}

test('without rules the main table decides: longest prefix, then lowest metric', (t) => {
  t.is(hop(namespace([], MAIN)), '10.0.0.2')
  t.is(hop(namespace([], MAIN), {...TO, destination: '8.8.8.8'}), '10.0.0.1')
  t.is(hop(namespace([], [...MAIN, route('10.244.2.2/32', {via: '10.0.0.3', metric: 900})])), '10.0.0.3')
  t.is(hop(namespace([], [...MAIN, route('10.244.2.0/24', {via: '10.0.0.3', metric: 5})])), '10.0.0.2')
  t.is(hop(namespace([], [])), undefined)
})

/** Each rule, and whether it sends TO to table 100. */
const RULES: readonly (readonly [Partial<RuleFacts>, boolean])[] = [
  [{}, true],
  [{from: '10.244.1.0/24'}, true],
  [{from: '10.244.9.0/24'}, false],
  [{not: true, from: '10.244.9.0/24'}, true],
  [{not: true, from: '10.244.1.0/24'}, false],
  [{to: '10.244.2.2/32'}, true],
  [{to: '10.244.9.0/24'}, false],
  [{iif: 'lo'}, true],
  [{iif: 'eth0'}, false],
  [{oif: 'eth0'}, false],
  [{mark: 1}, false],
  [{mark: 0}, true],
  [{protocol: 'tcp'}, true],
  [{protocol: 'udp'}, false],
  [{destinationPorts: [80, 90]}, true],
  [{destinationPorts: [81, 90]}, false],
  [{sourcePorts: [40_000, 40_000]}, true],
  [{tos: 0x10}, false],
  [{suppressPrefixLength: 16}, false],
  [{suppressPrefixLength: 15}, true],
  [{action: 'nop'}, false],
]

for (const [rule, taken] of RULES) {
  test(`rule ${JSON.stringify(rule)}: ${taken ? 'taken' : 'not taken'}`, (t) => {
    const found = lookUp(withRules(rule), TO)
    t.is(found.route?.via, taken ? '10.0.0.9' : '10.0.0.2')
    t.is(found.rule !== undefined, taken)
  })
}

test('a rule for a device looks at the one that the packet came in by', (t) => {
  t.is(hop(withRules({iif: 'eth1'}), {...TO, iif: 'eth1'}), '10.0.0.9')
  t.is(hop(withRules({iif: 'lo'}), {...TO, iif: 'eth1'}), '10.0.0.2')
})

test('before a source is chosen no rule for a source applies, but one for all others does', (t) => {
  const {source: _, ...unset} = TO
  t.is(hop(withRules({from: '10.244.1.0/24'}), unset), '10.0.0.2')
  t.is(hop(withRules({not: true, from: '10.244.1.0/24'}), unset), '10.0.0.9')
})

test('a mark counts in the bits of the mask', (t) => {
  t.is(hop(withRules({mark: 1, markMask: 3}), {...TO, mark: 5}), '10.0.0.9')
  t.is(hop(withRules({mark: 1}), {...TO, mark: 5}), '10.0.0.2')
})

test('a rule that refuses ends the search', (t) => {
  for (const action of ['prohibit', 'unreachable', 'blackhole']) {
    const found = lookUp(withRules({action}), TO)
    t.is(found.route, undefined)
    t.is(found.rule?.action, action)
  }
})

test('a table without a route, or one that says throw, passes it on to the next rule', (t) => {
  t.is(hop(withRules({table: '999'})), '10.0.0.2')
  const thrown = {...withRules({}), routes: [...MAIN, ...HUNDRED, route('10.244.2.2/32', {type: 'throw', table: '100'})]}
  t.is(hop(thrown), '10.0.0.2')
})

test('goto leaves rules out', (t) => {
  t.is(hop(withRules({action: 'goto', target: 32766}, {})), '10.0.0.2')
  t.is(hop(withRules({action: 'goto', target: 101}, {})), '10.0.0.9')
})

test('of a rule whose selector facts do not tell apart it is said that it is in doubt', (t) => {
  const found = lookUp(withRules({others: ['uid_start', 'uid_end']}), TO)
  t.is(found.route?.via, '10.0.0.2')
  t.deepEqual(found.doubt?.others, ['uid_start', 'uid_end'])
  t.is(lookUp(withRules({others: ['uid_start'], to: '10.9.0.0/16'}), TO).doubt, undefined)
})

test('rules as ip(8) prints them, and in its words', (t) => {
  const printed = [
    {priority: 2, src: 'all', dst: '10.1.0.0', dstlen: 16, action: 'unreachable'},
    {priority: 3, src: 'all', uid_start: 0, uid_end: 0, table: '8'},
    {priority: 4, src: 'all', tos: '0x10', table: '9'},
    {priority: 5, src: 'all', nop: null},
    {priority: 6, src: 'all', goto: 32766},
    {priority: 32761, src: 'all', table: 'main', suppress_prefixlen: 0},
    {priority: 32762, src: 'all', fwmark: '0x1', fwmask: '0x3', table: '100'},
    {priority: 32763, src: 'all', ipproto: 'tcp', sport: 70, action: 'prohibit'},
    {priority: 32764, src: 'all', dport_start: 80, dport_end: 90, table: '100'},
    {priority: 32765, not: null, src: '10.0.0.0', srclen: 8, table: '100'},
  ]
  const rules = parseFacts(['[]', '[]', JSON.stringify(printed)])?.rules[4] ?? []
  t.deepEqual(rules.map(ruleWords), [
    '2: from all to 10.1.0.0/16 unreachable',
    '3: from all lookup 8',
    '4: from all tos 0x10 lookup 9',
    '5: from all nop',
    '6: from all goto 32766',
    '32761: from all lookup main suppress_prefixlength 0',
    '32762: from all fwmark 0x1/0x3 lookup 100',
    '32763: from all ipproto tcp sport 70 prohibit',
    '32764: from all dport 80-90 lookup 100',
    '32765: not from 10.0.0.0/8 lookup 100',
  ])
  t.deepEqual(rules[1]?.others, ['uid_start', 'uid_end'])
})

test('the source is the route’s own, or one near the next hop, or the device’s first, or anyone’s first', (t) => {
  const here = namespace([link('eth0', {addresses: ['10.0.0.5/24', '10.0.1.5/24']}), link('eth1')], [])
  t.is(sourceFor(here, route('10.9.0.0/16', {dev: 'eth0', source: '10.0.1.5'})), '10.0.1.5')
  t.is(sourceFor(here, route('10.9.0.0/16', {via: '10.0.1.1', dev: 'eth0'})), '10.0.1.5')
  t.is(sourceFor(here, route('10.9.0.0/16', {dev: 'eth0'})), '10.0.0.5')
  t.is(sourceFor(here, route('10.9.0.0/16', {dev: 'eth1'})), '10.0.0.5')
  t.is(sourceFor(namespace([link('eth1')], []), route('10.9.0.0/16', {dev: 'eth1'})), undefined)
})
