// Flannel's VXLAN backend: a /24 a node, and one kernel VXLAN device a node whose three tables its agent fills: for each other
// node a route, the neighbour that is its gateway, and where that neighbour's MAC is on the underlay. Nothing is learned.
//
//   pod1 10.244.1.2 --+
//                     +-- cni0 10.244.1.1 [node1] flannel.1 10.244.1.0 == VXLAN 1, UDP 8472 ==+
//   pod2 10.244.1.3 --+                        eth0 192.168.1.11                              |
//                                                                                             |
//   pod3 10.244.2.2 ----- cni0 10.244.2.1 [node2] flannel.1 10.244.2.0 ======================+
//                                                                                             |
//   pod4 10.244.3.2 ----- cni0 10.244.3.1 [node3] flannel.1 10.244.3.0 ======================+
import {hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'Flannel, VXLAN backend: routes into a VXLAN device whose neighbours and forwarding entries are permanent',
  solution: 'Flannel, vxlan',
  underlay: '192.168.1.0/24',
  nodes: {
    node1: '192.168.1.11',
    node2: '192.168.1.12',
    node3: '192.168.1.13',
  },
  mtu: 1450,
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
      ip link add cni0 mtu 1450 type bridge
      ip addr add 10.244.1.1/24 dev cni0
      ip link set cni0 up
      ip netns add pod1
      ip link add veth-pod1 mtu 1450 type veth peer name eth0 mtu 1450 netns pod1
      ip link set veth-pod1 master cni0
      ip link set veth-pod1 up
      ip -n pod1 addr add 10.244.1.2/24 dev eth0
      ip -n pod1 link set eth0 up
      ip -n pod1 route add default via 10.244.1.1
      ip netns add pod2
      ip link add veth-pod2 mtu 1450 type veth peer name eth0 mtu 1450 netns pod2
      ip link set veth-pod2 master cni0
      ip link set veth-pod2 up
      ip -n pod2 addr add 10.244.1.3/24 dev eth0
      ip -n pod2 link set eth0 up
      ip -n pod2 route add default via 10.244.1.1
    `,
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add cni0 mtu 1450 type bridge
      ip addr add 10.244.2.1/24 dev cni0
      ip link set cni0 up
      ip netns add pod3
      ip link add veth-pod3 mtu 1450 type veth peer name eth0 mtu 1450 netns pod3
      ip link set veth-pod3 master cni0
      ip link set veth-pod3 up
      ip -n pod3 addr add 10.244.2.2/24 dev eth0
      ip -n pod3 link set eth0 up
      ip -n pod3 route add default via 10.244.2.1
    `,
    ...on('node3')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add cni0 mtu 1450 type bridge
      ip addr add 10.244.3.1/24 dev cni0
      ip link set cni0 up
      ip netns add pod4
      ip link add veth-pod4 mtu 1450 type veth peer name eth0 mtu 1450 netns pod4
      ip link set veth-pod4 master cni0
      ip link set veth-pod4 up
      ip -n pod4 addr add 10.244.3.2/24 dev eth0
      ip -n pod4 link set eth0 up
      ip -n pod4 route add default via 10.244.3.1
    `,

    ...stage('a VXLAN device on each node'),
    ...on('node1')`
      ip link add flannel.1 address 0a:58:0a:f4:01:00 mtu 1450 type vxlan id 1 local 192.168.1.11 dev eth0 dstport 8472 nolearning
      ip addr add 10.244.1.0/32 dev flannel.1
      ip link set flannel.1 up
    `,
    ...on('node2')`
      ip link add flannel.1 address 0a:58:0a:f4:02:00 mtu 1450 type vxlan id 1 local 192.168.1.12 dev eth0 dstport 8472 nolearning
      ip addr add 10.244.2.0/32 dev flannel.1
      ip link set flannel.1 up
    `,
    ...on('node3')`
      ip link add flannel.1 address 0a:58:0a:f4:03:00 mtu 1450 type vxlan id 1 local 192.168.1.13 dev eth0 dstport 8472 nolearning
      ip addr add 10.244.3.0/32 dev flannel.1
      ip link set flannel.1 up
    `,

    ...stage('each node learns of the others'),
    // onlink: the gateway is on no network of flannel.1, and the kernel takes our word for it.
    ...on('node1')`
      ip neigh add 10.244.2.0 lladdr 0a:58:0a:f4:02:00 dev flannel.1 nud permanent
      bridge fdb add 0a:58:0a:f4:02:00 dev flannel.1 dst 192.168.1.12 self permanent
      ip route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
      ip neigh add 10.244.3.0 lladdr 0a:58:0a:f4:03:00 dev flannel.1 nud permanent
      bridge fdb add 0a:58:0a:f4:03:00 dev flannel.1 dst 192.168.1.13 self permanent
      ip route add 10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink
    `,
    ...on('node2')`
      ip neigh add 10.244.1.0 lladdr 0a:58:0a:f4:01:00 dev flannel.1 nud permanent
      bridge fdb add 0a:58:0a:f4:01:00 dev flannel.1 dst 192.168.1.11 self permanent
      ip route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
      ip neigh add 10.244.3.0 lladdr 0a:58:0a:f4:03:00 dev flannel.1 nud permanent
      bridge fdb add 0a:58:0a:f4:03:00 dev flannel.1 dst 192.168.1.13 self permanent
      ip route add 10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink
    `,
    ...on('node3')`
      ip neigh add 10.244.1.0 lladdr 0a:58:0a:f4:01:00 dev flannel.1 nud permanent
      bridge fdb add 0a:58:0a:f4:01:00 dev flannel.1 dst 192.168.1.11 self permanent
      ip route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
      ip neigh add 10.244.2.0 lladdr 0a:58:0a:f4:02:00 dev flannel.1 nud permanent
      bridge fdb add 0a:58:0a:f4:02:00 dev flannel.1 dst 192.168.1.12 self permanent
      ip route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
    `,
    hops('pod1', 'pod3').are(2),
    wire('pod1', 'pod3').carries({
      encapsulation: 'vxlan',
      vni: 1,
      port: 8472,
      outer: ['192.168.1.11', '192.168.1.12'],
      inner: ['10.244.1.2', '10.244.2.2'],
    }),
    // 1500 bytes of the underlay less 50 for the tunnel: 1422 of payload, and an IP and an ICMP header of 28.
    runs('pod1')`ping -c 1 -W 1 -M do -s 1422 10.244.2.2`.holds(),
    runs('pod1')`ping -c 1 -W 1 -M do -s 1423 10.244.2.2`.fails('message too long, mtu=1450'),

    ...stage('node1 loses where node2 is'),
    ...on('node1')`
      bridge fdb del 0a:58:0a:f4:02:00 dev flannel.1 dst 192.168.1.12 self
    `,
    // The tunnel has nobody to send it to and drops it: no error comes back, only a counter tells.
    reach('pod1', 'pod3').fails('vtep-fdb-missing', 'node1').within(10_000),
    runs('node1')`ip -j -s link show flannel.1 | jq '.[0].stats64.tx.dropped > 0'`.prints('true'),
    reach('pod1', 'pod4').holds(),

    ...stage('its agent comes back and fills the table'),
    ...on('node1')`
      bridge fdb replace 0a:58:0a:f4:02:00 dev flannel.1 dst 192.168.1.12 self permanent
    `,
    reach('pod1', 'pod3').holds().within(10_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
