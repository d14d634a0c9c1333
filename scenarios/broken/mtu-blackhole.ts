// The documents' three nodes, where node2's bridge takes smaller packets than the rest of the path, and node2 may not say so.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node2's bridge takes smaller packets than the rest of the path, and node2 may not say so",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...stage('the fault'),
    ...on('node2')`
      ip link set v-net-0 mtu 1400
      nft add table ip quiet
      nft 'add chain ip quiet output { type filter hook output priority 0; }'
      nft add rule ip quiet output icmp type destination-unreachable drop
    `,
  ],
  checks: [
    reach('pod1', 'pod3').only('full').fails('mtu-blackhole', 'node2'),
    reach('pod1', 'pod3').only('small'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
