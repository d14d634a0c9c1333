// Weave Net's fast datapath: all pods of all nodes on one Ethernet segment, 10.32.0.0/12. A bridge on each node, and in it a
// VXLAN device that floods to every other node and learns who is where, as a switch would. No node routes between pods.
//
//   pod1 10.32.0.2 --+
//                    +-- weave 10.32.0.1 [node1] vxlan-6784 == VXLAN 6784, UDP 6784 ==+
//   pod2 10.32.0.3 --+                eth0 192.168.1.11                               |
//                                                                                     |
//   pod3 10.36.0.2 ----- weave 10.36.0.1 [node2] vxlan-6784 =========================+
//                                                                                     |
//   pod4 10.40.0.2 ----- weave 10.40.0.1 [node3] vxlan-6784 =========================+
import {hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'Weave Net: one flat segment over all nodes, a mesh of VXLAN with learning',
  solution: 'Weave Net',
  underlay: '192.168.1.0/24',
  nodes: {
    node1: '192.168.1.11',
    node2: '192.168.1.12',
    node3: '192.168.1.13',
  },
  mtu: 1450,
  pods: {
    pod1: {node: 'node1', address: '10.32.0.2'},
    pod2: {node: 'node1', address: '10.32.0.3'},
    pod3: {node: 'node2', address: '10.36.0.2'},
    pod4: {node: 'node3', address: '10.40.0.2'},
  },
  steps: [
    ...stage('a bridge on each node, and its pods on it'),
    ...on('node1')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add weave mtu 1450 type bridge forward_delay 0 mcast_snooping 0
      ip link set weave address 0e:00:0a:32:00:01
      ip addr add 10.32.0.1/12 dev weave
      ip link set weave up
      ip netns add pod1
      ip link add vethwe-pod1 mtu 1450 type veth peer name eth0 mtu 1450 netns pod1
      ip link set vethwe-pod1 master weave
      ip link set vethwe-pod1 up
      ip -n pod1 addr add 10.32.0.2/12 dev eth0
      ip -n pod1 link set eth0 up
      ip -n pod1 route add default via 10.32.0.1
      ip netns add pod2
      ip link add vethwe-pod2 mtu 1450 type veth peer name eth0 mtu 1450 netns pod2
      ip link set vethwe-pod2 master weave
      ip link set vethwe-pod2 up
      ip -n pod2 addr add 10.32.0.3/12 dev eth0
      ip -n pod2 link set eth0 up
      ip -n pod2 route add default via 10.32.0.1
    `,
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add weave mtu 1450 type bridge forward_delay 0 mcast_snooping 0
      ip link set weave address 0e:00:0a:36:00:01
      ip addr add 10.36.0.1/12 dev weave
      ip link set weave up
      ip netns add pod3
      ip link add vethwe-pod3 mtu 1450 type veth peer name eth0 mtu 1450 netns pod3
      ip link set vethwe-pod3 master weave
      ip link set vethwe-pod3 up
      ip -n pod3 addr add 10.36.0.2/12 dev eth0
      ip -n pod3 link set eth0 up
      ip -n pod3 route add default via 10.36.0.1
    `,
    ...on('node3')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add weave mtu 1450 type bridge forward_delay 0 mcast_snooping 0
      ip link set weave address 0e:00:0a:40:00:01
      ip addr add 10.40.0.1/12 dev weave
      ip link set weave up
      ip netns add pod4
      ip link add vethwe-pod4 mtu 1450 type veth peer name eth0 mtu 1450 netns pod4
      ip link set vethwe-pod4 master weave
      ip link set vethwe-pod4 up
      ip -n pod4 addr add 10.40.0.2/12 dev eth0
      ip -n pod4 link set eth0 up
      ip -n pod4 route add default via 10.40.0.1
    `,

    ...stage('a VXLAN device in each bridge, with every other node to flood to'),
    ...on('node1')`
      ip link add vxlan-6784 mtu 1450 type vxlan id 6784 local 192.168.1.11 dev eth0 dstport 6784 learning
      ip link set vxlan-6784 master weave
      bridge fdb append 00:00:00:00:00:00 dev vxlan-6784 dst 192.168.1.12
      bridge fdb append 00:00:00:00:00:00 dev vxlan-6784 dst 192.168.1.13
      ip link set vxlan-6784 up
    `,
    ...on('node2')`
      ip link add vxlan-6784 mtu 1450 type vxlan id 6784 local 192.168.1.12 dev eth0 dstport 6784 learning
      ip link set vxlan-6784 master weave
      bridge fdb append 00:00:00:00:00:00 dev vxlan-6784 dst 192.168.1.11
      bridge fdb append 00:00:00:00:00:00 dev vxlan-6784 dst 192.168.1.13
      ip link set vxlan-6784 up
    `,
    ...on('node3')`
      ip link add vxlan-6784 mtu 1450 type vxlan id 6784 local 192.168.1.13 dev eth0 dstport 6784 learning
      ip link set vxlan-6784 master weave
      bridge fdb append 00:00:00:00:00:00 dev vxlan-6784 dst 192.168.1.11
      bridge fdb append 00:00:00:00:00:00 dev vxlan-6784 dst 192.168.1.12
      ip link set vxlan-6784 up
    `,
    reach.among('pod1', 'pod3', 'pod4').holds().within(10_000),
    // Nobody routes: pods of different nodes are neighbours, and ask one another for their MACs.
    hops('pod1', 'pod3').are(0),
    wire('pod1', 'pod3').carries({
      encapsulation: 'vxlan',
      vni: 6784,
      port: 6784,
      outer: ['192.168.1.11', '192.168.1.12'],
      inner: ['10.32.0.2', '10.36.0.2'],
    }),
    runs('pod1')`ping -c 1 -W 1 -M do -s 1422 10.36.0.2`.holds(),
    runs('pod1')`ping -c 1 -W 1 -M do -s 1423 10.36.0.2`.fails('message too long, mtu=1450'),

    ...stage('node1 forgets to flood to node2'),
    ...on('node1')`
      bridge fdb del 00:00:00:00:00:00 dev vxlan-6784 dst 192.168.1.12
    `,
    // Who has talked lately goes on: what was learned does not need the flood.
    runs('pod1')`ping -c 1 -W 1 10.36.0.2`.holds(),

    ...stage('pod1 forgets whom it talked to'),
    ...on('node1')`
      ip -n pod1 neigh flush all
    `,
    // Now it has to ask, and its question does not get to node2. One direction is broken, and only for who begins.
    reach('pod1', 'pod3').fails('vtep-fdb-missing', 'node1').within(10_000),
    reach('pod1', 'pod4').holds(),

    ...stage('node1 floods to node2 again'),
    ...on('node1')`
      bridge fdb append 00:00:00:00:00:00 dev vxlan-6784 dst 192.168.1.12
    `,
    reach('pod1', 'pod3').holds().within(10_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
