// Flannel's host-gw backend: a /24 a node, and on each node a route to every other node's by that node. Nothing is carried in
// anything else, so the underlay has to take packets from and to addresses that it knows nothing of.
//
//   pod1 10.244.1.2 --+
//                     +-- cni0 10.244.1.1 [node1] eth0 192.168.1.11 --+
//   pod2 10.244.1.3 --+                                               |
//                                                                     |  192.168.1.0/24, one segment
//   pod3 10.244.2.2 ----- cni0 10.244.2.1 [node2] eth0 192.168.1.12 --+
//                                                                     |
//   pod4 10.244.3.2 ----- cni0 10.244.3.1 [node3] eth0 192.168.1.13 --+
import {hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'Flannel, host-gw backend: every node is the gateway to its own pods',
  solution: 'Flannel, host-gw',
  underlay: '192.168.1.0/24',
  nodes: {
    node1: '192.168.1.11',
    node2: '192.168.1.12',
    node3: '192.168.1.13',
  },
  pods: {
    pod1: {node: 'node1', address: '10.244.1.2'},
    pod2: {node: 'node1', address: '10.244.1.3'},
    pod3: {node: 'node2', address: '10.244.2.2'},
    pod4: {node: 'node3', address: '10.244.3.2'},
  },
  steps: [
    ...stage('cni0 on each node, and its pods on it'),
    ...on('node1')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add cni0 type bridge
      ip addr add 10.244.1.1/24 dev cni0
      ip link set cni0 up
      ip netns add pod1
      ip link add veth-pod1 type veth peer name eth0 netns pod1
      ip link set veth-pod1 master cni0
      ip link set veth-pod1 up
      ip -n pod1 addr add 10.244.1.2/24 dev eth0
      ip -n pod1 link set eth0 up
      ip -n pod1 route add default via 10.244.1.1
      ip netns add pod2
      ip link add veth-pod2 type veth peer name eth0 netns pod2
      ip link set veth-pod2 master cni0
      ip link set veth-pod2 up
      ip -n pod2 addr add 10.244.1.3/24 dev eth0
      ip -n pod2 link set eth0 up
      ip -n pod2 route add default via 10.244.1.1
    `,
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add cni0 type bridge
      ip addr add 10.244.2.1/24 dev cni0
      ip link set cni0 up
      ip netns add pod3
      ip link add veth-pod3 type veth peer name eth0 netns pod3
      ip link set veth-pod3 master cni0
      ip link set veth-pod3 up
      ip -n pod3 addr add 10.244.2.2/24 dev eth0
      ip -n pod3 link set eth0 up
      ip -n pod3 route add default via 10.244.2.1
    `,
    ...on('node3')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add cni0 type bridge
      ip addr add 10.244.3.1/24 dev cni0
      ip link set cni0 up
      ip netns add pod4
      ip link add veth-pod4 type veth peer name eth0 netns pod4
      ip link set veth-pod4 master cni0
      ip link set veth-pod4 up
      ip -n pod4 addr add 10.244.3.2/24 dev eth0
      ip -n pod4 link set eth0 up
      ip -n pod4 route add default via 10.244.3.1
    `,

    ...stage('each node learns of the others'),
    ...on('node1')`
      ip route add 10.244.2.0/24 via 192.168.1.12 dev eth0
      ip route add 10.244.3.0/24 via 192.168.1.13 dev eth0
    `,
    ...on('node2')`
      ip route add 10.244.1.0/24 via 192.168.1.11 dev eth0
      ip route add 10.244.3.0/24 via 192.168.1.13 dev eth0
    `,
    ...on('node3')`
      ip route add 10.244.1.0/24 via 192.168.1.11 dev eth0
      ip route add 10.244.2.0/24 via 192.168.1.12 dev eth0
    `,
    hops('pod1', 'pod3').are(2),
    wire('pod1', 'pod3').carries({encapsulation: 'none', inner: ['10.244.1.2', '10.244.2.2']}),
    runs('pod1')`ping -c 1 -W 1 -M do -s 1472 10.244.2.2`.holds(),

    ...stage('the underlay begins to check addresses'),
    // What clouds call the source/destination check: by node2's cable only packets of nodes come in. A tunnel would not notice.
    ...on('node2')`
      nft add table ip cloud
      nft add chain ip cloud cable '{ type filter hook prerouting priority raw; policy accept; }'
      nft add rule ip cloud cable iifname eth0 ip saddr != 192.168.1.0/24 drop
    `,
    reach('pod1', 'pod3').fails('filter-drop', 'node2').within(10_000),
    reach('pod1', 'pod4').holds(),
    reach('node1', 'node2').holds(),

    ...stage('the check is switched off for node2'),
    ...on('node2')`
      nft delete table ip cloud
    `,
    reach('pod1', 'pod3').holds().within(10_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
