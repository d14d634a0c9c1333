// Cables and devices that are gone, down, or somewhere else.
import {atNode, atPod, type Fault, having, on, pairs, spot} from './fault.ts'
import {addressLines, afterDown, afterMove, farFrom, type Pod, podOn, twinOf, type Wired} from './wired.ts'

/** Everybody whom a pod that is cut off can no more be reached by. */
function alone(lab: Wired, pod: Pod): string[] {
  return pairs([pod, farFrom(lab, pod)], [pod.home, pod], [farFrom(lab, pod), pod])
}

/** The cable anew, with the MAC addresses that it had, and everything in the pod. */
function newCable({device, port, ip, netns, ...pod}: Pod): string[] {
  return [
    `ip link add ${device.name} address ${device.mac} type veth peer name ${port.name} address ${port.mac}`,
    `ip link set ${device.name} netns ${netns}`,
    `ip link set ${port.name} master ${pod.bridge.name}`,
    `ip link set ${port.name} up`,
    ...addressLines({ip}, device, 4),
    `${ip} link set ${device.name} up`,
    ...afterDown({ip, facts: pod.facts}, device),
  ]
}

/** A new namespace's loopback is down, and few recipes care. */
function loopback({ip, facts}: Pod): string[] {
  return facts.links.some(({name, up}) => name === 'lo' && up) ? [`${ip} link set lo up`] : []
}

export const LINK_FAULTS: readonly Fault[] = [
  {
    cause: 'pod-missing',
    variants: [
      atPod("the pod's namespace is deleted", (lab, pod) => ({
        inject: on(pod.node, `ip netns del ${pod.netns}`),
        heal: on(pod.node, `ip netns add ${pod.netns}`, ...loopback(pod), ...newCable(pod)),
        expect: {cause: 'pod-missing', where: {node: pod.node, netns: pod.netns, object: having(pod.netns)}},
        breaks: {pairs: pairs([pod.home, pod], [farFrom(lab, pod), pod])},
      })),
    ],
  },
  {
    cause: 'interface-missing',
    variants: (['pod', 'node'] as const).map((side) => ({
      title: side === 'pod' ? "the pod's end of the cable is deleted" : "the machine's end of the cable is deleted",
      kind: 'pod',
      make: (lab: Wired, pod: Pod) => ({
        inject: on(pod.node, side === 'pod' ? `${pod.ip} link del ${pod.device.name}` : `ip link del ${pod.port.name}`),
        heal: on(pod.node, ...newCable(pod)),
        expect: {cause: 'interface-missing' as const, where: spot(pod, having(pod.device.name))},
        breaks: {pairs: alone(lab, pod)},
      }),
    })),
  },
  {
    cause: 'interface-down',
    variants: [
      atPod("the pod's device is set down", (lab, pod) => ({
        inject: on(pod.node, `${pod.ip} link set ${pod.device.name} down`),
        heal: on(pod.node, `${pod.ip} link set ${pod.device.name} up`, ...afterDown(pod, pod.device)),
        expect: {cause: 'interface-down', where: spot(pod, having(pod.device.name))},
        breaks: {pairs: alone(lab, pod)},
      })),
      atNode("the node's device on the underlay is set down", (lab, node) => ({
        inject: on(node.node, `ip link set ${node.device.name} down`),
        heal: on(node.node, `ip link set ${node.device.name} up`, ...afterDown(node, node.device)),
        expect: {cause: 'interface-down', where: spot(node, having(node.device.name))},
        breaks: {pairs: pairs([podOn(lab, node), farFrom(lab, node)], [node, farFrom(lab, node)], [farFrom(lab, node), node])},
      })),
    ],
  },
  {
    cause: 'peer-down',
    variants: [
      atPod("the machine's end of the cable is set down", (lab, pod) => ({
        inject: on(pod.node, `ip link set ${pod.port.name} down`),
        heal: on(pod.node, `ip link set ${pod.port.name} up`),
        expect: {cause: 'peer-down', where: spot(pod.home, having(pod.port.name))},
        breaks: {pairs: alone(lab, pod)},
      })),
    ],
  },
  {
    cause: 'wrong-namespace',
    variants: [
      atPod("the pod's end of the cable is brought back to the machine", (lab, pod) => ({
        inject: on(pod.node, `${pod.ip} link set ${pod.device.name} netns $$`),
        heal: on(pod.node, `ip link set ${pod.device.name} netns ${pod.netns}`, ...upAgain(pod)),
        expect: {cause: 'wrong-namespace', where: spot(pod.home, having(pod.device.name))},
        breaks: {pairs: alone(lab, pod)},
      })),
      atPod("the pod's end of the cable is put into another pod", (lab, pod) => ({
        inject: on(pod.node, `${pod.ip} link set ${pod.device.name} netns ${twinOf(lab, pod).netns}`),
        heal: on(pod.node, `ip -n ${twinOf(lab, pod).netns} link set ${pod.device.name} netns ${pod.netns}`, ...upAgain(pod)),
        expect: {cause: 'wrong-namespace', where: spot(twinOf(lab, pod), having(pod.device.name))},
        breaks: {pairs: alone(lab, pod)},
      })),
      atPod("the pod's end of the cable is put into a namespace that no pod has", (lab, pod) => ({
        inject: on(pod.node, 'ip netns add elsewhere', `${pod.ip} link set ${pod.device.name} netns elsewhere`),
        heal: on(pod.node, `ip -n elsewhere link set ${pod.device.name} netns ${pod.netns}`, 'ip netns del elsewhere', ...upAgain(pod)),
        expect: {cause: 'wrong-namespace', where: {node: pod.node, netns: 'elsewhere', object: having(pod.device.name)}},
        breaks: {pairs: alone(lab, pod)},
      })),
      atPod("the machine's end of the cable is put into another pod", (lab, pod) => ({
        inject: on(pod.node, `ip link set ${pod.port.name} netns ${twinOf(lab, pod).netns}`),
        heal: on(
          pod.node,
          `ip -n ${twinOf(lab, pod).netns} link set ${pod.port.name} netns $$`,
          `ip link set ${pod.port.name} master ${pod.bridge.name}`,
          `ip link set ${pod.port.name} up`,
        ),
        expect: {cause: 'wrong-namespace', where: spot(twinOf(lab, pod), having(pod.port.name))},
        breaks: {pairs: alone(lab, pod)},
      })),
    ],
  },
]

/** In its namespace a device that came back is down and empty. */
function upAgain(pod: Pod): string[] {
  return [`${pod.ip} link set ${pod.device.name} up`, ...afterMove(pod, pod.device)]
}
