// Services beside the pod network: the scenario passes, and with one thing changed it fails for that reason.
import {ALL, asRoot, onEach} from '../tools/runners.ts'
import {failsAs, passes, type Twin} from '../tools/twin.ts'

const scenario = 'services'

onEach(ALL, 'a service is reached from inside and outside the cluster, and pods still reach one another untranslated', (t, runner) =>
  passes(t, runner, scenario),
)

onEach([asRoot], 'a node that masquerades whatever leaves it translates between pods', (t, runner) =>
  failsAs(t, runner, {
    scenario,
    change: ['ct status dnat ip saddr 10.244.1.0/24 ip daddr 10.244.1.0/24 masquerade', 'masquerade'],
    claim: 'no-nat among pod1, pod2, pod3, pod4',
    because: /10\.244\.1\.2\b.*pod3 saw 192\.168\.1\.11/,
  }),
)

onEach([asRoot], 'a pod that gets itself hears nothing without masquerading', (t, runner) =>
  failsAs(t, runner, {
    scenario,
    change: ['nft add rule ip services postrouting ct status dnat ip saddr 10.244.1.0/24 ip daddr 10.244.1.0/24 masquerade', 'true'],
    claim: "pod1# socat -u TCP:10.96.0.10:80,connect-timeout=2 - prints 'pod1 saw 10.244.1.1'",
    because: /Connection timed out/,
  }),
)

onEach([asRoot], 'a port that is masqueraded hides the client', (t, runner) =>
  failsAs(t, runner, {
    scenario,
    change: [
      'dnat to 10.244.2.2:80',
      'dnat to 10.244.2.2:80\n      nft add rule ip services postrouting ct status dnat meta l4proto tcp ct original proto-dst 30081 masquerade',
    ],
    claim: "client# socat -u TCP:192.168.1.12:30081,connect-timeout=2 - prints 'pod3 saw 192.168.1.100'",
    because: /it said: pod3 saw 10\.244\.2\.1/,
  }),
)

// A time limit passes for whatever reason: what was seen on the way tells them apart.
const ASKED_AMISS: readonly (Omit<Twin, 'scenario'> & {readonly title: string})[] = [
  {
    title: 'a pod that asks an address that nobody has, and not itself',
    change: ["runs('pod1')`socat -u TCP:10.96.0.10:80,connect-timeout=0.1", "runs('pod1')`socat -u TCP:10.244.2.99:80,connect-timeout=0.1"],
    claim: "pod1# nft list chain ip seen prerouting prints 'ip daddr 10.244.1.2 tcp dport 80 counter packets 1 bytes'",
    because: /it does not say ".*packets 1 bytes"/,
  },
  {
    title: 'a pod that asks an address that nobody has, and not its neighbour',
    change: ["runs('pod2')`socat -u TCP:10.96.0.10:80,connect-timeout=0.1", "runs('pod2')`socat -u TCP:10.244.2.99:80,connect-timeout=0.1"],
    claim: "pod2# nft list chain ip seen prerouting prints 'ip saddr 10.244.1.2 tcp sport 80 counter packets 1 bytes'",
    because: /it does not say ".*packets 1 bytes"/,
  },
  {
    title: 'a client that asks a node that there is not',
    change: ['192.168.1.11:30080,connect-timeout=0.1', '192.168.1.99:30080,connect-timeout=0.1'],
    claim: "client# nft list chain ip seen prerouting | grep -v 'packets 0' prints 'ip saddr 10.244.2.2 tcp sport 80 counter packets'",
    because: /it does not say ".*tcp sport 80 counter packets"/,
  },
  {
    title: 'a client that asks a port of a node that there is not',
    change: ['192.168.1.13:30081,connect-timeout=0.1', '192.168.1.99:30081,connect-timeout=0.1'],
    claim: "node3# nft list chain ip services prerouting prints 'tcp dport 30081 counter packets 1 bytes'",
    because: /it does not say "tcp dport 30081 counter packets 1 bytes"/,
  },
]

for (const {title, ...twin} of ASKED_AMISS)
  onEach([asRoot], `${title} fails the scenario`, (t, runner) => failsAs(t, runner, {scenario, ...twin}))
