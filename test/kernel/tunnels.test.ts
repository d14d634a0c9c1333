// What breaks ready networks: tunnels, gateways that are answered for, BGP sessions, flows, maps of programs. Each is named by its
// cause and place, one diagnosis each, and the fix that is told mends it. One lab for a scenario: each fix has to leave it as it was.
import type {ExecutionContext} from 'ava'
import {clusterOf} from '../../harness/checks/pairs.ts'
import {asTyped} from '../../harness/cli/keep.ts'
import {examine} from '../../harness/examine.ts'
import type {Facts} from '../../harness/facts/facts.ts'
import {forgetNeighbours, forgetUnresolved} from '../../harness/facts/neighbours.ts'
import {readFacts} from '../../harness/facts/read.ts'
import type {Lab} from '../../harness/lab.ts'
import {type Cause, placesAfter} from '../../harness/model.ts'
import {allPairs, probePairs} from '../../harness/probe/probe.ts'
import {loadScenario} from '../../harness/scenario/load.ts'
import {eventually} from '../tools/eventually.ts'
import {labOf, type} from './tools/labs.ts'
import {asRoot} from './tools/runners.ts'
import {onEachThatHas, solutions} from './tools/solutions.ts'

interface Fault {
  readonly node: string
  readonly lines: readonly string[]
  readonly cause: Cause
  /** Where it is named: a pod by its own name. */
  readonly at: string
  readonly object: string | RegExp
  /** A line of what is told beside it. */
  readonly evidence?: RegExp
  /** What else the lines break there, told after it. */
  readonly beside?: readonly [cause: Cause, object: string]
  /** The daemons alone can mend it, or need a moment: with this. */
  readonly mended?: readonly string[]
}

/** flannel.1 of node2 as the recipe makes it but for its VNI or port. */
const otherwise = (id: number, port: number): string[] => [
  'ip link del flannel.1',
  `ip link add flannel.1 address 0a:58:0a:f4:02:00 mtu 1450 type vxlan id ${id} local 192.168.1.12 dev eth0 dstport ${port} nolearning`,
  'ip addr add 10.244.2.0/32 dev flannel.1',
  'ip link set flannel.1 up',
  ...[1, 3].flatMap((other) => [
    `ip neigh add 10.244.${other}.0 lladdr 0a:58:0a:f4:0${other}:00 dev flannel.1 nud permanent`,
    `bridge fdb add 0a:58:0a:f4:0${other}:00 dev flannel.1 dst 192.168.1.1${other} self permanent`,
    `ip route add 10.244.${other}.0/24 via 10.244.${other}.0 dev flannel.1 onlink`,
  ]),
]

const FDB = '0a:58:0a:f4:02:00 dev flannel.1 dst'
const FLOOD = '00:00:00:00:00:00 dev vxlan-6784 dst 192.168.1.12'
const ASK_ANEW = [
  'ip -n pod1 neigh flush all',
  'ip -n pod2 neigh flush all',
  'ip neigh flush all',
  'bridge fdb flush dev vxlan-6784 dynamic',
]
const MAPS = '/run/cilium/bpf'
const SYNC = 'ovn-nbctl --timeout=20 --wait=hv sync'
/** Whatever it says of its IP address, it is known by what it answers. */
const HARMLESS = `ovn-nbctl lsp-set-addresses pod3 '0a:00:00:00:02:02 10.244.2.9'; ${SYNC}`
const untilFlows = (bridge: string) => [
  `timeout 30 bash -c 'until ovs-ofctl -O OpenFlow13,OpenFlow15 dump-flows ${bridge} | grep -q actions=; do sleep 0.1; done'`,
  'sleep 1',
]
const untilTold = ["timeout 40 bash -c 'until bridge fdb show dev vx20 | grep -q extern_learn; do sleep 0.1; done'", 'sleep 2']
const BIRD = 'birdc -s /run/calico/bird.ctl'

