// The documents' three nodes, where node1 hands what is for pod3 to pod4.
import {noNat, on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'node1 hands what is for pod3 to pod4',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      nft add table ip translate
      nft 'add chain ip translate prerouting { type nat hook prerouting priority -100; }'
      nft add rule ip translate prerouting ip daddr 10.244.2.2 dnat to 10.244.3.2
    `,
  ],
  checks: [noNat('pod1', 'pod3').fails('destination-nat'), noNat('pod3', 'pod1'), reach.among('pod1', 'pod2', 'pod4')],
}
