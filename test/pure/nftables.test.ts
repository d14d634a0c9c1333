// What rules do to packets. The rules are as nft(8) printed them: fixtures/recorded/rules.nft.json, each with its own words as
// its comment, and what iptables(8) wrote in its own way. Each is judged alone in its chain.
import {readFileSync} from 'node:fs'
import test from 'ava'
import type {Ruleset} from '../../harness/facts/ruleset.ts'
import type {Packet} from '../../harness/trace/nftables/packet.ts'
import {rulingOf} from '../../harness/trace/nftables/words.ts'
import {type Hook, runHook} from '../../harness/trace/nftables.ts'

const {nftables: RECORDED} = JSON.parse(readFileSync(new URL('../../fixtures/recorded/rules.nft.json', import.meta.url), 'utf8')) as {
  nftables: Ruleset
}

const ECHO: Packet = {
  family: 4,
  source: '10.244.1.2',
  destination: '10.244.2.2',
  protocol: 'icmp',
  reply: false,
  sourcePort: 40_000,
  destinationPort: 20_790,
  length: 84,
  ttl: 63,
  iif: 'veth-pod1-br',
  oif: 'eth0',
  typeOf: (address) => (address === '10.244.1.1' ? 'local' : 'unicast'),
}
const SYN: Packet = {...ECHO, protocol: 'tcp', length: 60}
const SYN_ACK: Packet = {...SYN, reply: true}
const ACK: Packet = {...SYN, established: true}
const UDP: Packet = {...ECHO, protocol: 'udp'}
const REPLY: Packet = {...ECHO, reply: true}
const OTHER: Packet = {...ECHO, source: '10.244.9.9'}
const ARP: Packet = {
  ...ECHO,
  length: 28,
  arp: {operation: 'request', source: '10.244.1.2', destination: '10.244.1.1'},
  ether: {source: '02:00:00:00:00:01', destination: 'ff:ff:ff:ff:ff:ff'},
}

/** The recorded ruleset with one rule alone. */
function alone(words: string, family = 'ip'): Ruleset {
  const rules = RECORDED.flatMap(({rule}) => (rule?.comment === words && rule.family === family ? [rule] : []))
  if (rules.length !== 1) throw new Error(`${rules.length} rules are called ${words}`)
  return [...RECORDED.filter(({rule, chain}) => !rule && chain?.policy !== 'drop'), ...rules.map((rule) => ({rule}))]
}

function judged(words: string, packet: Packet, hook: Hook = 'forward', family = 'ip'): string {
  const families = family === 'ip' ? undefined : [family]
  const {verdict, doubts} = runHook(alone(words, family), hook, packet, families)
  return doubts.length > 0 ? 'doubt' : verdict
}

