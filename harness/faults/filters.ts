// Packets that a rule drops or refuses: nft(8), iptables(8), ebtables(8).
import {atNode, atPod, type Fault, having, type Injection, on, pairs, spot, type Variant} from './fault.ts'
import {farFrom, type Pod, podOn, type Site, twinOf, type Wired} from './wired.ts'

type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting'

/** A table of its own with one chain, and rules in it. */
function table(site: Site, family: string, hook: Hook, rules: readonly string[], policy = 'accept'): Pick<Injection, 'inject' | 'heal'> {
  const nft = `${site.inside}nft`
  return {
    inject: on(
      site.node,
      `${nft} add table ${family} broken`,
      `${nft} 'add chain ${family} broken ${hook} { type filter hook ${hook} priority 0; policy ${policy}; }'`,
      ...rules.map((rule) => `${nft} add rule ${family} broken ${hook} ${rule}`),
    ),
    heal: on(site.node, `${nft} delete table ${family} broken`),
  }
}

/** iptables(8) makes tables and chains that it does not take away again. */
function iptables(site: Site, tool: string, rule: string, undo = rule.replace(/^-(A|I)/, '-D')): Pick<Injection, 'inject' | 'heal'> {
  const family = {iptables: 'ip', ebtables: 'bridge'}[tool] ?? 'none'
  const had = site.facts.ruleset.some((item) => item.table?.family === family && item.table.name === 'filter')
  const leave = had || family === 'none' ? [] : [`${site.inside}nft delete table ${family} filter`]
  return {
    inject: on(site.node, `${site.inside}${tool} ${rule}`),
    heal: on(site.node, `${site.inside}${tool} ${undo}`, ...leave),
  }
}

function through(lab: Wired, node: Site): string[] {
  return pairs([podOn(lab, node), farFrom(lab, node)], [farFrom(lab, node), podOn(lab, node)])
}

function around(lab: Wired, pod: Pod): string[] {
  return pairs([pod.home, pod], [pod, farFrom(lab, pod)], [farFrom(lab, pod), pod])
}

function nodeDrop(title: string, change: (lab: Wired, node: Site) => Pick<Injection, 'inject' | 'heal'>, object: RegExp): Variant {
  return atNode(title, (lab, node) => ({
    ...change(lab, node),
    expect: {cause: 'filter-drop', where: spot(node, object)},
    breaks: {pairs: through(lab, node)},
  }))
}

function podDrop(title: string, change: (lab: Wired, pod: Pod) => Pick<Injection, 'inject' | 'heal'>, object: RegExp): Variant {
  return atPod(title, (lab, pod) => ({
    ...change(lab, pod),
    expect: {cause: 'filter-drop', where: spot(pod, object)},
    breaks: {pairs: around(lab, pod)},
  }))
}

