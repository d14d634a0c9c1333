// The documents' three nodes, where pod1's mask makes the pods of other nodes look near.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's mask makes the pods of other nodes look near",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 addr del 10.244.1.2/24 dev veth-pod1
      ip -n pod1 addr add 10.244.1.2/16 dev veth-pod1
      ip -n pod1 route add default via 10.244.1.1
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('wrong-prefix-length', 'pod1'),
    reach('pod3', 'pod1').fails('wrong-prefix-length', 'pod1'),
    reach.among('pod1', 'pod2'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
