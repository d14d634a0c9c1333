// Three nodes as in three-nodes.ts, but one router on the LAN holds the routes: every node only has it as default gateway.
//
//   pod1 10.244.1.2 --+
//                     +-- v-net-0 10.244.1.1 [node1] 192.168.1.11 --+
//   pod2 10.244.1.3 --+                                             |
//                                                                   |  192.168.1.0/24
//   pod3 10.244.2.2 ----- v-net-0 10.244.2.1 [node2] 192.168.1.12 --+-- 192.168.1.1 [router]  10.244.1.0/24 via .11
//                                                                   |                         10.244.2.0/24 via .12
//   pod4 10.244.3.2 ----- v-net-0 10.244.3.1 [node3] 192.168.1.13 --+                         10.244.3.0/24 via .13
import {hops, noNat, on, ownSubnet, reach, runs, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'three nodes, one router on the LAN with all routes',
  shows: ['by using simple routing techniques, the cluster networking enables communication between the differnt PODs or nodes'],
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
  hosts: {router: '192.168.1.1'},
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

    ...stage('one gateway for all nodes'),
    ...on('node1')`
      sysctl -w net.ipv4.ip_forward=1
      ip route add default via 192.168.1.1
    `,
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=1
      ip route add default via 192.168.1.1
    `,
    ...on('node3')`
      sysctl -w net.ipv4.ip_forward=1
      ip route add default via 192.168.1.1
    `,
    reach.among('pod1', 'pod2'),
    reach.among('node1', 'node2', 'node3'),
    reach.among('pod1', 'pod3', 'pod4').fails('forwarding-off', 'router'),

    ...stage('a router that forwards'),
    ...on('router')`
      sysctl -w net.ipv4.ip_forward=1
    `,
    // The router tells a node so; to tell a pod it would need the very route that it lacks.
    runs('node1')`ping -c 1 -W 1 10.244.2.2`.fails('From 192.168.1.1 icmp_seq=1 Destination Net Unreachable'),
    runs('pod1')`ping -c 1 -W 0.2 10.244.2.2`.fails('0 received, 100% packet loss'),
    reach.among('pod1', 'pod3', 'pod4').fails('no-route', 'router'),

    ...stage(
      'the routes to the pods, on the router alone',
      'by using simple routing techniques, the cluster networking enables communication between the differnt PODs or nodes',
    ),
    ...on('router')`
      sysctl -w net.ipv4.conf.all.send_redirects=1
      ip route add 10.244.1.0/24 via 192.168.1.11
      ip route add 10.244.2.0/24 via 192.168.1.12
      ip route add 10.244.3.0/24 via 192.168.1.13
    `,
    // A pod's packet leaves the router by the device that it came by, but the pod is no neighbour there: nobody is told.
    runs('pod1')`ping -c 1 -W 1 10.244.2.2`.prints('ttl=61'),
    runs('router')`nstat -asz IcmpOutRedirects | grep -w 0`.prints('IcmpOutRedirects'),
    // A node that sends something itself is told of the better way. Two packets: a router with a nat table, as Docker puts
    // one into its containers, drops its own redirect for the first.
    runs('node1')`ping -c 2 -i 0.1 10.244.2.2`.prints('From 192.168.1.1', 'Redirect Host(New nexthop: 192.168.1.12)'),
    // It does not take it: with ip_forward the kernel turned conf.all.accept_redirects off.
    runs('node1')`sysctl net.ipv4.conf.all.accept_redirects`.prints('= 0'),
    runs('node1')`ip route get 10.244.2.2`.prints('via 192.168.1.1 dev eth0'),
    // node1, the router, node2: one more than where nodes have the routes.
    hops('pod1', 'pod3').are(3),
    hops('pod3', 'pod1').are(3),
    hops('node2', 'pod1').are(2),

    ...stage('a node that takes redirects'),
    // The router waits twice as long before each further redirect, a tenth of a second or more by now.
    ...on('node1')`
      sysctl -w net.ipv4.conf.all.accept_redirects=1
      sysctl -w net.ipv4.conf.eth0.accept_redirects=1
      ping -c 3 -i 0.2 10.244.2.2
    `,
    runs('node1')`ip route get 10.244.2.2`.prints('via 192.168.1.12 dev eth0', 'cache <redirected>'),
    hops('node1', 'pod3').are(1),
    // What node1 was told for itself it uses for its pods as well; node2 was told nothing.
    runs('node1')`ip route get 10.244.2.2 from 10.244.1.2 iif v-net-0`.prints('via 192.168.1.12 dev eth0', 'cache <redirected>'),
    hops('pod1', 'pod3').are(2),
    hops('pod3', 'pod1').are(3),

    ...stage('a router that sends no redirects'),
    ...on('router')`
      sysctl -w net.ipv4.conf.all.send_redirects=0
      sysctl -w net.ipv4.conf.eth0.send_redirects=0
    `,
    ...on('node1')`
      ip route flush cache
    `,
    hops('node1', 'pod3').are(2),
    hops('pod1', 'pod3').are(3),
    runs('node1')`ip route get 10.244.2.2`.prints('via 192.168.1.1 dev eth0'),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all(), ownSubnet.all()],
})
