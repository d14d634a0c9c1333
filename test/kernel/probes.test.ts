// What the probes alone must get right, whatever a claim makes of it: who answered, what was translated, who refused.
import {type ChildProcess, spawn} from 'node:child_process'
import {carryOut, type Lab, startLab} from '../../harness/lab.ts'
import {PACKET_SIZES, type Place, PROTOCOLS, type Probe, placesOf} from '../../harness/model.ts'
import {allPairs, type ProbeOptions, probeAll, probePairs} from '../../harness/probe/probe.ts'
import {loadScenario} from '../../harness/scenario/load.ts'
import {asRoot, driverOf, onEach} from './tools/runners.ts'

const ROOT = [asRoot]
const MTU = 1500
let labs = 0

/** The three nodes of the documents, wired. */
async function threeNodes(): Promise<Lab> {
  const lab = await startLab(`probes-${process.pid}-${++labs}`, await loadScenario('three-nodes'), await driverOf(asRoot))
  await carryOut(lab)
  return lab
}

async function type(lab: Lab, node: string, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const {exitCode, stderr} = await lab.fleet.run(node, line)
    if (exitCode !== 0) throw new Error(`${node}# ${line}\n${stderr}`)
  }
}

function probe(lab: Lab, options: Partial<ProbeOptions> = {}): Promise<Probe[]> {
  return probeAll(lab.fleet, placesOf(lab.scenario), {mtu: MTU, ...options})
}

function one(probes: readonly Probe[], pair: string, protocol: Probe['protocol'], size: Probe['size'] = 'small'): Probe {
  const found = probes.find((each) => `${each.from} -> ${each.to}` === pair && each.protocol === protocol && each.size === size)
  if (!found) throw new Error(`no probe ${pair} ${protocol} ${size}`)
  return found
}

/** Pairs with something that was not answered, or not as it was sent. */
function turned(probes: readonly Probe[]): string[] {
  const short = probes.filter(({answered, request, reply}) => answered !== true || !same(request) || !same(reply))
  return [...new Set(short.map(({from, to}) => `${from} -> ${to}`))].sort()
}

function same({sent, seen}: Probe['request']): boolean {
  return sent !== undefined && JSON.stringify(sent) === JSON.stringify(seen)
}

const NAT = ['nft add table ip nat', "nft 'add chain ip nat prerouting { type nat hook prerouting priority -100; }'"]
const SOURCE_NAT = ['nft add table ip nat', "nft 'add chain ip nat postrouting { type nat hook postrouting priority 100; }'"]

onEach(ROOT, 'a lab that is sound: all is answered, by whom it was sent to and as it was sent', async (t) => {
  await using lab = await threeNodes()
  const probes = await probe(lab)
  t.is(probes.length, 252)
  t.deepEqual(turned(probes), [])
  t.deepEqual(
    probes.slice(0, 6).map(({from, to, size, protocol}) => [from, to, size, protocol]),
    PACKET_SIZES.flatMap((size) => PROTOCOLS.map((protocol) => ['pod1', 'pod2', size, protocol])),
  )
  t.is(one(probes, 'pod1 -> pod3', 'icmp').ttl, 62)
})

onEach(ROOT, 'DNAT on node1 that swaps pod3 and pod4: each answers for the other, and receivers saw another destination', async (t) => {
  await using lab = await threeNodes()
  await type(
    lab,
    'node1',
    ...NAT,
    'nft add rule ip nat prerouting ip daddr 10.244.2.2 dnat to 10.244.3.2',
    'nft add rule ip nat prerouting ip daddr 10.244.3.2 dnat to 10.244.2.2',
  )
  const probes = await probe(lab)
  t.deepEqual(turned(probes), ['pod1 -> pod3', 'pod1 -> pod4', 'pod2 -> pod3', 'pod2 -> pod4'])
  for (const protocol of PROTOCOLS) {
    for (const size of PACKET_SIZES) {
      const {answered, error, request, reply} = one(probes, 'pod1 -> pod3', protocol, size)
      t.deepEqual([answered, error], [false, 'answered by pod4'])
      t.deepEqual([request.sent?.destination, request.seen?.destination, request.seenAt], ['10.244.2.2', '10.244.3.2', 'pod4'])
      t.deepEqual([reply.sent?.source, reply.seen?.source, reply.seenAt], ['10.244.3.2', '10.244.2.2', 'pod1'])
      t.is(one(probes, 'pod1 -> pod4', protocol, size).error, 'answered by pod3')
    }
  }
})

