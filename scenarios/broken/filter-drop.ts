// The documents' three nodes, where node2 drops what is for its pods, where it forwards.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'node2 drops what is for its pods, where it forwards',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node2')`
      nft add table ip broken
      nft 'add chain ip broken forward { type filter hook forward priority 0; }'
      nft add rule ip broken forward ip daddr 10.244.2.0/24 drop
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('filter-drop', 'node2'),
    reach('node1', 'pod3').fails('filter-drop', 'node2'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
