// The documents' three nodes, where a queue on node1's end of pod1's cable lets nothing out.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "a queue on node1's end of pod1's cable lets nothing out",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...stage('the fault'),
    ...on('node1')`
      tc qdisc add dev veth-pod1-br root blackhole
    `,
  ],
  checks: [
    reach('pod3', 'pod1').fails('tc-drop', 'node1'),
    reach('node1', 'pod1').fails('tc-drop', 'node1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