onEach(ROOT, 'DNAT on node1 that sends what is for pod3 to pod4: what is for pod4 itself is not touched', async (t) => {
  await using lab = await threeNodes()
  await type(lab, 'node1', ...NAT, 'nft add rule ip nat prerouting ip daddr 10.244.2.2 dnat to 10.244.3.2')
  t.deepEqual(turned(await probe(lab)), ['pod1 -> pod3', 'pod2 -> pod3'])
})

onEach(ROOT, "a rewrite in pod1's own output, without connection tracking: what was asked is not what arrived", async (t) => {
  await using lab = await threeNodes()
  await type(
    lab,
    'node1',
    'ip netns exec pod1 nft add table ip broken',
    "ip netns exec pod1 nft 'add chain ip broken output { type filter hook output priority -20000; }'",
    'ip netns exec pod1 nft add rule ip broken output ip daddr 10.244.2.2 ip daddr set 10.244.3.2',
  )
  const probes = await probe(lab, {patience: 300})
  // Replies from pod1 to pod3 go astray too.
  t.deepEqual(turned(probes), ['pod1 -> pod3', 'pod3 -> pod1'])
  const {answered, error, request} = one(probes, 'pod1 -> pod3', 'icmp')
  t.deepEqual([answered, error], [false, 'answered by pod4'])
  t.deepEqual([request.sent?.destination, request.seen?.destination, request.seenAt], ['10.244.2.2', '10.244.3.2', 'pod4'])
  const udp = one(probes, 'pod1 -> pod3', 'udp').request
  t.deepEqual([udp.sent?.destination, udp.seen?.destination, udp.seenAt], ['10.244.2.2', '10.244.3.2', 'pod4'])
  const astray = one(probes, 'pod3 -> pod1', 'icmp')
  t.deepEqual([astray.answered, astray.error, astray.reply.seenAt], [false, 'no-answer', 'pod4'])
})

for (const how of ['masquerade fully-random', 'masquerade random', 'snat to 192.168.1.11 random']) {
  onEach(ROOT, `${how} on node1: answered, and the receiver saw another source and identifier`, async (t) => {
    await using lab = await threeNodes()
    await type(lab, 'node1', ...SOURCE_NAT, `nft add rule ip nat postrouting ip saddr 10.244.1.2 oifname eth0 ${how}`)
    const probes = await probe(lab)
    t.deepEqual(turned(probes), ['pod1 -> node2', 'pod1 -> node3', 'pod1 -> pod3', 'pod1 -> pod4'])
    for (const protocol of PROTOCOLS) {
      const {answered, request, reply} = one(probes, 'pod1 -> pod3', protocol)
      t.true(answered)
      t.deepEqual([request.sent?.source, request.seen?.source, request.seenAt], ['10.244.1.2', '192.168.1.11', 'pod3'])
      t.deepEqual([reply.sent?.destination, reply.seen?.destination], ['192.168.1.11', '10.244.1.2'])
      t.not(request.sent?.sourcePort, request.seen?.sourcePort)
    }
  })
}

onEach(ROOT, 'several probes of one lab at the same time: each is right', async (t) => {
  await using lab = await threeNodes()
  for (const probes of await Promise.all([probe(lab), probe(lab), probe(lab)])) {
    t.is(probes.length, 252)
    t.deepEqual(turned(probes), [])
  }
})

onEach(ROOT, 'refusals are told by error number, and ICMP errors by what they say and who sent them', async (t) => {
  await using lab = await threeNodes()
  await type(lab, 'node1', 'ip route replace unreachable 10.244.2.0/24', 'sysctl -w net.ipv4.icmp_msgs_burst=1000')
  await type(lab, 'node2', 'ip route del 10.244.1.0/24', 'ip netns exec pod3 sysctl -w net.ipv4.icmp_echo_ignore_all=1')
  const asked = [
    {from: 'pod1', to: 'pod3', address: '10.244.2.2'},
    {from: 'node2', to: 'pod1', address: '10.244.1.2'},
    {from: 'pod4', to: 'pod3', address: '10.244.2.2'},
  ]
  const probes = await probePairs(lab.fleet, placesOf(lab.scenario), asked, {mtu: MTU, patience: 300, sizes: ['small']})
  for (const protocol of PROTOCOLS) {
    t.is(one(probes, 'pod1 -> pod3', protocol).error, 'host-unreachable from 10.244.1.1', protocol)
    t.is(one(probes, 'node2 -> pod1', protocol).error, 'ENETUNREACH', protocol)
    t.is(one(probes, 'pod4 -> pod3', protocol).answered, protocol !== 'icmp')
  }
  const {error, request, reply} = one(probes, 'pod4 -> pod3', 'icmp') // pod3 hears, and its kernel does not answer
  t.deepEqual([error, request.seenAt, reply], ['no-answer', 'pod3', {}])
})

