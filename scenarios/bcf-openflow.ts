// Big Cloud Fabric: switches that know nothing by themselves. One controller tells all of them by OpenFlow what to do with which
// packet, and answers whoever asks for an address. Nothing is encapsulated; leaves share their packets out over both spines.
//
//      [controller] tells all four                   [spine1]    [spine2]
//                                                      |   \      /   |
//      gateway 192.168.1.254, on both leaves           |     \  /     |
//      and on none: flows route                        |     /  \     |
//                                                     [leaf1]      [leaf2]
//                                                     /     \         |
//                                               [node1]    [node2]   [node3]  192.168.1.11, .12, .13
//                                               /    \        |         |
//                                            pod1    pod2    pod3      pod4
//                                      10.244.1.2   .1.3     .2.2      .3.2
//
// A machine of a lab has one cable, eth0, and all are on one segment; a fabric has many. Each of its cables is a VXLAN of two ends
// over eth0, on UDP port 14789 and addresses of their own, 172.31.0.0/24. That takes 50 bytes; the fabric takes none.
import {daemon, hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'Big Cloud Fabric, by OpenFlow: leaves and spines that do what one controller tells them',
  solution: 'Big Cloud Fabric, by OpenFlow',
  underlay: '192.168.1.0/24',
  nodes: {
    node1: '192.168.1.11',
    node2: '192.168.1.12',
    node3: '192.168.1.13',
  },
  mtu: 1450,
  devices: ['/dev/net/tun'],
  hosts: {
    leaf1: '192.168.1.101',
    leaf2: '192.168.1.102',
    controller: '192.168.1.110',
    spine1: '192.168.1.201',
    spine2: '192.168.1.202',
  },
  pods: {
    pod1: {node: 'node1', address: '10.244.1.2'},
    pod2: {node: 'node1', address: '10.244.1.3'},
    pod3: {node: 'node2', address: '10.244.2.2'},
    pod4: {node: 'node3', address: '10.244.3.2'},
  },
  needs: {'ovs-vswitchd': 'openvswitch-switch', 'osken-manager': 'python3-os-ken', ethtool: 'ethtool'},
  files: {'/run/bcf/fabric.py': '../fixtures/bcf-openflow/fabric.py'},
  steps: [
    ...stage('cables between spines and leaves, and from leaves to nodes'),
    // What comes in by a cable goes to the switch packet by packet: put together, as the kernel would, they are longer than it takes.
    ...on('controller')`
      ip addr flush dev eth0
      ip addr add 172.31.0.110/24 dev eth0
    `,
    ...on('spine1')`
      ip addr flush dev eth0
      ip addr add 172.31.0.201/24 dev eth0
      ip link add leaf1 mtu 1450 type vxlan id 11 local 172.31.0.201 remote 172.31.0.101 dstport 14789
      ethtool -K leaf1 gro off
      ip link set leaf1 up
      ip link add leaf2 mtu 1450 type vxlan id 12 local 172.31.0.201 remote 172.31.0.102 dstport 14789
      ethtool -K leaf2 gro off
      ip link set leaf2 up
      mkdir -p /run/openvswitch
      ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
    `,
    ...on('spine2')`
      ip addr flush dev eth0
      ip addr add 172.31.0.202/24 dev eth0
      ip link add leaf1 mtu 1450 type vxlan id 21 local 172.31.0.202 remote 172.31.0.101 dstport 14789
      ethtool -K leaf1 gro off
      ip link set leaf1 up
      ip link add leaf2 mtu 1450 type vxlan id 22 local 172.31.0.202 remote 172.31.0.102 dstport 14789
      ethtool -K leaf2 gro off
      ip link set leaf2 up
      mkdir -p /run/openvswitch
      ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
    `,
    ...on('leaf1')`
      ip addr flush dev eth0
      ip addr add 172.31.0.101/24 dev eth0
      ip link add up1 mtu 1450 type vxlan id 11 local 172.31.0.101 remote 172.31.0.201 dstport 14789
      ethtool -K up1 gro off
      ip link set up1 up
      ip link add up2 mtu 1450 type vxlan id 21 local 172.31.0.101 remote 172.31.0.202 dstport 14789
      ethtool -K up2 gro off
      ip link set up2 up
      ip link add node1 mtu 1450 type vxlan id 101 local 172.31.0.101 remote 172.31.0.11 dstport 14789
      ethtool -K node1 gro off
      ip link set node1 up
      ip link add node2 mtu 1450 type vxlan id 102 local 172.31.0.101 remote 172.31.0.12 dstport 14789
      ethtool -K node2 gro off
      ip link set node2 up
      mkdir -p /run/openvswitch
      ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
    `,
    ...on('leaf2')`
      ip addr flush dev eth0
      ip addr add 172.31.0.102/24 dev eth0
      ip link add up1 mtu 1450 type vxlan id 12 local 172.31.0.102 remote 172.31.0.201 dstport 14789
      ethtool -K up1 gro off
      ip link set up1 up
      ip link add up2 mtu 1450 type vxlan id 22 local 172.31.0.102 remote 172.31.0.202 dstport 14789
      ethtool -K up2 gro off
      ip link set up2 up
      ip link add node3 mtu 1450 type vxlan id 103 local 172.31.0.102 remote 172.31.0.13 dstport 14789
      ethtool -K node3 gro off
      ip link set node3 up
      mkdir -p /run/openvswitch
      ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
    `,

    ...stage('a switch on each, which waits to be told, and a controller, which waits to be asked'),
    daemon('controller', 'controller')`
      osken-manager --ofp-listen-host 172.31.0.110 --ofp-tcp-listen-port 6653 /run/bcf/fabric.py
    `.readyWhen`ss -Htln sport = :6653 | grep .`,
    daemon('spine1', 'ovsdb')`ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock`
      .readyWhen`ovs-vsctl --no-wait init`,
    daemon('spine2', 'ovsdb')`ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock`
      .readyWhen`ovs-vsctl --no-wait init`,
    daemon('leaf1', 'ovsdb')`ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock`
      .readyWhen`ovs-vsctl --no-wait init`,
    daemon('leaf2', 'ovsdb')`ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock`
      .readyWhen`ovs-vsctl --no-wait init`,
    daemon('spine1', 'vswitchd')`ovs-vswitchd --pidfile`.readyWhen`ovs-appctl version`,
    daemon('spine2', 'vswitchd')`ovs-vswitchd --pidfile`.readyWhen`ovs-appctl version`,
    daemon('leaf1', 'vswitchd')`ovs-vswitchd --pidfile`.readyWhen`ovs-appctl version`,
    daemon('leaf2', 'vswitchd')`ovs-vswitchd --pidfile`.readyWhen`ovs-appctl version`,
    ...on('spine1')`
      ovs-vsctl add-br sw -- set bridge sw datapath_type=netdev fail_mode=secure protocols=OpenFlow13 other_config:datapath-id=0000000000000021
      ovs-vsctl add-port sw leaf1 -- set interface leaf1 ofport_request=1
      ovs-vsctl add-port sw leaf2 -- set interface leaf2 ofport_request=2
    `,
    ...on('spine2')`
      ovs-vsctl add-br sw -- set bridge sw datapath_type=netdev fail_mode=secure protocols=OpenFlow13 other_config:datapath-id=0000000000000022
      ovs-vsctl add-port sw leaf1 -- set interface leaf1 ofport_request=1
      ovs-vsctl add-port sw leaf2 -- set interface leaf2 ofport_request=2
    `,
    ...on('leaf1')`
      ovs-vsctl add-br sw -- set bridge sw datapath_type=netdev fail_mode=secure protocols=OpenFlow13 other_config:datapath-id=0000000000000011
      ovs-vsctl add-port sw up1 -- set interface up1 ofport_request=101
      ovs-vsctl add-port sw up2 -- set interface up2 ofport_request=102
      ovs-vsctl add-port sw node1 -- set interface node1 ofport_request=1
      ovs-vsctl add-port sw node2 -- set interface node2 ofport_request=2
    `,
    ...on('leaf2')`
      ovs-vsctl add-br sw -- set bridge sw datapath_type=netdev fail_mode=secure protocols=OpenFlow13 other_config:datapath-id=0000000000000012
      ovs-vsctl add-port sw up1 -- set interface up1 ofport_request=101
      ovs-vsctl add-port sw up2 -- set interface up2 ofport_request=102
      ovs-vsctl add-port sw node3 -- set interface node3 ofport_request=3
    `,

    ...stage('the nodes: each a router for its own pods, by way of the fabric to all others'),
    // The switches run in user space: nothing fills in the checksums that a device leaves to hardware.
    ...on('node1')`
      sysctl -w net.ipv4.ip_forward=1
      ip addr flush dev eth0
      ip addr add 172.31.0.11/24 dev eth0
      ip link add fab0 address 0a:00:00:00:00:11 mtu 1450 type vxlan id 101 local 172.31.0.11 remote 172.31.0.101 dstport 14789
      ethtool -K fab0 tx off
      ip addr add 192.168.1.11/24 dev fab0
      ip link set fab0 up
      ip route add 10.244.0.0/16 via 192.168.1.254
      ip link add v-net-0 mtu 1450 type bridge
      ip addr add 10.244.1.1/24 dev v-net-0
      ip link set v-net-0 up
      ip netns add pod1
      ip link add veth-pod1 mtu 1450 type veth peer name eth0 mtu 1450 netns pod1
      ip link set veth-pod1 master v-net-0
      ip link set veth-pod1 up
      ip -n pod1 addr add 10.244.1.2/24 dev eth0
      ip -n pod1 link set eth0 up
      ip -n pod1 route add default via 10.244.1.1
      ip netns add pod2
      ip link add veth-pod2 mtu 1450 type veth peer name eth0 mtu 1450 netns pod2
      ip link set veth-pod2 master v-net-0
      ip link set veth-pod2 up
      ip -n pod2 addr add 10.244.1.3/24 dev eth0
      ip -n pod2 link set eth0 up
      ip -n pod2 route add default via 10.244.1.1
    `,
    ...on('node2')`
      sysctl -w net.ipv4.ip_forward=1
      ip addr flush dev eth0
      ip addr add 172.31.0.12/24 dev eth0
      ip link add fab0 address 0a:00:00:00:00:12 mtu 1450 type vxlan id 102 local 172.31.0.12 remote 172.31.0.101 dstport 14789
      ethtool -K fab0 tx off
      ip addr add 192.168.1.12/24 dev fab0
      ip link set fab0 up
      ip route add 10.244.0.0/16 via 192.168.1.254
      ip link add v-net-0 mtu 1450 type bridge
      ip addr add 10.244.2.1/24 dev v-net-0
      ip link set v-net-0 up
      ip netns add pod3
      ip link add veth-pod3 mtu 1450 type veth peer name eth0 mtu 1450 netns pod3
      ip link set veth-pod3 master v-net-0
      ip link set veth-pod3 up
      ip -n pod3 addr add 10.244.2.2/24 dev eth0
      ip -n pod3 link set eth0 up
      ip -n pod3 route add default via 10.244.2.1
    `,
    ...on('node3')`
      sysctl -w net.ipv4.ip_forward=1
      ip addr flush dev eth0
      ip addr add 172.31.0.13/24 dev eth0
      ip link add fab0 address 0a:00:00:00:00:13 mtu 1450 type vxlan id 103 local 172.31.0.13 remote 172.31.0.102 dstport 14789
      ethtool -K fab0 tx off
      ip addr add 192.168.1.13/24 dev fab0
      ip link set fab0 up
      ip route add 10.244.0.0/16 via 192.168.1.254
      ip link add v-net-0 mtu 1450 type bridge
      ip addr add 10.244.3.1/24 dev v-net-0
      ip link set v-net-0 up
      ip netns add pod4
      ip link add veth-pod4 mtu 1450 type veth peer name eth0 mtu 1450 netns pod4
      ip link set veth-pod4 master v-net-0
      ip link set veth-pod4 up
      ip -n pod4 addr add 10.244.3.2/24 dev eth0
      ip -n pod4 link set eth0 up
      ip -n pod4 route add default via 10.244.3.1
    `,
    runs('node1')`ping -c 1 -W 0.5 192.168.1.12`.fails('100% packet loss'),

    ...stage('every switch is told where the controller is'),
    // Tried again every second where it is gone, not every eight.
    ...on('spine1')`
      ovs-vsctl set-controller sw tcp:172.31.0.110:6653 -- set controller sw max_backoff=1000
    `,
    ...on('spine2')`
      ovs-vsctl set-controller sw tcp:172.31.0.110:6653 -- set controller sw max_backoff=1000
    `,
    ...on('leaf1')`
      ovs-vsctl set-controller sw tcp:172.31.0.110:6653 -- set controller sw max_backoff=1000
    `,
    ...on('leaf2')`
      ovs-vsctl set-controller sw tcp:172.31.0.110:6653 -- set controller sw max_backoff=1000
    `,
    reach('pod1', 'pod4').holds().within(30_000),
    reach.all(),
    // node1, the fabric, node3.
    hops('pod1', 'pod4').are(3),
    wire('pod1', 'pod4', 'leaf1/node1').carries({encapsulation: 'none', inner: ['10.244.1.2', '10.244.3.2']}),
    runs('node1')`ip neigh show 192.168.1.254`.prints('lladdr 00:00:5e:00:01:01'),

    ...stage('64 conversations, to as many ports'),
    ...on('node1')`
      ip netns exec pod1 bash -c 'for port in {9001..9064}; do echo >/dev/udp/10.244.3.2/$port; done'
    `,
    // A leaf shares them out over both spines: each has carried some of what goes to node3.
    runs('spine1')`ovs-ofctl -O OpenFlow13 dump-flows sw dl_dst=0a:00:00:00:00:13 | grep 'n_packets=[1-9]'`.holds().within(10_000),
    runs('spine2')`ovs-ofctl -O OpenFlow13 dump-flows sw dl_dst=0a:00:00:00:00:13 | grep 'n_packets=[1-9]'`.holds().within(10_000),

    ...stage('spine1 goes: each leaf loses its cable to it'),
    ...on('leaf1')`
      ip link set up1 down
    `,
    ...on('leaf2')`
      ip link set up1 down
    `,
    // The leaves' groups send by the other cable: nobody has to be asked.
    reach('pod1', 'pod4').holds().within(10_000),
    reach('pod2', 'node3').holds().within(10_000),
    ...stage('spine1 is there again'),
    ...on('leaf1')`
      ip link set up1 up
    `,
    ...on('leaf2')`
      ip link set up1 up
    `,
    reach('pod1', 'pod4').holds().within(10_000),

    ...stage('the controller dies'),
    ...on('controller')`
      kill -9 $(cat /run/podwire/controller.pid)
    `,
    // Every switch goes on as it was told.
    runs('pod1')`ping -c 3 -i 0.2 -W 1 10.244.3.2`.prints('0% packet loss'),
    ...stage('and node1 has forgotten where the gateway is'),
    ...on('node1')`
      ip neigh flush dev fab0
    `,
    // Nobody answers for it any more.
    runs('pod1')`ping -c 1 -W 0.5 10.244.3.2`.fails('100% packet loss').within(10_000),

    ...stage('the controller comes back'),
    daemon('controller', 'controller')`
      osken-manager --ofp-listen-host 172.31.0.110 --ofp-tcp-listen-port 6653 /run/bcf/fabric.py
    `.readyWhen`ss -Htln sport = :6653 | grep .`,
    reach('pod1', 'pod4').holds().within(40_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
