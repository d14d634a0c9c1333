// Flannel's UDP backend: what is for other nodes' pods goes into a TUN device, and a process takes it out there, puts it into
// a UDP packet to the right node, and puts what comes from other nodes in again. Every packet passes user space twice.
//
//   pod1 10.244.1.2 --+
//                     +-- cni0 10.244.1.1 [node1] flannel0 10.244.1.0 -- flanneld == UDP 8285 ==+
//   pod2 10.244.1.3 --+                        eth0 192.168.1.11                                |
//                                                                                               |
//   pod3 10.244.2.2 ----- cni0 10.244.2.1 [node2] flannel0 10.244.2.0 -- flanneld =============+
//                                                                                               |
//   pod4 10.244.3.2 ----- cni0 10.244.3.1 [node3] flannel0 10.244.3.0 -- flanneld =============+
//
// flanneld is fixtures/flannel-udp/forwarder.pl here: a page of Perl that does the forwarding alone.
import {daemon, hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'Flannel, UDP backend: a process on each node carries packets between a TUN device and UDP',
  solution: 'Flannel, udp',
  underlay: '192.168.1.0/24',
  nodes: {
    node1: '192.168.1.11',
    node2: '192.168.1.12',
    node3: '192.168.1.13',
  },
  mtu: 1472,
  devices: ['/dev/net/tun'],
  pods: {
    pod1: {node: 'node1', address: '10.244.1.2'},
    pod2: {node: 'node1', address: '10.244.1.3'},
    pod3: {node: 'node2', address: '10.244.2.2'},
    pod4: {node: 'node3', address: '10.244.3.2'},
  },
  files: {'/run/flannel/forwarder.pl': '../fixtures/flannel-udp/forwarder.pl'},
  steps: [
    ...stage('cni0 on each node, and its pods on it'),
    ...on('node1')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add cni0 mtu 1472 type bridge
      ip addr add 10.244.1.1/24 dev cni0
      ip link set cni0 up
      ip netns add pod1
      ip link add veth-pod1 mtu 1472 type veth peer name eth0 mtu 1472 netns pod1
      ip link set veth-pod1 master cni0
      ip link set veth-pod1 up
      ip -n pod1 addr add 10.244.1.2/24 dev eth0
      ip -n pod1 link set eth0 up
      ip -n pod1 route add default via 10.244.1.1
      ip netns add pod2
      ip link add veth-pod2 mtu 1472 type veth peer name eth0 mtu 1472 netns pod2
      ip link set veth-pod2 master cni0
      ip link set veth-pod2 up
      ip -n pod2 addr add 10.244.1.3/24 dev eth0
      ip -n pod2 link set eth0 up
      ip -n pod2 route add default via 10.244.1.1
    `,
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add cni0 mtu 1472 type bridge
      ip addr add 10.244.2.1/24 dev cni0
      ip link set cni0 up
      ip netns add pod3
      ip link add veth-pod3 mtu 1472 type veth peer name eth0 mtu 1472 netns pod3
      ip link set veth-pod3 master cni0
      ip link set veth-pod3 up
      ip -n pod3 addr add 10.244.2.2/24 dev eth0
      ip -n pod3 link set eth0 up
      ip -n pod3 route add default via 10.244.2.1
    `,
    ...on('node3')`
      sysctl -w net.ipv4.ip_forward=1
      ip link add cni0 mtu 1472 type bridge
      ip addr add 10.244.3.1/24 dev cni0
      ip link set cni0 up
      ip netns add pod4
      ip link add veth-pod4 mtu 1472 type veth peer name eth0 mtu 1472 netns pod4
      ip link set veth-pod4 master cni0
      ip link set veth-pod4 up
      ip -n pod4 addr add 10.244.3.2/24 dev eth0
      ip -n pod4 link set eth0 up
      ip -n pod4 route add default via 10.244.3.1
    `,

    ...stage('a forwarder on each node, and the way into it'),
    daemon('node1', 'flanneld')`
      perl /run/flannel/forwarder.pl flannel0 192.168.1.11:8285 10.244.2.0/24=192.168.1.12:8285 10.244.3.0/24=192.168.1.13:8285
    `.readyWhen`ip link show flannel0`,
    ...on('node1')`
      ip addr add 10.244.1.0/32 dev flannel0
      ip link set flannel0 mtu 1472 up
      ip route add 10.244.0.0/16 dev flannel0
    `,
    daemon('node2', 'flanneld')`
      perl /run/flannel/forwarder.pl flannel0 192.168.1.12:8285 10.244.1.0/24=192.168.1.11:8285 10.244.3.0/24=192.168.1.13:8285
    `.readyWhen`ip link show flannel0`,
    ...on('node2')`
      ip addr add 10.244.2.0/32 dev flannel0
      ip link set flannel0 mtu 1472 up
      ip route add 10.244.0.0/16 dev flannel0
    `,
    daemon('node3', 'flanneld')`
      perl /run/flannel/forwarder.pl flannel0 192.168.1.13:8285 10.244.1.0/24=192.168.1.11:8285 10.244.2.0/24=192.168.1.12:8285
    `.readyWhen`ip link show flannel0`,
    ...on('node3')`
      ip addr add 10.244.3.0/32 dev flannel0
      ip link set flannel0 mtu 1472 up
      ip route add 10.244.0.0/16 dev flannel0
    `,
    hops('pod1', 'pod3').are(2),
    wire('pod1', 'pod3').carries({
      encapsulation: 'udp',
      port: 8285,
      outer: ['192.168.1.11', '192.168.1.12'],
      inner: ['10.244.1.2', '10.244.2.2'],
    }),
    // 1500 bytes of the underlay less 28 for IP and UDP: 1444 of payload, and an IP and an ICMP header of 28.
    runs('pod1')`ping -c 1 -W 1 -M do -s 1444 10.244.2.2`.holds(),
    runs('pod1')`ping -c 1 -W 1 -M do -s 1445 10.244.2.2`.fails('message too long, mtu=1472'),

    ...stage('the forwarder of node2 dies'),
    // With it goes its TUN device, and with that the way out: this data plane is the process.
    ...on('node2')`
      kill -9 $(cat /run/podwire/flanneld.pid)
    `,
    runs('node2')`ip route show 10.244.0.0/16 | wc -l`.prints('0').within(10_000),
    runs('pod1')`ping -c 1 -W 0.2 10.244.2.2`.fails('100% packet loss').within(10_000),
    reach('pod3', 'pod1').fails('no-route', 'node2'),
    reach('pod1', 'pod4').holds(),

    ...stage('it is started again'),
    daemon('node2', 'flanneld')`
      perl /run/flannel/forwarder.pl flannel0 192.168.1.12:8285 10.244.1.0/24=192.168.1.11:8285 10.244.3.0/24=192.168.1.13:8285
    `.readyWhen`ip link show flannel0`,
    ...on('node2')`
      ip addr add 10.244.2.0/32 dev flannel0
      ip link set flannel0 mtu 1472 up
      ip route add 10.244.0.0/16 dev flannel0
    `,
    reach('pod1', 'pod3').holds().within(10_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
