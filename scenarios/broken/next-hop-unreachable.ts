// The documents' three nodes, where node1's route to the pods of node2 leads to an address that nobody has.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's route to the pods of node2 leads to an address that nobody has",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip route replace 10.244.2.0/24 via 192.168.1.253
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('next-hop-unreachable', 'node1'),
    reach('node1', 'pod3').fails('next-hop-unreachable', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