const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  'flannel-vxlan': [
    {
      node: 'node1',
      lines: [`bridge fdb del ${FDB} 192.168.1.12 self`],
      cause: 'vtep-fdb-missing',
      at: 'node1',
      object: `${FDB} 192.168.1.12`,
    },
    {
      node: 'node1',
      lines: [`bridge fdb replace ${FDB} 192.168.1.13 self permanent`],
      cause: 'vtep-fdb-wrong',
      at: 'node1',
      object: `${FDB} 192.168.1.13`,
    },
    {
      node: 'node1',
      lines: ['ip neigh del 10.244.2.0 dev flannel.1'],
      cause: 'vtep-neighbour-missing',
      at: 'node1',
      object: '10.244.2.0 dev flannel.1',
    },
    // Who has no MAC address for him never comes to ask where that is.
    {
      node: 'node1',
      lines: ['ip neigh del 10.244.2.0 dev flannel.1', `bridge fdb replace ${FDB} 192.168.1.13 self permanent`],
      cause: 'vtep-neighbour-missing',
      at: 'node1',
      object: '10.244.2.0 dev flannel.1',
      beside: ['vtep-fdb-wrong', `${FDB} 192.168.1.13`],
    },
    {node: 'node2', lines: otherwise(2, 8472), cause: 'vni-mismatch', at: 'node2', object: 'flannel.1'},
    {node: 'node2', lines: otherwise(1, 4789), cause: 'tunnel-port-mismatch', at: 'node2', object: 'flannel.1'},
    {
      node: 'node2',
      lines: ['ip link set flannel.1 address 0a:58:0a:f4:02:77'],
      cause: 'neighbour-wrong',
      at: 'node2',
      object: 'flannel.1 0a:58:0a:f4:02:77',
    },
    {
      node: 'node1',
      lines: ['ip neigh replace 10.244.2.0 lladdr 0a:58:0a:f4:02:99 dev flannel.1 nud permanent'],
      cause: 'neighbour-wrong',
      at: 'node1',
      object: '10.244.2.0 dev flannel.1 lladdr 0a:58:0a:f4:02:99',
    },
    {
      node: 'node1',
      lines: ['iptables -A INPUT -p udp --dport 8472 -j DROP'],
      cause: 'filter-drop',
      at: 'node1',
      object: /^ip filter INPUT .*udp dport 8472/,
    },
    {node: 'node1', lines: ['ip link set flannel.1 mtu 1400'], cause: 'mtu-too-small', at: 'node1', object: 'flannel.1'},
    // It takes all again, and pod1 has been told otherwise meanwhile.
    {
      node: 'node1',
      lines: [
        'ip link set flannel.1 mtu 1400',
        'ip netns exec pod1 ping -c 1 -W 1 -M do -s 1422 10.244.2.2 >/dev/null; true',
        'ip link set flannel.1 mtu 1450',
      ],
      cause: 'mtu-too-small',
      at: 'pod1',
      object: 'cache 10.244.2.2 mtu 1400',
      evidence: /^pod1 remembers that the path to 10\.244\.2\.2 takes 1400 bytes: every link on it takes 1450 now$/,
    },
    {
      node: 'node1',
      lines: ['ip route del 10.244.2.0/24'],
      cause: 'no-route',
      at: 'node1',
      object: '10.244.2.0/24 via 10.244.2.0 dev flannel.1',
    },
    {node: 'node2', lines: ['ip link del flannel.1'], cause: 'tunnel-endpoint-down', at: 'node2', object: 'flannel.1'},
    {node: 'node2', lines: ['ip link set flannel.1 down'], cause: 'tunnel-endpoint-down', at: 'node2', object: 'flannel.1'},
  ],
  // Its agents have typed what no line of the scenario says.
  'flannel-real': [
    {
      node: 'node1',
      lines: [
        "mac=$(bridge fdb show dev flannel.1 | grep 192.168.1.12 | head -1 | cut -d' ' -f1); bridge fdb replace $mac dev flannel.1 dst 192.168.1.13 self permanent",
      ],
      cause: 'vtep-fdb-wrong',
      at: 'node1',
      object: / dev flannel\.1 dst 192\.168\.1\.13$/,
    },
    {
      node: 'node1',
      lines: [
        "mac=$(bridge fdb show dev flannel.1 | grep 192.168.1.12 | head -1 | cut -d' ' -f1); bridge fdb del $mac dev flannel.1 dst 192.168.1.12 self",
      ],
      cause: 'vtep-fdb-missing',
      at: 'node1',
      object: / dev flannel\.1 dst 192\.168\.1\.12$/,
    },
    {
      node: 'node1',
      lines: ['ip neigh del 10.244.2.0 dev flannel.1'],
      cause: 'vtep-neighbour-missing',
      at: 'node1',
      object: '10.244.2.0 dev flannel.1',
    },
    {node: 'node2', lines: ['ip link set flannel.1 down'], cause: 'tunnel-endpoint-down', at: 'node2', object: 'flannel.1'},
    {node: 'node2', lines: ['ip link del flannel.1'], cause: 'tunnel-endpoint-down', at: 'node2', object: 'flannel.1'},
  ],
  weave: [
    {node: 'node1', lines: [`bridge fdb del ${FLOOD}`, ...ASK_ANEW], cause: 'vtep-fdb-missing', at: 'node1', object: FLOOD},
    {node: 'node2', lines: ['ip link set vxlan-6784 down'], cause: 'tunnel-endpoint-down', at: 'node2', object: 'vxlan-6784'},
    {node: 'node2', lines: ['ip link del vxlan-6784'], cause: 'tunnel-endpoint-down', at: 'node2', object: 'vxlan-6784'},
    // The tunnel says so to its own side, in the name of whoever is on the other.
    {
      ...{node: 'node2', lines: ['ip link set eth0 mtu 1400'], cause: 'mtu-too-small', at: 'node2', object: 'eth0'},
      evidence: /^eth0 at node2 takes 1400 bytes, the packet has 1500 in vxlan-6784$/,
    },
  ],
  'calico-bgp': [
    {
      node: 'node1',
      lines: ['sysctl -w net.ipv4.conf.cali-pod1.proxy_arp=0', 'ip -n pod1 neigh flush all'],
      cause: 'proxy-arp-missing',
      at: 'node1',
      object: 'net.ipv4.conf.cali-pod1.proxy_arp',
    },
    {
      node: 'node2',
      lines: [`${BIRD} disable mesh1`, "timeout 10 bash -c 'while ip route | grep -q 10.244.1.0/26; do sleep 0.02; done'", 'sleep 0.2'],
      cause: 'bgp-session-down',
      at: 'node1',
      object: 'BGP 192.168.1.11 - 192.168.1.12',
      mended: [`${BIRD} enable mesh1`, "timeout 20 bash -c 'until ip route | grep -q 10.244.1.0/26; do sleep 0.02; done'", 'sleep 0.5'],
    },
    // Its daemon runs, and so do the sessions: a route by hand would go as it comes.
    {
      node: 'node2',
      lines: [`sed -i '/^template/,/^}/s/export where.*;/export none; };/' /run/calico/node2.conf; ${BIRD} configure`, 'sleep 0.5'],
      cause: 'no-route',
      at: 'node2',
      object: 'proto bird 10.244.2.0/26',
      evidence: /the daemon at node1 and node3 .*; the BGP session with 192\.168\.1\.12 is established; node2 .* tells it no more$/,
      mended: [`sed -i 's/export none; };/export where proto = "local_block"; };/' /run/calico/node2.conf; ${BIRD} configure`, 'sleep 0.5'],
    },
    {node: 'node1', lines: ['ip route del 10.244.1.2 dev cali-pod1'], cause: 'no-route', at: 'node1', object: '10.244.1.2 dev cali-pod1'},
    {
      node: 'node1',
      lines: ['ip route del 169.254.1.1 dev eth0', 'ip -n pod1 neigh flush all', 'ip -n pod2 neigh flush all'],
      cause: 'no-route',
      at: 'node1',
      object: '169.254.1.1 dev eth0',
    },
    // Both ends give the session up once it has been silent for its hold time.
    {
      node: 'node2',
      lines: [
        'iptables -A INPUT -p tcp --dport 179 -j DROP',
        'iptables -A INPUT -p tcp --sport 179 -j DROP',
        "timeout 30 bash -c 'while ip route | grep -q via.*bird; do sleep 0.05; done'",
        'sleep 1',
      ],
      cause: 'filter-drop',
      at: 'node2',
      object: /^ip filter INPUT .*tcp [ds]port 179/,
      mended: ['timeout 30 bash -c \'until [ $(ip route | grep -c "proto bird") = 3 ]; do sleep 0.05; done\'', 'sleep 1'],
    },
    {
      node: 'node2',
      lines: [
        'kill $(cat /run/podwire/bird.pid)',
        "timeout 10 bash -c 'while ip route | grep -q via.*bird; do sleep 0.05; done'",
        'sleep 0.5',
      ],
      cause: 'bgp-session-down',
      at: 'node2',
      object: 'BGP 192.168.1.12',
      evidence: /^the daemon bird at node2 has ended: there is no process \d+ any more$/,
      mended: ['timeout 30 bash -c \'until [ $(ip route | grep -c "proto bird") = 3 ]; do sleep 0.05; done\'', 'sleep 1'],
    },
  ],
  'flannel-udp': [
    // What becomes of it in the forwarder is not seen, and one thing has changed.
    {
      node: 'node2',
      lines: ['iptables -A INPUT -p udp --dport 8285 -j DROP'],
      cause: 'filter-drop',
      at: 'node2',
      object: /^ip filter INPUT/,
    },
    // What a process made only that can make again: it is started, and its device is wired as it was.
    {
      node: 'node2',
      lines: ['kill -9 $(cat /run/podwire/flanneld.pid)', "timeout 10 bash -c 'while ip link show flannel0; do sleep 0.02; done'"],
      cause: 'interface-missing',
      at: 'node2',
      object: 'flannel0',
      evidence: /^the daemon flanneld at node2 has ended/,
    },
  ],
  'cilium-ebpf': [
    {
      node: 'node1',
      lines: [`bpftool map delete pinned ${MAPS}/nodes key 24 0 0 0 10 244 2 0`],
      cause: 'flow-missing',
      at: 'node1',
      object: 'map nodes key 24 0 0 0 10 244 2 0',
    },
    {
      node: 'node1',
      lines: [`bpftool map delete pinned ${MAPS}/pods key 10 244 1 3`],
      cause: 'flow-missing',
      at: 'node1',
      object: 'map pods key 10 244 1 3',
    },
    // The entry is there, and leads to another node: what the program does with it is not seen.
    {
      node: 'node1',
      lines: [`bpftool map update pinned ${MAPS}/nodes key 24 0 0 0 10 244 2 0 value 192 168 1 13 0 0 0 0`],
      cause: 'flow-missing',
      at: 'node1',
      object: 'map nodes key 24 0 0 0 10 244 2 0 value 192 168 1 13 0 0 0 0',
    },
    {
      node: 'node1',
      lines: ['tc qdisc del dev lxc-pod1 clsact'],
      cause: 'flow-missing',
      at: 'node1',
      object: 'bpf dev lxc-pod1 ingress',
    },
    {
      node: 'node1',
      lines: ['ip -n pod1 neigh del 169.254.1.1 dev eth0'],
      cause: 'neighbour-unresolved',
      at: 'pod1',
      object: '169.254.1.1 dev eth0',
    },
    {node: 'node2', lines: ['ip -n pod3 link set eth0 down'], cause: 'interface-down', at: 'pod3', object: 'eth0'},
    // A tunnel that programs fill in has no entries that lead to it.
    {
      node: 'node3',
      lines: [
        'ip link del cilium_vxlan',
        'ip link add cilium_vxlan index 100 address 02:00:00:00:00:01 mtu 1450 type vxlan external dstport 4789',
        'ip link set cilium_vxlan up',
        'tc qdisc add dev cilium_vxlan clsact',
        `tc filter add dev cilium_vxlan ingress bpf direct-action object-pinned ${MAPS}/from_network`,
      ],
      cause: 'tunnel-port-mismatch',
      at: 'node3',
      object: 'cilium_vxlan',
    },
  ],
  // Where no program takes it, the stack does, which forwards nothing here: that is no fault.
  'cilium-ebpf-native': ['eth0', 'lxc-pod3'].map((dev) => ({
    ...{node: 'node2', lines: [`tc qdisc del dev ${dev} clsact`], at: 'node2'},
    ...{cause: 'flow-missing', object: `bpf dev ${dev} ingress`},
  })),
  'nsx-ovn': [
    {
      node: 'node1',
      lines: [`ovn-nbctl acl-add ls2 to-lport 1000 'outport == "pod3" && ip4.src == 10.244.1.3' drop`, SYNC],
      cause: 'filter-drop',
      at: 'node2',
      object: /^br-int table=\d+ priority=2000,ip,.*nw_src=10\.244\.1\.3$/,
    },
    {
      node: 'node1',
      lines: ['ovs-vsctl del-port br-int veth-pod2', 'sleep 0.5'],
      cause: 'port-not-enslaved',
      at: 'node1',
      object: 'veth-pod2',
      mended: [SYNC, 'sleep 0.5'],
    },
    // What is drawn otherwise and breaks nothing is not what breaks this: neither what it has nothing to do with, nor its own.
    {
      node: 'node1',
      lines: [HARMLESS, 'ovs-vsctl set interface veth-pod1 external_ids:iface-id=podX', 'sleep 0.5'],
      cause: 'port-not-enslaved',
      at: 'node1',
      object: 'veth-pod1',
      mended: [SYNC, 'sleep 0.5'],
    },
    {
      node: 'node1',
      lines: [HARMLESS, 'ip -n pod1 link set eth0 down', 'sleep 0.5'],
      cause: 'interface-down',
      at: 'pod1',
      object: 'eth0',
      mended: ["ovn-nbctl lsp-set-addresses pod3 '0a:00:00:00:02:02 10.244.2.2'", SYNC, 'sleep 0.5'],
    },
    // What is drawn otherwise is told where the drawing is, and is drawn as it was.
    {
      node: 'node1',
      lines: ['ovn-nbctl lsp-del pod3', SYNC, 'sleep 0.5'],
      cause: 'flow-missing',
      at: 'node1',
      object: 'ls2 pod3',
      evidence: /^the network was drawn with ls2 pod3 '0a:00:00:00:02:02 10\.244\.2\.2'$/,
      mended: ['sleep 0.5'],
    },
    {
      node: 'node1',
      lines: ["ovn-nbctl lsp-set-addresses pod3 '0a:00:00:00:02:03 10.244.2.2'", SYNC, 'sleep 0.5'],
      cause: 'flow-missing',
      at: 'node1',
      object: 'ls2 pod3',
      evidence: / and is with '0a:00:00:00:02:03 10\.244\.2\.2'$/,
    },
    {
      node: 'node1',
      lines: ['ovn-nbctl lr-route-del lr0 192.168.1.12/32', 'ovn-nbctl lsp-del ls3-lr0', SYNC, 'sleep 0.5'],
      cause: 'flow-missing',
      at: 'node1',
      object: 'ls3 ls3-lr0',
      beside: ['flow-missing', 'lr0 192.168.1.12 10.244.2.254'],
      mended: ['sleep 0.5'],
    },
    {
      node: 'node2',
      lines: ['ip -n pod3 link set eth0 address 0a:00:00:00:02:77'],
      cause: 'neighbour-wrong',
      at: 'pod3',
      object: 'eth0 0a:00:00:00:02:77',
    },
    {node: 'node3', lines: ['ip link set veth-pod4 down'], cause: 'interface-down', at: 'node3', object: 'veth-pod4'},
    {node: 'node2', lines: ['ip link set br-phy down'], cause: 'interface-down', at: 'node2', object: 'br-phy', mended: ['sleep 1']},
    {
      node: 'node3',
      lines: ['kill -STOP $(cat /run/podwire/ovn-controller.pid)', 'ovs-ofctl del-flows br-int'],
      cause: 'flow-missing',
      at: 'node3',
      object: 'br-int table=0',
      mended: ['kill -CONT $(cat /run/podwire/ovn-controller.pid)', ...untilFlows('br-int')],
    },
  ],
  'bcf-openflow': [
    {
      node: 'leaf1',
      lines: ['ovs-ofctl -O OpenFlow13 del-flows sw'],
      cause: 'flow-missing',
      at: 'leaf1',
      object: 'sw table=0',
      mended: untilFlows('sw'),
    },
    // Every other flow of packets goes by this spine.
    {
      node: 'spine1',
      lines: ['ovs-ofctl -O OpenFlow13 del-flows sw'],
      cause: 'flow-missing',
      at: 'spine1',
      object: 'sw table=0',
      mended: untilFlows('sw'),
    },
    // What a switch would do that is not there any more it does not say; a table that does no harm there is not blamed for it.
    {
      node: 'leaf1',
      lines: [
        'kill -9 $(cat /run/podwire/vswitchd.pid)',
        'nft add table inet own',
        "nft add chain inet own in '{ type filter hook input priority 0; }'",
        'nft add rule inet own in udp dport 6081 drop',
        'sleep 0.5',
      ],
      cause: 'unknown',
      at: 'leaf1',
      object: 'sw',
      evidence: /^the daemon vswitchd at leaf1 has ended/,
      mended: ['nft delete table inet own', ...untilFlows('sw')],
    },
    {node: 'leaf2', lines: ['ovs-vsctl del-port sw node3'], cause: 'port-not-enslaved', at: 'leaf2', object: 'node3', mended: ['sleep 2']},
    {node: 'leaf1', lines: ['ip link set node1 down'], cause: 'tunnel-endpoint-down', at: 'leaf1', object: 'node1', mended: ['sleep 1']},
    // Nothing fails until somebody has to be asked for anew.
    {
      node: 'controller',
      lines: ['kill -9 $(cat /run/podwire/controller.pid)'],
      cause: 'flow-missing',
      at: 'leaf1',
      object: 'sw controller tcp:172.31.0.110:6653',
      evidence: /^the daemon controller at controller has ended/,
    },
  ],
  'aci-evpn': [
    {
      node: 'leaf2',
      lines: ['ip link set vx20 down', 'sleep 1'],
      cause: 'tunnel-endpoint-down',
      at: 'leaf2',
      object: 'vx20',
      mended: untilTold,
    },
    // Its consequences: no route to the other leaf, and what that had told is gone.
    {
      node: 'leaf2',
      lines: ['ip link set up0 down', "timeout 20 bash -c 'while ip route | grep -q isis; do sleep 0.05; done'", 'sleep 3'],
      cause: 'tunnel-endpoint-down',
      at: 'leaf2',
      object: 'up0',
      mended: untilTold,
    },
    {
      node: 'leaf1',
      lines: [
        'nft add table bridge c',
        "nft add chain bridge c f '{ type filter hook forward priority 0; }'",
        'nft add rule bridge c f ip daddr 10.244.3.2 drop',
      ],
      cause: 'bridge-filter-drop',
      at: 'leaf1',
      object: /^bridge c f .*ip daddr 10\.244\.3\.2 drop$/,
    },
    {
      node: 'leaf2',
      lines: [
        'kill -9 $(cat /run/podwire/bgpd.pid)',
        "timeout 20 bash -c 'while bridge fdb show dev vx20 | grep -q dst; do sleep 0.05; done'",
        'sleep 2',
      ],
      cause: 'bgp-session-down',
      at: 'leaf2',
      object: 'BGP 10.255.0.2 - 10.255.0.100',
      mended: untilTold,
    },
  ],
}

