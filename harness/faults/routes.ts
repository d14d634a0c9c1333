// Routes that are missing, lead elsewhere, or refuse.
import {atNode, atPod, type Fault, having, type Injection, on, pairs, spot} from './fault.ts'
import {farFrom, type Pod, podOn, routeLine, routeTo, type Site, thirdNode, twinOf, type Wired} from './wired.ts'

/** What depends on a node's route to a pod of another one. */
function across(lab: Wired, node: Site): string[] {
  const [near, far] = [podOn(lab, node), farFrom(lab, node)]
  return pairs([near, far], [far, near], [node, far])
}

/** A node's route to the pods of another node is replaced. */
function rerouted(lab: Wired, node: Site, line: (to: string) => string): Pick<Injection, 'inject' | 'heal'> {
  const route = routeTo(node, farFrom(lab, node).address)
  return {
    inject: on(node.node, `ip route replace ${line(route.to)}`),
    heal: on(node.node, `ip route replace ${routeLine(route)}`),
  }
}

function defaultOf(pod: Pod) {
  const {gateway} = pod
  return pod.facts.routes.find(({to, via}) => to === '0.0.0.0/0' && via === gateway.address) ?? routeTo(pod, '0.0.0.0')
}

/** A host of the network that a device is on, which nobody has. */
function nobodyNear(address: string): string {
  return address.replace(/\d+$/, '253')
}

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
      ...['del', 'flush', 'replace throw'].map((verb) =>
        atNode(
          verb === 'replace throw'
            ? "the route to another node's pods gives up its table"
            : `the route to another node's pods goes: ${verb}`,
          (lab, node) => {
            const route = routeTo(node, farFrom(lab, node).address)
            return {
              inject: on(node.node, `ip route ${verb} ${route.to}`),
              heal: on(node.node, `ip route ${verb.startsWith('replace') ? 'replace' : 'add'} ${routeLine(route)}`),
              expect: {cause: 'no-route', alike: ['no-return-route'], where: spot(node, having(route.to.replace(/\.\d+\/\d+$/, '')))},
              breaks: {pairs: across(lab, node)},
            }
          },
        ),
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
  refusing('blackhole'),
  refusing('unreachable'),
  refusing('prohibit'),
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
