// The documents' three nodes, where node1's bridge passes pod1 nothing that it did not ask for.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's bridge passes pod1 nothing that it did not ask for: nobody can ask for its MAC",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      bridge link set dev veth-pod1-br flood off mcast_flood off bcast_flood off
    `,
    // Now, and not at the end: once pod1 has asked somebody for something, it is known to them.
    reach('pod2', 'pod1').fails('neighbour-unresolved', 'node1'),
  ],
  checks: [reach.among('pod2', 'pod3', 'pod4')],
}
