// The documents' three nodes, where node1's bridge is set down.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's bridge is set down",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip link set v-net-0 down
    `,
  ],
  checks: [
    reach('pod1', 'pod2').fails('bridge-down', 'node1'),
    reach('pod3', 'pod1').fails('bridge-down', 'node1'),
    reach.among('pod3', 'pod4'),
  ],
}
