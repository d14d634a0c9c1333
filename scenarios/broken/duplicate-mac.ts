// The documents' three nodes, where pod1 and pod2 have the same MAC.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'pod1 and pod2 have the same MAC',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 link set veth-pod1 address 02:00:00:00:01:02
      ip -n pod2 link set veth-pod2 address 02:00:00:00:01:02
    `,
  ],
  checks: [reach('pod1', 'pod2').fails('duplicate-mac'), reach('pod2', 'pod1').fails('duplicate-mac'), reach.among('pod3', 'pod4')],
}