onEach(ROOT, 'a router that cannot pass a full packet is named, with what it can', async (t) => {
  await using lab = await threeNodes()
  await type(lab, 'node2', 'ip link set eth0 mtu 1400')
  const probes = await probe(lab, {patience: 300})
  t.is(one(probes, 'pod3 -> pod1', 'icmp', 'full').error, 'frag-needed 1400 from 10.244.2.1')
  t.is(one(probes, 'pod3 -> pod1', 'udp', 'full').error, 'frag-needed 1400 from 10.244.2.1')
  t.regex(one(probes, 'pod3 -> pod1', 'tcp', 'full').error ?? '', /^segments of at most 1348 bytes, where 1448 fit the MTU of 1500/)
  t.is(one(probes, 'node2 -> pod1', 'icmp', 'full').error, 'EMSGSIZE')
  t.true(one(probes, 'pod3 -> pod1', 'icmp').answered)
})

onEach(ROOT, 'an address that nobody is meant to have: whoever answers is told, and nobody is not waited for', async (t) => {
  await using lab = await threeNodes()
  await type(lab, 'node3', 'ip -n pod4 addr add 10.244.2.99/32 dev veth-pod4', 'ip route add 10.244.2.99/32 via 10.244.3.2')
  const asked = ['10.244.2.99', '10.244.9.9'].map((address) => ({from: 'node3', to: address, address}))
  const probes = await probePairs(lab.fleet, placesOf(lab.scenario), asked, {mtu: MTU})
  for (const protocol of PROTOCOLS) {
    const {answered, error, request} = one(probes, 'node3 -> 10.244.2.99', protocol)
    t.deepEqual([answered, error, request.seenAt], [false, 'answered by pod4', 'pod4'])
    t.is(one(probes, 'node3 -> 10.244.9.9', protocol).error, 'ENETUNREACH')
  }
})

onEach(ROOT, "an address at another place than its own: that one's answer is told in every protocol", async (t) => {
  await using lab = await threeNodes()
  await type(lab, 'node2', 'ip -n pod3 addr flush dev veth-pod3', 'ip addr add 10.244.2.2/32 dev v-net-0')
  const probes = await probe(lab, {patience: 300})
  for (const protocol of PROTOCOLS) t.is(one(probes, 'pod1 -> pod3', protocol).error, 'answered by node2', protocol)
})

onEach(ROOT, 'before anything is wired: nothing is known of pods without a namespace, and nothing is waited for', async (t) => {
  await using lab = await startLab(`probes-${process.pid}-${++labs}`, await loadScenario('three-nodes'), await driverOf(asRoot))
  const begun = performance.now()
  const probes = await probe(lab, {patience: 20_000})
  t.true(performance.now() - begun < 10_000)
  for (const {from, to, answered, error} of probes) {
    const pod = [from, to].find((name) => name.startsWith('pod'))
    if (pod === undefined) t.true(answered)
    else {
      t.is(answered, null)
      t.is(error, `${pod} has no namespace: pod-missing (ENOENT)`)
    }
  }
})

/** Gives the lab's places IPv6 addresses beside their own, and routes between them; the places as they then are. */
async function withIPv6(lab: Lab): Promise<Place[]> {
  for (const node of [1, 2, 3]) {
    const pods = lab.scenario.pods.filter((pod) => pod.node === `node${node}`)
    const others = [1, 2, 3].filter((other) => other !== node)
    await type(
      lab,
      `node${node}`,
      'sysctl -w net.ipv6.conf.all.forwarding=1',
      `ip addr add fd00:192:168:1::1${node}/64 dev eth0`,
      `ip addr add fd00:10:244:${node}::1/64 dev v-net-0`,
      ...pods.flatMap(({name, address}) => [
        `ip -n ${name} addr add fd00:10:244:${node}::${address.split('.')[3]}/64 dev veth-${name}`,
        `ip -n ${name} -6 route add default via fd00:10:244:${node}::1`,
      ]),
      ...others.map((other) => `ip -6 route add fd00:10:244:${other}::/64 via fd00:192:168:1::1${other}`),
    )
  }
  return placesOf(lab.scenario).map((place) => {
    const [, , subnet, host] = place.address.split('.')
    const own = place.kind === 'pod' ? `fd00:10:244:${subnet}::${host}` : `fd00:192:168:1:0:0:0:${host}`
    return {...place, addresses: [place.address, own]}
  })
}

