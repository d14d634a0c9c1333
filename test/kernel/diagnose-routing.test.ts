// Faults of addresses, routes, rules and switches as somebody might type them, which are in no catalogue: each is one diagnosis
// with its code, place and object, and its fix leaves everything as it was.

import {readFacts} from '../../harness/facts/read.ts'
import {FAULTS, firstPlace, injectionAt} from '../../harness/faults/catalogue.ts'
import {differences} from '../../harness/faults/difference.ts'
import {Unfit, wiredFrom} from '../../harness/faults/wired.ts'
import {breaksAndMends, diagnosed, healthy, type, works} from './tools/diagnosing.ts'
import {labOf, threeNodes} from './tools/labs.ts'
import {asRoot, onEach} from './tools/runners.ts'

/** What is typed, and how it is told. */
type Told = readonly [string, ...string[]]

const TYPED: readonly Told[] = [
  ['node1# ip route flush table main', 'no-route node1 10.244.1.0/24 dev v-net-0, 192.168.1.0/24 dev eth0, 10.244.2.0/24'],
  ['node2# ip route flush dev eth0', 'no-route node2 192.168.1.0/24 dev eth0, 10.244.1.0/24'],
  ['node3# ip route del 10.244.1.0/24; ip route del 10.244.2.0/24', 'no-route node3 10.244.1.0/24'],
  ['node1# ip route del 10.244.2.0/24; ip route add 10.244.2.0/24 via 192.168.1.12 table 200', 'no-route node1 10.244.2.0/24'],
  ['node2# ip -n pod3 route flush table main', 'gateway-missing node2/pod3 10.244.2.0/24 dev veth-pod3, default via 10.244.2.1'],
  ['node1# ip route change 10.244.2.0/24 via 192.168.1.13', 'wrong-next-hop node1 10.244.2.0/24 via 192.168.1.13'],
  ['node1# ip route replace 10.244.2.0/24 via 10.244.1.2', 'wrong-next-hop node1 10.244.2.0/24 via 10.244.1.2'],
  ['node1# ip route add 10.244.2.0/25 via 192.168.1.13', 'more-specific-route node1 10.244.2.0/25'],
  ['node1# ip route add 10.244.1.2 via 192.168.1.12', 'more-specific-route node1 10.244.1.2'],
  ['node1# ip -n pod1 route add 10.244.0.0/16 dev veth-pod1', 'more-specific-route node1/pod1 10.244.0.0/16'],
  ['node1# ip route prepend 10.244.2.0/24 via 192.168.1.99', 'next-hop-unreachable node1 10.244.2.0/24 via 192.168.1.99'],
  [
    'node1# ip route replace 10.244.2.0/24 nexthop via 192.168.1.98 nexthop via 192.168.1.99',
    'next-hop-unreachable node1 10.244.2.0/24 nexthop',
  ],
  [
    'node1# ip route del 10.244.2.0/24; ip route add 10.244.0.0/16 via 192.168.1.99',
    'next-hop-unreachable node1 10.244.0.0/16 via 192.168.1.99',
  ],
  ['node1# ip route del 10.244.2.0/24; ip route add prohibit 10.0.0.0/8', 'prohibit-route node1 prohibit 10.0.0.0/8'],
  [
    'node1# ip route del 10.244.2.0/24; ip route del 10.244.3.0/24; ip route add default via 192.168.1.1',
    'leaves-lab node1 default via 192.168.1.1',
  ],
  [
    'node1# ip route replace 10.244.2.0/24 via 192.168.1.12 mtu 1200',
    'mtu-too-small node1 10.244.2.0/24 via 192.168.1.12 dev eth0 mtu 1200',
  ],
  ['node1# ip -n pod1 route replace blackhole default', 'blackhole-route node1/pod1 blackhole default'],
  ['node1# ip rule add pref 5 lookup 123; ip route add blackhole 10.244.0.0/16 table 123', 'policy-rule node1 5: from all lookup 123'],
  ['node1# ip rule flush', 'policy-rule node1 '],
  ['node1# ip rule add from 10.244.1.0/24 goto 32767', 'policy-rule node1 32765: from 10.244.1.0/24'],
  ['node1# ip -n pod1 addr flush dev veth-pod1', 'address-missing node1/pod1 veth-pod1'],
  ['node2# ip addr flush dev eth0', 'address-missing node2 eth0'],
  [
    'node1# ip -n pod1 addr del 10.244.1.2/24 dev veth-pod1; ip -n pod1 addr add 10.244.1.20/24 dev veth-pod1; ip -n pod1 route add default via 10.244.1.1',
    'address-missing node1/pod1 10.244.1.20/24 dev veth-pod1',
  ],
  ['node3# ip addr del 192.168.1.13/24 dev eth0; ip addr add 192.168.1.33/24 dev eth0', 'address-missing node3 192.168.1.33/24 dev eth0'],
  ['node1# ip -n pod1 addr add 10.244.1.2/16 dev veth-pod1', 'wrong-prefix-length node1/pod1 10.244.1.2/16'],
  ['node2# ip addr del 192.168.1.12/24 dev eth0; ip addr add 192.168.1.12/30 dev eth0', 'wrong-prefix-length node2 192.168.1.12/30'],
  [
    'node2# ip addr del 10.244.2.1/24 dev v-net-0; ip addr add 10.244.1.1/24 dev v-net-0',
    'overlapping-subnets node2 10.244.1.1/24 dev v-net-0',
  ],
  ['node2# ip addr add 10.244.3.254/24 dev v-net-0', 'overlapping-subnets node2 10.244.3.254/24 dev v-net-0'],
  [
    'node1# ip -n pod2 addr del 10.244.1.3/24 dev veth-pod2; ip -n pod2 addr add 10.244.1.2/24 dev veth-pod2; ip -n pod2 route add default via 10.244.1.1',
    'duplicate-address node1/pod2 10.244.1.2/24 dev veth-pod2',
  ],
  [
    'node1# sysctl -w net.ipv4.conf.eth0.route_localnet=1; ip route replace 10.244.3.0/24 via 192.168.1.13 src 127.0.0.1',
    'martian-source node3 127.0.0.1',
  ],
  ['node1# sysctl -w net.ipv4.conf.eth0.forwarding=0 net.ipv4.conf.v-net-0.forwarding=0', 'forwarding-off node1 net.ipv4.conf'],
]

