// Translation that a successful ping does not show: no-nat names exactly the translated pairs, by what receivers saw.
import type {FlowTuple, Probe, Protocol} from '../../harness/model.ts'
import {all, checkLab, evidenceOf, pairsOf, pairsWith, threeNodes, type, withoutOwn} from './tools/labs.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'

const EVERY = 'icmp, tcp, udp'
const leavingNode1 = ['pod1', 'pod2'].flatMap((from) => ['pod3', 'pod4', 'node2', 'node3'].map((to) => `${from} -> ${to}`))
const toPod3 = ['pod1', 'pod2', 'pod4', 'node1', 'node3'].map((from) => `${from} -> pod3`)

const MASQUERADES = {
  'nft masquerade': [
    'nft add table ip nat',
    "nft 'add chain ip nat postrouting { type nat hook postrouting priority 100; }'",
    'nft add rule ip nat postrouting oifname eth0 masquerade',
  ],
  'iptables MASQUERADE': ['iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE'],
}

for (const [name, lines] of Object.entries(MASQUERADES)) {
  onEach(ALL, `${name} on node1: everything is answered, and no-nat names what left node1 from its pods`, async (t, runner) => {
    await using lab = await threeNodes(runner)
    await type(lab, 'node1', ...lines)
    const outcome = await checkLab(lab)
    t.is(outcome.verdict, 'fail')
    t.deepEqual([...pairsWith('fail', pairsOf(outcome, 'reach')), ...pairsWith('unknown', pairsOf(outcome, 'reach'))], [])
    const noNat = withoutOwn(pairsOf(outcome, 'no-nat'), 'node1')
    t.deepEqual(pairsWith('fail', noNat), all(EVERY, ...leavingNode1))
    t.deepEqual(pairsWith('unknown', noNat), [])
    for (const protocol of ['icmp', 'tcp', 'udp'] as const) {
      t.regex(evidenceOf(noNat, 'pod1 -> pod3', protocol), /request left as 10\.244\.1\.2\b.*, pod3 saw 192\.168\.1\.11\b/)
      const {sent, seen} = requestOf(outcome.probes, 'pod1', 'pod3', protocol)
      t.is(sent?.source, '10.244.1.2')
      t.is(seen?.source, '192.168.1.11')
    }
    const verdicts = Object.fromEntries(outcome.requirements.map(({id, verdict, passed, total}) => [id, `${verdict} ${passed}/${total}`]))
    t.is(verdicts['other-nodes'], 'pass 10/10')
    t.is(verdicts['pods-no-nat'], 'fail 8/12')
    t.regex(verdicts['nodes-no-nat'] ?? '', /^fail /)
  })
}

function requestOf(probes: readonly Probe[], from: string, to: string, protocol: Protocol): {sent?: FlowTuple; seen?: FlowTuple} {
  return probes.find((probe) => probe.from === from && probe.to === to && probe.protocol === protocol)?.request ?? {}
}

onEach(ALL, 'DNAT on node2 that sends what is for pod3 to node2 itself: neither reach nor no-nat is taken in', async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(
    lab,
    'node2',
    'nft add table ip nat',
    "nft 'add chain ip nat prerouting { type nat hook prerouting priority -100; }'",
    'nft add rule ip nat prerouting ip daddr 10.244.2.2 dnat to 192.168.1.12',
  )
  const outcome = await checkLab(lab)
  const [reach, noNat] = [pairsOf(outcome, 'reach'), pairsOf(outcome, 'no-nat')]
  // The pings are answered, by node2 in pod3's name.
  t.deepEqual(pairsWith('fail', reach), all(EVERY, ...toPod3))
  t.is(evidenceOf(reach, 'pod1 -> pod3', 'tcp'), 'answered by node2\nanswered by node2')
  t.is(evidenceOf(reach, 'pod1 -> pod3', 'udp'), 'answered by node2\nanswered by node2')
  t.deepEqual(pairsWith('fail', noNat), all(EVERY, ...toPod3))
  t.deepEqual(pairsWith('unknown', noNat), [])
  t.regex(
    evidenceOf(noNat, 'node1 -> pod3', 'udp'),
    /request left as 192\.168\.1\.11\b.* -> 10\.244\.2\.2\b.*, node2 saw 192\.168\.1\.11\b.* -> 192\.168\.1\.12\b/,
  )
})

onEach(ALL, 'DNAT on node1 that sends what is for pod3 to pod4: every protocol shows where it came out', async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(
    lab,
    'node1',
    'nft add table ip nat',
    "nft 'add chain ip nat prerouting { type nat hook prerouting priority -100; }'",
    'nft add rule ip nat prerouting ip daddr 10.244.2.2 dnat to 10.244.3.2',
  )
  const outcome = await checkLab(lab)
  const redirected = ['pod1 -> pod3', 'pod2 -> pod3']
  t.deepEqual(pairsWith('fail', pairsOf(outcome, 'reach')), all(EVERY, ...redirected))
  t.is(evidenceOf(pairsOf(outcome, 'reach'), 'pod1 -> pod3', 'udp'), 'answered by pod4\nanswered by pod4')
  t.is(evidenceOf(pairsOf(outcome, 'reach'), 'pod1 -> pod3', 'icmp'), 'answered by pod4\nanswered by pod4')
  t.deepEqual(pairsWith('fail', pairsOf(outcome, 'no-nat')), all(EVERY, ...redirected))
})

onEach(
  ALL,
  "pod3's replies get another source on node2, without connection tracking: no-nat fails on ICMP, and nothing is called a pass",
  async (t, runner) => {
    await using lab = await threeNodes(runner)
    await type(
      lab,
      'node2',
      'nft add table ip broken',
      "nft 'add chain ip broken prerouting { type filter hook prerouting priority raw; }'",
      'nft add rule ip broken prerouting iifname v-net-0 icmp type echo-reply ip saddr set 10.244.2.77',
      'nft add rule ip broken prerouting iifname v-net-0 udp sport 20790 ip saddr set 10.244.2.77',
      'nft add rule ip broken prerouting iifname v-net-0 tcp sport 20790 ip saddr set 10.244.2.77',
    )
    const outcome = await checkLab(lab)
    const asked = ['pod1', 'pod2', 'pod4', 'node1', 'node2', 'node3'].map((from) => `${from} -> pod3`)
    const noNat = pairsOf(outcome, 'no-nat')
    t.is(outcome.verdict, 'fail')
    t.deepEqual(pairsWith('fail', noNat), all('icmp', ...asked))
    t.regex(evidenceOf(noNat, 'pod1 -> pod3', 'icmp'), /reply left as 10\.244\.2\.2\b.*, pod1 saw 10\.244\.2\.77\b/)
    // A connected socket takes no reply from elsewhere: what it did not see is not known.
    t.deepEqual(pairsWith('unknown', noNat), all('tcp, udp', ...asked))
  },
)

onEach(LOCAL, 'a nat table and connection tracking are no translation: all pass', async (t, runner) => {
  await using lab = await threeNodes(runner)
  // What Docker puts into each of its containers, and a rule that makes the kernel track connections.
  await type(
    lab,
    'node1',
    'iptables -t nat -N DOCKER_OUTPUT',
    'iptables -t nat -A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT',
    'iptables -t nat -A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:46547',
    'iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
  )
  const outcome = await checkLab(lab)
  t.is(outcome.verdict, 'pass')
  t.true((await type(lab, 'node1', 'iptables-save -t nat')).includes('127.0.0.11'))
})
