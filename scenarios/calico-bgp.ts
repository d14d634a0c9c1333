// Calico with BGP: no bridge and no subnet, a /32 route to every pod of one's own, and a BGP daemon on each node that tells all
// the others of its block of addresses: a full mesh. Packets are routed as they are.
//
//   pod1 10.244.1.2/32 -- cali-pod1 --+
//                                     [node1] 192.168.1.11, bird, 10.244.1.0/26 --+
//   pod2 10.244.1.3/32 -- cali-pod2 --+                                           |
//                                                                                 |  192.168.1.0/24
//   pod3 10.244.2.2/32 -- cali-pod3 --[node2] 192.168.1.12, bird, 10.244.2.0/26 --+
//                                                                                 |
//   pod4 10.244.3.2/32 -- cali-pod4 --[node3] 192.168.1.13, bird, 10.244.3.0/26 --+
import {daemon, hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'Calico, BGP: /32 routes to pods, proxy ARP for their gateway, and a mesh of BGP sessions between nodes',
  solution: 'Calico, BGP mesh',
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
  needs: {bird: 'bird2'},
  files: {
    '/run/calico/node1.conf': '../fixtures/calico-bgp/node1.conf',
    '/run/calico/node2.conf': '../fixtures/calico-bgp/node2.conf',
    '/run/calico/node3.conf': '../fixtures/calico-bgp/node3.conf',
  },
  steps: [
    ...stage('a cable to each pod, and no subnet: every pod is alone'),
    // All pods have the same gateway, 169.254.1.1, which no node has: the node answers for it on every cable (proxy ARP). It
    // does so only where its own way to that address is another device; a real node has its default route for that.
    ...on('node1')`
      sysctl -w net.ipv4.ip_forward=1
      ip route add 169.254.1.1 dev eth0
      ip netns add pod1
      ip link add cali-pod1 type veth peer name eth0 netns pod1
      ip link set cali-pod1 address ee:ee:ee:ee:ee:ee
      sysctl -w net.ipv4.conf.cali-pod1.proxy_arp=1 net.ipv4.neigh.cali-pod1.proxy_delay=0
      ip link set cali-pod1 up
      ip -n pod1 addr add 10.244.1.2/32 dev eth0
      ip -n pod1 link set eth0 up
      ip -n pod1 route add 169.254.1.1 dev eth0 scope link
      ip -n pod1 route add default via 169.254.1.1 dev eth0
      ip route add 10.244.1.2 dev cali-pod1
      ip netns add pod2
      ip link add cali-pod2 type veth peer name eth0 netns pod2
      ip link set cali-pod2 address ee:ee:ee:ee:ee:ee
      sysctl -w net.ipv4.conf.cali-pod2.proxy_arp=1 net.ipv4.neigh.cali-pod2.proxy_delay=0
      ip link set cali-pod2 up
      ip -n pod2 addr add 10.244.1.3/32 dev eth0
      ip -n pod2 link set eth0 up
      ip -n pod2 route add 169.254.1.1 dev eth0 scope link
      ip -n pod2 route add default via 169.254.1.1 dev eth0
      ip route add 10.244.1.3 dev cali-pod2
    `,
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=1
      ip route add 169.254.1.1 dev eth0
      ip netns add pod3
      ip link add cali-pod3 type veth peer name eth0 netns pod3
      ip link set cali-pod3 address ee:ee:ee:ee:ee:ee
      sysctl -w net.ipv4.conf.cali-pod3.proxy_arp=1 net.ipv4.neigh.cali-pod3.proxy_delay=0
      ip link set cali-pod3 up
      ip -n pod3 addr add 10.244.2.2/32 dev eth0
      ip -n pod3 link set eth0 up
      ip -n pod3 route add 169.254.1.1 dev eth0 scope link
      ip -n pod3 route add default via 169.254.1.1 dev eth0
      ip route add 10.244.2.2 dev cali-pod3
    `,
    ...on('node3')`
      sysctl -w net.ipv4.ip_forward=1
      ip route add 169.254.1.1 dev eth0
      ip netns add pod4
      ip link add cali-pod4 type veth peer name eth0 netns pod4
      ip link set cali-pod4 address ee:ee:ee:ee:ee:ee
      sysctl -w net.ipv4.conf.cali-pod4.proxy_arp=1 net.ipv4.neigh.cali-pod4.proxy_delay=0
      ip link set cali-pod4 up
      ip -n pod4 addr add 10.244.3.2/32 dev eth0
      ip -n pod4 link set eth0 up
      ip -n pod4 route add 169.254.1.1 dev eth0 scope link
      ip -n pod4 route add default via 169.254.1.1 dev eth0
      ip route add 10.244.3.2 dev cali-pod4
    `,
    // Each by the node's own table: a pod's neighbour is a router, even on the same node.
    hops('pod1', 'pod2').are(1),

    ...stage('a BGP daemon on each node'),
    daemon('node1', 'bird')`bird -f -c /run/calico/node1.conf -s /run/calico/bird.ctl`.readyWhen`birdc -s /run/calico/bird.ctl show status`,
    daemon('node2', 'bird')`bird -f -c /run/calico/node2.conf -s /run/calico/bird.ctl`.readyWhen`birdc -s /run/calico/bird.ctl show status`,
    daemon('node3', 'bird')`bird -f -c /run/calico/node3.conf -s /run/calico/bird.ctl`.readyWhen`birdc -s /run/calico/bird.ctl show status`,
    runs('node1')`ip route show proto bird`.prints('10.244.2.0/26 via 192.168.1.12', '10.244.3.0/26 via 192.168.1.13').within(10_000),
    runs('node2')`ip route show proto bird`.prints('10.244.1.0/26 via 192.168.1.11', '10.244.3.0/26 via 192.168.1.13').within(10_000),
    runs('node3')`ip route show proto bird`.prints('10.244.1.0/26 via 192.168.1.11', '10.244.2.0/26 via 192.168.1.12').within(10_000),
    reach('pod1', 'pod3').holds(),
    hops('pod1', 'pod3').are(2),
    wire('pod1', 'pod3').carries({encapsulation: 'none', inner: ['10.244.1.2', '10.244.2.2']}),
    runs('pod1')`ip neigh show 169.254.1.1`.prints('lladdr ee:ee:ee:ee:ee:ee'),

    ...stage('node2 closes its session to node1'),
    // Both take back what the other told, at once: 10.244.2.2 is nowhere for node1. node3 has a session of its own to each.
    ...on('node2')`
      birdc -s /run/calico/bird.ctl disable mesh1
    `,
    runs('node1')`ip route show 10.244.2.0/26 | wc -l`.prints('0').within(10_000),
    reach('pod1', 'pod3').fails('bgp-session-down', 'node1'),
    reach('pod4', 'pod3').holds(),
    reach('pod4', 'pod1').holds(),

    ...stage('it opens it again'),
    ...on('node2')`
      birdc -s /run/calico/bird.ctl enable mesh1
    `,
    runs('node1')`ip route show 10.244.2.0/26`.prints('via 192.168.1.12').within(15_000),
    runs('node2')`ip route show 10.244.1.0/26`.prints('via 192.168.1.11').within(15_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
