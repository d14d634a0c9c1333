// The documents' three nodes, where node1 holds pod3's address, too.
import {on, reach, stage, uniqueAddress} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1 holds pod3's address, too",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip addr add 10.244.2.2/32 dev lo
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('duplicate-address', 'node1'),
    uniqueAddress.all().fails('duplicate-address'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
