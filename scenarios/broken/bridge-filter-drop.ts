// The documents' three nodes, where node1's bridge drops frames from pod1 to pod2.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's bridge drops frames from pod1 to pod2",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      nft add table bridge broken
      nft 'add chain bridge broken forward { type filter hook forward priority 0; }'
      nft add rule bridge broken forward iifname veth-pod1-br oifname veth-pod2-br drop
    `,
  ],
  checks: [
    reach('pod1', 'pod2').fails('bridge-filter-drop', 'node1'),
    reach('pod2', 'pod1').fails('bridge-filter-drop', 'node1'),
    reach.among('pod1', 'pod3', 'pod4'),
  ],
}
