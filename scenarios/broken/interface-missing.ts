// The documents' three nodes, where pod1's end of its cable is deleted, and the other end with it.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's end of its cable is deleted, and the other end with it",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 link del veth-pod1
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('interface-missing', 'pod1'),
    reach('pod3', 'pod1').fails('interface-missing', 'pod1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
