// The documents' three nodes, where all pods are one network, and node1's bridge no longer answers for the pods behind it.
//
//   pod1 10.244.1.2/16 -- v-net-0 [node1] -- 192.168.1.0/24 -- [node2] v-net-0, proxy ARP -- pod3 10.244.2.2/16
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "all pods are one network, and node1's bridge no longer answers for the pods behind it",
  shows: [],
  steps: [
    ...threeNodes.steps,
    // A proxy waits up to 0.8 s before it answers, unless it is told not to (arp(7), proxy_delay).
    ...stage('one network for all pods: each bridge answers for the pods of other nodes'),
    ...on('node1')`
      sysctl -w net.ipv4.conf.v-net-0.proxy_arp=1
      sysctl -w net.ipv4.neigh.v-net-0.proxy_delay=0
      ip -n pod1 addr del 10.244.1.2/24 dev veth-pod1
      ip -n pod1 addr add 10.244.1.2/16 dev veth-pod1
      ip -n pod1 route add default via 10.244.1.1
      ip -n pod2 addr del 10.244.1.3/24 dev veth-pod2
      ip -n pod2 addr add 10.244.1.3/16 dev veth-pod2
      ip -n pod2 route add default via 10.244.1.1
    `,
    ...on('node2')`
      sysctl -w net.ipv4.conf.v-net-0.proxy_arp=1
      sysctl -w net.ipv4.neigh.v-net-0.proxy_delay=0
      ip -n pod3 addr del 10.244.2.2/24 dev veth-pod3
      ip -n pod3 addr add 10.244.2.2/16 dev veth-pod3
      ip -n pod3 route add default via 10.244.2.1
    `,
    ...on('node3')`
      sysctl -w net.ipv4.conf.v-net-0.proxy_arp=1
      sysctl -w net.ipv4.neigh.v-net-0.proxy_delay=0
      ip -n pod4 addr del 10.244.3.2/24 dev veth-pod4
      ip -n pod4 addr add 10.244.3.2/16 dev veth-pod4
      ip -n pod4 route add default via 10.244.3.1
    `,
    reach.among('pod1', 'pod2', 'pod3', 'pod4'),

    ...stage('the fault'),
    ...on('node1')`
      sysctl -w net.ipv4.conf.v-net-0.proxy_arp=0
      ip -n pod1 neigh flush dev veth-pod1
      ip -n pod2 neigh flush dev veth-pod2
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('proxy-arp-missing', 'node1'),
    reach('pod3', 'pod1').fails('proxy-arp-missing', 'node1'),
    reach.among('pod3', 'pod4'),
  ],
}
