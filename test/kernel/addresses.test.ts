// Two pods with one address.
import {all, checkLab, evidenceOf, pairsOf, pairsWith, threeNodes, type} from './tools/labs.ts'
import {ALL, onEach} from './tools/runners.ts'

onEach(
  ALL,
  'two pods with one address on one node: unique-address names both, reach who answered, and nothing is called NAT',
  async (t, runner) => {
    await using lab = await threeNodes(runner)
    await type(
      lab,
      'node1',
      'ip -n pod2 addr del 10.244.1.3/24 dev veth-pod2',
      'ip -n pod2 addr add 10.244.1.2/24 dev veth-pod2',
      'ip -n pod2 route add default via 10.244.1.1',
      // Whom node1 takes for 10.244.1.2 is settled, not left to whoever answers first.
      'ip neigh replace 10.244.1.2 dev v-net-0 nud permanent lladdr $(ip netns exec pod2 cat /sys/class/net/veth-pod2/address)',
    )
    const outcome = await checkLab(lab)
    const unique = pairsOf(outcome, 'unique-address')
    t.deepEqual(
      pairsWith('fail', unique),
      all('', 'pod1 -> pod2', 'pod2 -> pod3', 'pod2 -> pod4', 'pod2 -> node1', 'pod2 -> node2', 'pod2 -> node3'),
    )
    t.true(evidenceOf(unique, 'pod1 -> pod2').includes('pod1 and pod2 both hold 10.244.1.2'))
    t.is(evidenceOf(unique, 'pod2 -> pod4'), 'pod2 holds 10.244.1.2, not 10.244.1.3')
    const reach = pairsOf(outcome, 'reach')
    for (const from of ['node1', 'node2', 'node3', 'pod3', 'pod4']) {
      t.is(evidenceOf(reach, `${from} -> pod1`, 'tcp'), 'answered by pod2\nanswered by pod2', from)
      t.is(evidenceOf(reach, `${from} -> pod1`, 'icmp'), 'answered by pod2\nanswered by pod2', from)
    }
    t.deepEqual(pairsWith('fail', pairsOf(outcome, 'no-nat')), [])
  },
)

onEach(ALL, 'two pods with one address on two nodes: unique-address names both, and these two alone cannot talk', async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(lab, 'node3', 'ip -n pod4 addr add 10.244.1.2/32 dev veth-pod4')
  const outcome = await checkLab(lab)
  const unique = pairsOf(outcome, 'unique-address')
  t.deepEqual(pairsWith('fail', unique), all('', 'pod1 -> pod4'))
  t.is(evidenceOf(unique, 'pod1 -> pod4'), 'pod1 and pod4 both hold 10.244.1.2')
  t.deepEqual(pairsWith('fail', pairsOf(outcome, 'reach')), all('icmp, tcp, udp', 'pod1 -> pod4', 'pod4 -> pod1'))
  t.deepEqual(pairsWith('fail', pairsOf(outcome, 'no-nat')), [])
})
