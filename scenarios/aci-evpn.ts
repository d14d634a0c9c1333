// ACI: leaves and a spine. A leaf puts what its ports send into VXLAN, to the leaf where the destination is; which that is it has
// been told by BGP (EVPN) and never learns from packets. Every leaf is every pod's gateway, with the same addresses.
//
//                        [spine1] 10.255.0.100, tells each leaf what the other knows
//                        /      \        cables, IS-IS
//         10.255.0.1 [leaf1]  [leaf2] 10.255.0.2         segment 10: nodes, 192.168.1.0/24, gateway 192.168.1.1 on every leaf
//                    /     \       \                     segment 20: pods,  10.244.0.0/16,  gateway 10.244.0.1  on every leaf
//               [node1]  [node2]  [node3]
//               /    \      |        |
//            pod1    pod2   pod3     pod4
//      10.244.1.2  .1.3   .2.2     .3.2
//
// A machine of a lab has one cable, eth0, and all are on one segment; a fabric has many. Each of its cables is a VXLAN of two ends
// over eth0, on UDP port 14789 and addresses of their own, 172.31.0.0/24. That takes 50 bytes, and the fabric 50 more.
import {daemon, hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'ACI, by EVPN: leaves put packets into VXLAN, and BGP tells them where everybody is',
  solution: 'Cisco ACI, by BGP EVPN',
  underlay: '192.168.1.0/24',
  nodes: {
    node1: '192.168.1.11',
    node2: '192.168.1.12',
    node3: '192.168.1.13',
  },
  mtu: 1400,
  hosts: {
    spine1: '192.168.1.100',
    leaf1: '192.168.1.101',
    leaf2: '192.168.1.102',
  },
  pods: {
    pod1: {node: 'node1', address: '10.244.1.2'},
    pod2: {node: 'node1', address: '10.244.1.3'},
    pod3: {node: 'node2', address: '10.244.2.2'},
    pod4: {node: 'node3', address: '10.244.3.2'},
  },
  needs: {'/usr/lib/frr/bgpd': 'frr'},
  files: {
    '/run/aci/spine1/frr.conf': '../fixtures/aci-evpn/spine1.conf',
    '/run/aci/leaf1/frr.conf': '../fixtures/aci-evpn/leaf1.conf',
    '/run/aci/leaf2/frr.conf': '../fixtures/aci-evpn/leaf2.conf',
  },
  steps: [
    ...stage('cables between the spine and the leaves'),
    ...on('spine1')`
      ip addr flush dev eth0
      ip addr add 172.31.0.100/24 dev eth0
      ip link add leaf1 mtu 1450 type vxlan id 1 local 172.31.0.100 remote 172.31.0.101 dstport 14789
      ip addr add 10.254.1.2/30 dev leaf1
      ip link set leaf1 up
      ip link add leaf2 mtu 1450 type vxlan id 2 local 172.31.0.100 remote 172.31.0.102 dstport 14789
      ip addr add 10.254.2.2/30 dev leaf2
      ip link set leaf2 up
      ip addr add 10.255.0.100/32 dev lo
      sysctl -w net.ipv4.ip_forward=1
    `,
    ...on('leaf1')`
      ip addr flush dev eth0
      ip addr add 172.31.0.101/24 dev eth0
      ip link add up0 mtu 1450 type vxlan id 1 local 172.31.0.101 remote 172.31.0.100 dstport 14789
      ip addr add 10.254.1.1/30 dev up0
      ip link set up0 up
      ip addr add 10.255.0.1/32 dev lo
      sysctl -w net.ipv4.ip_forward=1
    `,
    ...on('leaf2')`
      ip addr flush dev eth0
      ip addr add 172.31.0.102/24 dev eth0
      ip link add up0 mtu 1450 type vxlan id 2 local 172.31.0.102 remote 172.31.0.100 dstport 14789
      ip addr add 10.254.2.1/30 dev up0
      ip link set up0 up
      ip addr add 10.255.0.2/32 dev lo
      sysctl -w net.ipv4.ip_forward=1
    `,

    ...stage('two segments on each leaf: their gateway, their VXLAN, and the cables of its nodes'),
    // Nothing is learned from the tunnel, and a question for who is known is answered by the leaf (neigh_suppress). A port stands
    // before each cable of a node: zebra takes addresses behind a VXLAN for another leaf's. The cable itself answers no ARP.
    ...on('leaf1')`
      ip link add br10 mtu 1400 address 00:22:bd:f8:19:ff type bridge forward_delay 0 mcast_snooping 0
      ip link add vx10 mtu 1400 type vxlan id 10 local 10.255.0.1 dstport 4789 nolearning
      ip link set vx10 master br10 addrgenmode none
      bridge link set dev vx10 neigh_suppress on learning off
      ip link set vx10 up
      ip link set br10 up
      ip addr add 192.168.1.1/24 dev br10
      sysctl -w net.ipv4.conf.br10.arp_accept=1
      ip link add br20 mtu 1400 address 00:22:bd:f8:19:ff type bridge forward_delay 0 mcast_snooping 0
      ip link add vx20 mtu 1400 type vxlan id 20 local 10.255.0.1 dstport 4789 nolearning
      ip link set vx20 master br20 addrgenmode none
      bridge link set dev vx20 neigh_suppress on learning off
      ip link set vx20 up
      ip link set br20 up
      ip addr add 10.244.0.1/16 dev br20
      sysctl -w net.ipv4.conf.br20.arp_accept=1
      ip link add cable1-10 mtu 1400 type vxlan id 101 local 172.31.0.101 remote 172.31.0.11 dstport 14789
      ip link set cable1-10 arp off up
      ip link add link cable1-10 name node1-10 type macvlan mode passthru
      ip link set node1-10 master br10
      ip link set node1-10 up
      ip link add cable1-20 mtu 1400 type vxlan id 201 local 172.31.0.101 remote 172.31.0.11 dstport 14789
      ip link set cable1-20 arp off up
      ip link add link cable1-20 name node1-20 type macvlan mode passthru
      ip link set node1-20 master br20
      ip link set node1-20 up
      ip link add cable2-10 mtu 1400 type vxlan id 102 local 172.31.0.101 remote 172.31.0.12 dstport 14789
      ip link set cable2-10 arp off up
      ip link add link cable2-10 name node2-10 type macvlan mode passthru
      ip link set node2-10 master br10
      ip link set node2-10 up
      ip link add cable2-20 mtu 1400 type vxlan id 202 local 172.31.0.101 remote 172.31.0.12 dstport 14789
      ip link set cable2-20 arp off up
      ip link add link cable2-20 name node2-20 type macvlan mode passthru
      ip link set node2-20 master br20
      ip link set node2-20 up
    `,
    ...on('leaf2')`
      ip link add br10 mtu 1400 address 00:22:bd:f8:19:ff type bridge forward_delay 0 mcast_snooping 0
      ip link add vx10 mtu 1400 type vxlan id 10 local 10.255.0.2 dstport 4789 nolearning
      ip link set vx10 master br10 addrgenmode none
      bridge link set dev vx10 neigh_suppress on learning off
      ip link set vx10 up
      ip link set br10 up
      ip addr add 192.168.1.1/24 dev br10
      sysctl -w net.ipv4.conf.br10.arp_accept=1
      ip link add br20 mtu 1400 address 00:22:bd:f8:19:ff type bridge forward_delay 0 mcast_snooping 0
      ip link add vx20 mtu 1400 type vxlan id 20 local 10.255.0.2 dstport 4789 nolearning
      ip link set vx20 master br20 addrgenmode none
      bridge link set dev vx20 neigh_suppress on learning off
      ip link set vx20 up
      ip link set br20 up
      ip addr add 10.244.0.1/16 dev br20
      sysctl -w net.ipv4.conf.br20.arp_accept=1
      ip link add cable3-10 mtu 1400 type vxlan id 103 local 172.31.0.102 remote 172.31.0.13 dstport 14789
      ip link set cable3-10 arp off up
      ip link add link cable3-10 name node3-10 type macvlan mode passthru
      ip link set node3-10 master br10
      ip link set node3-10 up
      ip link add cable3-20 mtu 1400 type vxlan id 203 local 172.31.0.102 remote 172.31.0.13 dstport 14789
      ip link set cable3-20 arp off up
      ip link add link cable3-20 name node3-20 type macvlan mode passthru
      ip link set node3-20 master br20
      ip link set node3-20 up
    `,

    ...stage('the nodes: each on segment 10, its pods on segment 20'),
    ...on('node1')`
      ip addr flush dev eth0
      ip addr add 172.31.0.11/24 dev eth0
      ip link add fab10 mtu 1400 type vxlan id 101 local 172.31.0.11 remote 172.31.0.101 dstport 14789
      ip addr add 192.168.1.11/24 dev fab10
      ip link set fab10 up
      ip route add default via 192.168.1.1
      ip link add br-int mtu 1400 type bridge forward_delay 0 mcast_snooping 0
      ip link add fab20 mtu 1400 type vxlan id 201 local 172.31.0.11 remote 172.31.0.101 dstport 14789
      ip link set fab20 master br-int
      ip link set fab20 up
      ip link set br-int up
      ip netns add pod1
      ip link add veth-pod1 mtu 1400 type veth peer name eth0 mtu 1400 netns pod1
      ip link set veth-pod1 master br-int
      ip link set veth-pod1 up
      ip -n pod1 addr add 10.244.1.2/16 dev eth0
      ip -n pod1 link set eth0 up
      ip -n pod1 route add default via 10.244.0.1
      ip netns add pod2
      ip link add veth-pod2 mtu 1400 type veth peer name eth0 mtu 1400 netns pod2
      ip link set veth-pod2 master br-int
      ip link set veth-pod2 up
      ip -n pod2 addr add 10.244.1.3/16 dev eth0
      ip -n pod2 link set eth0 up
      ip -n pod2 route add default via 10.244.0.1
    `,
    ...on('node2')`
      ip addr flush dev eth0
      ip addr add 172.31.0.12/24 dev eth0
      ip link add fab10 mtu 1400 type vxlan id 102 local 172.31.0.12 remote 172.31.0.101 dstport 14789
      ip addr add 192.168.1.12/24 dev fab10
      ip link set fab10 up
      ip route add default via 192.168.1.1
      ip link add br-int mtu 1400 type bridge forward_delay 0 mcast_snooping 0
      ip link add fab20 mtu 1400 type vxlan id 202 local 172.31.0.12 remote 172.31.0.101 dstport 14789
      ip link set fab20 master br-int
      ip link set fab20 up
      ip link set br-int up
      ip netns add pod3
      ip link add veth-pod3 mtu 1400 type veth peer name eth0 mtu 1400 netns pod3
      ip link set veth-pod3 master br-int
      ip link set veth-pod3 up
      ip -n pod3 addr add 10.244.2.2/16 dev eth0
      ip -n pod3 link set eth0 up
      ip -n pod3 route add default via 10.244.0.1
    `,
    ...on('node3')`
      ip addr flush dev eth0
      ip addr add 172.31.0.13/24 dev eth0
      ip link add fab10 mtu 1400 type vxlan id 103 local 172.31.0.13 remote 172.31.0.102 dstport 14789
      ip addr add 192.168.1.13/24 dev fab10
      ip link set fab10 up
      ip route add default via 192.168.1.1
      ip link add br-int mtu 1400 type bridge forward_delay 0 mcast_snooping 0
      ip link add fab20 mtu 1400 type vxlan id 203 local 172.31.0.13 remote 172.31.0.102 dstport 14789
      ip link set fab20 master br-int
      ip link set fab20 up
      ip link set br-int up
      ip netns add pod4
      ip link add veth-pod4 mtu 1400 type veth peer name eth0 mtu 1400 netns pod4
      ip link set veth-pod4 master br-int
      ip link set veth-pod4 up
      ip -n pod4 addr add 10.244.3.2/16 dev eth0
      ip -n pod4 link set eth0 up
      ip -n pod4 route add default via 10.244.0.1
    `,
    // Two nodes of one leaf are on one switch. What the other leaf has nobody has told yet.
    reach('pod1', 'pod3').holds(),
    runs('pod1')`ping -c 1 -W 0.5 10.244.3.2`.fails('100% packet loss'),

    ...stage('routing daemons on the switches'),
    // What they write about themselves goes with the lab. They stay root, and may: an ordinary user's namespaces have no user frr.
    ...on('spine1')`
      mount -t tmpfs tmpfs /var/tmp
      mkdir -p /run/frr
      echo root:x:0: >/run/frr/group
      echo frrvty:x:0:root >>/run/frr/group
      mount --bind /run/frr/group /etc/group
    `,
    ...on('leaf1')`
      mount -t tmpfs tmpfs /var/tmp
      mkdir -p /run/frr
      echo root:x:0: >/run/frr/group
      echo frrvty:x:0:root >>/run/frr/group
      mount --bind /run/frr/group /etc/group
    `,
    ...on('leaf2')`
      mount -t tmpfs tmpfs /var/tmp
      mkdir -p /run/frr
      echo root:x:0: >/run/frr/group
      echo frrvty:x:0:root >>/run/frr/group
      mount --bind /run/frr/group /etc/group
    `,
    // A socket may be one that an earlier daemon left: each is ready once it answers.
    daemon('spine1', 'zebra')`/usr/lib/frr/zebra -u root -g root -f /dev/null -P 0`.readyWhen`vtysh -d zebra -c 'show version'`,
    daemon('leaf1', 'zebra')`/usr/lib/frr/zebra -u root -g root -f /dev/null -P 0`.readyWhen`vtysh -d zebra -c 'show version'`,
    daemon('leaf2', 'zebra')`/usr/lib/frr/zebra -u root -g root -f /dev/null -P 0`.readyWhen`vtysh -d zebra -c 'show version'`,
    daemon('spine1', 'isisd')`/usr/lib/frr/isisd -u root -g root -f /dev/null -P 0`.readyWhen`vtysh -d isisd -c 'show version'`,
    daemon('leaf1', 'isisd')`/usr/lib/frr/isisd -u root -g root -f /dev/null -P 0`.readyWhen`vtysh -d isisd -c 'show version'`,
    daemon('leaf2', 'isisd')`/usr/lib/frr/isisd -u root -g root -f /dev/null -P 0`.readyWhen`vtysh -d isisd -c 'show version'`,
    daemon('spine1', 'bgpd')`/usr/lib/frr/bgpd -u root -g root -f /dev/null -P 0`.readyWhen`vtysh -d bgpd -c 'show version'`,
    daemon('leaf1', 'bgpd')`/usr/lib/frr/bgpd -u root -g root -f /dev/null -P 0`.readyWhen`vtysh -d bgpd -c 'show version'`,
    daemon('leaf2', 'bgpd')`/usr/lib/frr/bgpd -u root -g root -f /dev/null -P 0`.readyWhen`vtysh -d bgpd -c 'show version'`,
    ...on('spine1')`
      vtysh --config_dir /run/aci/spine1 -b
    `,
    ...on('leaf1')`
      vtysh --config_dir /run/aci/leaf1 -b
    `,
    ...on('leaf2')`
      vtysh --config_dir /run/aci/leaf2 -b
    `,
    // A leaf knows of whoever has said something: everybody asks for the gateway once.
    ...on('node1')`
      ping -c 1 -W 1 192.168.1.1
      ip netns exec pod1 ping -c 1 -W 1 10.244.0.1
      ip netns exec pod2 ping -c 1 -W 1 10.244.0.1
    `,
    ...on('node2')`
      ping -c 1 -W 1 192.168.1.1
      ip netns exec pod3 ping -c 1 -W 1 10.244.0.1
    `,
    ...on('node3')`
      ping -c 1 -W 1 192.168.1.1
      ip netns exec pod4 ping -c 1 -W 1 10.244.0.1
    `,
    reach('pod1', 'pod4').holds().within(30_000),
    runs('leaf1')`bridge fdb show dev vx20 | grep -c 'dst 10.255.0.2.*extern_learn'`.holds().within(30_000),
    // Where the other leaf is, IS-IS has told.
    runs('leaf1')`ip route show 10.255.0.2`.prints('via 10.254.1.2 dev up0 proto isis'),
    reach.all().holds().within(30_000),
    hops('pod1', 'pod4').are(0),
    hops('pod1', 'node3').are(1),
    wire('pod1', 'pod4', 'spine1/leaf1').carries({
      encapsulation: 'vxlan',
      vni: 20,
      port: 4789,
      outer: ['10.255.0.1', '10.255.0.2'],
      inner: ['10.244.1.2', '10.244.3.2'],
    }),
    // The same gateway on both leaves.
    runs('pod1')`ping -c 1 10.244.0.1 >/dev/null; ip neigh show 10.244.0.1`.prints('lladdr 00:22:bd:f8:19:ff'),
    runs('pod4')`ping -c 1 10.244.0.1 >/dev/null; ip neigh show 10.244.0.1`.prints('lladdr 00:22:bd:f8:19:ff'),

    ...stage('two groups and a contract: pod2 may talk to pod4 by TCP alone'),
    ...on('leaf1')`
      nft add table bridge contract
      nft add chain bridge contract fabric '{ type filter hook prerouting priority 0; policy accept; }'
      nft add rule bridge contract fabric ip saddr 10.244.1.3 ip daddr 10.244.3.2 ip protocol != tcp drop
    `,
    reach('pod2', 'pod4').only('tcp').holds(),
    runs('pod2')`ping -c 1 -W 0.5 10.244.3.2`.fails('100% packet loss'),
    reach('pod1', 'pod4').holds(),
    ...stage('the contract is void'),
    ...on('leaf1')`
      nft delete table bridge contract
    `,
    reach('pod2', 'pod4').holds(),

    ...stage('leaf2 loses its cable to the spine'),
    ...on('leaf2')`
      ip link set up0 down
    `,
    // Three seconds without a word of IS-IS, and everybody forgets what leaf2 had told. Both ends of its session have to have ended it:
    // one that lived on until the cable is there again would be ended then, after a moment in which all is well.
    runs('spine1')`vtysh -c 'show bgp neighbors 10.255.0.2' | grep 'BGP state = Established' | wc -l`.prints('0').within(20_000),
    runs('leaf2')`vtysh -c 'show bgp neighbors 10.255.0.100' | grep 'BGP state = Established' | wc -l`.prints('0').within(20_000),
    runs('leaf1')`bridge fdb show dev vx20 | grep 'dst 10.255.0.2' | wc -l`.prints('0').within(20_000),
    runs('pod1')`ping -c 1 -W 0.5 10.244.3.2`.fails('100% packet loss').within(10_000),
    reach('pod1', 'pod3').holds(),

    ...stage('the cable is there again'),
    ...on('leaf2')`
      ip link set up0 up
    `,
    runs('spine1')`vtysh -c 'show bgp neighbors 10.255.0.2' | grep 'BGP state'`.prints('Established').within(40_000),
    runs('leaf1')`bridge fdb show dev vx20 | grep -c 'dst 10.255.0.2.*extern_learn'`.holds().within(40_000),
    reach('pod1', 'pod4').holds().within(40_000),
    // The segment of the nodes comes when it comes.
    reach.all().holds().within(40_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