async function namesAndMends(t: ExecutionContext, lab: Lab, before: Facts, fault: Fault): Promise<void> {
  const {fleet, scenario} = lab
  const places = placesAfter(scenario, scenario.stages.length)
  const history = lab.history.map(({node, command}) => ({node, command: asTyped(lab, node, command)}))
  await type(lab, fault.node, ...fault.lines)
  const pairs = allPairs(clusterOf(places))
  const {diagnoses} = await examine(fleet, places, pairs, {history, before, mtu: scenario.mtu})
  const told = diagnoses.map(({cause, where}) => [cause, where.netns ?? where.node, where.object])
  const words = `${fault.lines.join('; ')}: ${JSON.stringify(told)}`
  t.deepEqual(
    told.map(([cause, at]) => [cause, at]),
    [[fault.cause, fault.at], ...(fault.beside ? [[fault.beside[0], fault.at]] : [])],
    words,
  )
  t.is(told[1]?.[2], fault.beside?.[1], words)
  const object = told[0]?.[2] ?? ''
  t.true(typeof fault.object === 'string' ? object === fault.object : fault.object.test(object), words)
  const {evidence = /^/} = fault
  t.true(
    diagnoses[0]?.evidence.some((line) => evidence.test(line)),
    `${words}: ${diagnoses[0]?.evidence.join('; ')}`,
  )
  for (const {where, command} of diagnoses.flatMap(({fix}) => fix)) await type(lab, where, command)
  if (fault.mended) await type(lab, fault.node, ...fault.mended)
  // Controllers and daemons take their time to tell of what is there again.
  const lost = async () => {
    await forgetUnresolved(fleet, places)
    await forgetNeighbours(fleet, places)
    const after = await probePairs(fleet, places, pairs, {mtu: scenario.mtu ?? 1500})
    return after.filter(({answered}) => answered !== true).map(({from, to, protocol, size}) => `${from} -> ${to} ${protocol} ${size}`)
  }
  t.deepEqual(
    await eventually(lost, ({length}) => length === 0),
    [],
    `${words}, after ${diagnoses.flatMap(({fix}) => fix.map(({command}) => command)).join('; ')}`,
  )
}

