// The documents' three nodes, where node1 has a MAC for pod1 that nobody has.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'node1 has a MAC for pod1 that nobody has',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip neigh replace 10.244.1.2 dev v-net-0 lladdr 02:00:00:00:00:99 nud permanent
    `,
  ],
  checks: [
    reach('node1', 'pod1').fails('neighbour-wrong', 'node1'),
    reach('pod3', 'pod1').fails('neighbour-wrong', 'node1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
