// NSX: logical switches and one distributed router, drawn once in a central database and carried out by a flow switch on every
// node, which routes where the packet begins and sends it to the other node in Geneve. The open parts of it: OVN, Open vSwitch.
//
//                 central on node1: northbound and southbound databases, northd
//                         |                  |                   |
//   pod1 10.244.1.2 --+   |                  |                   |
//                     +-- br-int [node1]     |                   |        eth0 is a port of br-phy,
//   pod2 10.244.1.3 --+     :  br-phy 192.168.1.11 == Geneve 6081 ==+     which holds the node's address
//                           :                |                   |  |
//   pod3 10.244.2.2 ------ br-int [node2]    |                   |  |
//                           :  br-phy 192.168.1.12 ==============|==+
//                           :                                    |  |
//   pod4 10.244.3.2 ------ br-int [node3]                        |  |
//                              br-phy 192.168.1.13 =================+
//
//   as it is drawn:  ls1 10.244.1.0/24 --+
//                    ls2 10.244.2.0/24 --+-- lr0, on no machine and on all
//                    ls3 10.244.3.0/24 --+
//
// The switches run in user space, so nothing fills in the checksums that a veth pair leaves to hardware: pods fill in their own.
import {daemon, hops, noNat, on, reach, runs, scenario, stage, uniqueAddress, wire} from 'podwire'

