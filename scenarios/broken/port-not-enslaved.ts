// The documents' three nodes, where pod1's end of the cable on node1 is taken off the bridge.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's end of the cable on node1 is taken off the bridge",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip link set veth-pod1-br nomaster
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('port-not-enslaved', 'node1'),
    reach('pod2', 'pod1').fails('port-not-enslaved', 'node1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
