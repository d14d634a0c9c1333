// The documents' three nodes, where node2's route to the pods of node1 is deleted: requests from there arrive, and no reply gets back.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node2's route to the pods of node1 is deleted: requests from there arrive, and no reply gets back",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node2')`
      ip route del 10.244.1.0/24
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('no-return-route', 'node2'),
    reach('pod2', 'pod3').fails('no-return-route', 'node2'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
