// The documents' three nodes, where node2's bridge takes smaller packets than the rest of the path, and node2 says so.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node2's bridge takes smaller packets than the rest of the path, and node2 says so",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node2')`
      ip link set v-net-0 mtu 1400
    `,
  ],
  checks: [
    reach('pod1', 'pod3').only('full').fails('mtu-too-small', 'node2'),
    reach('pod1', 'pod3').only('small'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