export default scenario({
  title: 'NSX, by OVN: logical switches, one distributed router, Geneve between nodes, and a firewall and load balancer on each',
  solution: 'NSX, by OVN',
  underlay: '192.168.1.0/24',
  nodes: {
    node1: '192.168.1.11',
    node2: '192.168.1.12',
    node3: '192.168.1.13',
  },
  // 1500 less 58: IP 20, UDP 8, Geneve 8 and OVN's option 8, Ethernet 14.
  mtu: 1442,
  devices: ['/dev/net/tun'],
  pods: {
    pod1: {node: 'node1', address: '10.244.1.2'},
    pod2: {node: 'node1', address: '10.244.1.3'},
    pod3: {node: 'node2', address: '10.244.2.2'},
    pod4: {node: 'node3', address: '10.244.3.2'},
  },
  needs: {'ovs-vswitchd': 'openvswitch-switch', 'ovn-northd': 'ovn-central', 'ovn-controller': 'ovn-host', ethtool: 'ethtool'},
  steps: [
    ...stage('a switch on each node, and the node itself behind it'),
    ...on('node1')`
      mkdir -p /run/openvswitch /run/ovn
      ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
    `,
    ...on('node2')`
      mkdir -p /run/openvswitch /run/ovn
      ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
    `,
    ...on('node3')`
      mkdir -p /run/openvswitch /run/ovn
      ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
    `,
    daemon('node1', 'ovsdb')`ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock`
      .readyWhen`ovs-vsctl --no-wait init`,
    daemon('node2', 'ovsdb')`ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock`
      .readyWhen`ovs-vsctl --no-wait init`,
    daemon('node3', 'ovsdb')`ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock`
      .readyWhen`ovs-vsctl --no-wait init`,
    daemon('node1', 'vswitchd')`ovs-vswitchd --pidfile`.readyWhen`ovs-appctl version`,
    daemon('node2', 'vswitchd')`ovs-vswitchd --pidfile`.readyWhen`ovs-appctl version`,
    daemon('node3', 'vswitchd')`ovs-vswitchd --pidfile`.readyWhen`ovs-appctl version`,
    // A tunnel of the user-space switch begins at an address that one of its own bridges has.
    ...on('node1')`
      ovs-vsctl add-br br-phy -- set bridge br-phy datapath_type=netdev -- add-port br-phy eth0
      ip addr del 192.168.1.11/24 dev eth0
      ip link set br-phy up
      ip addr add 192.168.1.11/24 dev br-phy
    `,
    ...on('node2')`
      ovs-vsctl add-br br-phy -- set bridge br-phy datapath_type=netdev -- add-port br-phy eth0
      ip addr del 192.168.1.12/24 dev eth0
      ip link set br-phy up
      ip addr add 192.168.1.12/24 dev br-phy
    `,
    ...on('node3')`
      ovs-vsctl add-br br-phy -- set bridge br-phy datapath_type=netdev -- add-port br-phy eth0
      ip addr del 192.168.1.13/24 dev eth0
      ip link set br-phy up
      ip addr add 192.168.1.13/24 dev br-phy
    `,
    reach.among('node1', 'node2', 'node3').holds().within(20_000),

    ...stage('the central databases, and what turns a drawing into flows'),
    ...on('node1')`
      ovsdb-tool create /run/ovn/nb.db /usr/share/ovn/ovn-nb.ovsschema
      ovsdb-tool create /run/ovn/sb.db /usr/share/ovn/ovn-sb.ovsschema
    `,
    daemon('node1', 'nb')`
      ovsdb-server /run/ovn/nb.db --remote=punix:/run/ovn/ovnnb_db.sock --unixctl=/run/ovn/nb.ctl
    `.readyWhen`ovn-nbctl init`,
    daemon('node1', 'sb')`
      ovsdb-server /run/ovn/sb.db --remote=punix:/run/ovn/ovnsb_db.sock --remote=ptcp:6642:192.168.1.11 --unixctl=/run/ovn/sb.ctl
    `.readyWhen`ovn-sbctl init`,
    daemon('node1', 'northd')`ovn-northd`.readyWhen`ovn-nbctl --timeout=1 --wait=sb sync`,

    ...stage('the drawing: a logical switch for the pods of each node, one router between them'),
    ...on('node1')`
      ovn-nbctl lr-add lr0
      ovn-nbctl ls-add ls1 -- set logical_switch ls1 other_config:requested-tnl-key=1
      ovn-nbctl ls-add ls2 -- set logical_switch ls2 other_config:requested-tnl-key=2
      ovn-nbctl ls-add ls3 -- set logical_switch ls3 other_config:requested-tnl-key=3
      ovn-nbctl lrp-add lr0 lr0-ls1 0a:00:00:00:01:01 10.244.1.1/24
      ovn-nbctl lrp-add lr0 lr0-ls2 0a:00:00:00:02:01 10.244.2.1/24
      ovn-nbctl lrp-add lr0 lr0-ls3 0a:00:00:00:03:01 10.244.3.1/24
      ovn-nbctl lsp-add ls1 ls1-lr0 -- lsp-set-type ls1-lr0 router -- lsp-set-addresses ls1-lr0 router -- lsp-set-options ls1-lr0 router-port=lr0-ls1
      ovn-nbctl lsp-add ls2 ls2-lr0 -- lsp-set-type ls2-lr0 router -- lsp-set-addresses ls2-lr0 router -- lsp-set-options ls2-lr0 router-port=lr0-ls2
      ovn-nbctl lsp-add ls3 ls3-lr0 -- lsp-set-type ls3-lr0 router -- lsp-set-addresses ls3-lr0 router -- lsp-set-options ls3-lr0 router-port=lr0-ls3
      ovn-nbctl lsp-add ls1 pod1 -- lsp-set-addresses pod1 '0a:00:00:00:01:02 10.244.1.2'
      ovn-nbctl lsp-add ls1 pod2 -- lsp-set-addresses pod2 '0a:00:00:00:01:03 10.244.1.3'
      ovn-nbctl lsp-add ls2 pod3 -- lsp-set-addresses pod3 '0a:00:00:00:02:02 10.244.2.2'
      ovn-nbctl lsp-add ls3 pod4 -- lsp-set-addresses pod4 '0a:00:00:00:03:02 10.244.3.2'
    `,
    // Each node has a port among its pods, and is reached by it.
    ...on('node1')`
      ovn-nbctl lsp-add ls1 mp1 -- lsp-set-addresses mp1 '0a:00:00:00:01:fe 10.244.1.254'
      ovn-nbctl lsp-add ls2 mp2 -- lsp-set-addresses mp2 '0a:00:00:00:02:fe 10.244.2.254'
      ovn-nbctl lsp-add ls3 mp3 -- lsp-set-addresses mp3 '0a:00:00:00:03:fe 10.244.3.254'
      ovn-nbctl lr-route-add lr0 192.168.1.11/32 10.244.1.254
      ovn-nbctl lr-route-add lr0 192.168.1.12/32 10.244.2.254
      ovn-nbctl lr-route-add lr0 192.168.1.13/32 10.244.3.254
    `,

    ...stage('an agent on each node, and its pods on the switch'),
    ...on('node1')`
      ovs-vsctl set open . external_ids:system-id=node1 external_ids:ovn-remote=tcp:192.168.1.11:6642 external_ids:ovn-bridge-datapath-type=netdev
      ovs-vsctl set open . external_ids:ovn-encap-type=geneve external_ids:ovn-encap-ip=192.168.1.11
    `,
    ...on('node2')`
      ovs-vsctl set open . external_ids:system-id=node2 external_ids:ovn-remote=tcp:192.168.1.11:6642 external_ids:ovn-bridge-datapath-type=netdev
      ovs-vsctl set open . external_ids:ovn-encap-type=geneve external_ids:ovn-encap-ip=192.168.1.12
    `,
    ...on('node3')`
      ovs-vsctl set open . external_ids:system-id=node3 external_ids:ovn-remote=tcp:192.168.1.11:6642 external_ids:ovn-bridge-datapath-type=netdev
      ovs-vsctl set open . external_ids:ovn-encap-type=geneve external_ids:ovn-encap-ip=192.168.1.13
    `,
    daemon('node1', 'ovn-controller')`ovn-controller`.readyWhen`ovs-vsctl br-exists br-int`,
    daemon('node2', 'ovn-controller')`ovn-controller`.readyWhen`ovs-vsctl br-exists br-int`,
    daemon('node3', 'ovn-controller')`ovn-controller`.readyWhen`ovs-vsctl br-exists br-int`,
    ...on('node1')`
      ovs-vsctl add-port br-int mp1 -- set interface mp1 type=internal mac='"0a:00:00:00:01:fe"' mtu_request=1442 external_ids:iface-id=mp1
      ip link set mp1 up
      ip addr add 10.244.1.254/24 dev mp1
      ip route add 10.244.0.0/16 via 10.244.1.1
      ip netns add pod1
      ip link add veth-pod1 mtu 1442 type veth peer name eth0 mtu 1442 address 0a:00:00:00:01:02 netns pod1
      ip link set veth-pod1 up
      ip netns exec pod1 ethtool -K eth0 tx off
      ip -n pod1 addr add 10.244.1.2/24 dev eth0
      ip -n pod1 link set eth0 up
      ip -n pod1 route add default via 10.244.1.1
      ovs-vsctl add-port br-int veth-pod1 -- set interface veth-pod1 external_ids:iface-id=pod1
      ip netns add pod2
      ip link add veth-pod2 mtu 1442 type veth peer name eth0 mtu 1442 address 0a:00:00:00:01:03 netns pod2
      ip link set veth-pod2 up
      ip netns exec pod2 ethtool -K eth0 tx off
      ip -n pod2 addr add 10.244.1.3/24 dev eth0
      ip -n pod2 link set eth0 up
      ip -n pod2 route add default via 10.244.1.1
      ovs-vsctl add-port br-int veth-pod2 -- set interface veth-pod2 external_ids:iface-id=pod2
    `,
    ...on('node2')`
      ovs-vsctl add-port br-int mp2 -- set interface mp2 type=internal mac='"0a:00:00:00:02:fe"' mtu_request=1442 external_ids:iface-id=mp2
      ip link set mp2 up
      ip addr add 10.244.2.254/24 dev mp2
      ip route add 10.244.0.0/16 via 10.244.2.1
      ip netns add pod3
      ip link add veth-pod3 mtu 1442 type veth peer name eth0 mtu 1442 address 0a:00:00:00:02:02 netns pod3
      ip link set veth-pod3 up
      ip netns exec pod3 ethtool -K eth0 tx off
      ip -n pod3 addr add 10.244.2.2/24 dev eth0
      ip -n pod3 link set eth0 up
      ip -n pod3 route add default via 10.244.2.1
      ovs-vsctl add-port br-int veth-pod3 -- set interface veth-pod3 external_ids:iface-id=pod3
    `,
    ...on('node3')`
      ovs-vsctl add-port br-int mp3 -- set interface mp3 type=internal mac='"0a:00:00:00:03:fe"' mtu_request=1442 external_ids:iface-id=mp3
      ip link set mp3 up
      ip addr add 10.244.3.254/24 dev mp3
      ip route add 10.244.0.0/16 via 10.244.3.1
      ip netns add pod4
      ip link add veth-pod4 mtu 1442 type veth peer name eth0 mtu 1442 address 0a:00:00:00:03:02 netns pod4
      ip link set veth-pod4 up
      ip netns exec pod4 ethtool -K eth0 tx off
      ip -n pod4 addr add 10.244.3.2/24 dev eth0
      ip -n pod4 link set eth0 up
      ip -n pod4 route add default via 10.244.3.1
      ovs-vsctl add-port br-int veth-pod4 -- set interface veth-pod4 external_ids:iface-id=pod4
    `,
    runs('node1')`ovn-nbctl --timeout=20 --wait=hv sync`.holds(),
    // The first packet to another node is lost while the switch asks for that node's MAC.
    reach.among('pod1', 'pod2', 'pod3', 'pod4').holds().within(20_000),
    hops('pod1', 'pod2').are(0),
    // Routed once, by flows of node1: no machine is a router.
    hops('pod1', 'pod3').are(1),
    wire('pod1', 'pod3').carries({
      encapsulation: 'geneve',
      // Each way is marked with the logical switch that it comes out of.
      vni: 2,
      answerVni: 1,
      port: 6081,
      outer: ['192.168.1.11', '192.168.1.12'],
      inner: ['10.244.1.2', '10.244.2.2'],
    }),
    // The gateway is nobody: the switch of the pod's own node answers.
    runs('pod1')`ip neigh show 10.244.1.1`.prints('lladdr 0a:00:00:00:01:01'),

    ...stage('a service and a firewall, on the switch of whoever asks'),
    daemon('pod3', 'web')`socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:'echo pod3 saw $SOCAT_PEERADDR'`
      .readyWhen`ss -Htln sport = :8080 | grep .`,
    ...on('node1')`
      ovn-nbctl lb-add web 10.96.0.10:80 10.244.2.2:8080 tcp
      ovn-nbctl ls-lb-add ls1 web
      ovn-nbctl acl-add ls2 to-lport 1000 'outport == "pod3" && ip4.src == 10.244.1.3' drop
      ovn-nbctl --timeout=20 --wait=hv sync
    `,
    // The address of the service is translated, that of who asks is not.
    runs('pod1')`socat -T 2 - TCP:10.96.0.10:80,connect-timeout=2`.prints('pod3 saw 10.244.1.2').within(10_000),
    runs('pod2')`ping -c 1 -W 0.5 10.244.2.2`.fails('100% packet loss').within(10_000),
    reach('pod1', 'pod3').holds(),

    ...stage('the firewall lets it through again'),
    ...on('node1')`
      ovn-nbctl acl-del ls2
      ovn-nbctl --timeout=20 --wait=hv sync
    `,
    reach('pod2', 'pod3').holds().within(10_000),

    ...stage('the central databases die'),
    ...on('node1')`
      kill -9 $(cat /run/podwire/northd.pid) $(cat /run/podwire/nb.pid) $(cat /run/podwire/sb.pid)
    `,
    // What was drawn is on every node: packets take no notice.
    reach.among('pod1', 'pod2', 'pod3', 'pod4').holds(),

    ...stage('and the switch of node2 is started again meanwhile'),
    // It has lost its flows, and the agent has nobody to ask for them.
    ...on('node2')`
      kill -9 $(cat /run/podwire/vswitchd.pid)
      timeout 10 tail --pid=$(cat /run/podwire/vswitchd.pid) -f /dev/null
    `,
    daemon('node2', 'vswitchd')`ovs-vswitchd --pidfile`.readyWhen`ovs-appctl version`,
    ...on('node2')`
      ip link set br-phy up
      ip addr replace 192.168.1.12/24 dev br-phy
    `,
    reach('node1', 'node2').holds().within(20_000),
    runs('pod1')`ping -c 1 -W 0.5 10.244.2.2`.fails('100% packet loss').within(10_000),
    reach('pod1', 'pod4').holds(),

    ...stage('the central databases come back'),
    daemon('node1', 'nb')`
      ovsdb-server /run/ovn/nb.db --remote=punix:/run/ovn/ovnnb_db.sock --unixctl=/run/ovn/nb.ctl
    `.readyWhen`ovn-nbctl init`,
    daemon('node1', 'sb')`
      ovsdb-server /run/ovn/sb.db --remote=punix:/run/ovn/ovnsb_db.sock --remote=ptcp:6642:192.168.1.11 --unixctl=/run/ovn/sb.ctl
    `.readyWhen`ovn-sbctl init`,
    daemon('node1', 'northd')`ovn-northd`.readyWhen`ovn-nbctl --timeout=1 --wait=sb sync`,
    ...on('node2')`
      ip link set mp2 up
      ip addr replace 10.244.2.254/24 dev mp2
      ip route replace 10.244.0.0/16 via 10.244.2.1
    `,
    // The nodes' own ports among the pods, too: node2's is new.
    reach.all().holds().within(30_000),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
