// IPv4 and IPv6 on the same cables: the scenario passes, and with one thing changed it fails for that reason.
import {ALL, asRoot, onEach} from '../tools/runners.ts'
import {failsAs, passes} from '../tools/twin.ts'

const scenario = 'dual-stack'

onEach(ALL, 'three nodes reach one another by both families, each by its own routes and its own switch', (t, runner) =>
  passes(t, runner, scenario),
)

onEach([asRoot], 'a node that forwards IPv6 from the beginning leaves it to the next to stop it', (t, runner) =>
  failsAs(t, runner, {
    scenario,
    change: [
      'ip addr add fe80::11/64 dev eth0 nodad',
      'sysctl -w net.ipv6.conf.all.forwarding=1\n      ip addr add fe80::11/64 dev eth0 nodad',
    ],
    claim: 'reach pod1 -> fd00:10:244:2::2 fails: forwarding-off at node1',
    because: /fails, but not for forwarding-off at node1: forwarding-off at node2/,
  }),
)

onEach([asRoot], 'an IPv6 route that is missing is not made up for by the IPv4 one', (t, runner) =>
  failsAs(t, runner, {
    scenario,
    change: ["ip route add fd00:10:244:3::/64 via fd00:192:168:1::13\n    `,\n    ...on('node2')", "true\n    `,\n    ...on('node2')"],
    claim: 'reach among pod1, pod3, pod4',
    because: /net-unreachable from fd00:10:244:1::1/,
  }),
)

onEach([asRoot], 'an address that is added with nodad does not wait', (t, runner) =>
  failsAs(t, runner, {
    scenario,
    change: [
      'ip -n pod1 addr add fd00:10:244:1::2/64 dev veth-pod1\n    `',
      'ip -n pod1 addr add fd00:10:244:1::2/64 dev veth-pod1 nodad\n    `',
    ],
    claim: "pod1# ip addr show dev veth-pod1 tentative prints 'fd00:10:244:1::2/64'",
    because: /does not say "fd00:10:244:1::2\/64"/,
  }),
)
