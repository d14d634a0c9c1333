// The documents' three nodes, where pod2 has the MAC address of pod1, on the same bridge.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'pod2 has the MAC address of pod1, on the same bridge',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...stage('a MAC address that can be written down'),
    ...on('node1')`
      ip -n pod1 link set veth-pod1 address 02:00:00:00:01:02
    `,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod2 link set veth-pod2 address 02:00:00:00:01:02
    `,
  ],
  checks: [
    reach('pod1', 'pod2').fails('duplicate-mac', 'pod2'),
    reach('pod2', 'pod1').fails('duplicate-mac', 'pod2'),
    reach.among('pod3', 'pod4'),
  ],
}
