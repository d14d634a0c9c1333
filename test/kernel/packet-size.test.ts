// Paths that carry small packets and not full ones.

import {placesOf} from '../../harness/model.ts'
import {matrixText} from '../../harness/report/text.ts'
import {all, checkLab, evidenceOf, pairsOf, pairsWith, threeNodes, type} from './tools/labs.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'

const FULL = 'icmp full, tcp full, udp full'
const others = ['pod1', 'pod2', 'pod4', 'node1', 'node2', 'node3']
const pod3BothWays = others.flatMap((other) => [`pod3 -> ${other}`, `${other} -> pod3`])

onEach(ALL, "an MTU of 1400 on pod3's veth: small packets pass, full ones fail, and the matrix shows an s", async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(lab, 'node2', 'ip -n pod3 link set veth-pod3 mtu 1400', 'ip link set veth-pod3-br mtu 1400')
  const outcome = await checkLab(lab)
  const reach = pairsOf(outcome, 'reach')
  t.is(outcome.mtu, 1500)
  t.deepEqual(pairsWith('fail', reach), all(FULL, ...pod3BothWays))
  t.deepEqual(pairsWith('unknown', reach), [])
  t.is(evidenceOf(reach, 'pod3 -> pod1', 'udp'), 'EMSGSIZE')
  t.is(evidenceOf(reach, 'pod3 -> pod1', 'tcp'), 'segments of at most 1348 bytes, where 1448 fit the MTU of 1500')
  const matrix = matrixText(placesOf(lab.scenario), outcome.probes, (_, text) => text).split('\n')
  t.true(matrix.includes('│ pod1      │  -   │ ✓✓✓  │ sss  │ ✓✓✓  │  ✓✓✓  │  ✓✓✓  │  ✓✓✓  │'), matrix.join('\n'))
  t.true(matrix.includes('│ pod3      │ sss  │ sss  │  -   │ sss  │  sss  │  sss  │  sss  │'), matrix.join('\n'))
})

onEach(ALL, 'a full packet has the MTU of the underlay: where every node has less, it is less', async (t, runner) => {
  await using lab = await threeNodes(runner)
  for (const node of ['node1', 'node2', 'node3']) await type(lab, node, 'ip link set eth0 mtu 1400')
  const outcome = await checkLab(lab)
  t.is(outcome.mtu, 1400)
  t.is(outcome.verdict, 'pass')
})

onEach(
  ALL,
  'a node that has less than the others on the underlay falls short: small packets pass it, full ones do not',
  async (t, runner) => {
    await using lab = await threeNodes(runner)
    await type(lab, 'node2', 'ip link set eth0 mtu 1400')
    const outcome = await checkLab(lab)
    t.is(outcome.mtu, 1500)
    const reach = pairsOf(outcome, 'reach')
    const failing = pairsWith('fail', reach)
    t.true(failing.some((line) => line.startsWith('pod3 -> pod1: ')))
    t.true(failing.some((line) => line.startsWith('node2 -> node1: ')))
    t.deepEqual(
      failing.filter((line) => !/pod3|node2/.test(line)),
      [],
    )
    t.deepEqual(
      reach.filter(({verdict, size}) => verdict === 'fail' && size === 'small'),
      [],
    )
  },
)

onEach(ALL, 'a black hole for full packets, of which nobody tells the sender: full ones from pod3 vanish', async (t, runner) => {
  await using lab = await threeNodes(runner)
  // What pod3 sends is larger than the other end of its veth takes: dropped without a word (__dev_forward_skb).
  await type(lab, 'node2', 'ip link set veth-pod3-br mtu 1400')
  const reach = pairsOf(await checkLab(lab), 'reach')
  t.deepEqual(pairsWith('fail', reach), all(FULL, ...pod3BothWays))
  t.deepEqual(pairsWith('unknown', reach), [])
  t.is(evidenceOf(reach, 'pod3 -> pod1', 'icmp'), 'no-answer')
})

onEach(LOCAL, 'an underlay that takes less than the nodes believe: full packets to and from node2 vanish', async (t, runner) => {
  await using lab = await threeNodes(runner)
  // The lab's process 1 is in the namespace of the underlay; node2's port there has node2's name.
  await type(lab, 'node1', 'nsenter --target 1 --net ip link set node2 mtu 1400')
  const outcome = await checkLab(lab)
  const reach = pairsOf(outcome, 'reach')
  t.is(outcome.mtu, 1500)
  const beyond = ['pod1', 'pod2', 'pod4', 'node1', 'node3'].flatMap((other) =>
    ['pod3', 'node2'].flatMap((here) => [`${here} -> ${other}`, `${other} -> ${here}`]),
  )
  t.deepEqual(pairsWith('fail', reach), all(FULL, ...beyond))
  t.deepEqual(pairsWith('unknown', reach), [])
})
