// Addresses that are changed on the way. Where the kernel remembers what it changed, no packet need be lost.
import type {Cause} from '../model.ts'
import {atNode, atPod, type Fault, having, type Injection, on, pairs, spot} from './fault.ts'
import {farFrom, type Pod, podOn, type Site, thirdNode, type Wired} from './wired.ts'

type Hook = 'prerouting' | 'output' | 'postrouting'

function table(site: Site, hook: Hook, type: 'nat' | 'filter', rule: string): Pick<Injection, 'inject' | 'heal'> {
  const nft = `${site.inside}nft`
  const priority = type === 'filter' ? 0 : hook === 'postrouting' ? 100 : -100
  return {
    inject: on(
      site.node,
      `${nft} add table ip translate`,
      `${nft} 'add chain ip translate ${hook} { type ${type} hook ${hook} priority ${priority}; }'`,
      `${nft} add rule ip translate ${hook} ${rule}`,
    ),
    heal: on(site.node, `${nft} delete table ip translate`),
  }
}

function iptables(site: Site, rule: string): Pick<Injection, 'inject' | 'heal'> {
  const had = site.facts.ruleset.some((item) => item.table?.family === 'ip' && item.table.name === 'nat')
  const leave = had ? [] : [`${site.inside}nft delete table ip nat`]
  return {
    inject: on(site.node, `${site.inside}iptables -t nat -A ${rule}`),
    heal: on(site.node, `${site.inside}iptables -t nat -D ${rule}`, ...leave),
  }
}

function expected(cause: Cause, site: Site, ...words: readonly string[]): Pick<Injection, 'expect'> {
  return {expect: {cause, where: spot(site, having(...words))}}
}

function out(lab: Wired, node: Site): Pick<Injection, 'breaks'> {
  return {breaks: {check: 'no-nat', pairs: pairs([podOn(lab, node), farFrom(lab, node)])}}
}

/** A pod that is neither here nor on the node of a pod over there. */
function thirdPod(lab: Wired, node: Site): Pod {
  return podOn(lab, thirdNode(lab, node, farFrom(lab, node)))
}

export const TRANSLATION_FAULTS: readonly Fault[] = [
  {
    cause: 'source-nat',
    variants: [
      atNode('the node masquerades what leaves by the underlay', (lab, node) => ({
        ...table(node, 'postrouting', 'nat', `oifname ${node.device.name} masquerade`),
        ...expected('source-nat', node, 'translate postrouting'),
        ...out(lab, node),
      })),
      atNode('iptables on the node masquerades what its pods send elsewhere', (lab, node) => ({
        ...iptables(node, `POSTROUTING -s ${podOn(lab, node).subnet} ! -d ${podOn(lab, node).subnet} -j MASQUERADE`),
        ...expected('source-nat', node, 'nat POSTROUTING'),
        ...out(lab, node),
      })),
      atNode("the node puts its own address in place of its pods'", (lab, node) => ({
        ...table(node, 'postrouting', 'nat', `ip saddr ${podOn(lab, node).subnet} oifname ${node.device.name} snat to ${node.address}`),
        ...expected('source-nat', node, 'translate postrouting'),
        ...out(lab, node),
      })),
      atNode('the node masquerades what it hands to its own pods', (lab, node) => ({
        ...table(node, 'postrouting', 'nat', `oifname ${podOn(lab, node).bridge.name} masquerade`),
        ...expected('source-nat', node, 'translate postrouting'),
        breaks: {check: 'no-nat', pairs: pairs([farFrom(lab, node), podOn(lab, node)])},
      })),
      atNode("the node writes its own address over its pods', and does not remember it", (lab, node) => ({
        ...table(
          node,
          'postrouting',
          'filter',
          `ip saddr ${podOn(lab, node).subnet} oifname ${node.device.name} ip saddr set ${node.address}`,
        ),
        ...expected('source-nat', node, 'translate postrouting'),
        breaks: {pairs: pairs([podOn(lab, node), farFrom(lab, node)])},
      })),
      atPod('the pod writes another source into what it sends', (lab, pod) => ({
        ...table(pod, 'postrouting', 'filter', 'ip saddr set 10.99.0.1'),
        ...expected('source-nat', pod, 'translate postrouting'),
        breaks: {pairs: pairs([pod, farFrom(lab, pod)])},
      })),
    ],
  },
  {
    cause: 'destination-nat',
    variants: [
      atNode('the node hands what is for a pod of another node to a third', (lab, node) => ({
        ...table(node, 'prerouting', 'nat', `ip daddr ${farFrom(lab, node).address} dnat to ${thirdPod(lab, node).address}`),
        ...expected('destination-nat', node, 'translate prerouting'),
        ...out(lab, node),
      })),
      atNode('the node keeps TCP that is for the pods of another node', (lab, node) => ({
        ...table(node, 'prerouting', 'nat', `ip daddr ${farFrom(lab, node).subnet} meta l4proto tcp redirect`),
        ...expected('destination-nat', node, 'translate prerouting'),
        breaks: {check: 'no-nat', pairs: pairs([podOn(lab, node), farFrom(lab, node)]), protocol: 'tcp'},
      })),
      atNode('iptables on the node hands what it sends to a pod to another', (lab, node) => ({
        ...iptables(node, `OUTPUT -d ${farFrom(lab, node).address} -j DNAT --to-destination ${thirdPod(lab, node).address}`),
        ...expected('destination-nat', node, 'nat OUTPUT'),
        breaks: {check: 'no-nat', pairs: pairs([node, farFrom(lab, node)])},
      })),
      atNode('the node writes another destination into packets, and does not remember it', (lab, node) => ({
        ...table(node, 'prerouting', 'filter', `ip daddr ${farFrom(lab, node).address} ip daddr set ${thirdPod(lab, node).address}`),
        ...expected('destination-nat', node, 'translate prerouting'),
        breaks: {pairs: pairs([podOn(lab, node), farFrom(lab, node)])},
      })),
    ],
  },
]
