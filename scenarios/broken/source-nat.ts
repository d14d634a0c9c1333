// The documents' three nodes, where node1 masquerades what leaves by the underlay: every pair reaches, and nobody sees who it was.
import {noNat, on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'node1 masquerades what leaves by the underlay: every pair reaches, and nobody sees who it was',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      nft add table ip translate
      nft 'add chain ip translate postrouting { type nat hook postrouting priority 100; }'
      nft add rule ip translate postrouting oifname eth0 masquerade
    `,
  ],
  checks: [reach.among('pod1', 'pod2', 'pod3', 'pod4'), noNat('pod1', 'pod3').fails('source-nat'), noNat('pod3', 'pod1')],
}
