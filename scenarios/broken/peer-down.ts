// The documents' three nodes, where node1's end of pod1's cable is set down.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's end of pod1's cable is set down",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip link set veth-pod1-br down
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('peer-down', 'node1'),
    reach('pod3', 'pod1').fails('peer-down', 'node1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
