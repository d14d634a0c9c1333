// The documents' three nodes, where in place of node1's route to the pods of node2 there is a default route to nobody in the lab.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "in place of node1's route to the pods of node2 there is a default route to nobody in the lab",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip route del 10.244.2.0/24
      ip route add default via 192.168.1.253
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('leaves-lab', 'node1'),
    reach('node1', 'pod3').fails('leaves-lab', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
