// The documents' three nodes, where a queue that holds nothing drops what node1 sends to the other nodes.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'a queue that holds nothing drops what node1 sends to the other nodes',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      tc qdisc add dev eth0 root pfifo limit 0
    `,
  ],
  checks: [reach('pod1', 'pod3').fails('tc-drop', 'node1'), reach('node1', 'node2').fails('tc-drop', 'node1'), reach.among('pod3', 'pod4')],
}
