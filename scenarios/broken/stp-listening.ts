// The documents' three nodes, where node1's bridge runs the spanning tree, and pod1's port has just come up.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's bridge runs the spanning tree, and pod1's port has just come up",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip link set v-net-0 type bridge forward_delay 3000 stp_state 1
      ip link set veth-pod1-br down
      ip link set veth-pod1-br up
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('stp-listening', 'node1'),
    reach('pod3', 'pod1').fails('stp-listening', 'node1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
