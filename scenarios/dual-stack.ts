// The three nodes of three-nodes.ts with an IPv6 address beside every IPv4 address: two pod networks on the same cables,
// each with its own addresses, routes and switch for forwarding.
//
//   pod1 10.244.1.2 fd00:10:244:1::2 --+
//                                      +-- v-net-0 fd00:10:244:1::1 [node1] .11 fd00:192:168:1::11 --+
//   pod2 10.244.1.3 fd00:10:244:1::3 --+                                                             |  192.168.1.0/24
//                                                                                                    |
//   pod3 10.244.2.2 fd00:10:244:2::2 ----- v-net-0 fd00:10:244:2::1 [node2] .12 fd00:192:168:1::12 --+
//                                                                                                    |  fd00:192:168:1::/64
//   pod4 10.244.3.2 fd00:10:244:3::2 ----- v-net-0 fd00:10:244:3::1 [node3] .13 fd00:192:168:1::13 --+
import {hops, noNat, on, reach, runs, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'three nodes with IPv4 and IPv6',
  shows: ["It doesn't care what IP address that is and what range or subnet it belongs to"],
  underlay: '192.168.1.0/24',
  nodes: {
    node1: ['192.168.1.11', 'fd00:192:168:1::11'],
    node2: ['192.168.1.12', 'fd00:192:168:1::12'],
    node3: ['192.168.1.13', 'fd00:192:168:1::13'],
  },
  pods: {
    pod1: {node: 'node1', address: ['10.244.1.2', 'fd00:10:244:1::2']},
    pod2: {node: 'node1', address: ['10.244.1.3', 'fd00:10:244:1::3']},
    pod3: {node: 'node2', address: ['10.244.2.2', 'fd00:10:244:2::2']},
    pod4: {node: 'node3', address: ['10.244.3.2', 'fd00:10:244:3::2']},
  },
  steps: [
    ...stage('the pods of each node on its bridge'),
    ...on('node1')`
      ip netns add pod1
      ip netns add pod2
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.1.1/24 dev v-net-0
      ip link add veth-pod1 type veth peer name veth-pod1-br
      ip link set veth-pod1 netns pod1
      ip link set veth-pod1-br master v-net-0
      ip link set dev veth-pod1-br up
      ip -n pod1 addr add 10.244.1.2/24 dev veth-pod1
      ip -n pod1 link set veth-pod1 up
      ip -n pod1 route add default via 10.244.1.1
      ip link add veth-pod2 type veth peer name veth-pod2-br
      ip link set veth-pod2 netns pod2
      ip link set veth-pod2-br master v-net-0
      ip link set dev veth-pod2-br up
      ip -n pod2 addr add 10.244.1.3/24 dev veth-pod2
      ip -n pod2 link set veth-pod2 up
      ip -n pod2 route add default via 10.244.1.1
    `,
    ...on('node2')`
      ip netns add pod3
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.2.1/24 dev v-net-0
      ip link add veth-pod3 type veth peer name veth-pod3-br
      ip link set veth-pod3 netns pod3
      ip link set veth-pod3-br master v-net-0
      ip link set dev veth-pod3-br up
      ip -n pod3 addr add 10.244.2.2/24 dev veth-pod3
      ip -n pod3 link set veth-pod3 up
      ip -n pod3 route add default via 10.244.2.1
    `,
    ...on('node3')`
      ip netns add pod4
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.3.1/24 dev v-net-0
      ip link add veth-pod4 type veth peer name veth-pod4-br
      ip link set veth-pod4 netns pod4
      ip link set veth-pod4-br master v-net-0
      ip link set dev veth-pod4-br up
      ip -n pod4 addr add 10.244.3.2/24 dev veth-pod4
      ip -n pod4 link set veth-pod4 up
      ip -n pod4 route add default via 10.244.3.1
    `,

    ...stage('IPv4 routes between the nodes'),
    ...on('node1')`
      sysctl -w net.ipv4.ip_forward=1
      ip route add 10.244.2.0/24 via 192.168.1.12
      ip route add 10.244.3.0/24 via 192.168.1.13
    `,
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=1
      ip route add 10.244.1.0/24 via 192.168.1.11
      ip route add 10.244.3.0/24 via 192.168.1.13
    `,
    ...on('node3')`
      sysctl -w net.ipv4.ip_forward=1
      ip route add 10.244.1.0/24 via 192.168.1.11
      ip route add 10.244.2.0/24 via 192.168.1.12
    `,
    runs('pod1')`ping -c 1 -W 1 10.244.2.2`.prints('ttl=62'),
    runs('pod1')`ip route get fd00:10:244:2::2`.fails('Network is unreachable'),

    ...stage('an IPv6 address, and the second before it can be used'),
    // Without nodad the kernel first asks the network whether anybody holds the address (RFC 4862, 5.4), and for a second
    // or two nothing can be sent from it.
    ...on('node1')`
      ip -n pod1 addr add fd00:10:244:1::2/64 dev veth-pod1
    `,
    runs('pod1')`ip addr show dev veth-pod1 tentative`.prints('fd00:10:244:1::2/64'),
    runs('pod1')`ping -c 1 -W 1 -I fd00:10:244:1::2 fd00:10:244:1::1`.fails('Cannot assign requested address'),

    ...stage(
      'a second address in each pod and on each bridge',
      "It doesn't care what IP address that is and what range or subnet it belongs to.",
    ),
    // A node that forwards asks for neighbours from its link-local address, and the kernel's own one waits as well.
    ...on('node1')`
      ip addr add fd00:10:244:1::1/64 dev v-net-0 nodad
      ip addr add fe80::1/64 dev v-net-0 nodad
      ip -n pod1 addr del fd00:10:244:1::2/64 dev veth-pod1
      ip -n pod1 addr add fd00:10:244:1::2/64 dev veth-pod1 nodad
      ip -n pod1 route add default via fd00:10:244:1::1
      ip -n pod2 addr add fd00:10:244:1::3/64 dev veth-pod2 nodad
      ip -n pod2 route add default via fd00:10:244:1::1
    `,
    ...on('node2')`
      ip addr add fd00:10:244:2::1/64 dev v-net-0 nodad
      ip addr add fe80::1/64 dev v-net-0 nodad
      ip -n pod3 addr add fd00:10:244:2::2/64 dev veth-pod3 nodad
      ip -n pod3 route add default via fd00:10:244:2::1
    `,
    ...on('node3')`
      ip addr add fd00:10:244:3::1/64 dev v-net-0 nodad
      ip addr add fe80::1/64 dev v-net-0 nodad
      ip -n pod4 addr add fd00:10:244:3::2/64 dev veth-pod4 nodad
      ip -n pod4 route add default via fd00:10:244:3::1
    `,
    runs('pod1')`ping -c 1 -W 1 10.244.2.2`.prints('ttl=62'),
    runs('pod1')`ping -c 1 -W 1 fd00:10:244:2::2`.fails('From fd00:10:244:1::1 icmp_seq=1 Destination unreachable: No route'),
    reach.among('pod1', 'pod2'),

    ...stage('a second address on each node, and IPv6 routes between them'),
    ...on('node1')`
      ip addr add fd00:192:168:1::11/64 dev eth0 nodad
      ip addr add fe80::11/64 dev eth0 nodad
      ip route add fd00:10:244:2::/64 via fd00:192:168:1::12
      ip route add fd00:10:244:3::/64 via fd00:192:168:1::13
    `,
    ...on('node2')`
      ip addr add fd00:192:168:1::12/64 dev eth0 nodad
      ip addr add fe80::12/64 dev eth0 nodad
      ip route add fd00:10:244:1::/64 via fd00:192:168:1::11
      ip route add fd00:10:244:3::/64 via fd00:192:168:1::13
    `,
    ...on('node3')`
      ip addr add fd00:192:168:1::13/64 dev eth0 nodad
      ip addr add fe80::13/64 dev eth0 nodad
      ip route add fd00:10:244:1::/64 via fd00:192:168:1::11
      ip route add fd00:10:244:2::/64 via fd00:192:168:1::12
    `,
    // net.ipv4.ip_forward is for IPv4 alone.
    runs('pod1')`ping -c 1 -W 1 10.244.2.2`.prints('ttl=62'),
    reach.among('node1', 'node2', 'node3'),
    reach('node1', 'pod1'),
    reach('pod1', 'fd00:10:244:2::2').fails('forwarding-off', 'node1'),
    runs('node1')`sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding`.prints('ip_forward = 1', 'forwarding = 0'),

    ...stage('IPv6 forwarding on every node'),
    ...on('node1')`
      sysctl -w net.ipv6.conf.all.forwarding=1
    `,
    ...on('node2')`
      sysctl -w net.ipv6.conf.all.forwarding=1
    `,
    ...on('node3')`
      sysctl -w net.ipv6.conf.all.forwarding=1
    `,
    reach.among('pod1', 'pod3', 'pod4'),
    hops('pod1', 'pod3').are(2),

    ...stage('IPv6 without IPv4'),
    ...on('node2')`
      ip route del 10.244.1.0/24
    `,
    runs('pod1')`ping -c 1 -W 0.2 10.244.2.2`.fails('100% packet loss'),
    runs('pod3')`ping -c 1 -W 1 10.244.1.2`.fails('From 10.244.2.1 icmp_seq=1 Destination Net Unreachable'),
    runs('pod3')`ping -c 1 -W 1 fd00:10:244:1::2`.prints('ttl=62'),

    ...stage('both again'),
    ...on('node2')`
      ip route add 10.244.1.0/24 via 192.168.1.11
    `,
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
