// Routes that lead elsewhere.
import {routeLine} from '../facts/routes.ts'
import {atNode, atPod, type Fault, having, on, pairs, spot} from './fault.ts'
import {across, defaultOf, nobodyNear, rerouted} from './paths.ts'
import {farFrom, podOn, routeTo, thirdNode, twinOf} from './wired.ts'

export const DETOUR_FAULTS: readonly Fault[] = [
  {
    cause: 'wrong-next-hop',
    variants: [
      atPod("the pod's gateway is another pod", (lab, pod) => ({
        inject: on(pod.node, `${pod.ip} route replace default via ${twinOf(lab, pod).address}`),
        heal: on(pod.node, `${pod.ip} route replace ${routeLine(defaultOf(pod))}`),
        expect: {cause: 'wrong-next-hop', where: spot(pod, having('default via', twinOf(lab, pod).address))},
        breaks: {pairs: pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod])},
      })),
      atNode("the route to another node's pods leads to a pod", (lab, node) => ({
        ...rerouted(lab, node, (to) => `${to} via ${podOn(lab, node).address}`),
        expect: {cause: 'wrong-next-hop', where: spot(node, having('via', podOn(lab, node).address))},
        breaks: {pairs: across(lab, node)},
      })),
    ],
  },
  {
    cause: 'next-hop-unreachable',
    variants: [
      atNode("the route to another node's pods leads to an address that nobody has", (lab, node) => ({
        ...rerouted(lab, node, (to) => `${to} via ${nobodyNear(node.address)}`),
        expect: {cause: 'next-hop-unreachable', where: spot(node, having('via', nobodyNear(node.address)))},
        breaks: {pairs: across(lab, node)},
      })),
      atPod("the pod's gateway is an address that nobody has", (lab, pod) => ({
        inject: on(pod.node, `${pod.ip} route replace default via ${nobodyNear(pod.address)}`),
        heal: on(pod.node, `${pod.ip} route replace ${routeLine(defaultOf(pod))}`),
        expect: {cause: 'next-hop-unreachable', where: spot(pod, having('default via', nobodyNear(pod.address)))},
        breaks: {pairs: pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod])},
      })),
    ],
  },
  {
    cause: 'wrong-device',
    variants: [
      atNode("the route to another node's pods leaves by the node's own bridge", (lab, node) => ({
        ...rerouted(lab, node, (to) => `${to} dev ${podOn(lab, node).bridge.name}`),
        expect: {cause: 'wrong-device', where: spot(node, having('dev', podOn(lab, node).bridge.name))},
        breaks: {pairs: across(lab, node)},
      })),
      atNode("the route to another node's pods looks for that node on the node's own bridge", (lab, node) => {
        const {via} = routeTo(node, farFrom(lab, node).address)
        return {
          ...rerouted(lab, node, (to) => `${to} via ${via} dev ${podOn(lab, node).bridge.name} onlink`),
          expect: {cause: 'wrong-device', where: spot(node, having('dev', podOn(lab, node).bridge.name))},
          breaks: {pairs: across(lab, node)},
        }
      }),
      atNode("the route to the node's own pods leaves by the underlay", (lab, node) => {
        const {subnet, bridge, gateway} = podOn(lab, node)
        return {
          inject: on(node.node, `ip route replace ${subnet} dev ${node.device.name}`),
          heal: on(node.node, `ip route replace ${subnet} dev ${bridge.name} proto kernel scope link src ${gateway.address}`),
          expect: {cause: 'wrong-device', where: spot(node, having(subnet, 'dev', node.device.name))},
          breaks: {pairs: pairs([node, podOn(lab, node)], [farFrom(lab, node), podOn(lab, node)])},
        }
      }),
    ],
  },
  {
    cause: 'wrong-source',
    variants: [
      atNode('the route prefers a source that the other nodes have no way back to', (lab, node) => {
        const route = routeTo(node, farFrom(lab, node).address)
        const {inject, heal} = rerouted(lab, node, (to) => `${to} via ${route.via} src 10.99.0.1`)
        return {
          inject: [...on(node.node, 'ip addr add 10.99.0.1/32 dev lo'), ...inject],
          heal: [...heal, ...on(node.node, 'ip addr del 10.99.0.1/32 dev lo')],
          expect: {cause: 'wrong-source', alike: ['no-return-route'], where: spot(node, having('src 10.99.0.1'))},
          breaks: {pairs: pairs([node, farFrom(lab, node)])},
        }
      }),
      atPod("the pod's default route prefers a source that nobody has a way back to", (lab, pod) => ({
        inject: on(
          pod.node,
          `${pod.ip} addr add 10.99.0.1/32 dev lo`,
          `${pod.ip} route replace default via ${pod.gateway.address} src 10.99.0.1`,
        ),
        heal: on(pod.node, `${pod.ip} route replace ${routeLine(defaultOf(pod))}`, `${pod.ip} addr del 10.99.0.1/32 dev lo`),
        expect: {cause: 'wrong-source', alike: ['no-return-route'], where: spot(pod, having('src 10.99.0.1'))},
        breaks: {pairs: pairs([pod, farFrom(lab, pod)])},
      })),
    ],
  },
  {
    cause: 'more-specific-route',
    variants: [
      atNode("half of another node's subnet is routed to the node's own bridge", (lab, node) => {
        const half = farFrom(lab, node).subnet.replace(/\/\d+$/, '/25')
        const {bridge} = podOn(lab, node)
        return {
          inject: on(node.node, `ip route add ${half} dev ${bridge.name}`),
          heal: on(node.node, `ip route del ${half} dev ${bridge.name}`),
          expect: {cause: 'more-specific-route', where: spot(node, having(half))},
          breaks: {pairs: across(lab, node)},
        }
      }),
      atNode('one pod of another node is routed to an address that nobody has', (lab, node) => {
        const far = farFrom(lab, node)
        return {
          inject: on(node.node, `ip route add ${far.address} via ${nobodyNear(node.address)}`),
          heal: on(node.node, `ip route del ${far.address} via ${nobodyNear(node.address)}`),
          expect: {cause: 'more-specific-route', where: spot(node, having(far.address))},
          breaks: {pairs: across(lab, node)},
        }
      }),
      atPod("the pod sends another node's subnet to another pod", (lab, pod) => {
        const {subnet} = farFrom(lab, pod)
        return {
          inject: on(pod.node, `${pod.ip} route add ${subnet} via ${twinOf(lab, pod).address}`),
          heal: on(pod.node, `${pod.ip} route del ${subnet} via ${twinOf(lab, pod).address}`),
          expect: {cause: 'more-specific-route', where: spot(pod, having(subnet))},
          breaks: {pairs: pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod])},
        }
      }),
    ],
  },
  {
    cause: 'routing-loop',
    variants: [
      atNode('two nodes send what is for the pods of a third to one another', (lab, node) => {
        const far = farFrom(lab, node)
        const third = thirdNode(lab, node, far)
        const [here, there] = [routeTo(node, far.address), routeTo(third, far.address)]
        return {
          inject: [
            ...on(node.node, `ip route replace ${here.to} via ${third.address}`),
            ...on(third.node, `ip route replace ${there.to} via ${node.address}`),
          ],
          heal: [...on(node.node, `ip route replace ${routeLine(here)}`), ...on(third.node, `ip route replace ${routeLine(there)}`)],
          expect: {cause: 'routing-loop', alike: ['wrong-next-hop'], where: spot(node, having(here.to))},
          breaks: {pairs: across(lab, node)},
        }
      }),
      atNode('the node sends what is for its own pods back to where it came from', (lab, node) => {
        const {subnet, bridge, gateway} = podOn(lab, node)
        const {home} = farFrom(lab, node)
        return {
          inject: on(node.node, `ip route replace ${subnet} via ${home.address}`),
          heal: on(node.node, `ip route replace ${subnet} dev ${bridge.name} proto kernel scope link src ${gateway.address}`),
          expect: {cause: 'routing-loop', alike: ['wrong-next-hop'], where: spot(node, having(subnet))},
          breaks: {pairs: pairs([farFrom(lab, node), podOn(lab, node)], [home, podOn(lab, node)])},
        }
      }),
    ],
  },
  {
    cause: 'leaves-lab',
    variants: [
      atNode("in place of the route to another node's pods there is a default route to nobody in the lab", (lab, node) => {
        const route = routeTo(node, farFrom(lab, node).address)
        const outside = nobodyNear(node.address)
        return {
          inject: on(node.node, `ip route del ${route.to}`, `ip route add default via ${outside}`),
          heal: on(node.node, `ip route del default via ${outside}`, `ip route add ${routeLine(route)}`),
          expect: {cause: 'leaves-lab', where: spot(node, having('default via', outside))},
          breaks: {pairs: across(lab, node)},
        }
      }),
    ],
  },
]
