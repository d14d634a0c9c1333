// A lab that stood up right, and one thing taken from its paths: exactly the pairs that depend on it turn.
import {all, checkLab, evidenceOf, pairsOf, pairsWith, threeNodes, type} from './tools/labs.ts'
import {ALL, onEach} from './tools/runners.ts'

const EVERY = 'icmp, tcp, udp'

onEach(ALL, 'a route removed on node2: what needs it fails, in both directions, and nothing else', async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(lab, 'node2', 'ip route del 10.244.1.0/24')
  const outcome = await checkLab(lab)
  const reach = pairsOf(outcome, 'reach')
  const turned = all(
    EVERY,
    'pod3 -> pod1',
    'pod3 -> pod2',
    'pod1 -> pod3', // the reply is lost
    'pod2 -> pod3',
    'node2 -> pod1',
    'node2 -> pod2',
    'pod1 -> node2',
    'pod2 -> node2',
  )
  t.is(outcome.verdict, 'fail')
  t.deepEqual(pairsWith('fail', reach), turned)
  t.deepEqual(pairsWith('unknown', reach), [])
  t.true(evidenceOf(reach, 'node2 -> pod1', 'tcp').includes('ENETUNREACH'))
  t.true(evidenceOf(reach, 'node2 -> pod1', 'udp').includes('ENETUNREACH'))
  // Nothing is said of the translation of what was lost.
  t.deepEqual(pairsWith('fail', pairsOf(outcome, 'no-nat')), [])
  t.deepEqual(pairsWith('unknown', pairsOf(outcome, 'no-nat')), turned)
  t.deepEqual(pairsWith('fail', pairsOf(outcome, 'unique-address')), [])
  const verdicts = Object.fromEntries(outcome.requirements.map(({id, verdict, passed, total}) => [id, `${verdict} ${passed}/${total}`]))
  t.deepEqual(verdicts, {
    'unique-address': 'pass 6/6',
    'node-subnet': 'pass 3/3',
    'same-node': 'pass 2/2',
    'other-nodes': 'fail 6/10',
    'pods-no-nat': 'fail 8/12',
    'nodes-no-nat': 'fail 20/24',
    'cluster-wide': 'pass 18/18',
    'pods-directly': 'fail 8/12',
    'node-agents': 'pass 8/8',
  })
})

onEach(ALL, 'forwarding off on node2: pod3 is cut off from all but its own node', async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(lab, 'node2', 'sysctl -w net.ipv4.ip_forward=0')
  const reach = pairsOf(await checkLab(lab), 'reach')
  t.deepEqual(
    pairsWith('fail', reach),
    all(EVERY, ...['pod1', 'pod2', 'pod4', 'node1', 'node3'].flatMap((other) => [`pod3 -> ${other}`, `${other} -> pod3`])),
  )
  t.deepEqual(pairsWith('unknown', reach), [])
})

onEach(ALL, "the host end of pod3's veth down: pod3 is cut off from all", async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(lab, 'node2', 'ip link set veth-pod3-br down')
  const reach = pairsOf(await checkLab(lab), 'reach')
  t.deepEqual(
    pairsWith('fail', reach),
    all(EVERY, ...['pod1', 'pod2', 'pod4', 'node1', 'node2', 'node3'].flatMap((other) => [`pod3 -> ${other}`, `${other} -> pod3`])),
  )
  t.deepEqual(pairsWith('unknown', reach), [])
})

onEach(ALL, 'UDP dropped where node3 forwards: TCP and ICMP still pass', async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(
    lab,
    'node3',
    'nft add table ip broken',
    "nft 'add chain ip broken forward { type filter hook forward priority 0; }'",
    'nft add rule ip broken forward meta l4proto udp drop',
  )
  const reach = pairsOf(await checkLab(lab), 'reach')
  t.deepEqual(
    pairsWith('fail', reach),
    all('udp', ...['pod1', 'pod2', 'pod3', 'node1', 'node2'].flatMap((other) => [`pod4 -> ${other}`, `${other} -> pod4`])),
  )
  t.is(evidenceOf(reach, 'pod1 -> pod4', 'udp'), 'no-answer\nno-answer')
  t.deepEqual(pairsWith('unknown', reach), [])
})

onEach(ALL, 'ICMP echo ignored in pod3: TCP and UDP still pass, and so does ICMP from pod3', async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(lab, 'node2', 'ip netns exec pod3 sysctl -w net.ipv4.icmp_echo_ignore_all=1')
  const reach = pairsOf(await checkLab(lab), 'reach')
  t.deepEqual(
    pairsWith('fail', reach),
    all('icmp', ...['pod1', 'pod2', 'pod4', 'node1', 'node2', 'node3'].map((other) => `${other} -> pod3`)),
  )
  t.deepEqual(pairsWith('unknown', reach), [])
})