/** By the rule: packets and what becomes of them. */
const RULES: Readonly<Record<string, readonly (readonly [Packet, string])[]>> = {
  drop: [[ECHO, 'drop']],
  'counter drop': [[ECHO, 'drop']],
  accept: [[ECHO, 'accept']],
  return: [[ECHO, 'accept']],
  log: [[ECHO, 'accept']],
  notrack: [[ECHO, 'accept']],
  'jump other': [[ECHO, 'accept']],
  'goto other': [[ECHO, 'accept']],
  'reject with icmp type admin-prohibited': [[ECHO, 'reject']],
  'meta l4proto tcp reject with tcp reset': [
    [SYN, 'reject'],
    [UDP, 'accept'],
  ],
  'ip saddr 10.244.1.2 drop': [
    [ECHO, 'drop'],
    [OTHER, 'accept'],
  ],
  'ip saddr != 10.244.1.2 drop': [
    [ECHO, 'accept'],
    [OTHER, 'drop'],
  ],
  'ip saddr 10.244.1.0/24 drop': [
    [ECHO, 'drop'],
    [OTHER, 'accept'],
  ],
  'ip saddr != 10.244.1.0/24 drop': [
    [ECHO, 'accept'],
    [OTHER, 'drop'],
  ],
  'ip saddr 10.244.1.2-10.244.1.9 drop': [
    [ECHO, 'drop'],
    [OTHER, 'accept'],
  ],
  'ip saddr { 10.244.1.2, 10.244.1.3 } drop': [
    [ECHO, 'drop'],
    [OTHER, 'accept'],
  ],
  'ip saddr @hosts drop': [
    [ECHO, 'drop'],
    [OTHER, 'accept'],
  ],
  'ip saddr @nets drop': [
    [ECHO, 'drop'],
    [{...ECHO, source: '10.9.0.4'}, 'drop'],
    [OTHER, 'accept'],
  ],
  'ip saddr . ip daddr { 10.244.1.2 . 10.244.2.2 } drop': [
    [ECHO, 'drop'],
    [OTHER, 'accept'],
  ],
  'ip saddr vmap { 10.244.1.2 : drop, 10.244.1.9 : accept }': [
    [ECHO, 'drop'],
    [OTHER, 'accept'],
  ],
  'ip saddr vmap @verdicts': [
    [ECHO, 'drop'],
    [{...ECHO, source: '10.244.1.3'}, 'accept'],
  ],
  'ip protocol icmp drop': [
    [ECHO, 'drop'],
    [SYN, 'accept'],
  ],
  'meta l4proto tcp drop': [
    [SYN, 'drop'],
    [UDP, 'accept'],
  ],
  'meta l4proto { tcp, udp } drop': [
    [UDP, 'drop'],
    [ECHO, 'accept'],
  ],
  'icmp type echo-request drop': [
    [ECHO, 'drop'],
    [REPLY, 'accept'],
    [SYN, 'accept'],
  ],
  'icmp type { echo-request, echo-reply } reject': [
    [REPLY, 'reject'],
    [SYN, 'accept'],
  ],
  'tcp dport 20790 drop': [
    [SYN, 'drop'],
    [UDP, 'accept'],
  ],
  // A rule about ports of TCP is about nothing else, whichever way it asks.
  'tcp dport != 22 drop': [
    [SYN, 'drop'],
    [ECHO, 'accept'],
  ],
  'tcp dport 20000-21000 drop': [[SYN, 'drop']],
  'udp sport 20790 drop': [
    [UDP, 'accept'],
    [{...UDP, sourcePort: 20_790}, 'drop'],
  ],
  'th dport { 53, 20790 } drop': [
    [UDP, 'drop'],
    [SYN, 'drop'],
  ],
  'tcp flags syn drop': [
    [SYN, 'drop'],
    [SYN_ACK, 'drop'],
    [ACK, 'accept'],
    [UDP, 'accept'],
  ],
  'tcp flags & (syn | ack) == syn drop': [
    [SYN, 'drop'],
    [SYN_ACK, 'accept'],
  ],
  'tcp flags & (fin | syn | rst | ack) == syn drop': [
    [SYN, 'drop'],
    [ACK, 'accept'],
  ],
  'ct state new drop': [
    [SYN, 'drop'],
    [SYN_ACK, 'accept'],
  ],
  'ct state established,related drop': [
    [SYN, 'accept'],
    [SYN_ACK, 'drop'],
    [ACK, 'drop'],
  ],
  'ct state invalid drop': [[SYN, 'accept']],
  'ct state vmap { new : drop, established : accept }': [
    [SYN, 'drop'],
    [REPLY, 'accept'],
  ],
  'iifname v drop': [
    [ECHO, 'accept'],
    [{...ECHO, iif: 'v'}, 'drop'],
  ],
  'iifname veth* drop': [
    [ECHO, 'drop'],
    [{...ECHO, iif: 'eth0'}, 'accept'],
  ],
  'oifname != v drop': [[ECHO, 'drop']],
  'iif lo drop': [[ECHO, 'accept']],
  'ip ttl 63 drop': [[ECHO, 'drop']],
  'ip ttl < 63 drop': [
    [ECHO, 'accept'],
    [{...ECHO, ttl: 62}, 'drop'],
  ],
  'ip length > 1000 drop': [
    [ECHO, 'accept'],
    [{...ECHO, length: 1500}, 'drop'],
  ],
  'meta length < 1000 drop': [[ECHO, 'drop']],
  'meta mark 1 drop': [
    [ECHO, 'accept'],
    [{...ECHO, mark: 1}, 'drop'],
  ],
  'ip frag-off & 0x1fff != 0 drop': [[ECHO, 'accept']],
  'fib daddr type local drop': [
    [ECHO, 'accept'],
    [{...ECHO, destination: '10.244.1.1'}, 'drop'],
  ],
  // What facts do not tell of is a doubt.
  'fib saddr . iif oif missing drop': [[ECHO, 'doubt']],
  'limit rate 5/second drop': [[ECHO, 'doubt']],
  'limit rate 5/second accept': [[ECHO, 'accept']],
  'meta skuid 0 drop': [[ECHO, 'doubt']],
  'numgen random mod 2 == 0 drop': [[ECHO, 'doubt']],
}

for (const [words, cases] of Object.entries(RULES)) {
  test(`ip: ${words}`, (t) => {
    for (const [packet, expected] of cases) t.is(judged(words, packet), expected, JSON.stringify(packet))
  })
}

