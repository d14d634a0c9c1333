// The documents' three nodes, where pod1's port of the bridge takes smaller packets, and a bridge says nothing.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's port takes smaller packets than the bridge, which tells nobody",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      # A bridge of its own accord has the least MTU of its ports, until it is told one itself.
      ip link set veth-pod1-br mtu 1400
      ip link set v-net-0 mtu 1500
    `,
  ],
  checks: [
    reach('pod3', 'pod1').only('full').fails('mtu-blackhole', 'node1'),
    reach('pod3', 'pod1').only('small'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
