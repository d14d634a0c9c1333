// The documents' three nodes, where node1's route to the pods of node2 leads to pod2.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'node1 sends what is for the pods of node2 to pod2',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip route replace 10.244.2.0/24 via 10.244.1.3
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('wrong-next-hop', 'node1'),
    reach('node1', 'pod3').fails('wrong-next-hop', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
