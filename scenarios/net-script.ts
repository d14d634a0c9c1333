// The recipe as the course's net-script.sh on two nodes, and the same recipe as a CNI plugin on the third.
//
//   pod1 10.244.1.2 --+
//                     +-- v-net-0 10.244.1.1 [node1] 192.168.1.11 --+      ./net-script.sh add <container> <namespace>
//   pod2 10.244.1.3 --+                                             |
//                                                                   |  192.168.1.0/24
//   pod3 10.244.2.2 ----- v-net-0 10.244.2.1 [node2] 192.168.1.12 --+      ./net-script.sh add <container> <namespace>
//                                                                   |
//   pod4 10.244.3.2 ----- v-net-0 10.244.3.1 [node3] 192.168.1.13 --+      CNI_COMMAND=ADD ... ./podwire-bridge
import {answersAt, noNat, on, ownSubnet, reach, runs, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'a script that connects a container, and the same script as a CNI plugin',
  shows: [
    'How are the Pods addressed?',
    "As long as you can implement a solution that takes care of automatically assigning IP addresses and establish connectivity between the Pods in a node as well as parts on different nodes, you're good, without having to configure any net rules",
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
  files: {
    '/run/podwire/net-script.sh': '../fixtures/net-script/net-script.sh',
    '/run/podwire/podwire-bridge': '../fixtures/cni/podwire-bridge',
    '/run/podwire/10-podwire.conflist': '../fixtures/cni/node3/10-podwire.conflist',
  },
  steps: [
    ...stage('the nodes: bridges, forwarding and routes, once'),
    ...on('node1')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.1.1/24 dev v-net-0
      sysctl -w net.ipv4.ip_forward=1
      ip route add 10.244.2.0/24 via 192.168.1.12
      ip route add 10.244.3.0/24 via 192.168.1.13
    `,
    ...on('node2')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.2.1/24 dev v-net-0
      sysctl -w net.ipv4.ip_forward=1
      ip route add 10.244.1.0/24 via 192.168.1.11
      ip route add 10.244.3.0/24 via 192.168.1.13
    `,
    ...on('node3')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.3.1/24 dev v-net-0
      sysctl -w net.ipv4.ip_forward=1
      ip route add 10.244.1.0/24 via 192.168.1.11
      ip route add 10.244.2.0/24 via 192.168.1.12
    `,

    ...stage('a container on node1: ADD', 'How are the Pods addressed?'),
    ...on('node1')`
      ip netns add pod1
      cd /run/podwire && ./net-script.sh add pod1 pod1
    `,
    reach.among('pod1', 'node1').holds(),
    // Nothing is connected twice, and a namespace that is not there is told.
    runs('node1')`cd /run/podwire && ./net-script.sh add pod1 pod1`.fails("'pod1' is added already"),
    runs('node1')`cd /run/podwire && ./net-script.sh add pod9 pod9`.fails("there is no namespace 'pod9'"),

    ...stage('more containers, each by one line'),
    ...on('node1')`
      ip netns add pod2
      cd /run/podwire && ./net-script.sh add pod2 pod2
    `,
    ...on('node2')`
      ip netns add pod3
      cd /run/podwire && SUBNET=10.244.2.0/24 GATEWAY=10.244.2.1 ./net-script.sh add pod3 pod3
    `,
    reach.among('pod1', 'pod2', 'pod3').holds(),

    ...stage('node3 speaks CNI: what a container runtime calls'),
    ...on('node3')`
      ip netns add pod4
      cd /run/podwire && jq '.plugins[0] + {name, cniVersion: "1.1.0"}' 10-podwire.conflist >pod4.json
      cd /run/podwire && CNI_COMMAND=ADD CNI_CONTAINERID=pod4 CNI_NETNS=/run/netns/pod4 CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni ./podwire-bridge <pod4.json
    `,
    runs('node3')`cd /run/podwire && CNI_COMMAND=VERSION ./podwire-bridge </dev/null`.prints('1.1.0'),
    runs(
      'node3',
    )`cd /run/podwire && CNI_COMMAND=ADD CNI_NETNS=/run/netns/pod4 CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni ./podwire-bridge <pod4.json`.fails(
      '"code": 4',
      'CNI_CONTAINERID',
    ),
    reach.among('pod1', 'pod2', 'pod3', 'pod4').holds(),

    ...stage('a container goes: DEL'),
    ...on('node1')`
      cd /run/podwire && ./net-script.sh del pod2 pod2
    `,
    reach('pod1', 'pod2').fails('interface-missing', 'pod2'),

    ...stage('and is connected again: the allocator goes on where it was'),
    answersAt('pod2', '10.244.1.4'),
    ...on('node1')`
      cd /run/podwire && ./net-script.sh add pod2 pod2
    `,
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all(), ownSubnet.all()],
})
