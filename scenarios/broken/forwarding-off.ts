// The documents' three nodes, where node2 does not forward.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'node2 does not forward',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=0
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('forwarding-off', 'node2'),
    reach('pod3', 'pod1').fails('forwarding-off', 'node2'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
