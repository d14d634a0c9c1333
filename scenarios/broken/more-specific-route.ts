// The documents' three nodes, where half of node2's subnet is routed to node1's own bridge.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1 has a longer prefix than the route to node2's pods, and it leads to node1's own bridge",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip route add 10.244.2.0/25 dev v-net-0
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('more-specific-route', 'node1'),
    reach('node1', 'pod3').fails('more-specific-route', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