onEach(
  [asRoot],
  'what somebody might type is told by its code, place and object, and its fix leaves everything as it was',
  async (t, runner) => {
    t.timeout(600_000)
    await using lab = await threeNodes(runner)
    const here = await healthy(lab)
    t.true(await works(here))
    for (const [line, ...expected] of TYPED) await breaksAndMends(t, here, [line], expected)
  },
)

const TYPED_IPV6: readonly Told[] = [
  ['node1# ip -n pod1 -6 route del default', 'gateway-missing node1/pod1 default via fd00:10:244:1::1'],
  ['node1# ip -6 route flush root fd00:10:244::/48', 'no-route node1 '],
  ['node1# ip -6 route add unreachable fd00:10:244:2::/64 metric 1', 'unreachable-route node1 unreachable fd00:10:244:2::/64'],
  ['node1# ip -6 route replace fd00:10:244:2::/64 via fd00:192:168:1::99', 'next-hop-unreachable node1 fd00:10:244:2::/64'],
  ['node1# ip -6 rule add from fd00:10:244:1::/64 prohibit', 'policy-rule node1 32765: from fd00:10:244:1::/64'],
  ['node1# ip netns exec pod1 sysctl -w net.ipv6.conf.all.disable_ipv6=1', 'ipv6-disabled node1/pod1 net.ipv6.conf.all.disable_ipv6'],
  ['node2# sysctl -w net.ipv6.conf.eth0.disable_ipv6=1', 'ipv6-disabled node2 net.ipv6.conf.eth0.disable_ipv6'],
  ['node2# ip -n pod3 addr flush dev veth-pod3', 'address-missing node2/pod3 veth-pod3'],
  [
    'node1# ip -n pod1 addr del fd00:10:244:1::2/64 dev veth-pod1; ip -n pod1 addr add fd00:10:244:1::2/48 dev veth-pod1 nodad',
    'wrong-prefix-length node1/pod1 fd00:10:244:1::2/48',
  ],
  ['node2# sysctl -w net.ipv6.conf.all.forwarding=0', 'forwarding-off node2 net.ipv6.conf.all.forwarding'],
]

onEach([asRoot], 'the same of IPv6', async (t, runner) => {
  t.timeout(300_000)
  await using lab = await labOf(runner, 'dual-stack')
  const here = await healthy(lab)
  t.true(await works(here))
  for (const [line, ...expected] of TYPED_IPV6) await breaksAndMends(t, here, [line], expected)
})

