// A service beside the pod network: 10.96.0.10:80 inside the cluster and port 30080 of every node outside it, spread over
// pod1 and pod3 by nftables on every node. No place holds 10.96.0.10; the pods still reach one another untranslated.
//
//   pod1 10.244.1.2 :80 --+
//                         +-- v-net-0 10.244.1.1 [node1] 192.168.1.11 :30080 --+
//   pod2 10.244.1.3 ------+                                                    |
//                                                                              |  192.168.1.0/24
//   pod3 10.244.2.2 :80 ----- v-net-0 10.244.2.1 [node2] 192.168.1.12 :30080 --+-- 192.168.1.100 [client]
//                                                                              |
//   pod4 10.244.3.2 --------- v-net-0 10.244.3.1 [node3] 192.168.1.13 :30080 --+
import {noNat, on, reach, runs, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'a ClusterIP and a NodePort over two pods, and no translation between pods',
  shows: [
    'How do you access the services running on these Pods internally from within the cluster, as well as externally from outside the cluster?',
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
  hosts: {client: '192.168.1.100'},
  steps: [
    ...stage('the pods of each node on its bridge'),
    ...on('node1')`
      ip netns add pod1
      ip netns add pod2
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.1.1/24 dev v-net-0
      ip link add veth-pod1 type veth peer name veth-pod1-br
      ip link set veth-pod1 netns pod1
      ip link set veth-pod1-br master v-net-0
      ip link set dev veth-pod1-br up
      ip -n pod1 addr add 10.244.1.2/24 dev veth-pod1
      ip -n pod1 link set veth-pod1 up
      ip -n pod1 route add default via 10.244.1.1
      ip link add veth-pod2 type veth peer name veth-pod2-br
      ip link set veth-pod2 netns pod2
      ip link set veth-pod2-br master v-net-0
      ip link set dev veth-pod2-br up
      ip -n pod2 addr add 10.244.1.3/24 dev veth-pod2
      ip -n pod2 link set veth-pod2 up
      ip -n pod2 route add default via 10.244.1.1
    `,
    ...on('node2')`
      ip netns add pod3
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.2.1/24 dev v-net-0
      ip link add veth-pod3 type veth peer name veth-pod3-br
      ip link set veth-pod3 netns pod3
      ip link set veth-pod3-br master v-net-0
      ip link set dev veth-pod3-br up
      ip -n pod3 addr add 10.244.2.2/24 dev veth-pod3
      ip -n pod3 link set veth-pod3 up
      ip -n pod3 route add default via 10.244.2.1
    `,
    ...on('node3')`
      ip netns add pod4
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.3.1/24 dev v-net-0
      ip link add veth-pod4 type veth peer name veth-pod4-br
      ip link set veth-pod4 netns pod4
      ip link set veth-pod4-br master v-net-0
      ip link set dev veth-pod4-br up
      ip -n pod4 addr add 10.244.3.2/24 dev veth-pod4
      ip -n pod4 link set veth-pod4 up
      ip -n pod4 route add default via 10.244.3.1
    `,

    ...stage('routes between the nodes'),
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
    reach.among('pod1', 'pod2', 'pod3', 'pod4'),

    ...stage('a server on pod1 and on pod3'),
    // Each tells its name, and whom the connection came from.
    ...on('node1')`
      ip netns exec pod1 socat TCP-LISTEN:80,fork,reuseaddr SYSTEM:'echo pod1 saw $SOCAT_PEERADDR' </dev/null >/dev/null 2>&1 &
      timeout 5 sh -c 'until ip netns exec pod1 ss -Hltn sport = :80 | grep -q LISTEN; do sleep 0.01; done'
    `,
    ...on('node2')`
      ip netns exec pod3 socat TCP-LISTEN:80,fork,reuseaddr SYSTEM:'echo pod3 saw $SOCAT_PEERADDR' </dev/null >/dev/null 2>&1 &
      timeout 5 sh -c 'until ip netns exec pod3 ss -Hltn sport = :80 | grep -q LISTEN; do sleep 0.01; done'
    `,
    runs('pod4')`socat -u TCP:10.244.1.2:80,connect-timeout=2 -`.prints('pod1 saw 10.244.3.2'),
    runs('pod4')`socat -u TCP:10.244.2.2:80,connect-timeout=2 -`.prints('pod3 saw 10.244.3.2'),
    // The service's address is nobody's, and nobody has a route to it.
    reach('pod4', '10.96.0.10').fails('no-route', 'node3'),
    runs('node3')`ip route get 10.96.0.10`.fails('Network is unreachable'),

    ...stage('the service inside the cluster', 'How do you access the services running on these Pods internally from within the cluster'),
    // Bridged packets do not pass these hooks. Where the kernel has br_netfilter they would; here they do not anywhere.
    ...on('node1')`
      sysctl -e -w net.bridge.bridge-nf-call-iptables=0
      nft add table ip services
      nft add chain ip services prerouting '{ type nat hook prerouting priority dstnat; }'
      nft add chain ip services postrouting '{ type nat hook postrouting priority srcnat; }'
      nft add rule ip services prerouting ip daddr 10.96.0.10 tcp dport 80 \
        dnat to numgen inc mod 2 map '{ 0 : 10.244.1.2, 1 : 10.244.2.2 }'
    `,
    ...on('node2')`
      sysctl -e -w net.bridge.bridge-nf-call-iptables=0
      nft add table ip services
      nft add chain ip services prerouting '{ type nat hook prerouting priority dstnat; }'
      nft add chain ip services postrouting '{ type nat hook postrouting priority srcnat; }'
      nft add rule ip services prerouting ip daddr 10.96.0.10 tcp dport 80 \
        dnat to numgen inc mod 2 map '{ 0 : 10.244.1.2, 1 : 10.244.2.2 }'
    `,
    ...on('node3')`
      sysctl -e -w net.bridge.bridge-nf-call-iptables=0
      nft add table ip services
      nft add chain ip services prerouting '{ type nat hook prerouting priority dstnat; }'
      nft add chain ip services postrouting '{ type nat hook postrouting priority srcnat; }'
      nft add rule ip services prerouting ip daddr 10.96.0.10 tcp dport 80 \
        dnat to numgen inc mod 2 map '{ 0 : 10.244.1.2, 1 : 10.244.2.2 }'
    `,
    // What comes to pod1 from its own address, and what of it is let in; what pod1's server sends to pod2.
    ...on('node1')`
      ip netns exec pod1 nft add table ip seen
      ip netns exec pod1 nft add chain ip seen prerouting '{ type filter hook prerouting priority raw; }'
      ip netns exec pod1 nft add chain ip seen input '{ type filter hook input priority filter; }'
      ip netns exec pod1 nft add rule ip seen prerouting ip saddr 10.244.1.2 ip daddr 10.244.1.2 tcp dport 80 counter
      ip netns exec pod1 nft add rule ip seen input ip saddr 10.244.1.2 ip daddr 10.244.1.2 tcp dport 80 counter
      ip netns exec pod2 nft add table ip seen
      ip netns exec pod2 nft add chain ip seen prerouting '{ type filter hook prerouting priority raw; }'
      ip netns exec pod2 nft add rule ip seen prerouting ip saddr 10.244.1.2 tcp sport 80 counter
    `,
    // In turn to one and the other, and both see the pod that asks: only the destination was translated.
    runs('pod4')`socat -u TCP:10.96.0.10:80,connect-timeout=2 -`.prints('pod1 saw 10.244.3.2'),
    runs('pod4')`socat -u TCP:10.96.0.10:80,connect-timeout=2 -`.prints('pod3 saw 10.244.3.2'),
    runs('pod4')`socat -u TCP:10.96.0.10:80,connect-timeout=2 -`.prints('pod1 saw 10.244.3.2'),
    // pod1 gets itself, and takes no packet from outside that has its own address; pod3 answers it.
    runs('pod1')`socat -u TCP:10.96.0.10:80,connect-timeout=0.1 -`.fails('timed out'),
    runs('pod1')`nft list chain ip seen prerouting`.prints('ip daddr 10.244.1.2 tcp dport 80 counter packets 1 bytes'),
    runs('pod1')`nft list chain ip seen input`.prints('ip daddr 10.244.1.2 tcp dport 80 counter packets 0 bytes'),
    runs('pod1')`socat -u TCP:10.96.0.10:80,connect-timeout=2 -`.prints('pod3 saw 10.244.1.2'),
    runs('pod1')`ip route get 10.244.1.2 from 10.244.1.2 iif veth-pod1`.fails('RTNETLINK answers: Invalid argument'),
    // pod1 answers pod2 over the bridge, past the node that could translate it back.
    runs('pod2')`socat -u TCP:10.96.0.10:80,connect-timeout=0.1 -`.fails('timed out'),
    runs('pod2')`nft list chain ip seen prerouting`.prints('ip saddr 10.244.1.2 tcp sport 80 counter packets 1 bytes'),
    runs('pod2')`socat -u TCP:10.96.0.10:80,connect-timeout=2 -`.prints('pod3 saw 10.244.1.3'),
    runs('pod1')`ip route get 10.244.1.3`.prints('10.244.1.3 dev veth-pod1'),

    ...stage('a pod that gets itself or its neighbour'),
    // They answer the bridge then, where the answer is translated back. ct status dnat: only what came by way of the service.
    ...on('node1')`
      nft add rule ip services postrouting ct status dnat ip saddr 10.244.1.0/24 ip daddr 10.244.1.0/24 masquerade
    `,
    ...on('node2')`
      nft add rule ip services postrouting ct status dnat ip saddr 10.244.2.0/24 ip daddr 10.244.2.0/24 masquerade
    `,
    ...on('node3')`
      nft add rule ip services postrouting ct status dnat ip saddr 10.244.3.0/24 ip daddr 10.244.3.0/24 masquerade
    `,
    runs('pod1')`socat -u TCP:10.96.0.10:80,connect-timeout=2 -`.prints('pod1 saw 10.244.1.1'),
    runs('pod1')`socat -u TCP:10.96.0.10:80,connect-timeout=2 -`.prints('pod3 saw 10.244.1.2'),
    runs('pod2')`socat -u TCP:10.96.0.10:80,connect-timeout=2 -`.prints('pod1 saw 10.244.1.1'),
    runs('pod2')`socat -u TCP:10.96.0.10:80,connect-timeout=2 -`.prints('pod3 saw 10.244.1.3'),
    runs('pod2')`socat -u TCP:10.244.1.2:80,connect-timeout=2 -`.prints('pod1 saw 10.244.1.3'),
    noNat.among('pod1', 'pod2', 'pod3', 'pod4'),

    ...stage('the service outside the cluster', 'as well as externally from outside the cluster?'),
    runs('client')`socat -u TCP:192.168.1.11:30080 -`.fails('Connection refused'),
    runs('client')`socat -u TCP:10.96.0.10:80 -`.fails('Network is unreachable'),

    ...stage('a port of every node'),
    ...on('node1')`
      nft add rule ip services prerouting fib daddr type local tcp dport 30080 \
        dnat to numgen inc mod 2 map '{ 0 : 10.244.1.2 . 80, 1 : 10.244.2.2 . 80 }'
    `,
    ...on('node2')`
      nft add rule ip services prerouting fib daddr type local tcp dport 30080 \
        dnat to numgen inc mod 2 map '{ 0 : 10.244.1.2 . 80, 1 : 10.244.2.2 . 80 }'
    `,
    ...on('node3')`
      nft add rule ip services prerouting fib daddr type local tcp dport 30080 \
        dnat to numgen inc mod 2 map '{ 0 : 10.244.1.2 . 80, 1 : 10.244.2.2 . 80 }'
    `,
    // What pod3's server sends to the client under its own address.
    ...on('client')`
      nft add table ip seen
      nft add chain ip seen prerouting '{ type filter hook prerouting priority raw; }'
      nft add rule ip seen prerouting ip saddr 10.244.2.2 tcp sport 80 counter
    `,
    // pod1 answers by way of node1, which the client asked; pod3 by way of node2, with its own address, which it did not.
    runs('client')`socat -u TCP:192.168.1.11:30080,connect-timeout=2 -`.prints('pod1 saw 192.168.1.100'),
    runs('client')`socat -u TCP:192.168.1.11:30080,connect-timeout=0.1 -`.fails('timed out'),
    // At least once: the client can refuse nothing where it has no route, and pod3 tries again.
    runs('client')`nft list chain ip seen prerouting | grep -v 'packets 0'`.prints('ip saddr 10.244.2.2 tcp sport 80 counter packets'),
    runs('node2')`ip route get 192.168.1.100 from 10.244.2.2 iif v-net-0`.prints('192.168.1.100 from 10.244.2.2 dev eth0'),

    ...stage('every answer by way of the node that was asked'),
    // What Kubernetes calls externalTrafficPolicy: Cluster. No server sees the client.
    ...on('node1')`
      nft add rule ip services postrouting ct status dnat meta l4proto tcp ct original proto-dst 30080 masquerade
    `,
    ...on('node2')`
      nft add rule ip services postrouting ct status dnat meta l4proto tcp ct original proto-dst 30080 masquerade
    `,
    ...on('node3')`
      nft add rule ip services postrouting ct status dnat meta l4proto tcp ct original proto-dst 30080 masquerade
    `,
    runs('client')`socat -u TCP:192.168.1.11:30080,connect-timeout=2 -`.prints('pod1 saw 10.244.1.1'),
    runs('client')`socat -u TCP:192.168.1.11:30080,connect-timeout=2 -`.prints('pod3 saw 192.168.1.11'),
    runs('client')`socat -u TCP:192.168.1.13:30080,connect-timeout=2 -`.prints('pod1 saw 192.168.1.13'),
    runs('client')`socat -u TCP:192.168.1.13:30080,connect-timeout=2 -`.prints('pod3 saw 192.168.1.13'),

    ...stage('a port that only nodes with a server answer'),
    // externalTrafficPolicy: Local. A node sends to its own pods alone: they see the client, and a node without a server drops.
    ...on('node1')`
      nft add rule ip services prerouting fib daddr type local tcp dport 30081 dnat to 10.244.1.2:80
    `,
    ...on('node2')`
      nft add rule ip services prerouting fib daddr type local tcp dport 30081 dnat to 10.244.2.2:80
    `,
    ...on('node3')`
      nft add rule ip services prerouting fib daddr type local tcp dport 30081 counter drop
    `,
    runs('client')`socat -u TCP:192.168.1.11:30081,connect-timeout=2 -`.prints('pod1 saw 192.168.1.100'),
    runs('client')`socat -u TCP:192.168.1.12:30081,connect-timeout=2 -`.prints('pod3 saw 192.168.1.100'),
    runs('client')`socat -u TCP:192.168.1.13:30081,connect-timeout=0.1 -`.fails('timed out'),
    runs('node3')`nft list chain ip services prerouting`.prints('tcp dport 30081 counter packets 1 bytes'),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