onEach(ROOT, 'IPv6 beside IPv4: all protocols and sizes, the hop limit, and what translates or refuses', async (t) => {
  await using lab = await threeNodes()
  const places = await withIPv6(lab)
  const pairs = allPairs(places)
  t.is(pairs.length, 84)
  // At once: what the kernel still makes sure of, the probe waits for.
  const probes = await probePairs(lab.fleet, places, pairs, {mtu: MTU})
  t.is(probes.filter(({family}) => family === 6).length, 252)
  t.deepEqual(turned(probes), [])
  const six = (all: readonly Probe[]) => all.filter(({family}) => family === 6)
  t.is(one(six(probes), 'pod1 -> pod3', 'icmp').ttl, 62)
  t.is(one(six(probes), 'pod1 -> node2', 'udp').request.seen?.destination, 'fd00:192:168:1::12')

  await type(
    lab,
    'node1',
    'nft add table ip6 nat',
    "nft 'add chain ip6 nat postrouting { type nat hook postrouting priority 100; }'",
    'nft add rule ip6 nat postrouting ip6 saddr fd00:10:244:1::3 oifname eth0 masquerade fully-random',
  )
  await type(lab, 'node2', 'ip -6 route del fd00:10:244:1::/64')
  await type(lab, 'node3', 'ip link set eth0 mtu 1400')
  const broken = six(await probePairs(lab.fleet, places, pairs, {mtu: MTU, patience: 300}))
  for (const protocol of PROTOCOLS) {
    const {answered, request} = one(broken, 'pod2 -> pod3', protocol)
    t.true(answered)
    t.deepEqual([request.sent?.source, request.seen?.source], ['fd00:10:244:1::3', 'fd00:192:168:1::11'])
    t.is(one(broken, 'node2 -> pod1', protocol).error, 'ENETUNREACH')
  }
  // Of these the kernel tells one now and then (net.ipv6.icmp.ratelimit).
  t.true(broken.some(({from, error}) => from === 'pod3' && error === 'net-unreachable from fd00:10:244:2::1'))
  t.is(one(broken, 'pod4 -> pod3', 'udp', 'full').error, 'frag-needed 1400 from fd00:10:244:3::1')
})

onEach(ROOT, 'patience is what an unanswered exchange costs, once for all of them', async (t) => {
  await using lab = await threeNodes()
  for (const node of ['node1', 'node2', 'node3']) await type(lab, node, 'sysctl -w net.ipv4.ip_forward=0')
  const begun = performance.now()
  const probes = await probe(lab, {patience: 2000, sizes: ['small']})
  const took = performance.now() - begun
  t.is(probes.length, 126)
  t.is(probes.filter(({answered}) => answered).length, 48)
  // Some 2100 where nothing else runs; one after the other 78 of them take 156,000.
  t.true(took > 2000 && took < 60_000, `${took} ms`)
})

onEach(ROOT, 'on a busy machine nothing is given up that only waited for a processor', async (t) => {
  await using lab = await threeNodes()
  const hogs = [1, 2, 3, 4].map(() => spawn('timeout', ['20', 'sh', '-c', 'while :; do :; done'], {stdio: 'ignore'}))
  try {
    for (let round = 0; round < 10; round++) t.deepEqual(turned(await probe(lab, {patience: 150, sizes: ['small']})), [])
  } finally {
    hogs.forEach((hog: ChildProcess) => void hog.kill())
  }
})

for (const [node, place] of [
  ['node1', 'pod1'],
  ['node2', 'pod3'],
] as const) {
  onEach(ROOT, `the agent on ${node} dies in the middle: what concerns its places is not known, and the run ends`, async (t) => {
    await using lab = await threeNodes()
    await type(
      lab,
      node,
      'cp /usr/bin/perl /run/real-perl',
      `printf '#!/bin/sh\\n(sleep 0.4; kill -KILL $$) >/dev/null 2>&1 &\\nexec /run/real-perl "$@"\\n' >/run/perl`,
      'chmod 755 /run/perl',
      'mount --bind /run/perl /usr/bin/perl',
    )
    // Replies are missed for as long as the patience lasts: the agents are at it when this one dies.
    await type(lab, 'node3', 'ip netns exec pod4 sysctl -w net.ipv4.icmp_echo_ignore_all=1')
    const probes = await probe(lab, {patience: 1500})
    const {answered, error} = one(probes, `${place} -> pod4`, 'icmp')
    t.deepEqual([answered, error], [null, `${node}: the probe ended with 137`])
    t.deepEqual(
      probes.filter((each) => each.answered === false).filter(({to}) => to !== 'pod4'),
      [],
    )
    t.true(one(probes, 'node3 -> pod4', 'udp').answered)
    t.is(one(probes, 'node3 -> pod4', 'icmp').answered, false)
    // Neither this machine's name nor any other place of the network is held by what died.
    await type(lab, node, 'umount /usr/bin/perl')
    await type(lab, 'node3', 'ip netns exec pod4 sysctl -w net.ipv4.icmp_echo_ignore_all=0')
    t.deepEqual(turned(await probe(lab)), [])
  })
}
