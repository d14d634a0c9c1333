// The documents' three nodes, where pod1's end of its cable is put into pod2.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's end of its cable is put into pod2",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 link set veth-pod1 netns pod2
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('wrong-namespace', 'pod2'),
    reach('pod3', 'pod1').fails('wrong-namespace', 'pod2'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
