// Calico with a route reflector: as calico-bgp, but node1 alone has sessions to the others and tells each what the other told
// it. Fewer sessions, and one daemon on which the routes between all others hang; packets never pass it.
//
//   pod1 10.244.1.2/32 -- cali-pod1 --+
//                                     [node1] 192.168.1.11, bird (reflector), 10.244.1.0/26--+
//   pod2 10.244.1.3/32 -- cali-pod2 --+                                           |
//                                                                                 |  192.168.1.0/24
//   pod3 10.244.2.2/32 -- cali-pod3 --[node2] 192.168.1.12, bird, 10.244.2.0/26 --+
//                                                                                 |
//   pod4 10.244.3.2/32 -- cali-pod4 --[node3] 192.168.1.13, bird, 10.244.3.0/26 --+
import {daemon, hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'Calico, BGP by a route reflector: node1 tells node2 and node3 of each other',
  solution: 'Calico, route reflector',
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
    '/run/calico/node1.conf': '../fixtures/calico-bgp-reflector/node1.conf',
    '/run/calico/node2.conf': '../fixtures/calico-bgp-reflector/node2.conf',
    '/run/calico/node3.conf': '../fixtures/calico-bgp-reflector/node3.conf',
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

    ...stage('a BGP daemon on each node, and node1 the reflector'),
    daemon('node1', 'bird')`bird -f -c /run/calico/node1.conf -s /run/calico/bird.ctl`.readyWhen`birdc -s /run/calico/bird.ctl show status`,
    daemon('node2', 'bird')`bird -f -c /run/calico/node2.conf -s /run/calico/bird.ctl`.readyWhen`birdc -s /run/calico/bird.ctl show status`,
    daemon('node3', 'bird')`bird -f -c /run/calico/node3.conf -s /run/calico/bird.ctl`.readyWhen`birdc -s /run/calico/bird.ctl show status`,
    runs('node1')`ip route show proto bird`.prints('10.244.2.0/26 via 192.168.1.12', '10.244.3.0/26 via 192.168.1.13').within(10_000),
    // node1 has told it, and is not on the way.
    runs('node2')`ip route show proto bird`.prints('10.244.1.0/26 via 192.168.1.11', '10.244.3.0/26 via 192.168.1.13').within(10_000),
    runs('node3')`ip route show proto bird`.prints('10.244.1.0/26 via 192.168.1.11', '10.244.2.0/26 via 192.168.1.12').within(10_000),
    hops('pod3', 'pod4').are(2),
    wire('pod3', 'pod4').carries({encapsulation: 'none', inner: ['10.244.2.2', '10.244.3.2']}),

    ...stage('the reflector’s daemon dies'),
    // node2 and node3 live, and lose each other. node1 itself keeps its routes: nobody was there to take them back.
    ...on('node1')`
      kill -9 $(cat /run/podwire/bird.pid)
    `,
    runs('node2')`ip route show 10.244.3.0/26 | wc -l`.prints('0').within(10_000),
    runs('node3')`ip route show 10.244.2.0/26 | wc -l`.prints('0').within(10_000),
    runs('node1')`ip route show 10.244.2.0/26`.prints('via 192.168.1.12'),
    reach('pod3', 'pod4').fails('no-route', 'node2'),

    ...stage('it is started again'),
    daemon('node1', 'bird')`bird -f -c /run/calico/node1.conf -s /run/calico/bird.ctl`.readyWhen`birdc -s /run/calico/bird.ctl show status`,
    runs('node2')`ip route show 10.244.3.0/26`.prints('via 192.168.1.13').within(10_000),
    runs('node3')`ip route show 10.244.2.0/26`.prints('via 192.168.1.12').within(10_000),
    runs('node1')`ip route show 10.244.3.0/26`.prints('via 192.168.1.13').within(10_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
