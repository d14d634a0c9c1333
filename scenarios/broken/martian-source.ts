// The documents' three nodes, where node1 sends to the pods of node2 from its loopback address, which no other host takes.
import {on, reach, stage} from 'podwire'
import threeNodes from '../three-nodes.ts'

export default {
  ...threeNodes,
  title: 'node1 sends to the pods of node2 from its loopback address, which no other host takes',
  shows: [],
  steps: [
    ...threeNodes.steps,
    ...stage('the fault'),
    ...on('node1')`
      sysctl -w net.ipv4.conf.eth0.route_localnet=1
      ip route replace 10.244.2.0/24 via 192.168.1.12 src 127.0.0.1
    `,
  ],
  checks: [reach('node1', 'pod3').fails('martian-source', 'node2'), reach.among('pod1', 'pod2', 'pod3', 'pod4')],
}
