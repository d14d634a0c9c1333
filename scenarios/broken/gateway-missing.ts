// The documents' three nodes, where pod1's default route is deleted.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's default route is deleted",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 route del default
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('gateway-missing', 'pod1'),
    reach('pod1', 'node2').fails('gateway-missing', 'pod1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