test('frames: rules of the families bridge, arp and netdev', (t) => {
  t.is(judged('ip saddr 10.244.1.2 drop', ECHO, 'forward', 'bridge'), 'drop')
  t.is(judged('ip saddr 10.244.1.2 drop', ARP, 'forward', 'bridge'), 'accept')
  t.is(judged('ether type arp drop', ARP, 'forward', 'bridge'), 'drop')
  t.is(judged('ether type arp drop', ECHO, 'forward', 'bridge'), 'accept')
  t.is(judged('ether saddr 02:00:00:00:00:01 drop', ARP, 'forward', 'bridge'), 'drop')
  t.is(judged('arp operation request drop', ARP, 'forward', 'bridge'), 'drop')
  t.is(judged('arp operation request drop', ECHO, 'forward', 'bridge'), 'accept')
  t.is(judged('arp operation request drop', ARP, 'input', 'arp'), 'drop')
  t.is(judged('arp htype 1 arp hlen 6 arp plen 4 arp operation request counter drop', ARP, 'input', 'arp'), 'drop')
  t.is(judged('arp saddr ip 10.244.1.2 drop', ARP, 'input', 'arp'), 'drop')
  t.is(
    judged('arp saddr ip 10.244.1.2 drop', {...ARP, arp: {operation: 'reply', source: '1.2.3.4', destination: '::'}}, 'input', 'arp'),
    'accept',
  )
  // This version of nft does not print which device the chain is for.
  t.is(judged('ip saddr 10.244.1.2 drop', ECHO, 'ingress', 'netdev'), 'doubt')
  const named = alone('ip saddr 10.244.1.2 drop', 'netdev').map((item) =>
    item.chain?.family === 'netdev' ? {chain: {...item.chain, dev: 'v'}} : item,
  )
  t.is(runHook(named, 'ingress', {...ECHO, iif: 'v'}, ['netdev']).verdict, 'drop')
  t.is(runHook(named, 'ingress', {...ECHO, iif: 'w'}, ['netdev']).verdict, 'accept')
})

test('a mark that one rule sets is there for the next, and afterwards', (t) => {
  const both: Ruleset = [...alone('meta mark set 1'), ...alone('meta mark 1 drop').filter(({rule}) => rule)]
  t.is(runHook(both, 'forward', ECHO).verdict, 'drop')
  t.is(runHook(alone('meta mark set 1'), 'forward', ECHO).mark, 1)
})

test('what may have been let pass before is not certainly dropped after', (t) => {
  const both: Ruleset = [...alone('limit rate 5/second accept'), ...alone('drop').filter(({rule}) => rule)]
  const {verdict, doubts} = runHook(both, 'forward', ECHO)
  t.is(verdict, 'accept')
  t.deepEqual(
    doubts.map(({text}) => text),
    ['limit accept', 'drop'],
  )
})

test('a policy of drop holds where no rule lets it pass', (t) => {
  const {verdict, by} = runHook(RECORDED, 'input', ECHO, ['ip'])
  t.is(verdict, 'drop')
  t.like(by, {text: 'xt match comment counter drop'})
  const strict = RECORDED.filter(({rule, chain}) => !rule && chain?.table !== 'filter')
  t.like(runHook(strict, 'input', ECHO).by, {table: 't', chain: 'strict', text: 'policy drop'})
})

test('translation is told with its rule, and replies are not translated again', (t) => {
  t.like(runHook(alone('masquerade'), 'postrouting', ECHO).translated, {cause: 'source-nat', by: {text: 'masquerade'}})
  const source = 'ip saddr 10.244.1.0/24 snat to 192.168.1.11'
  t.like(runHook(alone(source), 'postrouting', ECHO).translated, {cause: 'source-nat', address: '192.168.1.11'})
  t.is(runHook(alone(source), 'postrouting', OTHER).translated, undefined)
  t.is(runHook(alone(source), 'postrouting', REPLY).translated, undefined)
  const port = 'tcp dport 20790 dnat to 10.244.9.9:80'
  t.like(runHook(alone(port), 'prerouting', SYN).translated, {cause: 'destination-nat', address: '10.244.9.9', port: 80})
  t.is(runHook(alone('ip daddr 10.244.2.2 dnat to 10.244.9.9'), 'prerouting', SYN_ACK).translated, undefined)
})

test('rules that iptables wrote: known targets are judged, matches that nft does not tell of are doubts', (t) => {
  const rules = RECORDED.flatMap(({rule}) => (rule?.table === 'filter' ? [rule] : []))
  const only = (index: number): Ruleset => [
    ...RECORDED.filter(({chain}) => chain?.table === 'filter'),
    {rule: rules[index] as (typeof rules)[0]},
  ]
  const [conntrack, reject, comment, log] = rules.map((_, index) => only(index)) as [Ruleset, Ruleset, Ruleset, Ruleset]
  const {verdict, doubts} = runHook(conntrack, 'input', SYN)
  t.is(verdict, 'accept')
  t.deepEqual(
    doubts.map(({text}) => text),
    ['meta l4proto tcp xt match comment xt match conntrack counter drop'],
  )
  t.is(runHook(reject, 'input', SYN).verdict, 'reject')
  t.is(runHook(comment, 'input', SYN).verdict, 'drop')
  t.deepEqual(runHook(log, 'input', UDP), {verdict: 'accept', mark: 0, doubts: []})
})

test('a rule is told in the words of nft, as far as people write them', (t) => {
  const told = (words: string) => rulingOf(alone(words).flatMap(({rule}) => (rule ? [rule] : []))[0] as Parameters<typeof rulingOf>[0]).text
  for (const words of ['ip saddr 10.244.1.0/24 drop', 'tcp dport 20790 drop', 'ip saddr 10.244.1.0/24 snat to 192.168.1.11', 'jump other'])
    t.is(told(words), words)
})
