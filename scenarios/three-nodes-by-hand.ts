// The course's own order of lines, with what it leaves out: each trap fails for its own reason before the line that cures it.
//
//   pod1 10.244.1.2 --+
//                     +-- v-net-0 10.244.1.1 [node1] 192.168.1.11 --+
//   pod2 10.244.1.3 --+                                             |
//                                                                   |  192.168.1.0/24
//   pod3 10.244.2.2 ----- v-net-0 10.244.2.1 [node2] 192.168.1.12 --+
//                                                                   |
//   pod4 10.244.3.2 ----- v-net-0 10.244.3.1 [node3] 192.168.1.13 --+
import {noNat, on, reach, runs, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'three nodes in the order of the course, with the traps that it leaves open',
  shows: [
    'How do they communicate with each other?',
    'The nodes are part of an external network, and has IP addresses in the 192.168.1. series',
    'bridge networks that can be created within nodes to attach namespaces',
    'So we create a bridge network on each node and then bring them up',
    'we set the IP address for the bridge interface',
    'To attach a container to the network we need a pipe, or virtual network cable',
    'We then attach one end to the container, and another end to the bridge',
    'assign IP address using the ip addr command and add a route to the default gateway',
  ],
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
    ...stage('bridges', 'So we create a bridge network on each node and then bring them up.'),
    ...on('node1')`
      ip netns add pod1
      ip netns add pod2
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
    `,
    ...on('node2')`
      ip netns add pod3
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
    `,
    ...on('node3')`
      ip netns add pod4
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
    `,
    reach.among('node1', 'node2', 'node3').holds(),
    // The pod has a namespace, and nothing else.
    reach('pod1', 'pod3').fails('interface-missing', 'pod1'),

    ...stage('a subnet for each bridge', 'We decide that each bridge network will be on its own subnet.'),
    ...on('node1')`
      ip addr add 10.244.1.1/24 dev v-net-0
    `,
    ...on('node2')`
      ip addr add 10.244.2.1/24 dev v-net-0
    `,
    ...on('node3')`
      ip addr add 10.244.3.1/24 dev v-net-0
    `,

    ...stage(
      'net-script: veth pairs, one end into the container, the other onto the bridge',
      'To attach a container to the network we need a pipe, or virtual network cable. We then attach one end to the container, and another end to the bridge.',
    ),
    ...on('node1')`
      ip link add veth-pod1 type veth peer name veth-pod1-br
      ip link set veth-pod1 netns pod1
      ip link set veth-pod1-br master v-net-0
      ip -n pod1 addr add 10.244.1.2/24 dev veth-pod1
      ip link add veth-pod2 type veth peer name veth-pod2-br
      ip link set veth-pod2 netns pod2
      ip link set veth-pod2-br master v-net-0
      ip -n pod2 addr add 10.244.1.3/24 dev veth-pod2
    `,
    ...on('node2')`
      ip link add veth-pod3 type veth peer name veth-pod3-br
      ip link set veth-pod3 netns pod3
      ip link set veth-pod3-br master v-net-0
      ip -n pod3 addr add 10.244.2.2/24 dev veth-pod3
    `,
    ...on('node3')`
      ip link add veth-pod4 type veth peer name veth-pod4-br
      ip link set veth-pod4 netns pod4
      ip link set veth-pod4-br master v-net-0
      ip -n pod4 addr add 10.244.3.2/24 dev veth-pod4
    `,
    // The trap: the sketch has the route before the link. A link that is down has no network to have a gateway in.
    runs('node1')`ip -n pod1 route add default via 10.244.1.1`.fails('Nexthop has invalid gateway'),

    ...stage('the link up'),
    ...on('node1')`
      ip -n pod1 link set veth-pod1 up
      ip -n pod2 link set veth-pod2 up
    `,
    ...on('node2')`
      ip -n pod3 link set veth-pod3 up
    `,
    ...on('node3')`
      ip -n pod4 link set veth-pod4 up
    `,
    // The pod has an address and its own network, and no way to any other: the course's own first ping.
    runs('pod1')`ping -c 1 -W 1 10.244.2.2`.fails('Network is unreachable'),
    reach('pod1', 'pod3').fails('gateway-missing', 'pod1'),

    ...stage('and then the route', 'We then assign IP address using the ip addr command and add a route to the default gateway.'),
    ...on('node1')`
      ip -n pod1 route add default via 10.244.1.1
      ip -n pod2 route add default via 10.244.1.1
    `,
    ...on('node2')`
      ip -n pod3 route add default via 10.244.2.1
    `,
    ...on('node3')`
      ip -n pod4 route add default via 10.244.3.1
    `,
    // The trap: the sketch never brings up the host's end of the veth pair, so the pod's end has no carrier.
    reach('pod1', 'pod2').fails('peer-down', 'node1'),
    reach('pod1', 'node1').fails('peer-down', 'node1'),

    ...stage("the host's end of each veth up"),
    ...on('node1')`
      ip link set dev veth-pod1-br up
      ip link set dev veth-pod2-br up
    `,
    ...on('node2')`
      ip link set dev veth-pod3-br up
    `,
    ...on('node3')`
      ip link set dev veth-pod4-br up
    `,
    // Pods of one node reach one another over the bridge: nothing has to be forwarded for that.
    reach.among('pod1', 'pod2', 'node1').holds(),
    reach('node1', 'pod3').fails('no-route', 'node1'),
    // The trap: ip_forward is never set in the text, so a node throws away what is not for itself.
    reach('pod1', 'pod3').fails('forwarding-off', 'node1'),

    ...stage('forwarding'),
    ...on('node1')`
      sysctl -w net.ipv4.ip_forward=1
    `,
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=1
    `,
    ...on('node3')`
      sysctl -w net.ipv4.ip_forward=1
    `,
    // No route yet: the node itself is told at once, the pod by the node's ICMP error.
    runs('node1')`ping -c 1 -W 1 10.244.2.2`.fails('Network is unreachable'),
    runs('pod1')`ping -c 1 -W 1 10.244.2.2`.fails('Destination Net Unreachable'),
    reach('pod1', 'pod3').fails('no-route', 'node1'),

    ...stage('one way only'),
    ...on('node1')`
      ip route add 10.244.2.2 via 192.168.1.12
    `,
    // The request arrives and the reply has no way back.
    reach('pod1', 'pod3').fails('no-return-route', 'node2'),

    ...stage(
      'a route for each pod, as the course has it',
      'every Pod should be able to reach every other Pod on other nodes as well, using the same IP address.',
    ),
    ...on('node1')`
      ip route add 10.244.3.2 via 192.168.1.13
    `,
    ...on('node2')`
      ip route add 10.244.1.2 via 192.168.1.11
      ip route add 10.244.3.2 via 192.168.1.13
    `,
    ...on('node3')`
      ip route add 10.244.1.2 via 192.168.1.11
      ip route add 10.244.2.2 via 192.168.1.12
    `,
    reach.among('pod1', 'pod3', 'pod4').holds(),
    // The trap: 10.244.1.3, the second pod of node1, got no route, so not every pod reaches every pod.
    reach('pod3', 'pod2').fails('no-route', 'node2'),
    reach('pod2', 'pod4').fails('no-return-route', 'node3'),

    ...stage('a route for each subnet instead'),
    ...on('node1')`
      ip route del 10.244.2.2
      ip route del 10.244.3.2
      ip route add 10.244.2.0/24 via 192.168.1.12
      ip route add 10.244.3.0/24 via 192.168.1.13
    `,
    ...on('node2')`
      ip route del 10.244.1.2
      ip route del 10.244.3.2
      ip route add 10.244.1.0/24 via 192.168.1.11
      ip route add 10.244.3.0/24 via 192.168.1.13
    `,
    ...on('node3')`
      ip route del 10.244.1.2
      ip route del 10.244.2.2
      ip route add 10.244.1.0/24 via 192.168.1.11
      ip route add 10.244.2.0/24 via 192.168.1.12
    `,
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
