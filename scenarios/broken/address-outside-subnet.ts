// The documents' three nodes, where pod1 has an address of node2's subnet.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1 has an address of node2's subnet",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 addr del 10.244.1.2/24 dev veth-pod1
      ip -n pod1 addr add 10.244.2.199/24 dev veth-pod1
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('address-outside-subnet', 'pod1'),
    reach('pod3', 'pod1').fails('address-outside-subnet', 'pod1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
