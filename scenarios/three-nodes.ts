// Three nodes, a bridge each, one pod subnet a node, static /24 routes between them. No NAT, no overlay.
//
//   pod1 10.244.1.2 --+
//                     +-- v-net-0 10.244.1.1 [node1] 192.168.1.11 --+
//   pod2 10.244.1.3 --+                                             |
//                                                                   |  192.168.1.0/24
//   pod3 10.244.2.2 ----- v-net-0 10.244.2.1 [node2] 192.168.1.12 --+
//                                                                   |
//   pod4 10.244.3.2 ----- v-net-0 10.244.3.1 [node3] 192.168.1.13 --+
import {noNat, on, reach, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'three nodes wired by hand: bridges, veth pairs, addresses and /24 routes',
  shows: [
    'All containers/PODs can communicate to one another without NAT',
    'All nodes can communicate with all containers and vice versa without NAT',
    'This creates a virtual network of all PODs and nodes where they all assigned a unique IP address',
    'by using simple routing techniques, the cluster networking enables communication between the differnt PODs or nodes',
    'all the PODs can communicate to each other using the assigned IP address',
    'every Pod to get its own unique IP address',
    'every Pod should be able to reach every other Pod within the same node using that IP address',
    'every Pod should be able to reach every other Pod on other nodes as well, using the same IP address',
    'when containers are created, Kubernetes creates network namespaces for them',
    'we attach these namespaces to a network',
    'each bridge network will be on its own subnet',
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
    ...stage('a namespace for each pod', 'Next step, when containers are created, Kubernetes creates network namespaces for them.'),
    ...on('node1')`
      ip netns add pod1
      ip netns add pod2
    `,
    ...on('node2')`
      ip netns add pod3
    `,
    ...on('node3')`
      ip netns add pod4
    `,

    ...stage('a bridge on each node', 'So we create a bridge network on each node and then bring them up.'),
    ...on('node1')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
    `,
    ...on('node2')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
    `,
    ...on('node3')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
    `,

    ...stage(
      'a subnet for each bridge',
      'Choose any private address range, say, 10.244.1, 10.244.2, and 10.244.3. Next, we set the IP address for the bridge interface.',
    ),
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
      'a virtual cable for each pod',
      'To attach a container to the network we need a pipe, or virtual network cable. We create that using the ip link add command.',
    ),
    ...on('node1')`
      ip link add veth-pod1 type veth peer name veth-pod1-br
      ip link add veth-pod2 type veth peer name veth-pod2-br
    `,
    ...on('node2')`
      ip link add veth-pod3 type veth peer name veth-pod3-br
    `,
    ...on('node3')`
      ip link add veth-pod4 type veth peer name veth-pod4-br
    `,

    ...stage(
      'one end in the pod, the other on the bridge',
      'We then attach one end to the container, and another end to the bridge using ip link set.',
    ),
    ...on('node1')`
      ip link set veth-pod1 netns pod1
      ip link set veth-pod1-br master v-net-0
      ip link set dev veth-pod1-br up
      ip link set veth-pod2 netns pod2
      ip link set veth-pod2-br master v-net-0
      ip link set dev veth-pod2-br up
    `,
    ...on('node2')`
      ip link set veth-pod3 netns pod3
      ip link set veth-pod3-br master v-net-0
      ip link set dev veth-pod3-br up
    `,
    ...on('node3')`
      ip link set veth-pod4 netns pod4
      ip link set veth-pod4-br master v-net-0
      ip link set dev veth-pod4-br up
    `,

    ...stage(
      'an address and a default route in each pod',
      'We then assign IP address using the ip addr command and add a route to the default gateway.',
    ),
    ...on('node1')`
      ip -n pod1 addr add 10.244.1.2/24 dev veth-pod1
      ip -n pod1 link set veth-pod1 up
      ip -n pod1 route add default via 10.244.1.1
      ip -n pod2 addr add 10.244.1.3/24 dev veth-pod2
      ip -n pod2 link set veth-pod2 up
      ip -n pod2 route add default via 10.244.1.1
    `,
    ...on('node2')`
      ip -n pod3 addr add 10.244.2.2/24 dev veth-pod3
      ip -n pod3 link set veth-pod3 up
      ip -n pod3 route add default via 10.244.2.1
    `,
    ...on('node3')`
      ip -n pod4 addr add 10.244.3.2/24 dev veth-pod4
      ip -n pod4 link set veth-pod4 up
      ip -n pod4 route add default via 10.244.3.1
    `,

    ...stage(
      'routes between the nodes',
      'every Pod should be able to reach every other Pod on other nodes as well, using the same IP address.',
    ),
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
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
