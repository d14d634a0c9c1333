// Hosts that are reached and do not answer, and devices whose queues let nothing out.
import {atNode, atPod, type Fault, having, type Injection, on, pairs, spot, type Variant} from './fault.ts'
import {farFrom, type Pod, type Site, type Wired} from './wired.ts'

function silent(title: string, change: (pod: Pod) => Pick<Injection, 'inject' | 'heal'>, object: RegExp): Variant {
  return atPod(title, (lab, pod) => ({
    ...change(pod),
    expect: {cause: 'echo-ignored', where: spot(pod, object)},
    breaks: {pairs: pairs([farFrom(lab, pod), pod], [pod.home, pod]), protocol: 'icmp'},
  }))
}

function queue(site: Site, device: string, line: string): Pick<Injection, 'inject' | 'heal'> {
  return {
    inject: on(site.node, `${site.inside}tc qdisc add dev ${device} ${line}`),
    heal: on(site.node, `${site.inside}tc qdisc del dev ${device} ${line.split(' ')[0]}`),
  }
}

function around(lab: Wired, pod: Pod): string[] {
  return pairs([farFrom(lab, pod), pod], [pod, farFrom(lab, pod)], [pod.home, pod])
}

export const END_FAULTS: readonly Fault[] = [
  {
    cause: 'echo-ignored',
    variants: [
      silent(
        'the pod ignores echo requests',
        (pod) => ({
          inject: on(pod.node, `${pod.inside}sysctl -w net.ipv4.icmp_echo_ignore_all=1`),
          heal: on(pod.node, `${pod.inside}sysctl -w net.ipv4.icmp_echo_ignore_all=0`),
        }),
        having('icmp_echo_ignore_all'),
      ),
      silent(
        'a filter in the pod drops echo requests',
        ({inside, node}) => ({
          inject: on(
            node,
            `${inside}nft add table ip quiet`,
            `${inside}nft 'add chain ip quiet input { type filter hook input priority 0; }'`,
            `${inside}nft add rule ip quiet input icmp type echo-request drop`,
          ),
          heal: on(node, `${inside}nft delete table ip quiet`),
        }),
        having('quiet input'),
      ),
      silent(
        'iptables in the pod drops echo requests',
        ({inside, node, facts}) => ({
          inject: on(node, `${inside}iptables -A INPUT -p icmp --icmp-type echo-request -j DROP`),
          heal: on(
            node,
            `${inside}iptables -D INPUT -p icmp --icmp-type echo-request -j DROP`,
            ...(facts.ruleset.some(({table}) => table?.name === 'filter') ? [] : [`${inside}nft delete table ip filter`]),
          ),
        }),
        having('INPUT'),
      ),
      atNode('the node ignores echo requests', (lab, node) => ({
        inject: on(node.node, 'sysctl -w net.ipv4.icmp_echo_ignore_all=1'),
        heal: on(node.node, 'sysctl -w net.ipv4.icmp_echo_ignore_all=0'),
        expect: {cause: 'echo-ignored', where: spot(node, having('icmp_echo_ignore_all'))},
        breaks: {pairs: pairs([farFrom(lab, node), node]), protocol: 'icmp'},
      })),
    ],
  },
  {
    cause: 'tc-drop',
    variants: [
      ...['root blackhole', 'root pfifo limit 0', 'root tbf rate 8bit burst 1 limit 1'].map((line) =>
        atPod(`a queue on the machine's end of the pod's cable lets nothing out: ${line}`, (lab, pod) => ({
          ...queue(pod.home, pod.port.name, line),
          expect: {cause: 'tc-drop', where: spot(pod.home, having(pod.port.name))},
          breaks: {pairs: around(lab, pod)},
        })),
      ),
      atPod('a queue in the pod lets nothing out', (lab, pod) => ({
        ...queue(pod, pod.device.name, 'root blackhole'),
        expect: {cause: 'tc-drop', where: spot(pod, having(pod.device.name))},
        breaks: {pairs: around(lab, pod)},
      })),
      atNode('a classifier sends all IP that comes in by the underlay somewhere else', (lab, node) => ({
        inject: on(
          node.node,
          `tc qdisc add dev ${node.device.name} clsact`,
          `tc filter add dev ${node.device.name} ingress protocol ip u32 match u32 0 0 action mirred egress redirect dev lo`,
        ),
        heal: on(node.node, `tc qdisc del dev ${node.device.name} clsact`),
        expect: {cause: 'tc-drop', where: spot(node, having(node.device.name))},
        breaks: {pairs: pairs([node, farFrom(lab, node)], [farFrom(lab, node), node])},
      })),
    ],
  },
]
