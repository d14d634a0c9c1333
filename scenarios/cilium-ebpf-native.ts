// Cilium with native routing: as cilium-ebpf, but what is for another node's pods is sent to that node as it is, by the device
// that leads there. The underlay has to take packets from and to addresses that it knows nothing of; a full packet stays full.
//
//   pod1 10.244.1.2 -- lxc-pod1 <from_pod> --+
//                                            +-- eth0 <from_network> [node1] 192.168.1.11 --+
//   pod2 10.244.1.3 -- lxc-pod2 <from_pod> --+                                              |
//                                                                                           |  192.168.1.0/24, one segment
//   pod3 10.244.2.2 -- lxc-pod3 <from_pod> ----- eth0 <from_network> [node2] 192.168.1.12 --+
//                                                                                           |
//   pod4 10.244.3.2 -- lxc-pod4 <from_pod> ----- eth0 <from_network> [node3] 192.168.1.13 --+
//
//   the maps of node1:   pods   10.244.1.2 -> device 101, MAC      nodes   10.244.2.0/24 -> 192.168.1.12 by eth0
//                               10.244.1.3 -> device 102, MAC              10.244.3.0/24 -> 192.168.1.13 by eth0
//
// The programs are fixtures/cilium-ebpf/datapath.c, the same as in the tunnel's scenario.
import {hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'Cilium, eBPF without a tunnel: the same programs and maps send packets to other nodes as they are',
  solution: 'Cilium, eBPF and native routing',
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
  needs: {clang: 'clang', bpftool: 'bpftool', '/usr/include/bpf/bpf_helpers.h': 'libbpf-dev'},
  root: 'the kernel mounts bpf file systems and loads programs for its own root alone',
  files: {'/run/cilium/datapath.c': '../fixtures/cilium-ebpf/datapath.c'},
  steps: [
    ...stage('the programs, and maps with nothing in them'),
    ...on('node1')`
      mkdir /run/cilium/bpf
      mount -t bpf bpf /run/cilium/bpf
      clang -O2 -g -target bpf -I/usr/include/$(uname -m)-linux-gnu -c /run/cilium/datapath.c -o /run/cilium/datapath.o
      bpftool prog loadall /run/cilium/datapath.o /run/cilium/bpf pinmaps /run/cilium/bpf
    `,
    ...on('node2')`
      mkdir /run/cilium/bpf
      mount -t bpf bpf /run/cilium/bpf
      clang -O2 -g -target bpf -I/usr/include/$(uname -m)-linux-gnu -c /run/cilium/datapath.c -o /run/cilium/datapath.o
      bpftool prog loadall /run/cilium/datapath.o /run/cilium/bpf pinmaps /run/cilium/bpf
    `,
    ...on('node3')`
      mkdir /run/cilium/bpf
      mount -t bpf bpf /run/cilium/bpf
      clang -O2 -g -target bpf -I/usr/include/$(uname -m)-linux-gnu -c /run/cilium/datapath.c -o /run/cilium/datapath.o
      bpftool prog loadall /run/cilium/datapath.o /run/cilium/bpf pinmaps /run/cilium/bpf
    `,

    ...stage('a program at each node’s cable, and the node’s own way to the pods of others'),
    ...on('node1')`
      tc qdisc add dev eth0 clsact
      tc filter add dev eth0 ingress bpf direct-action object-pinned /run/cilium/bpf/from_network
      ip route add 10.244.2.0/24 via 192.168.1.12 dev eth0
      ip route add 10.244.3.0/24 via 192.168.1.13 dev eth0
    `,
    ...on('node2')`
      tc qdisc add dev eth0 clsact
      tc filter add dev eth0 ingress bpf direct-action object-pinned /run/cilium/bpf/from_network
      ip route add 10.244.1.0/24 via 192.168.1.11 dev eth0
      ip route add 10.244.3.0/24 via 192.168.1.13 dev eth0
    `,
    ...on('node3')`
      tc qdisc add dev eth0 clsact
      tc filter add dev eth0 ingress bpf direct-action object-pinned /run/cilium/bpf/from_network
      ip route add 10.244.1.0/24 via 192.168.1.11 dev eth0
      ip route add 10.244.2.0/24 via 192.168.1.12 dev eth0
    `,

    ...stage('a cable to each pod, and a program at its end'),
    // Every pod has the same gateway, with the same MAC address, and never asks for it.
    ...on('node1')`
      ip netns add pod1
      ip link add lxc-pod1 index 101 address 02:00:00:00:00:01 type veth peer name eth0 address 0a:00:00:00:01:02 netns pod1
      ip link set lxc-pod1 up
      ip -n pod1 addr add 10.244.1.2/32 dev eth0
      ip -n pod1 link set eth0 up
      ip -n pod1 route add 169.254.1.1 dev eth0 scope link
      ip -n pod1 route add default via 169.254.1.1
      ip -n pod1 neigh add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
      ip route add 10.244.1.2 dev lxc-pod1
      tc qdisc add dev lxc-pod1 clsact
      tc filter add dev lxc-pod1 ingress bpf direct-action object-pinned /run/cilium/bpf/from_pod
      ip netns add pod2
      ip link add lxc-pod2 index 102 address 02:00:00:00:00:01 type veth peer name eth0 address 0a:00:00:00:01:03 netns pod2
      ip link set lxc-pod2 up
      ip -n pod2 addr add 10.244.1.3/32 dev eth0
      ip -n pod2 link set eth0 up
      ip -n pod2 route add 169.254.1.1 dev eth0 scope link
      ip -n pod2 route add default via 169.254.1.1
      ip -n pod2 neigh add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
      ip route add 10.244.1.3 dev lxc-pod2
      tc qdisc add dev lxc-pod2 clsact
      tc filter add dev lxc-pod2 ingress bpf direct-action object-pinned /run/cilium/bpf/from_pod
    `,
    ...on('node2')`
      ip netns add pod3
      ip link add lxc-pod3 index 101 address 02:00:00:00:00:01 type veth peer name eth0 address 0a:00:00:00:02:02 netns pod3
      ip link set lxc-pod3 up
      ip -n pod3 addr add 10.244.2.2/32 dev eth0
      ip -n pod3 link set eth0 up
      ip -n pod3 route add 169.254.1.1 dev eth0 scope link
      ip -n pod3 route add default via 169.254.1.1
      ip -n pod3 neigh add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
      ip route add 10.244.2.2 dev lxc-pod3
      tc qdisc add dev lxc-pod3 clsact
      tc filter add dev lxc-pod3 ingress bpf direct-action object-pinned /run/cilium/bpf/from_pod
    `,
    ...on('node3')`
      ip netns add pod4
      ip link add lxc-pod4 index 101 address 02:00:00:00:00:01 type veth peer name eth0 address 0a:00:00:00:03:02 netns pod4
      ip link set lxc-pod4 up
      ip -n pod4 addr add 10.244.3.2/32 dev eth0
      ip -n pod4 link set eth0 up
      ip -n pod4 route add 169.254.1.1 dev eth0 scope link
      ip -n pod4 route add default via 169.254.1.1
      ip -n pod4 neigh add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
      ip route add 10.244.3.2 dev lxc-pod4
      tc qdisc add dev lxc-pod4 clsact
      tc filter add dev lxc-pod4 ingress bpf direct-action object-pinned /run/cilium/bpf/from_pod
    `,
    runs('pod1')`ping -c 1 -W 0.5 10.244.1.3`.fails('100% packet loss'),

    ...stage('the maps are filled'),
    // A pod: its device's index and its MAC address. A prefix: its length, the node that it is on, and the index of the
    // device to it, its lower byte first.
    ...on('node1')`
      bpftool map update pinned /run/cilium/bpf/pods key 10 244 1 2 value 101 0 0 0 0x0a 0 0 0 1 2 0 0
      bpftool map update pinned /run/cilium/bpf/pods key 10 244 1 3 value 102 0 0 0 0x0a 0 0 0 1 3 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 24 0 0 0 10 244 2 0 value 192 168 1 12 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 32 0 0 0 192 168 1 12 value 192 168 1 12 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 24 0 0 0 10 244 3 0 value 192 168 1 13 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 32 0 0 0 192 168 1 13 value 192 168 1 13 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
    `,
    ...on('node2')`
      bpftool map update pinned /run/cilium/bpf/pods key 10 244 2 2 value 101 0 0 0 0x0a 0 0 0 2 2 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 24 0 0 0 10 244 1 0 value 192 168 1 11 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 32 0 0 0 192 168 1 11 value 192 168 1 11 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 24 0 0 0 10 244 3 0 value 192 168 1 13 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 32 0 0 0 192 168 1 13 value 192 168 1 13 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
    `,
    ...on('node3')`
      bpftool map update pinned /run/cilium/bpf/pods key 10 244 3 2 value 101 0 0 0 0x0a 0 0 0 3 2 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 24 0 0 0 10 244 1 0 value 192 168 1 11 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 32 0 0 0 192 168 1 11 value 192 168 1 11 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 24 0 0 0 10 244 2 0 value 192 168 1 12 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
      bpftool map update pinned /run/cilium/bpf/nodes key 32 0 0 0 192 168 1 12 value 192 168 1 12 $(ip -j link show eth0 | jq -r '.[0].ifindex | [. % 256, . / 256 | floor] | @sh') 0 0
    `,
    // No router: the time to live is as it was sent.
    reach.all(),
    noNat.all(),
    hops('pod1', 'pod2').are(0),
    hops('pod1', 'pod3').are(0),
    wire('pod1', 'pod3').carries({encapsulation: 'none', inner: ['10.244.1.2', '10.244.2.2']}),
    runs('pod1')`ping -c 1 -W 1 -M do -s 1472 10.244.2.2`.holds(),

    ...stage('node1 drops what it would forward'),
    // It forwards nothing as it is. None of that is asked.
    ...on('node1')`
      nft add table ip strict
      nft add chain ip strict forward '{ type filter hook forward priority 0; policy drop; }'
    `,
    runs('node1')`sysctl -n net.ipv4.ip_forward`.prints('0'),
    reach.among('pod1', 'pod2', 'pod3', 'pod4').holds(),

    ...stage('node2 loses the program at its cable'),
    ...on('node2')`
      tc filter del dev eth0 ingress
    `,
    // What comes for its pods is left to its own stack, which forwards nothing.
    runs('pod1')`ping -c 1 -W 0.5 10.244.2.2`.fails('100% packet loss').within(5_000),
    reach('pod1', 'pod4').holds(),

    ...stage('its agent puts it there again'),
    ...on('node2')`
      tc filter add dev eth0 ingress bpf direct-action object-pinned /run/cilium/bpf/from_network
    `,
    reach('pod1', 'pod3').holds().within(5_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
