// What breaks tunnels, gateways that are answered for, and BGP sessions: each is named by its cause and place, and the fix that
// is told mends it. One lab for a scenario: each fix has to leave it as it was.
import type {ExecutionContext} from 'ava'
import {examine} from '../../harness/examine.ts'
import type {Facts} from '../../harness/facts/facts.ts'
import {forgetNeighbours, forgetUnresolved} from '../../harness/facts/neighbours.ts'
import {readFacts} from '../../harness/facts/read.ts'
import type {Lab} from '../../harness/lab.ts'
import {type Cause, placesAfter} from '../../harness/model.ts'
import {allPairs, probeAll} from '../../harness/probe/probe.ts'
import {labOf, type} from './tools/labs.ts'
import {asRoot} from './tools/runners.ts'
import {onEachThatHas, solutions} from './tools/solutions.ts'

interface Fault {
  readonly node: string
  readonly lines: readonly string[]
  readonly cause: Cause
  /** Where it is named. */
  readonly at: string
  readonly object: string
  /** The daemons alone can mend it: with this. */
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
    {node: 'node2', lines: otherwise(2, 8472), cause: 'vni-mismatch', at: 'node2', object: 'flannel.1'},
    {node: 'node2', lines: otherwise(1, 4789), cause: 'tunnel-port-mismatch', at: 'node2', object: 'flannel.1'},
    {node: 'node2', lines: ['ip link del flannel.1'], cause: 'tunnel-endpoint-down', at: 'node2', object: 'flannel.1'},
    {node: 'node2', lines: ['ip link set flannel.1 down'], cause: 'tunnel-endpoint-down', at: 'node2', object: 'flannel.1'},
  ],
  weave: [
    {node: 'node1', lines: [`bridge fdb del ${FLOOD}`, ...ASK_ANEW], cause: 'vtep-fdb-missing', at: 'node1', object: FLOOD},
    {node: 'node2', lines: ['ip link set vxlan-6784 down'], cause: 'tunnel-endpoint-down', at: 'node2', object: 'vxlan-6784'},
    {node: 'node2', lines: ['ip link del vxlan-6784'], cause: 'tunnel-endpoint-down', at: 'node2', object: 'vxlan-6784'},
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
  ],
}

async function namesAndMends(t: ExecutionContext, lab: Lab, before: Facts, fault: Fault): Promise<void> {
  const {fleet, scenario} = lab
  const places = placesAfter(scenario, scenario.stages.length)
  const history = lab.history.map(({node, command}) => ({node, command}))
  await type(lab, fault.node, ...fault.lines)
  const {diagnoses} = await examine(fleet, places, allPairs(places), {history, before, mtu: scenario.mtu})
  t.deepEqual(
    diagnoses.map(({cause, where}) => [cause, where.node, where.object]),
    [[fault.cause, fault.at, fault.object]],
  )
  for (const {where, command} of diagnoses.flatMap(({fix}) => fix)) await type(lab, where, command)
  if (fault.mended) await type(lab, fault.node, ...fault.mended)
  await forgetUnresolved(fleet, places)
  await forgetNeighbours(fleet, places)
  const after = await probeAll(fleet, places, {mtu: scenario.mtu ?? 1500})
  t.deepEqual(
    after.filter(({answered}) => answered !== true).map(({from, to, protocol, size}) => `${from} -> ${to} ${protocol} ${size}`),
    [],
    `after ${diagnoses.flatMap(({fix}) => fix.map(({command}) => command)).join('; ')}`,
  )
}

for (const scenario of await solutions())
  if (FAULTS[scenario.name])
    onEachThatHas([asRoot], scenario, 'what breaks it is named, and mended', async (t, runner) => {
      await using lab = await labOf(runner, scenario.name)
      const before = await readFacts(lab.fleet, placesAfter(scenario, scenario.stages.length))
      for (const fault of FAULTS[scenario.name] ?? []) await namesAndMends(t, lab, before, fault)
    })
