// The documents' three nodes, where pod3 ignores echo requests, and answers everything else.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'pod3 ignores echo requests, and answers everything else',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node2')`
      ip netns exec pod3 sysctl -w net.ipv4.icmp_echo_ignore_all=1
    `,
  ],
  checks: [
    reach('pod1', 'pod3').only('icmp').fails('echo-ignored', 'pod3'),
    reach('pod1', 'pod3').only('tcp'),
    reach('pod1', 'pod3').only('udp'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
