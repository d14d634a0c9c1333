// Faults as people type them, at places of the three nodes' lab, with what a diagnosis should call them: `CAUSE PLACE OBJECT`,
// the object by a part of its words. Beside the catalogue, which has each fault at any place of any lab.

/** Undone exactly by their fixes. */
export const PHRASINGS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'of links and ports': [
    ['node2# ip netns del pod3', 'pod-missing pod3 pod3'],
    ['node3# ip link del dev veth-pod4-br', 'interface-missing pod4 veth-pod4'],
    ['pod3# ip link set veth-pod3 down; ip link set veth-pod3 name ethx; ip link set ethx up', 'interface-missing pod3 veth-pod3'],
    ['node2# ip link set eth0 down; ip link set eth0 name uplink; ip link set uplink up', 'interface-missing node2 eth0'],
    ['node2# ip link set v-net-0 down; ip link set v-net-0 name br-old', 'bridge-missing node2 v-net-0'],
    ['node2# ip link set veth-pod3-br netns pod3', 'wrong-namespace pod3 veth-pod3-br'],
    ['node1# ip link set veth-pod2-br netns pod1', 'wrong-namespace pod1 veth-pod2-br'],
    ['node3# ip netns add lost; ip link set veth-pod4-br netns lost', 'wrong-namespace lost veth-pod4-br'],
    ['node3# ip link set eth0 netns pod4', 'wrong-namespace pod4 eth0'],
    ['node1# ip link delete v-net-0 type bridge', 'bridge-missing node1 v-net-0'],
    ['node1# ip link add br1 type bridge; ip link set br1 up; ip link set veth-pod2-br master br1', 'port-not-enslaved node1 veth-pod2-br'],
    [
      'node2# ip link set v-net-0 type bridge stp_state 1 forward_delay 3000; ip link set veth-pod3-br down; ip link set veth-pod3-br up',
      'stp-listening node2 veth-pod3-br',
    ],
    ['node1# bridge link set dev veth-pod1-br state learning', 'stp-listening node1 veth-pod1-br'],
    [
      'node1# bridge fdb replace $(ip -n pod2 -j link show veth-pod2 | jq -r .[0].address) dev veth-pod2-br master local',
      'fdb-wrong node1 veth-pod2-br',
    ],
    [
      'node1# bridge link set dev veth-pod1-br learning off; bridge fdb replace $(ip -n pod1 -j link show veth-pod1 | jq -r .[0].address) dev veth-pod2-br master static',
      'fdb-wrong node1 veth-pod2-br',
    ],
    [
      'node1# bridge fdb replace $(ip -j link show v-net-0 | jq -r .[0].address) dev veth-pod2-br master static',
      'fdb-wrong node1 veth-pod',
    ],
    ['node1# bridge link set dev veth-pod1-br learning off flood off', 'fdb-wrong node1 veth-pod1-br'],
    ['node1# bridge link set dev veth-pod1-br bcast_flood off', 'neighbour-unresolved node1 veth-pod1-br'],
    ['node2# ip -n pod3 link set veth-pod3 address $(ip -j link show v-net-0 | jq -r .[0].address)', 'duplicate-mac pod3 veth-pod3'],
  ],
  'of neighbours, echoes and sizes': [
    ['node1# ip neigh replace 192.168.1.12 dev eth0 lladdr de:ad:be:ef:00:01 nud noarp', 'neighbour-wrong node1 192.168.1.12'],
    ['pod3# ip link set veth-pod3 arp off; ip neigh flush all', 'arp-suppressed pod3 veth-pod3'],
    ['node2# sysctl -w net.ipv4.conf.all.arp_ignore=8', 'arp-suppressed node2 arp_ignore'],
    ['pod4# arptables -A INPUT --opcode 1 -j DROP', 'arp-suppressed pod4 INPUT'],
    ['pod4# iptables-legacy -I INPUT -p icmp --icmp-type echo-request -j DROP', 'echo-ignored pod4 INPUT'],
    [
      "pod3# nft 'table ip f { chain o { type filter hook prerouting priority -300; icmp type { echo-request, echo-reply } drop; }; }'",
      'echo-ignored pod3 f',
    ],
    ['node1# ip route change 10.244.2.0/24 via 192.168.1.12 mtu 1400', 'mtu-too-small node1 10.244.2.0/24'],
    ['pod3# ip route change default via 10.244.2.1 mtu lock 1300', 'mtu-too-small pod3 default'],
    [
      'node2# ip link set v-net-0 mtu 1400; iptables -A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP',
      'mtu-blackhole node2 v-net-0',
    ],
  ],
  'of filters': [
    ['node2# iptables -P FORWARD DROP', 'filter-drop node2 FORWARD'],
    ['node2# iptables -N BLOCK; iptables -A BLOCK -p icmp -j DROP; iptables -A FORWARD -i eth0 -j BLOCK', 'filter-drop node2 BLOCK'],
    ['node2# iptables -A FORWARD -m length --length 1200:65535 -j DROP', 'filter-drop node2 FORWARD'],
    ['node1# iptables -A FORWARD -m iprange --dst-range 10.244.3.1-10.244.3.9 -j DROP', 'filter-drop node1 FORWARD'],
    ['node2# iptables -A FORWARD -m statistic --mode nth --every 1 --packet 0 -j DROP', 'filter-drop node2 FORWARD'],
    ['node2# iptables-legacy -P FORWARD DROP', 'filter-drop node2 FORWARD'],
    [
      'node2# iptables-legacy -N X1; iptables-legacy -A X1 -j DROP; iptables-legacy -I FORWARD -s 10.244.1.0/24 -j X1',
      'filter-drop node2 X1',
    ],
    [
      "node3# nft 'table ip t { map m { type ipv4_addr : verdict; elements = { 10.244.1.2 : drop }; }; chain c { type filter hook forward priority 0; ip saddr vmap @m; }; }'",
      'filter-drop node3 t',
    ],
    [
      "pod3# nft 'table inet fw { chain i { type filter hook input priority 0; drop; }; chain o { type filter hook output priority 0; drop; }; }'",
      'filter-drop pod3 fw',
    ],
    [
      'node2# nft \'table netdev t { chain c { type filter hook egress device "eth0" priority 0; ip daddr 10.244.1.0/24 drop; }; }\'',
      'filter-drop node2 t',
    ],
    ['pod4# iptables -A INPUT -p tcp -j REJECT --reject-with tcp-reset', 'filter-reject pod4 INPUT'],
    ['node1# ebtables -P FORWARD DROP', 'bridge-filter-drop node1 FORWARD'],
    ['node1# ebtables -A FORWARD -p IPv4 --ip-proto tcp -j DROP', 'bridge-filter-drop node1 FORWARD'],
    ['node1# iptables -A FORWARD -m physdev --physdev-is-bridged -j DROP', 'bridge-filter-drop node1 FORWARD'],
  ],
  'of translation and queues': [
    ['node1# iptables-legacy -t nat -A POSTROUTING -s 10.244.1.0/24 -o eth0 -j MASQUERADE', 'source-nat node1 POSTROUTING'],
    ['node1# iptables -t nat -A POSTROUTING -s 10.244.1.0/24 -o eth0 -j NETMAP --to 10.77.1.0/24', 'source-nat node1 POSTROUTING'],
    [
      "node1# nft 'table ip n { chain p { type filter hook postrouting priority 0; ip saddr 10.244.1.2 ip saddr set 10.244.1.99; }; }'",
      'source-nat node1 n',
    ],
    [
      "node2# nft 'table ip n { chain p { type nat hook prerouting priority -100; ip daddr 10.244.2.2 dnat to 10.244.1.2; }; }'",
      'destination-nat node2 n',
    ],
    ['node1# iptables -t nat -A PREROUTING -i v-net-0 -p udp -j REDIRECT --to-ports 53', 'destination-nat node1 PREROUTING'],
    ['node2# tc qdisc add dev eth0 root pfifo limit 0', 'tc-drop node2 eth0'],
    ['node2# tc qdisc add dev eth0 clsact; tc filter add dev eth0 ingress bpf da bytecode "1,6 0 0 2"', 'tc-drop node2 eth0'],
    [
      'node1# tc qdisc add dev eth0 ingress; tc filter add dev eth0 parent ffff: protocol ip u32 match ip src 10.244.2.0/24 action mirred egress redirect dev lo',
      'tc-drop node1 eth0',
    ],
  ],
}

