// Devices and routes that take smaller packets than the path should.

import {familyOf} from '../address.ts'
import {routeLine} from '../facts/routes.ts'
import {atNode, atPod, type Fault, having, on, pairs, spot} from './fault.ts'
import {farFrom, podOn, routeTo, twinOf, type Wired} from './wired.ts'

const SMALLER = 1400

/** What senders were told of a path they keep for ten minutes (route/mtu_expires), whatever becomes of the path. */
function forget(lab: Wired) {
  return [...lab.nodes, ...lab.pods].flatMap(({node, ip, device}) => {
    const both = device.addresses.some(({address, scope}) => familyOf(address) === 6 && scope === 'global')
    return on(node, `${ip} route flush cache`, ...(both ? [`${ip} -6 route flush cache`] : []))
  })
}

export const SIZE_FAULTS: readonly Fault[] = [
  {
    cause: 'mtu-too-small',
    variants: [
      atNode("the node's bridge takes smaller packets", (lab, node) => {
        const {bridge} = podOn(lab, node)
        return {
          inject: on(node.node, `ip link set ${bridge.name} mtu ${SMALLER}`),
          heal: [...on(node.node, `ip link set ${bridge.name} mtu ${bridge.mtu}`), ...forget(lab)],
          expect: {cause: 'mtu-too-small', where: spot(node, having(bridge.name))},
          breaks: {pairs: pairs([farFrom(lab, node), podOn(lab, node)], [node, podOn(lab, node)]), size: 'full'},
        }
      }),
      atNode("the node's device on the underlay takes smaller packets", (lab, node) => ({
        inject: on(node.node, `ip link set ${node.device.name} mtu ${SMALLER}`),
        heal: [...on(node.node, `ip link set ${node.device.name} mtu ${node.device.mtu}`), ...forget(lab)],
        expect: {cause: 'mtu-too-small', alike: ['mtu-blackhole'], where: spot(node, having(node.device.name))},
        breaks: {pairs: pairs([podOn(lab, node), farFrom(lab, node)], [node, farFrom(lab, node).home]), size: 'full'},
      })),
      atPod("the pod's device takes smaller packets", (lab, pod) => ({
        inject: on(pod.node, `${pod.ip} link set ${pod.device.name} mtu ${SMALLER}`),
        heal: [...on(pod.node, `${pod.ip} link set ${pod.device.name} mtu ${pod.device.mtu}`), ...forget(lab)],
        expect: {cause: 'mtu-too-small', alike: ['mtu-blackhole'], where: spot(pod, having(pod.device.name))},
        breaks: {pairs: pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod]), size: 'full'},
      })),
      atNode("the route to another node's pods takes smaller packets", (lab, node) => {
        const route = routeTo(node, farFrom(lab, node).address)
        return {
          inject: on(node.node, `ip route replace ${routeLine(route)} mtu lock ${SMALLER}`),
          heal: [...on(node.node, `ip route replace ${routeLine(route)}`), ...forget(lab)],
          expect: {cause: 'mtu-too-small', where: spot(node, having(route.to))},
          breaks: {pairs: pairs([podOn(lab, node), farFrom(lab, node)], [node, farFrom(lab, node)]), size: 'full'},
        }
      }),
    ],
  },
  {
    cause: 'mtu-blackhole',
    variants: [
      atNode("the node's bridge takes smaller packets, and the node may not say so", (lab, node) => {
        const {bridge} = podOn(lab, node)
        return {
          inject: on(
            node.node,
            `ip link set ${bridge.name} mtu ${SMALLER}`,
            'nft add table ip quiet',
            "nft 'add chain ip quiet output { type filter hook output priority 0; }'",
            'nft add rule ip quiet output icmp type destination-unreachable drop',
          ),
          heal: [...on(node.node, 'nft delete table ip quiet', `ip link set ${bridge.name} mtu ${bridge.mtu}`), ...forget(lab)],
          expect: {cause: 'mtu-blackhole', alike: ['mtu-too-small'], where: spot(node, having(bridge.name))},
          breaks: {pairs: pairs([farFrom(lab, node), podOn(lab, node)]), size: 'full'},
        }
      }),
      atPod("the machine's end of the pod's cable takes smaller packets, and a bridge says nothing", (lab, pod) => ({
        // A bridge of its own accord has the least MTU of its ports, until it is told one that it does not have.
        inject: on(pod.node, `ip link set ${pod.port.name} mtu ${SMALLER}`, `ip link set ${pod.bridge.name} mtu ${pod.bridge.mtu}`),
        heal: [...on(pod.node, `ip link set ${pod.port.name} mtu ${pod.port.mtu}`), ...forget(lab)],
        expect: {cause: 'mtu-blackhole', alike: ['mtu-too-small'], where: spot(pod.home, having(pod.port.name))},
        breaks: {pairs: pairs([twinOf(lab, pod), pod], [farFrom(lab, pod), pod]), size: 'full'},
      })),
    ],
  },
]
