// Two nodes that each set up the same internal network: nothing refuses it, and an address no longer says which pod is meant.
//
//   pod1 10.244.0.2 -- v-net-0 10.244.0.1 [node1] 192.168.1.2 == 192.168.1.0/24 == 192.168.1.3 [node2] 10.244.0.1 v-net-0 -- 10.244.0.2 pod2
//
// The cure, at the end: a subnet for each node.
//
//   pod1 10.244.0.2 -- v-net-0 10.244.0.1 [node1] 192.168.1.2 == 192.168.1.0/24 == 192.168.1.3 [node2] 10.244.1.1 v-net-0 -- 10.244.1.2 pod2
import {answersAt, noNat, on, ownSubnet, reach, runs, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'two nodes with the same internal network, and a pod at the same address on each',
  shows: [
    'The two networks have same address (10.244.0.0) and the PODs deployed have the same address too (10.244.0.2)',
    'The PODs have the same IP addresses assigned to them and that leads to IP conflicts in the network',
    'kubernetes does not automatically setup any kind of networking to handle this issues',
    'assigns a different network address for each network in the node',
  ],
  underlay: '192.168.1.0/24',
  nodes: {
    node1: '192.168.1.2',
    node2: '192.168.1.3',
  },
  pods: {
    pod1: {node: 'node1', address: '10.244.0.2'},
    pod2: {node: 'node2', address: '10.244.0.2'},
  },
  steps: [
    ...stage(
      'each node sets up its internal network',
      'The two networks have same address(10.244.0.0) and the PODs deployed have the same address too(10.244.0.2).',
    ),
    // Every line is taken on both nodes: neither knows of the other, and the kernel refuses nothing.
    ...on('node1')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.0.1/24 dev v-net-0
      ip netns add pod1
      ip link add veth-pod1 type veth peer name veth-pod1-br
      ip link set veth-pod1 netns pod1
      ip link set dev veth-pod1-br master v-net-0 up
      ip -n pod1 addr add 10.244.0.2/24 dev veth-pod1
      ip -n pod1 link set veth-pod1 up
      ip -n pod1 route add default via 10.244.0.1
      ip netns exec pod1 socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:'echo pod1 on node1' >/run/pod1.log 2>&1 &
      timeout 5 sh -c 'until socat -u TCP:10.244.0.2:8080 - >/dev/null 2>&1; do sleep 0.02; done'
    `,
    ...on('node2')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.0.1/24 dev v-net-0
      ip netns add pod2
      ip link add veth-pod2 type veth peer name veth-pod2-br
      ip link set veth-pod2 netns pod2
      ip link set dev veth-pod2-br master v-net-0 up
      ip -n pod2 addr add 10.244.0.2/24 dev veth-pod2
      ip -n pod2 link set veth-pod2 up
      ip -n pod2 route add default via 10.244.0.1
      ip netns exec pod2 socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:'echo pod2 on node2' >/run/pod2.log 2>&1 &
      timeout 5 sh -c 'until socat -u TCP:10.244.0.2:8080 - >/dev/null 2>&1; do sleep 0.02; done'
    `,
    uniqueAddress.among('pod1', 'pod2').fails('duplicate-address'),
    uniqueAddress.among('node1', 'node2').fails('duplicate-address'),
    ownSubnet.all().fails('overlapping-subnets'),
    // Which pod answers depends on who asks: each node finds its own.
    runs('node1')`socat -u TCP:10.244.0.2:8080 -`.prints('pod1 on node1'),
    runs('node2')`socat -u TCP:10.244.0.2:8080 -`.prints('pod2 on node2'),
    reach('node1', 'pod1').holds(),
    reach('node1', 'pod2').fails('duplicate-address', 'pod1'),
    reach('node2', 'pod1').fails('duplicate-address', 'pod2'),
    reach('pod1', 'pod2').fails('duplicate-address', 'pod1'),

    ...stage(
      'no route can tell them apart',
      'The PODs have the same IP addresses assigned to them and that leads to IP conflicts in the network.',
    ),
    ...on('node1')`
      sysctl -w net.ipv4.ip_forward=1
    `,
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=1
    `,
    runs('node1')`ip route add 10.244.0.0/24 via 192.168.1.3`.fails('File exists'),
    // IPv4 does not look by itself whether an address is taken. Asked to (RFC 5227), it finds nobody: the other is out of sight.
    runs('pod1')`arping -D -c 1 -w 1 -I veth-pod1 10.244.0.2`.holds(),

    ...stage('both internal networks joined on one segment'),
    ...on('node1')`
      ip link add vxlan0 type vxlan id 42 dev eth0 remote 192.168.1.3 dstport 4789
      ip link set dev vxlan0 master v-net-0 up
    `,
    ...on('node2')`
      ip link add vxlan0 type vxlan id 42 dev eth0 remote 192.168.1.2 dstport 4789
      ip link set dev vxlan0 master v-net-0 up
    `,
    // Now each sees the other: duplicate address detection is answered.
    runs('pod1')`arping -D -c 3 -w 3 -I veth-pod1 10.244.0.2`.fails('Unicast reply from 10.244.0.2'),
    runs('node2')`arping -D -c 3 -w 3 -I v-net-0 10.244.0.1`.fails('Unicast reply from 10.244.0.1'),
    uniqueAddress.all().fails('duplicate-address'),

    ...stage('a subnet for each node', 'assigns a different network address for each network in the node.'),
    answersAt('pod2', '10.244.1.2'),
    ...on('node1')`
      ip link del vxlan0
      ip route add 10.244.1.0/24 via 192.168.1.3
    `,
    ...on('node2')`
      ip link del vxlan0
      ip addr del 10.244.0.1/24 dev v-net-0
      ip addr add 10.244.1.1/24 dev v-net-0
      ip -n pod2 addr del 10.244.0.2/24 dev veth-pod2
      ip -n pod2 addr add 10.244.1.2/24 dev veth-pod2
      ip -n pod2 route add default via 10.244.1.1
      ip route add 10.244.0.0/24 via 192.168.1.2
    `,
    runs('node1')`socat -u TCP:10.244.0.2:8080 -`.prints('pod1 on node1'),
    runs('node2')`socat -u TCP:10.244.0.2:8080 -`.prints('pod1 on node1'),
    runs('node1')`socat -u TCP:10.244.1.2:8080 -`.prints('pod2 on node2'),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all(), ownSubnet.all()],
})