/** Two at once, in some of which one hides the other. */
export const PAIRS: readonly (readonly [readonly string[], readonly string[]])[] = [
  [
    [
      'node1# bridge link set dev veth-pod1-br isolated on; bridge link set dev veth-pod2-br isolated on',
      'node1# iptables -t nat -A POSTROUTING -s 10.244.1.0/24 -o eth0 -j MASQUERADE',
    ],
    ['port-isolated node1 veth-pod', 'source-nat node1 POSTROUTING'],
  ],
  [
    [
      'node1# bridge link set dev veth-pod1-br isolated on; bridge link set dev veth-pod2-br isolated on',
      'pod2# iptables -A INPUT -s 10.244.1.2 -j DROP',
    ],
    ['port-isolated node1 veth-pod', 'filter-drop pod2 INPUT'],
  ],
  [
    ['pod1# ip link set veth-pod1 down', 'node1# ip link set veth-pod2-br down'],
    ['interface-down pod1 veth-pod1', 'peer-down node1 veth-pod2-br'],
  ],
  [
    ['node1# ip link set veth-pod1-br down', 'node1# ip link set v-net-0 down'],
    ['peer-down node1 veth-pod1-br', 'bridge-down node1 v-net-0'],
  ],
  [
    ['pod3# ip link set veth-pod3 down', 'node2# ip link set veth-pod3-br nomaster'],
    ['interface-down pod3 veth-pod3', 'port-not-enslaved node2 veth-pod3-br'],
  ],
  [
    ['node2# ip netns del pod3', 'pod4# sysctl -w net.ipv4.icmp_echo_ignore_all=1'],
    ['pod-missing pod3 pod3', 'echo-ignored pod4 icmp_echo_ignore_all'],
  ],
  [
    ['node1# ip -n pod2 link set veth-pod2 netns pod1', 'node2# ip link set v-net-0 mtu 1300'],
    ['wrong-namespace pod1 veth-pod2', 'mtu-too-small node2 v-net-0'],
  ],
  [
    ['node2# iptables -P FORWARD DROP', 'node1# ip neigh replace 192.168.1.13 dev eth0 lladdr 02:00:00:00:00:99 nud permanent'],
    ['filter-drop node2 FORWARD', 'neighbour-wrong node1 192.168.1.13'],
  ],
  [
    ['node3# ip link del v-net-0', 'node2# tc qdisc add dev veth-pod3-br root blackhole'],
    ['bridge-missing node3 v-net-0', 'tc-drop node2 veth-pod3-br'],
  ],
  [
    [
      'node1# iptables -t nat -A PREROUTING -d 10.244.2.2 -j DNAT --to-destination 10.244.1.3',
      'pod4# ip link set veth-pod4 arp off; ip neigh flush all',
    ],
    ['destination-nat node1 PREROUTING', 'arp-suppressed pod4 veth-pod4'],
  ],
  [
    ['node2# iptables -A FORWARD -p udp -j DROP', 'node2# iptables -A FORWARD -p icmp -j REJECT'],
    ['filter-drop node2 FORWARD', 'filter-reject node2 FORWARD'],
  ],
  [
    [
      "node1# nft 'table bridge t { chain b { type filter hook forward priority 0; drop; }; }'",
      "node1# nft 'table ip t { chain c { type filter hook forward priority 0; ip daddr 10.244.3.2 drop; }; }'",
    ],
    ['bridge-filter-drop node1 b', 'filter-drop node1 c'],
  ],
  [
    [
      'node1# bridge fdb replace $(ip -n pod1 -j link show veth-pod1 | jq -r .[0].address) dev veth-pod2-br master static sticky',
      'pod1# iptables -A INPUT -p udp -j DROP',
    ],
    ['fdb-wrong node1 veth-pod2-br', 'filter-drop pod1 INPUT'],
  ],
  [
    ['node1# bridge link set dev veth-pod1-br state 1', 'pod2# iptables -A INPUT -p tcp -j REJECT --reject-with tcp-reset'],
    ['stp-listening node1 veth-pod1-br', 'filter-reject pod2 INPUT'],
  ],
  [
    [
      'node2# tc qdisc add dev veth-pod3-br clsact; tc filter add dev veth-pod3-br egress bpf da bytecode "1,6 0 0 2"',
      'node1# iptables -t nat -A POSTROUTING -s 10.244.1.0/24 -o eth0 -j MASQUERADE',
    ],
    ['tc-drop node2 veth-pod3-br', 'source-nat node1 POSTROUTING'],
  ],
  [
    [
      'node2# ip link set v-net-0 mtu 1400; iptables -A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP',
      'pod4# sysctl -w net.ipv4.icmp_echo_ignore_all=1',
    ],
    ['mtu-blackhole node2 v-net-0', 'echo-ignored pod4 icmp_echo_ignore_all'],
  ],
  [
    ['node1# ip route del 10.244.2.0/24', 'node2# iptables -A FORWARD -p tcp -j DROP'],
    ['no-route node1 10.244.2.0/24', 'filter-drop node2 FORWARD'],
  ],
  [
    ['node2# sysctl -w net.ipv4.ip_forward=0', 'node3# iptables -t nat -A POSTROUTING -s 10.244.3.0/24 -o eth0 -j MASQUERADE'],
    ['forwarding-off node2 ip_forward', 'source-nat node3 POSTROUTING'],
  ],
  [
    ['node2# ip link set v-net-0 mtu 1400', 'node3# ip link set v-net-0 mtu 1300'],
    ['mtu-too-small node2 v-net-0', 'mtu-too-small node3 v-net-0'],
  ],
  [
    ['node2# sysctl -w net.ipv4.conf.v-net-0.arp_ignore=8', 'node3# iptables -A FORWARD -p udp -j DROP'],
    ['arp-suppressed node2 arp_ignore', 'filter-drop node3 FORWARD'],
  ],
]

/** Changes that cost no packet. */
export const HARMLESS: readonly string[] = [
  "node1# nft 'table ip harmless { set s { type ipv4_addr; }; chain forward { type filter hook forward priority 0; counter; ip saddr 203.0.113.7 drop; }; }'",
  'node1# tc qdisc add dev eth0 root pfifo limit 1000',
  'node1# ip link add spare type bridge',
  'node2# ip link set eth0 txqueuelen 500',
  'node3# ip link set eth0 mtu 9000',
  'node2# sysctl -w net.ipv4.conf.all.arp_announce=2',
  'node2# bridge link set dev veth-pod3-br learning off',
  'node3# ip route add 203.0.113.0/24 via 192.168.1.11',
  'node3# iptables -t nat -A POSTROUTING -d 203.0.113.0/24 -j MASQUERADE',
  'pod2# iptables -A INPUT -j ACCEPT',
  // Into the table that the fault beside it comes into.
  'node1# iptables -A FORWARD -p tcp --dport 25 -j DROP',
]
