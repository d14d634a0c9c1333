// The datapaths of ready networks with one thing changed: the claim about it fails, and for that reason.
import {asRoot} from './tools/runners.ts'
import {onEachThatHas, solutions} from './tools/solutions.ts'
import {failsAs, type Twin} from './tools/twin.ts'

const all = await solutions()

const TWINS: readonly (Twin & {readonly title: string})[] = [
  {
    title: 'another VNI than the wire has',
    scenario: 'flannel-vxlan',
    change: ['      vni: 1,', '      vni: 2,'],
    claim: 'wire pod1 -> pod3: vxlan 2',
    because: /node1\/eth0 saw the request otherwise: vni 1, not 2/,
  },
  {
    title: 'another outer address than the wire has',
    scenario: 'weave',
    change: ["outer: ['192.168.1.11', '192.168.1.12']", "outer: ['192.168.1.11', '192.168.1.13']"],
    claim: 'wire pod1 -> pod3: vxlan 6784',
    because: /the request otherwise: outer 192\.168\.1\.11 > 192\.168\.1\.12, not 192\.168\.1\.11 > 192\.168\.1\.13/,
  },
  {
    title: 'one VNI for both ways',
    scenario: 'nsx-ovn',
    change: ['      answerVni: 1,\n', ''],
    claim: 'wire pod1 -> pod3: geneve 2',
    because: /node1\/eth0 saw the answer otherwise: vni 1, not 2/,
  },
  {
    title: 'a firewall that lets everybody through',
    scenario: 'nsx-ovn',
    change: ['ip4.src == 10.244.1.3', 'ip4.src == 10.244.9.9'],
    claim: 'pod2# ping -c 1 -W 0.5 10.244.2.2 fails: 100% packet loss within 10 s',
    because: /not within 10 s/,
  },
  {
    title: 'a map that has lost a pod',
    scenario: 'cilium-ebpf',
    change: [
      '      nft add table ip strict\n',
      '      bpftool map delete pinned /run/cilium/bpf/pods key 10 244 1 3\n      nft add table ip strict\n',
    ],
    claim: 'reach among pod1, pod2, pod3, pod4',
    because: /^no-answer$/m,
  },
  {
    title: 'a program that stays at its cable',
    scenario: 'cilium-ebpf-native',
    change: ['tc filter del dev eth0 ingress', 'tc filter show dev eth0 ingress'],
    claim: 'pod1# ping -c 1 -W 0.5 10.244.2.2 fails: 100% packet loss within 5 s',
    because: /not within 5 s/,
  },
  {
    title: 'a leaf that sends all by one spine',
    scenario: 'bcf-openflow',
    change: [
      "    ...stage('64 conversations, to as many ports'),\n",
      "    ...stage('one way'),\n    ...on('leaf1')`\n      ovs-ofctl -O OpenFlow13 mod-group sw group_id=1,type=select,bucket=output:101\n    `,\n    ...on('spine2')`\n      ovs-ofctl -O OpenFlow13 add-flow sw priority=100,reset_counts,dl_dst=0a:00:00:00:00:13,actions=output:2\n    `,\n    ...stage('64 conversations, to as many ports'),\n",
    ],
    claim: "spine2# ovs-ofctl -O OpenFlow13 dump-flows sw dl_dst=0a:00:00:00:00:13 | grep 'n_packets=[1-9]' within 10 s",
    because: /not within 10 s/,
  },
  {
    title: 'a leaf that the packet does not go to',
    scenario: 'aci-evpn',
    change: ["outer: ['10.255.0.1', '10.255.0.2']", "outer: ['10.255.0.1', '10.255.0.100']"],
    claim: 'wire pod1 -> pod4: vxlan 20',
    because: /spine1\/leaf1 saw the request otherwise: outer 10\.255\.0\.1 > 10\.255\.0\.2, not 10\.255\.0\.1 > 10\.255\.0\.100/,
  },
  {
    title: 'a contract that forbids nothing',
    scenario: 'aci-evpn',
    change: ['ip protocol != tcp drop', 'ip protocol != tcp accept'],
    claim: 'pod2# ping -c 1 -W 0.5 10.244.3.2 fails: 100% packet loss',
    because: /it ended with 0/,
  },
  {
    title: 'a node that remembers its gateway',
    scenario: 'bcf-openflow',
    change: ['ip neigh flush dev fab0', 'ip neigh change 192.168.1.254 lladdr 00:00:5e:00:01:01 dev fab0 nud permanent'],
    claim: 'pod1# ping -c 1 -W 0.5 10.244.3.2 fails: 100% packet loss within 10 s',
    because: /not within 10 s/,
  },
  {
    title: 'a tunnel where there is none',
    scenario: 'calico-bgp',
    change: [
      "carries({encapsulation: 'none', inner",
      "carries({encapsulation: 'vxlan', vni: 1, port: 8472, outer: ['192.168.1.11', '192.168.1.12'], inner",
    ],
    claim: 'wire pod1 -> pod3: vxlan 1',
    because: /encapsulation none, not vxlan/,
  },
  {
    title: 'another inner address than UDP carries',
    scenario: 'flannel-udp',
    change: ["inner: ['10.244.1.2', '10.244.2.2']", "inner: ['10.244.1.3', '10.244.2.2']"],
    claim: 'wire pod1 -> pod3: udp',
    because: /inner 10\.244\.1\.2 > 10\.244\.2\.2, not 10\.244\.1\.3 > 10\.244\.2\.2/,
  },
  {
    title: 'a wire that the exchange does not pass',
    scenario: 'flannel-host-gw',
    change: ["wire('pod1', 'pod3').", "wire('pod1', 'pod3', 'node3/eth0')."],
    claim: 'wire pod1 -> pod3: none',
    because: /nothing of it passed node3\/eth0/,
  },
  {
    title: 'a CNI plugin that is let translate what leaves the node',
    scenario: 'flannel-real',
    change: [
      "    ...on('node1')`\n      ip netns add pod1\n",
      '    ...on(\'node1\')`\n      sed -i \'s/"ipMasq": false/"ipMasq": true/\' /run/flannel/10-flannel.conf\n      ip netns add pod1\n',
    ],
    claim: 'no-nat',
    because: /request left as 10\.244\.1\.3 -> 192\.168\.1\.12, node2 saw 192\.168\.1\.11 ->/,
  },
  {
    title: 'a node that has lost nothing',
    scenario: 'flannel-real',
    change: ['ip link del flannel.1', 'ip link show flannel.1'],
    claim: 'reach pod1 -> pod3 fails: tunnel-endpoint-down at node2 within 10 s',
    because: /not within 10 s/,
  },
  {
    title: 'the underlay’s MTU in a tunnel',
    scenario: 'flannel-vxlan',
    change: ['  mtu: 1450,\n', '  mtu: 1500,\n'],
    claim: 'reach',
    because: /EMSGSIZE|frag-needed/,
  },
  {
    title: 'an entry that is wrong and not missing',
    scenario: 'flannel-vxlan',
    change: [
      "dst 192.168.1.12 self\n    `,\n    // The tunnel has nobody to send it to and drops it: no error comes back, only a counter tells.\n    reach('pod1', 'pod3').fails('vtep-fdb-missing', 'node1').within(10_000),",
      "dst 192.168.1.12 self\n      bridge fdb add 0a:58:0a:f4:02:00 dev flannel.1 dst 192.168.1.13 self permanent\n    `,\n    reach('pod1', 'pod3').fails('vtep-fdb-missing', 'node1').within(100),",
    ],
    claim: 'reach pod1 -> pod3 fails: vtep-fdb-missing at node1 within 100 ms',
    because: /but not for vtep-fdb-missing at node1: vtep-fdb-wrong at node1/,
  },
  {
    title: 'a session that stays open, and a route that is not gone in time',
    scenario: 'calico-bgp',
    change: [
      "disable mesh1\n    `,\n    runs('node1')`ip route show 10.244.2.0/26 | wc -l`.prints('0').within(10_000),",
      "show status\n    `,\n    runs('node1')`ip route show 10.244.2.0/26 | wc -l`.prints('0').within(300),",
    ],
    claim: "node1# ip route show 10.244.2.0/26 | wc -l prints '0' within 300 ms",
    because: /not within 300 ms, looked at \d+ times/,
  },
  {
    title: 'a reflector whose daemon lives',
    scenario: 'calico-bgp-reflector',
    change: [
      "kill -9 $(cat /run/podwire/bird.pid)\n    `,\n    runs('node2')`ip route show 10.244.3.0/26 | wc -l`.prints('0').within(10_000),\n    runs('node3')`ip route show 10.244.2.0/26 | wc -l`.prints('0').within(10_000),",
      'kill -0 $(cat /run/podwire/bird.pid)\n    `,',
    ],
    claim: 'reach pod3 -> pod4 fails: no-route at node2',
    because: /holds, and should fail: no-route at node2/,
  },
]

for (const {title, ...twin} of TWINS) {
  const scenario = all.find(({name}) => name === twin.scenario)
  if (scenario) onEachThatHas([asRoot], scenario, title, (t, runner) => failsAs(t, runner, twin))
}
