// The documents' three nodes, where pod1's gateway is pod2, which is no router.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "pod1's gateway is pod2, which is no router",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...stage('the fault'),
    ...on('node1')`
      ip -n pod1 route replace default via 10.244.1.3
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('wrong-next-hop', 'pod1'),
    reach('pod3', 'pod1').fails('wrong-next-hop', 'pod1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
