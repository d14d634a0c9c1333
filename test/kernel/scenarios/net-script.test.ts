// The course's script and its CNI form as a scenario: it passes, and with one thing in it changed it fails for that reason.
import {ALL, asRoot, onEach} from '../tools/runners.ts'
import {failsAs, passes, type Twin} from '../tools/twin.ts'

onEach(ALL, 'net-script holds', (t, runner) => passes(t, runner, 'net-script'))

const TWINS: readonly (Twin & {readonly title: string})[] = [
  {
    title: 'a container in the subnet of another node',
    scenario: 'net-script',
    change: ['SUBNET=10.244.2.0/24 GATEWAY=10.244.2.1 ./net-script.sh add pod3 pod3', './net-script.sh add pod3 pod3'],
    claim: 'reach among pod1, pod2, pod3',
    because: /no-answer|unreachable/,
  },
  {
    title: 'a plug-in that is told which container it is',
    scenario: 'net-script',
    change: ['CNI_COMMAND=ADD CNI_NETNS=', 'CNI_CONTAINERID=other CNI_COMMAND=ADD CNI_NETNS='],
    claim:
      'node3# cd /run/podwire && CNI_CONTAINERID=other CNI_COMMAND=ADD CNI_NETNS=/run/netns/pod4 CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni ./podwire-bridge <pod4.json fails: "code": 4, CNI_CONTAINERID',
    because: /it does not say ".*CNI_CONTAINERID/,
  },
  {
    title: 'a script that is asked to check what it should refuse to add',
    scenario: 'net-script',
    change: ['./net-script.sh add pod9 pod9`', './net-script.sh ad pod9 pod9`'],
    claim: "node1# cd /run/podwire && ./net-script.sh ad pod9 pod9 fails: there is no namespace 'pod9'",
    because: /it does not say "there is no namespace 'pod9'"/,
  },
]

for (const {title, ...twin} of TWINS)
  onEach([asRoot], `${twin.scenario} with ${title} fails for that reason`, (t, runner) => failsAs(t, runner, twin))
