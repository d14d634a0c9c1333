// The documents' three nodes, where pod1's device is set to NOARP.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's device is set to NOARP",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 link set veth-pod1 arp off
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('arp-suppressed', 'pod1'),
    reach('pod3', 'pod1').fails('arp-suppressed', 'pod1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
