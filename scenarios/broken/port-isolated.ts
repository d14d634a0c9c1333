// The documents' three nodes, where the ports of pod1 and pod2 are isolated from one another.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'the ports of pod1 and pod2 are isolated from one another',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      bridge link set dev veth-pod1-br isolated on
      bridge link set dev veth-pod2-br isolated on
    `,
  ],
  checks: [
    reach('pod1', 'pod2').fails('port-isolated', 'node1'),
    reach('pod2', 'pod1').fails('port-isolated', 'node1'),
    reach.among('pod1', 'pod3', 'pod4'),
  ],
}
