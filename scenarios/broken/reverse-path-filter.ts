// The documents' three nodes, where what pod1 sends by a second cable comes back by the first, and node1 takes nothing in by a cable that it would not answer by.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'what pod1 sends by a second cable comes back by the first, and node1 takes nothing in by a cable that it would not answer by',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...stage('a second cable, by which pod1 sends: what it gets comes by the first'),
    ...on('node1')`
      ip link add veth-pod1-2p type veth peer name veth-pod1-2
      ip link set veth-pod1-2p netns pod1
      ip addr add 10.254.0.1/30 dev veth-pod1-2
      ip link set veth-pod1-2 up
      ip -n pod1 addr add 10.254.0.2/30 dev veth-pod1-2p
      ip -n pod1 link set veth-pod1-2p up
      ip -n pod1 route replace default via 10.254.0.1 src 10.244.1.2
    `,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      sysctl -w net.ipv4.conf.veth-pod1-2.rp_filter=1
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('reverse-path-filter', 'node1'),
    reach('pod1', 'node2').fails('reverse-path-filter', 'node1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
