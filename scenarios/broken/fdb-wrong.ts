// The documents' three nodes, where node1's bridge has pod1's MAC behind pod2's port, and learning does not move it.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's bridge has pod1's MAC behind pod2's port, and learning does not move it",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 link set veth-pod1 address 02:00:00:00:01:02
      bridge fdb replace 02:00:00:00:01:02 dev veth-pod2-br master static sticky
    `,
  ],
  checks: [
    reach('node1', 'pod1').fails('fdb-wrong', 'node1'),
    reach('pod3', 'pod1').fails('fdb-wrong', 'node1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
