// Lines that would cut podwire off from a machine, and lines like them that would not.
import test from 'ava'
import {cutBy} from '../../harness/drivers/ssh/cutoff.ts'
import type {OwnWay} from '../../harness/drivers/ssh/own-way.ts'

/** Over a gateway: the default route counts. */
const FAR: OwnWay = {
  client: '198.51.100.7',
  server: '192.0.2.11',
  port: 22,
  devices: ['eth0', 'ens3'],
  route: 'default',
  via: '192.0.2.1',
  hooks: new Map([
    ['inet filter input', 'input'],
    ['inet filter forward', 'forward'],
  ]),
}
/** On the same network: the network's route counts. */
const NEAR: OwnWay = {...FAR, client: '192.0.2.1', route: '192.0.2.0/24', via: undefined}

const CUTS: readonly (readonly [OwnWay, ...string[]])[] = [
  [
    FAR,
    ...['ip link set eth0 down', 'ip link set dev eth0 down', 'ip l s ens3 down', 'ip link del eth0', 'ip link set eth0 netns pod1'],
    ...[
      'ip link set eth0 master v-net-0',
      'ifconfig eth0 down',
      'ifdown eth0',
      'true && ip link set eth0 down',
      'sudo ip link set eth0 down',
    ],
    ...['ip addr del 192.0.2.11/24 dev eth0', 'ip a d 192.0.2.11 dev eth0', 'ip addr flush dev eth0', 'ip -4 addr flush dev eth0'],
    ...[
      'ip route del default',
      'ip r d default',
      'ip route del default via 192.0.2.1 dev eth0',
      'ip route flush table main',
      'route del default',
    ],
    ...['ip route add 198.51.100.0/24 via 192.0.2.99', 'ip route add blackhole 198.51.100.7', 'ip route replace default via 192.0.2.99'],
    ...['ip route add 198.51.100.0/24 dev v-net-0', 'ip rule add from 192.0.2.11 lookup 100', 'ip rule add to 198.51.100.0/24 blackhole'],
    ...['ip rule del pref 32766', 'ip rule flush', 'ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent'],
    ...['iptables -P INPUT DROP', 'iptables -A INPUT -j DROP', 'iptables -I OUTPUT -d 198.51.100.0/24 -j REJECT'],
    ...['iptables -A INPUT -p tcp --dport 22 -j DROP', 'iptables -t raw -A PREROUTING -s 198.51.100.7 -j DROP'],
    ...[
      "nft add chain inet f input '{ type filter hook input priority 0; policy drop; }'",
      'nft add rule inet filter input tcp dport 22 drop',
    ],
    ...['nft add rule inet filter input ip saddr 198.51.100.0/24 drop', 'reboot', 'systemctl stop networking', 'systemctl restart ssh'],
    'ip addr add 198.51.100.1/24 dev v-net-0',
  ],
  [
    NEAR,
    'ip route del 192.0.2.0/24',
    'ip route replace 192.0.2.0/24 dev v-net-0',
    'ip route add 192.0.2.0/25 dev v-net-0',
    'ip addr add 192.0.2.100/25 dev v-net-0',
  ],
]

const RUNS: readonly (readonly [OwnWay, ...string[]])[] = [
  [
    FAR,
    ...[
      'ip link set v-net-0 down',
      'ip link set eth0 up',
      'ip link set eth0 mtu 1400',
      'ip -n pod1 link set eth0 down',
      'ip netns exec pod1 ip link set eth0 down',
    ],
    ...[
      'ip link del v-net-0',
      'ip addr add 10.244.1.1/24 dev v-net-0',
      'ip addr add 192.0.2.12/24 dev eth0',
      'ip addr del 10.244.1.1/24 dev v-net-0',
    ],
    ...['ip route add 10.244.2.0/24 via 192.0.2.12', 'ip route del 10.244.2.0/24', 'ip -n pod1 route del default', 'ip route flush cache'],
    ...[
      'ip route flush table 100',
      'ip route add default via 10.0.0.1 table 100',
      'ip route del default dev v-net-0',
      'ip rule add from 10.244.0.0/16 lookup 100',
    ],
    ...[
      'ip rule add to 10.244.0.0/16 lookup 100',
      'ip rule add iif v-net-0 lookup 100',
      'ip neigh add 10.244.1.9 lladdr 02:00:00:00:00:01 dev v-net-0',
    ],
    ...[
      'iptables -A FORWARD -j DROP',
      'iptables -P FORWARD DROP',
      'iptables -A INPUT -p udp -j DROP',
      'iptables -A INPUT -s 10.244.0.0/16 -j DROP',
    ],
    ...[
      'iptables -A INPUT -p tcp --dport 80 -j DROP',
      'iptables -A INPUT -i v-net-0 -j DROP',
      'iptables -t nat -A POSTROUTING -j MASQUERADE',
    ],
    ...[
      'nft add rule inet filter forward drop',
      'nft add rule inet filter input tcp dport 80 drop',
      'nft add rule inet filter input ip saddr 10.244.0.0/16 drop',
    ],
    ...[
      "nft add chain inet f forward '{ type filter hook forward priority 0; policy drop; }'",
      'sysctl -w net.ipv4.ip_forward=1',
      "echo 'ip link set eth0 down'",
    ],
    ...['ip route', 'ip addr show dev eth0', 'ip link show eth0', 'systemctl status networking'],
  ],
  [NEAR, 'ip route del default', 'ip route replace default via 10.0.0.1', 'ip addr add 192.0.3.1/24 dev v-net-0'],
]

for (const [way, ...lines] of CUTS) for (const line of lines) test(`${line} would cut off ${way.client}`, (t) => t.truthy(cutBy(line, way)))
for (const [way, ...lines] of RUNS)
  for (const line of lines) test(`${line} would not cut off ${way.client}`, (t) => t.is(cutBy(line, way), undefined))

test('why is said in the machine’s words', (t) => {
  t.is(cutBy('ip link set eth0 down', FAR), 'eth0 is the device that it came in by')
  t.is(cutBy('ip route del default', FAR), 'answers to 198.51.100.7 leave by default')
  t.is(cutBy('ip addr add 198.51.100.1/24 dev v-net-0', FAR), 'answers to 198.51.100.7 would leave by v-net-0')
})