export const FILTER_FAULTS: readonly Fault[] = [
  {
    cause: 'filter-drop',
    variants: [
      nodeDrop(
        "the node drops what is for another node's pods, where it forwards",
        (lab, node) => table(node, 'ip', 'forward', [`ip daddr ${farFrom(lab, node).subnet} drop`]),
        having('broken forward'),
      ),
      nodeDrop(
        'the node drops everything that it would forward, by policy',
        (_, node) => table(node, 'inet', 'forward', [], 'drop'),
        having('broken forward'),
      ),
      nodeDrop(
        'the node drops what comes from the bridge, before it is routed',
        (lab, node) =>
          table(node, 'ip', 'prerouting', [`iifname ${podOn(lab, node).bridge.name} ip daddr ${farFrom(lab, node).subnet} drop`]),
        having('broken prerouting'),
      ),
      nodeDrop(
        'the node drops what leaves by the underlay, after it is routed',
        (lab, node) => table(node, 'ip', 'postrouting', [`oifname ${node.device.name} ip saddr ${podOn(lab, node).subnet} drop`]),
        having('broken postrouting'),
      ),
      nodeDrop(
        'iptables drops by policy where the node forwards',
        (_, node) => iptables(node, 'iptables', '-P FORWARD DROP', '-P FORWARD ACCEPT'),
        having('FORWARD'),
      ),
      nodeDrop(
        'iptables drops what comes from the pods',
        (lab, node) => iptables(node, 'iptables', `-A FORWARD -s ${podOn(lab, node).subnet} -j DROP`),
        having('FORWARD'),
      ),
      nodeDrop(
        'the old iptables drops what comes from the pods',
        (lab, node) => iptables(node, 'iptables-legacy', `-A FORWARD -s ${podOn(lab, node).subnet} -j DROP`),
        having('FORWARD'),
      ),
      nodeDrop(
        'an ingress hook of the underlay drops what is for the pods',
        (lab, node) => ({
          inject: on(
            node.node,
            'nft add table netdev broken',
            `nft 'add chain netdev broken ingress { type filter hook ingress device ${node.device.name} priority 0; }'`,
            `nft add rule netdev broken ingress ip daddr ${podOn(lab, node).subnet} drop`,
          ),
          heal: on(node.node, 'nft delete table netdev broken'),
        }),
        having('broken ingress'),
      ),
      podDrop('the pod drops what comes in', (_, pod) => table(pod, 'ip', 'input', ['drop']), having('broken input')),
      podDrop('the pod drops what goes out, by policy', (_, pod) => table(pod, 'inet', 'output', [], 'drop'), having('broken output')),
      podDrop(
        'the pod drops what comes from anywhere but its own subnet',
        (_, pod) => table(pod, 'ip', 'prerouting', [`ip saddr != ${pod.subnet} drop`, `ip saddr ${pod.gateway.address} drop`]),
        having('broken prerouting'),
      ),
      podDrop('iptables in the pod drops what comes in', (_, pod) => iptables(pod, 'iptables', '-A INPUT -j DROP'), having('INPUT')),
      ...(['tcp', 'udp', 'icmp'] as const).map((protocol) =>
        atNode(`the node drops ${protocol} where it forwards`, (lab, node) => ({
          ...table(node, 'ip', 'forward', [`ip protocol ${protocol} drop`]),
          expect: {cause: 'filter-drop', where: spot(node, having('broken forward'))},
          breaks: {pairs: through(lab, node), protocol},
        })),
      ),
    ],
  },
  {
    cause: 'filter-reject',
    variants: [
      ...['reject', 'reject with icmp type host-prohibited'].map((rule) =>
        atNode(`the node refuses what is for another node's pods: ${rule}`, (lab, node) => ({
          ...table(node, 'ip', 'forward', [`ip daddr ${farFrom(lab, node).subnet} ${rule}`]),
          expect: {cause: 'filter-reject', where: spot(node, having('broken forward'))},
          breaks: {pairs: through(lab, node)},
        })),
      ),
      atPod('iptables in the pod refuses what comes in', (lab, pod) => ({
        ...iptables(pod, 'iptables', '-A INPUT -j REJECT'),
        expect: {cause: 'filter-reject', where: spot(pod, having('INPUT'))},
        breaks: {pairs: around(lab, pod)},
      })),
      atPod('the pod resets TCP', (lab, pod) => ({
        ...table(pod, 'ip', 'input', ['meta l4proto tcp reject with tcp reset']),
        expect: {cause: 'filter-reject', where: spot(pod, having('broken input'))},
        breaks: {pairs: pairs([pod.home, pod], [farFrom(lab, pod), pod]), protocol: 'tcp'},
      })),
    ],
  },
  {
    cause: 'bridge-filter-drop',
    variants: [
      atPod('the bridge drops frames between two pods', (lab, pod) => ({
        ...table(pod.home, 'bridge', 'forward', [`iifname ${pod.port.name} oifname ${twinOf(lab, pod).port.name} drop`]),
        expect: {cause: 'bridge-filter-drop', where: spot(pod.home, having('broken forward'))},
        breaks: {pairs: pairs([pod, twinOf(lab, pod)], [twinOf(lab, pod), pod])},
      })),
      atPod("the bridge drops what comes in by the pod's port", (lab, pod) => ({
        ...table(pod.home, 'bridge', 'prerouting', [`iifname ${pod.port.name} drop`]),
        expect: {cause: 'bridge-filter-drop', where: spot(pod.home, having('broken prerouting'))},
        breaks: {pairs: around(lab, pod)},
      })),
      atPod('ebtables drops all frames between ports', (lab, pod) => ({
        ...iptables(pod.home, 'ebtables', '-A FORWARD -j DROP'),
        expect: {cause: 'bridge-filter-drop', where: spot(pod.home, having('FORWARD'))},
        breaks: {pairs: pairs([pod, twinOf(lab, pod)], [twinOf(lab, pod), pod])},
      })),
      atPod('an IP rule drops what passes between two pods of one bridge', (lab, pod) => ({
        ...table(pod.home, 'ip', 'forward', [`ip saddr ${pod.subnet} ip daddr ${pod.subnet} drop`]),
        expect: {cause: 'bridge-filter-drop', where: spot(pod.home, having('broken forward'))},
        breaks: {pairs: pairs([pod, twinOf(lab, pod)], [twinOf(lab, pod), pod])},
      })),
    ],
  },
]
