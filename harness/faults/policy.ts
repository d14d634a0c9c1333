// Rules that pick another table, or refuse (ip-rule(8)).
import {atNode, atPod, type Fault, having, on, pairs, spot} from './fault.ts'
import {farFrom, podOn, routeTo, type Site, type Wired} from './wired.ts'

function across(lab: Wired, node: Site): string[] {
  return pairs([podOn(lab, node), farFrom(lab, node)], [farFrom(lab, node), podOn(lab, node)])
}

export const POLICY_FAULTS: readonly Fault[] = [
  {
    cause: 'policy-rule',
    variants: [
      atNode("a rule sends what comes from the node's pods to a table that has no way on", (lab, node) => {
        const {subnet} = podOn(lab, node)
        return {
          inject: on(node.node, 'ip route add unreachable default table 100', `ip rule add from ${subnet} lookup 100`),
          heal: on(node.node, `ip rule del from ${subnet} lookup 100`, 'ip route del unreachable default table 100'),
          expect: {cause: 'policy-rule', where: spot(node, having(`from ${subnet}`))},
          breaks: {pairs: across(lab, node)},
        }
      }),
      ...(['unreachable', 'prohibit', 'blackhole'] as const).map((word) =>
        atNode(`a rule refuses what is for another node's pods: ${word}`, (lab, node) => {
          const {to} = routeTo(node, farFrom(lab, node).address)
          return {
            inject: on(node.node, `ip rule add to ${to} ${word}`),
            heal: on(node.node, `ip rule del to ${to} ${word}`),
            expect: {cause: 'policy-rule', where: spot(node, having(`to ${to}`))},
            breaks: {pairs: [...across(lab, node), ...pairs([node, farFrom(lab, node)])]},
          }
        }),
      ),
      atNode('a rule for what comes in by the bridge picks a table that leads to nobody', (lab, node) => {
        const {bridge} = podOn(lab, node)
        const nobody = node.address.replace(/\d+$/, '253')
        return {
          inject: on(node.node, `ip route add default via ${nobody} table 100`, `ip rule add iif ${bridge.name} lookup 100`),
          heal: on(node.node, `ip rule del iif ${bridge.name} lookup 100`, `ip route del default via ${nobody} table 100`),
          expect: {cause: 'policy-rule', where: spot(node, having(`iif ${bridge.name}`))},
          breaks: {pairs: across(lab, node)},
        }
      }),
      atNode('the rule that looks at the main table is gone', (lab, node) => ({
        inject: on(node.node, 'ip rule del pref 32766'),
        heal: on(node.node, 'ip rule add pref 32766 lookup main'),
        expect: {cause: 'policy-rule', where: spot(node, having(''))},
        breaks: {pairs: [...across(lab, node), ...pairs([node, farFrom(lab, node)])]},
      })),
      atPod('a rule in the pod refuses what it sends', (lab, pod) => ({
        inject: on(pod.node, `${pod.ip} rule add from ${pod.address} prohibit`),
        heal: on(pod.node, `${pod.ip} rule del from ${pod.address} prohibit`),
        expect: {cause: 'policy-rule', where: spot(pod, having(`from ${pod.address}`))},
        breaks: {pairs: pairs([farFrom(lab, pod), pod], [pod.home, pod])},
      })),
    ],
  },
]
