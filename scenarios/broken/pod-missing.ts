// The documents' three nodes, where pod1's namespace is deleted.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's namespace is deleted",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip netns del pod1
    `,
  ],
  checks: [
    reach('pod3', 'pod1').fails('pod-missing', 'pod1'),
    reach('node1', 'pod1').fails('pod-missing', 'pod1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
