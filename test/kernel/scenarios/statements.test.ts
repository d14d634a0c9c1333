// Each scenario of the documents' first steps: it passes, and with one thing in it changed it fails for that reason.
import {ALL, asRoot, onEach} from '../tools/runners.ts'
import {failsAs, passes, type Twin} from '../tools/twin.ts'

const SCENARIOS = ['single-node', 'pod-recreated', 'minikube', 'two-nodes-conflict', 'three-nodes-by-hand']

for (const scenario of SCENARIOS) onEach(ALL, `${scenario} holds`, (t, runner) => passes(t, runner, scenario))

const TWINS: readonly (Twin & {readonly title: string})[] = [
  {
    title: 'a pod whose link is down',
    scenario: 'single-node',
    change: ['ip link set dev veth-pod3-br up', 'ip link set dev veth-pod3-br down'],
    claim: 'reach among pod1, pod2, pod3',
    because: /no-answer|unreachable|EHOSTUNREACH/,
  },
  {
    title: 'a server that does not know the key',
    scenario: 'single-node',
    change: ['-o BatchMode=yes -l admin', '-o BatchMode=yes -l nobody-here'],
    claim: `admin# ssh-keyscan -t ed25519 192.168.1.2 >/run/ssh/known 2>/dev/null; ssh -i /run/ssh/key -o UserKnownHostsFile=/run/ssh/known -o BatchMode=yes -l nobody-here 192.168.1.2 'echo $(hostname) at \${SSH_CONNECTION}' prints 'node1 at 192.168.1.100', '192.168.1.2 22'`,
    because: /Permission denied/,
  },
  {
    title: 'a pod that is looked for at its old address',
    scenario: 'pod-recreated',
    change: ["answersAt('pod2', '10.244.0.4')", "answersAt('pod2', '10.244.0.3')"],
    claim: 'reach among pod1, pod2',
    because: /no-answer|unreachable|EHOSTUNREACH/,
  },
  {
    title: 'a laptop that forwards from the beginning',
    scenario: 'minikube',
    change: ['      ip netns add phone\n', '      ip netns add phone\n      sysctl -w net.ipv4.ip_forward=1\n'],
    claim: 'reach phone -> minikube fails: forwarding-off at laptop',
    because: /fails, but not for forwarding-off at laptop: no-return-route at minikube/,
  },
  {
    title: 'a node that begins with a subnet of its own',
    scenario: 'two-nodes-conflict',
    change: ["pod2: {node: 'node2', address: '10.244.0.2'}", "pod2: {node: 'node2', address: '10.244.0.3'}"],
    claim: 'reach node1 -> pod2 fails: duplicate-address at pod1',
    because: /fails, but not for duplicate-address at pod1/,
  },
  {
    title: 'segments that were never joined',
    scenario: 'two-nodes-conflict',
    change: ['dev eth0 remote 192.168.1.3 dstport 4789', 'dev eth0 remote 192.168.1.3 dstport 4790'],
    claim: 'pod1# arping -D -c 3 -w 3 -I veth-pod1 10.244.0.2 fails: Unicast reply from 10.244.0.2',
    because: /it ended with 0, and should fail/,
  },
  {
    title: 'the trap of the host end, cured too early',
    scenario: 'three-nodes-by-hand',
    change: [
      '      ip -n pod1 addr add 10.244.1.2/24 dev veth-pod1\n',
      '      ip -n pod1 addr add 10.244.1.2/24 dev veth-pod1\n      ip link set dev veth-pod1-br up\n',
    ],
    claim: 'reach pod1 -> node1 fails: peer-down at node1',
    because: /holds, and should fail: peer-down at node1/,
  },
  {
    title: 'a failure by accident: a wrong next hop where no route is claimed',
    scenario: 'three-nodes-by-hand',
    change: [
      "      ip route add 10.244.3.2 via 192.168.1.13\n    `,\n    ...on('node3')`",
      "      ip route add 10.244.3.2 via 192.168.1.13\n      ip route add 10.244.1.3 via 192.168.1.99\n    `,\n    ...on('node3')`",
    ],
    claim: 'reach pod3 -> pod2 fails: no-route at node2',
    because: /fails, but not for no-route at node2: next-hop-unreachable at node2/,
  },
]

for (const {title, ...twin} of TWINS)
  onEach([asRoot], `${twin.scenario} with ${title} fails for that reason`, (t, runner) => failsAs(t, runner, twin))
