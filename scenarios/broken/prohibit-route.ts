// The documents' three nodes, where node1's route to the pods of node2 says that they may not be reached.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's route to the pods of node2 says that they may not be reached",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip route replace prohibit 10.244.2.0/24
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('prohibit-route', 'node1'),
    reach('node1', 'pod3').fails('prohibit-route', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
