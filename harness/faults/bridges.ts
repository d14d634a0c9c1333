// Bridges that are gone or down, and ports that do not pass frames as they should.
import {atNode, atPod, type Fault, having, on, pairs, spot} from './fault.ts'
import {addressLines, afterDown, farFrom, type Pod, podOn, type Site, twinOf, type Wired} from './wired.ts'

function bridgeOf(lab: Wired, node: Site) {
  return podOn(lab, node).bridge
}

function ports(lab: Wired, node: Site): Pod[] {
  return lab.pods.filter((pod) => pod.node === node.node && pod.bridge.name === bridgeOf(lab, node).name)
}

function cutOff(lab: Wired, node: Site): string[] {
  const pod = podOn(lab, node)
  return pairs([pod, farFrom(lab, node)], [farFrom(lab, node), pod], [node, pod])
}

function around(lab: Wired, pod: Pod): string[] {
  return pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod], [pod.home, pod])
}

export const BRIDGE_FAULTS: readonly Fault[] = [
  {
    cause: 'bridge-missing',
    variants: [
      atNode("the pods' bridge is deleted", (lab, node) => {
        const bridge = bridgeOf(lab, node)
        return {
          inject: on(node.node, `ip link del ${bridge.name}`),
          heal: on(
            node.node,
            `ip link add ${bridge.name} type bridge`,
            ...ports(lab, node).map(({port}) => `ip link set ${port.name} master ${bridge.name}`),
            `ip link set ${bridge.name} up`,
            ...addressLines(node, bridge, 4),
            ...afterDown(node, bridge),
          ),
          expect: {cause: 'bridge-missing', where: spot(node, having(''))},
          breaks: {pairs: cutOff(lab, node)},
        }
      }),
    ],
  },
  {
    cause: 'bridge-down',
    variants: [
      atNode("the pods' bridge is set down", (lab, node) => ({
        inject: on(node.node, `ip link set ${bridgeOf(lab, node).name} down`),
        heal: on(node.node, `ip link set ${bridgeOf(lab, node).name} up`, ...afterDown(node, bridgeOf(lab, node))),
        expect: {cause: 'bridge-down', where: spot(node, having(bridgeOf(lab, node).name))},
        breaks: {pairs: cutOff(lab, node)},
      })),
    ],
  },
  {
    cause: 'port-not-enslaved',
    variants: [
      atPod("the machine's end of the cable is taken off the bridge", (lab, pod) => ({
        inject: on(pod.node, `ip link set ${pod.port.name} nomaster`),
        heal: on(pod.node, `ip link set ${pod.port.name} master ${pod.bridge.name}`),
        expect: {cause: 'port-not-enslaved', where: spot(pod.home, having(pod.port.name))},
        breaks: {pairs: around(lab, pod)},
      })),
      atPod("the machine's end of the cable is put on another bridge", (lab, pod) => ({
        inject: on(pod.node, 'ip link add v-net-9 type bridge', 'ip link set v-net-9 up', `ip link set ${pod.port.name} master v-net-9`),
        heal: on(pod.node, `ip link set ${pod.port.name} master ${pod.bridge.name}`, 'ip link del v-net-9'),
        expect: {cause: 'port-not-enslaved', where: spot(pod.home, having(pod.port.name))},
        breaks: {pairs: around(lab, pod)},
      })),
    ],
  },
  {
    cause: 'port-isolated',
    variants: [
      atPod('two ports of the bridge are isolated from one another', (lab, pod) => {
        const names = [pod, twinOf(lab, pod)].map(({port}) => port.name)
        return {
          inject: on(pod.node, ...names.map((name) => `bridge link set dev ${name} isolated on`)),
          heal: on(pod.node, ...names.map((name) => `bridge link set dev ${name} isolated off`)),
          expect: {cause: 'port-isolated', where: spot(pod.home, having(`${pod.port.name.replace(/\d.*/, '')}`))},
          breaks: {pairs: pairs([pod, twinOf(lab, pod)], [twinOf(lab, pod), pod])},
        }
      }),
    ],
  },
  {
    cause: 'fdb-wrong',
    variants: [
      atPod("a static entry has the pod's MAC behind another port, and learning does not move it", (lab, pod) => ({
        inject: on(pod.node, `bridge fdb replace ${pod.device.mac} dev ${twinOf(lab, pod).port.name} master static sticky`),
        heal: on(pod.node, `bridge fdb del ${pod.device.mac} dev ${twinOf(lab, pod).port.name} master`),
        expect: {cause: 'fdb-wrong', where: spot(pod.home, having(pod.device.mac))},
        breaks: {pairs: around(lab, pod)},
      })),
      atPod("an entry says that another port's device itself has the pod's MAC", (lab, pod) => ({
        inject: on(pod.node, `bridge fdb replace ${pod.device.mac} dev ${twinOf(lab, pod).port.name} master permanent`),
        heal: on(pod.node, `bridge fdb del ${pod.device.mac} dev ${twinOf(lab, pod).port.name} master`),
        expect: {cause: 'fdb-wrong', where: spot(pod.home, having(pod.device.mac))},
        breaks: {pairs: around(lab, pod)},
      })),
      atPod("an entry says that the pod's own port itself has the pod's MAC", (lab, pod) => ({
        inject: on(pod.node, `bridge fdb replace ${pod.device.mac} dev ${pod.port.name} master permanent`),
        heal: on(pod.node, `bridge fdb del ${pod.device.mac} dev ${pod.port.name} master`),
        expect: {cause: 'fdb-wrong', where: spot(pod.home, having(pod.device.mac))},
        breaks: {pairs: pairs([twinOf(lab, pod), pod])},
      })),
    ],
  },
  {
    cause: 'stp-listening',
    variants: [
      atPod('the spanning tree is on, and the port has just come up', (lab, pod) => ({
        inject: on(
          pod.node,
          `ip link set ${pod.bridge.name} type bridge forward_delay 3000 stp_state 1`,
          `ip link set ${pod.port.name} down`,
          `ip link set ${pod.port.name} up`,
        ),
        heal: on(
          pod.node,
          `ip link set ${pod.bridge.name} type bridge stp_state 0 forward_delay 1500`,
          `ip link set ${pod.port.name} down`,
          `ip link set ${pod.port.name} up`,
        ),
        expect: {cause: 'stp-listening', where: spot(pod.home, having(pod.port.name))},
        breaks: {pairs: around(lab, pod)},
      })),
      ...(['listening', 'learning', 'disabled'] as const).map((state) => ({
        title: `the port is set ${state}`,
        kind: 'pod' as const,
        make: (lab: Wired, pod: Pod) => ({
          inject: on(pod.node, `bridge link set dev ${pod.port.name} state ${state}`),
          heal: on(pod.node, `bridge link set dev ${pod.port.name} state forwarding`),
          expect: {cause: 'stp-listening' as const, where: spot(pod.home, having(pod.port.name))},
          breaks: {pairs: around(lab, pod)},
        }),
      })),
    ],
  },
]
