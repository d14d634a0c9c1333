// The documents' three nodes, where pod1's device is set down.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's device is set down",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 link set veth-pod1 down
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('interface-down', 'pod1'),
    reach('pod3', 'pod1').fails('interface-down', 'pod1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
