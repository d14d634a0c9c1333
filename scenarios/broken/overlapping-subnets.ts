// The documents' three nodes, where half of node2's subnet is on node1's bridge, too.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "half of node2's subnet is on node1's bridge, too",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip addr add 10.244.2.126/25 dev v-net-0
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('overlapping-subnets', 'node1'),
    reach('node1', 'pod3').fails('overlapping-subnets', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
