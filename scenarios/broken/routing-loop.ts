// The documents' three nodes, where node1 and node3 send what is for the pods of node2 to one another.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'node1 and node3 send what is for the pods of node2 to one another',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip route replace 10.244.2.0/24 via 192.168.1.13
    `,
    ...on('node3')`
      ip route replace 10.244.2.0/24 via 192.168.1.11
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('routing-loop', 'node1'),
    reach('pod4', 'pod3').fails('routing-loop', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