/** Each is told as one, whatever the other hides. */
const PAIRS: readonly (readonly [readonly string[], ...string[]])[] = [
  [
    ['node1# ip route replace 10.244.2.0/24 via 192.168.1.13', 'node3# ip route del 10.244.2.0/24'],
    'wrong-next-hop node1 10.244.2.0/24',
    'no-route node3 10.244.2.0/24',
  ],
  [
    ['node1# ip -n pod1 route del default', 'node1# ip route del 10.244.2.0/24'],
    'gateway-missing node1/pod1',
    'no-route node1 10.244.2.0/24',
  ],
  [
    ['node1# ip -n pod1 addr flush dev veth-pod1', 'node2# ip route add blackhole 10.244.1.2'],
    'address-missing node1/pod1',
    'blackhole-route node2 blackhole 10.244.1.2',
  ],
  [['node2# sysctl -w net.ipv4.ip_forward=0', 'node2# ip route del 10.244.3.0/24'], 'forwarding-off node2', 'no-route node2 10.244.3.0/24'],
  [
    ['node1# ip rule add to 10.244.2.0/24 prohibit', 'node1# ip route del 10.244.2.0/24'],
    'policy-rule node1',
    'no-route node1 10.244.2.0/24',
  ],
  [
    ['node1# ip route add 10.244.2.2 via 192.168.1.99', 'node1# ip route replace 10.244.2.0/24 via 192.168.1.98'],
    'more-specific-route node1 10.244.2.2',
    'next-hop-unreachable node1 10.244.2.0/24',
  ],
  [
    ['node3# ip addr del 10.244.3.1/24 dev v-net-0', 'node1# sysctl -w net.ipv4.conf.eth0.forwarding=0'],
    'address-missing node3 v-net-0',
    'forwarding-off node1 net.ipv4.conf.eth0.forwarding',
  ],
  [
    ['node1# ip route add unreachable 10.244.3.0/25', 'node3# ip rule add from 10.244.3.0/24 blackhole'],
    'unreachable-route node1',
    'policy-rule node3',
  ],
  [
    ['node2# ip -n pod3 route replace default via 10.244.2.77', 'node2# ip route replace 10.244.1.0/24 dev v-net-0'],
    'next-hop-unreachable node2/pod3',
    'wrong-device node2 10.244.1.0/24',
  ],
  [
    ['node1# ip -n pod1 addr add 10.244.1.2/16 dev veth-pod1', 'node1# ip -n pod2 route del default'],
    'wrong-prefix-length node1/pod1',
    'gateway-missing node1/pod2',
  ],
  [
    ['node1# ip netns exec pod1 sysctl -w net.ipv4.icmp_echo_ignore_all=1', 'node2# ip route del 10.244.1.0/24'],
    'echo-ignored node1/pod1',
    'no-route node2 10.244.1.0/24',
  ],
  [
    ['node1# ip addr add 192.168.1.12/32 dev lo', 'node3# ip route add prohibit 10.244.1.3'],
    'duplicate-address node1 192.168.1.12',
    'prohibit-route node3',
  ],
  [
    ['node1# ip addr del 192.168.1.11/24 dev eth0', 'node2# ip route add blackhole 10.244.3.0/25'],
    'address-missing node1 eth0',
    'blackhole-route node2',
  ],
  [
    ['node2# ip addr add 10.244.1.1/24 dev v-net-0', 'node3# sysctl -w net.ipv4.ip_forward=0'],
    'overlapping-subnets node2',
    'forwarding-off node3',
  ],
  [
    [
      'node1# ip route replace 10.244.3.0/24 via 192.168.1.12; ip -n pod1 rule add to 10.244.2.0/24 blackhole',
      'node2# ip route replace 10.244.3.0/24 via 192.168.1.11',
    ],
    'routing-loop node1 10.244.3.0/24',
    'policy-rule node1/pod1',
  ],
  [['node1# ip route flush table main', 'node2# sysctl -w net.ipv4.ip_forward=0'], 'no-route node1', 'forwarding-off node2'],
]

onEach([asRoot], 'two faults of routing at once are two diagnoses, though one hides the other', async (t, runner) => {
  t.timeout(600_000)
  await using lab = await threeNodes(runner)
  const here = await healthy(lab)
  t.true(await works(here))
  for (const [lines, ...expected] of PAIRS) await breaksAndMends(t, here, lines, expected)
})

/** Of the catalogue: everything about addresses, routes, rules, switches and ends. */
const FAMILIES =
  /^(address|wrong-prefix|overlapping|duplicate-address|gateway|no-route|no-return|wrong-next|next-hop|wrong-dev|wrong-source|more-spec|blackhole|unreach|prohib|policy|routing-loop|leaves|forwarding|martian|ipv6|echo)/

for (const scenario of ['three-nodes', 'dual-stack'])
  onEach([asRoot], `a fix of the catalogue's faults of routing leaves ${scenario} as it was`, async (t, runner) => {
    t.timeout(900_000)
    await using lab = await labOf(runner, scenario)
    const here = await healthy(lab)
    t.true(await works(here))
    const wired = wiredFrom(here.before, here.places)
    for (const {cause, variants} of FAULTS.filter((fault) => FAMILIES.test(fault.cause)))
      for (const variant of variants) {
        const place = firstPlace(variant, wired)
        const injection = place === undefined ? undefined : injectionAt(variant, wired, place)
        if (!injection || injection instanceof Unfit) continue
        const said = `${cause}: ${variant.title}`
        t.deepEqual(await type(here, injection.inject), [], said)
        const found = await diagnosed(here)
        const told = found.map(({cause: code, where}) => `${code} ${JSON.stringify(where)}`).join('; ')
        t.is(found.length, 1, `${said}: ${told}`)
        const {expect} = injection
        t.true(
          found.some(
            ({cause: code, where}) =>
              [expect.cause, ...(expect.alike ?? [])].includes(code) &&
              where.node === expect.where.node &&
              where.netns === expect.where.netns &&
              expect.where.object.test(where.object),
          ),
          `${said} is told as ${told}`,
        )
        t.deepEqual(
          await type(
            here,
            found.flatMap(({fix}) => fix),
          ),
          [],
          said,
        )
        t.true(await works(here), `${said} is mended`)
        t.deepEqual(differences(here.before, await readFacts(lab.fleet, here.places)), [], `${said}, mended`)
      }
  })
