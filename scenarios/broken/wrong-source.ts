// The documents' three nodes, where node1's route to the pods of node2 prefers a source that nobody has a way back to.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's route to the pods of node2 prefers a source that nobody has a way back to",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip addr add 10.99.0.1/32 dev lo
      ip route replace 10.244.2.0/24 via 192.168.1.12 src 10.99.0.1
    `,
  ],
  checks: [reach('node1', 'pod3').fails('wrong-source', 'node1'), reach('pod1', 'pod3'), reach.among('pod1', 'pod2', 'pod3', 'pod4')],
}
