// The documents' three nodes, where node1's route to the pods of node2 is a black hole.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's route to the pods of node2 is a black hole",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip route replace blackhole 10.244.2.0/24
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('blackhole-route', 'node1'),
    reach('node1', 'pod3').fails('blackhole-route', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
