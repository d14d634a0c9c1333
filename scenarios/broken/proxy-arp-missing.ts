// The documents' three nodes, where pod1 takes all pods for neighbours, and node1's bridge no longer answers for those behind it.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: "node1's bridge no longer answers for what pod1 takes for its neighbours",
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...stage('a pod without a gateway: node1 answers ARP for the pods of other nodes'),
    ...on('node1')`
      sysctl -w net.ipv4.conf.v-net-0.proxy_arp=1
      sysctl -w net.ipv4.neigh.v-net-0.proxy_delay=0
      ip -n pod1 route del default
      ip -n pod1 addr add 10.244.1.2/16 dev veth-pod1
      ip -n pod1 addr del 10.244.1.2/24 dev veth-pod1
      ip -n pod1 route add 192.168.1.0/24 via 10.244.1.1
    `,
    ...threeNodes.checks,
    ...stage('the fault'),
    ...on('node1')`
      sysctl -w net.ipv4.conf.v-net-0.proxy_arp=0
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('proxy-arp-missing', 'node1'),
    reach('pod1', 'pod4').fails('proxy-arp-missing', 'node1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
