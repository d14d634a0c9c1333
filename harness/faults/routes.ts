// Routes that are missing, and routes that refuse.
import {routeLine} from '../facts/routes.ts'
import {atNode, atPod, type Fault, having, on, pairs, spot} from './fault.ts'
import {across, defaultOf, rerouted} from './paths.ts'
import {farFrom, podOn, routeTo} from './wired.ts'

function refusing(word: 'blackhole' | 'unreachable' | 'prohibit'): Fault {
  return {
    cause: `${word}-route`,
    variants: [
      atNode(`the route to another node's pods is made ${word}`, (lab, node) => {
        const {to} = routeTo(node, farFrom(lab, node).address)
        return {
          // A route without a device does not take the place of one with: ip-route(8) replaces by prefix and metric alone.
          ...rerouted(lab, node, () => `${word} ${to}`),
          expect: {cause: `${word}-route`, where: spot(node, having(word, to))},
          breaks: {pairs: across(lab, node)},
        }
      }),
      atNode(`a ${word} route to one pod of another node is added`, (lab, node) => {
        const far = farFrom(lab, node)
        return {
          inject: on(node.node, `ip route add ${word} ${far.address}`),
          heal: on(node.node, `ip route del ${word} ${far.address}`),
          expect: {cause: `${word}-route`, alike: ['more-specific-route'], where: spot(node, having(word, far.address))},
          breaks: {pairs: across(lab, node)},
        }
      }),
      atPod(`a ${word} route to another node's pods is added in the pod`, (lab, pod) => {
        const {subnet} = farFrom(lab, pod)
        return {
          inject: on(pod.node, `${pod.ip} route add ${word} ${subnet}`),
          heal: on(pod.node, `${pod.ip} route del ${word} ${subnet}`),
          expect: {cause: `${word}-route`, alike: ['more-specific-route'], where: spot(pod, having(word, subnet))},
          breaks: {pairs: pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod])},
        }
      }),
    ],
  }
}

export const ROUTE_FAULTS: readonly Fault[] = [
  {
    cause: 'gateway-missing',
    variants: ['del default', 'flush 0/0'].map((words) =>
      atPod(words.startsWith('del') ? "the pod's default route is deleted" : "the pod's default routes are flushed", (lab, pod) => ({
        inject: on(pod.node, `${pod.ip} route ${words}`),
        heal: on(pod.node, `${pod.ip} route add ${routeLine(defaultOf(pod))}`),
        expect: {cause: 'gateway-missing', where: spot(pod, having('default'))},
        breaks: {pairs: pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod])},
      })),
    ),
  },
  {
    cause: 'no-route',
    variants: [
      ...Object.entries({del: 'is deleted', flush: 'is flushed', 'replace throw': 'gives up its table'}).map(([verb, what]) =>
        atNode(`the route to the pods of another node ${what}`, (lab, node) => {
          const route = routeTo(node, farFrom(lab, node).address)
          return {
            inject: on(node.node, `ip route ${verb} ${route.to}`),
            heal: on(node.node, `ip route ${verb.startsWith('replace') ? 'replace' : 'add'} ${routeLine(route)}`),
            expect: {cause: 'no-route', alike: ['no-return-route'], where: spot(node, having(route.to.replace(/\.\d+\/\d+$/, '')))},
            breaks: {pairs: across(lab, node)},
          }
        }),
      ),
      atNode("the route to another node's pods is in a table that nothing looks at", (lab, node) => {
        const route = routeTo(node, farFrom(lab, node).address)
        return {
          inject: on(node.node, `ip route del ${route.to}`, `ip route add ${routeLine(route)} table 100`),
          heal: on(node.node, `ip route del ${route.to} table 100`, `ip route add ${routeLine(route)}`),
          expect: {cause: 'no-route', alike: ['no-return-route'], where: spot(node, having(route.to.replace(/\.\d+\/\d+$/, '')))},
          breaks: {pairs: across(lab, node)},
        }
      }),
      atNode("the node's own route to its bridge is deleted", (lab, node) => {
        const {subnet, bridge, gateway} = podOn(lab, node)
        return {
          inject: on(node.node, `ip route del ${subnet} dev ${bridge.name}`),
          heal: on(node.node, `ip route add ${subnet} dev ${bridge.name} proto kernel scope link src ${gateway.address}`),
          expect: {cause: 'no-route', alike: ['no-return-route'], where: spot(node, having(subnet.replace(/\.\d+\/\d+$/, '')))},
          breaks: {pairs: pairs([node, podOn(lab, node)], [farFrom(lab, node), podOn(lab, node)])},
        }
      }),
    ],
  },
  {
    cause: 'no-return-route',
    variants: [
      atNode('the node that a reply comes to first has no route back', (lab, node) => {
        const far = farFrom(lab, node)
        const route = routeTo(node, far.address)
        return {
          inject: on(node.node, `ip route del ${route.to}`),
          heal: on(node.node, `ip route add ${routeLine(route)}`),
          expect: {cause: 'no-return-route', alike: ['no-route'], where: spot(node, having(route.to.replace(/\.\d+\/\d+$/, '')))},
          breaks: {pairs: pairs([far, podOn(lab, node)], [far, node])},
        }
      }),
    ],
  },
  refusing('blackhole'),
  refusing('unreachable'),
  refusing('prohibit'),
]
