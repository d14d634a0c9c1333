// Flannel itself: its agent on each node takes a subnet for the node from the store that all share, makes the VXLAN device, and
// fills in where the others are as they come and go; its CNI plugin puts each pod on a bridge in that subnet. Nothing of what
// flannel-vxlan types is typed here.
//
//   [node1]  etcd 192.168.1.11:2379: the network, and which node has which subnet
//      |        |                     |                     |
//      |     flanneld [node1]      flanneld [node2]      flanneld [node3]
//      |     subnet.env            subnet.env            subnet.env              10.244.N.1/24, MTU 1450
//      |     CNI: flannel, bridge, host-local
//
//   pod1 10.244.1.2 --+
//                     +-- cni0 10.244.1.1 [node1] flannel.1 10.244.1.0 == VXLAN 1, UDP 8472 ==+
//   pod2 10.244.1.3 --+                        eth0 192.168.1.11                              |
//                                                                                             |
//   pod3 10.244.2.2 ----- cni0 10.244.2.1 [node2] flannel.1 10.244.2.0 ======================+
//                                                                                             |
//   pod4 10.244.3.2 ----- cni0 10.244.3.1 [node3] flannel.1 10.244.3.0 ======================+
//
// Left to itself an agent takes any free subnet. Here each finds one reserved for its address, as Flannel's documents have it
// (Documentation/reservations.md), so that the addresses of pods can stand in this file.
import {daemon, hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'Flannel itself: its agent with etcd, and its CNI plugin, make what the VXLAN backend is made of',
  solution: 'Flannel, flanneld and etcd',
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
  needs: {
    etcd: 'etcd-server',
    etcdctl: 'etcd-client',
    flanneld: 'github.com/flannel-io/flannel',
    '/opt/cni/bin/flannel': 'github.com/containernetworking/plugins',
  },
  files: {'/run/flannel/10-flannel.conf': '../fixtures/flannel-real/10-flannel.conf'},
  steps: [
    ...stage('a store, the network in it, and a subnet reserved for each node'),
    daemon('node1', 'etcd')`
      etcd --data-dir /run/etcd --listen-client-urls http://192.168.1.11:2379 --advertise-client-urls http://192.168.1.11:2379 \
        --listen-peer-urls http://192.168.1.11:2380 --heartbeat-interval 20 --election-timeout 200
    `.readyWhen`ETCDCTL_API=3 etcdctl --endpoints http://192.168.1.11:2379 endpoint health`,
    ...on('node1')`
      ETCDCTL_API=3 etcdctl --endpoints http://192.168.1.11:2379 put /coreos.com/network/config '{"Network": "10.244.0.0/16", "EnableNFTables": true, "Backend": {"Type": "vxlan"}}'
      ETCDCTL_API=3 etcdctl --endpoints http://192.168.1.11:2379 put /coreos.com/network/subnets/10.244.1.0-24 '{"PublicIP": "192.168.1.11"}'
      ETCDCTL_API=3 etcdctl --endpoints http://192.168.1.11:2379 put /coreos.com/network/subnets/10.244.2.0-24 '{"PublicIP": "192.168.1.12"}'
      ETCDCTL_API=3 etcdctl --endpoints http://192.168.1.11:2379 put /coreos.com/network/subnets/10.244.3.0-24 '{"PublicIP": "192.168.1.13"}'
    `,

    ...stage('an agent on each node'),
    daemon('node1', 'flanneld')`flanneld -etcd-endpoints=http://192.168.1.11:2379 -iface=eth0 -ip-masq=false`
      .readyWhen`[ -s /run/flannel/subnet.env ]`,
    daemon('node2', 'flanneld')`flanneld -etcd-endpoints=http://192.168.1.11:2379 -iface=eth0 -ip-masq=false`
      .readyWhen`[ -s /run/flannel/subnet.env ]`,
    daemon('node3', 'flanneld')`flanneld -etcd-endpoints=http://192.168.1.11:2379 -iface=eth0 -ip-masq=false`
      .readyWhen`[ -s /run/flannel/subnet.env ]`,
    // What each tells the plugin of its node.
    runs('node1')`cat /run/flannel/subnet.env`.prints('FLANNEL_NETWORK=10.244.0.0/16', 'FLANNEL_SUBNET=10.244.1.1/24', 'FLANNEL_MTU=1450'),

    ...stage('the plugin is called for each pod, as a container runtime calls it'),
    // The bridge would translate what leaves the node where flanneld does not: "ipMasq": false in its configuration keeps it from that.
    ...on('node1')`
      ip netns add pod1
      CNI_COMMAND=ADD CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin:/usr/lib/cni /opt/cni/bin/flannel </run/flannel/10-flannel.conf
      ip netns add pod2
      CNI_COMMAND=ADD CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin:/usr/lib/cni /opt/cni/bin/flannel </run/flannel/10-flannel.conf
    `,
    ...on('node2')`
      ip netns add pod3
      CNI_COMMAND=ADD CNI_CONTAINERID=pod3 CNI_NETNS=/run/netns/pod3 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin:/usr/lib/cni /opt/cni/bin/flannel </run/flannel/10-flannel.conf
    `,
    ...on('node3')`
      ip netns add pod4
      CNI_COMMAND=ADD CNI_CONTAINERID=pod4 CNI_NETNS=/run/netns/pod4 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin:/usr/lib/cni /opt/cni/bin/flannel </run/flannel/10-flannel.conf
    `,
    reach.all().holds().within(10_000),
    noNat.all(),
    hops('pod1', 'pod3').are(2),
    wire('pod1', 'pod3').carries({
      encapsulation: 'vxlan',
      vni: 1,
      port: 8472,
      outer: ['192.168.1.11', '192.168.1.12'],
      inner: ['10.244.1.2', '10.244.2.2'],
    }),
    runs('pod1')`ping -c 1 -W 1 -M do -s 1422 10.244.2.2`.holds(),
    runs('pod1')`ping -c 1 -W 1 -M do -s 1423 10.244.2.2`.fails('message too long, mtu=1450'),
    // The agent has learned both of the others.
    runs('node1')`ip route show dev flannel.1`.prints('10.244.2.0/24 via 10.244.2.0 onlink', '10.244.3.0/24 via 10.244.3.0 onlink'),
    runs('node1')`bridge fdb show dev flannel.1`.prints('dst 192.168.1.12 self permanent', 'dst 192.168.1.13 self permanent'),

    ...stage('the store dies, and the agent of node2'),
    ...on('node1')`
      kill -9 $(cat /run/podwire/etcd.pid)
    `,
    ...on('node2')`
      kill -9 $(cat /run/podwire/flanneld.pid)
    `,
    // What they told the kernel is there: packets take no notice.
    reach.among('pod1', 'pod2', 'pod3', 'pod4').holds(),

    ...stage('node2 loses its tunnel, and its agent comes back with nobody to ask'),
    ...on('node2')`
      ip link del flannel.1
    `,
    daemon('node2', 'flanneld')`flanneld -etcd-endpoints=http://192.168.1.11:2379 -iface=eth0 -ip-masq=false`,
    reach('pod1', 'pod3').fails('tunnel-endpoint-down', 'node2').within(10_000),
    reach('pod1', 'pod4').holds(),

    ...stage('the store comes back with what it knew'),
    daemon('node1', 'etcd')`
      etcd --data-dir /run/etcd --listen-client-urls http://192.168.1.11:2379 --advertise-client-urls http://192.168.1.11:2379 \
        --listen-peer-urls http://192.168.1.11:2380 --heartbeat-interval 20 --election-timeout 200
    `.readyWhen`ETCDCTL_API=3 etcdctl --endpoints http://192.168.1.11:2379 endpoint health`,
    // The subnet is still node2's. Its new tunnel has another MAC address, of which the agents of the others are told.
    runs('node2')`ip addr show dev flannel.1`.prints('10.244.2.0/32').within(30_000),
    reach.among('pod1', 'pod2', 'pod3', 'pod4').holds().within(30_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
