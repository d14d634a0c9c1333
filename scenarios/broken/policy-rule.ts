// The documents' three nodes, where a rule on node1 sends what its pods send to a table that has no way on.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'a rule on node1 sends what its pods send to a table that has no way on',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip route add unreachable default table 100
      ip rule add from 10.244.1.0/24 lookup 100
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('policy-rule', 'node1'),
    reach('pod1', 'node2').fails('policy-rule', 'node1'),
    reach.among('pod3', 'pod4'),
  ],
}
