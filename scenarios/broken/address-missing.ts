// The documents' three nodes, where pod1's address is deleted, and its default route goes with it.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's address is deleted, and its default route goes with it",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 addr del 10.244.1.2/24 dev veth-pod1
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('address-missing', 'pod1'),
    reach('pod3', 'pod1').fails('address-missing', 'pod1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