for (const scenario of await solutions())
  if (FAULTS[scenario.name])
    onEachThatHas([asRoot], scenario, 'what breaks it is named, and mended', async (t, runner) => {
      await using lab = await labOf(runner, scenario.name)
      t.timeout(300_000) // for hangs
      const before = await readFacts(lab.fleet, placesAfter(scenario, scenario.stages.length))
      for (const fault of FAULTS[scenario.name] ?? []) await namesAndMends(t, lab, before, fault)
    })

onEachThatHas(
  [asRoot],
  await loadScenario('flannel-vxlan'),
  'without a lab that worked, the recipe says what it had fixed',
  async (t, runner) => {
    await using lab = await labOf(runner, 'flannel-vxlan')
    const {fleet, scenario} = lab
    const places = placesAfter(scenario, scenario.stages.length)
    const recipe = lab.history.map(({node, command}) => ({node, command}))
    const fixing = (mac: string) => `ip neigh replace 10.244.2.0 lladdr ${mac} dev flannel.1 nud permanent`
    const [right, wrong] = [fixing('0a:58:0a:f4:02:00'), fixing('0a:58:0a:f4:02:99')]
    await type(lab, 'node1', wrong)
    // Where the recipe itself had the wrong one, nothing is known but that it is wrong.
    const typo = recipe.map((line) => (line.command === right.replace('replace', 'add') ? {...line, command: wrong} : line))
    for (const [history, fix] of [
      [recipe, right],
      [typo, 'ip neigh del 10.244.2.0 dev flannel.1'],
    ] as const) {
      const {diagnoses} = await examine(fleet, places, allPairs(clusterOf(places)), {history, mtu: scenario.mtu})
      t.deepEqual(
        diagnoses.map(({cause, fix: lines}) => [cause, lines.map(({command}) => command)]),
        [['neighbour-wrong', [fix]]],
      )
    }
  },
)
