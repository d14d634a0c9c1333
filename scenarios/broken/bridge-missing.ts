// The documents' three nodes, where node1's bridge is deleted.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's bridge is deleted",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip link del v-net-0
    `,
  ],
  checks: [
    reach('pod1', 'pod2').fails('bridge-missing', 'node1'),
    reach('pod3', 'pod1').fails('bridge-missing', 'node1'),
    reach.among('pod3', 'pod4'),
  ],
}
