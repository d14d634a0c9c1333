// Addresses that are missing, wrong, or held twice.
import {networkOf} from '../address.ts'
import {atNode, atPod, type Fault, having, type Injection, on, pairs, spot} from './fault.ts'
import {farFrom, type Pod, podOn, routeLines, type Site, twinOf, type Wired} from './wired.ts'

/** An address of a device replaced by others, or by none; what hung on it comes back when it does. */
function readdressed(site: Site, device: Site['device'], old: string, ...others: readonly string[]): Pick<Injection, 'inject' | 'heal'> {
  const add = others.map((address) => `${site.ip} addr add ${address} dev ${device.name}`)
  const del = others.map((address) => `${site.ip} addr del ${address} dev ${device.name}`)
  return {
    inject: on(site.node, `${site.ip} addr del ${old} dev ${device.name}`, ...add),
    heal: on(site.node, ...del, `${site.ip} addr add ${old} dev ${device.name}`, ...ofFamily4(routeLines(site, device))),
  }
}

/** The routes of the other family stay when an IPv4 address goes. */
function ofFamily4(lines: readonly string[]): string[] {
  return lines.filter((line) => !line.includes('::'))
}

function own({address, prefixLength}: Pick<Site, 'address' | 'prefixLength'>): string {
  return `${address}/${prefixLength}`
}

/** A host of the network that a pod's subnet is, by its last number. */
function hostIn(pod: Pod, last: number): string {
  return pod.gateway.address.replace(/\d+$/, String(last))
}

function cutOff(lab: Wired, pod: Pod): string[] {
  return pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod], [pod.home, pod])
}

function cutBridge(lab: Wired, node: Site): string[] {
  return pairs([podOn(lab, node), farFrom(lab, node)], [farFrom(lab, node), podOn(lab, node)])
}

export const ADDRESS_FAULTS: readonly Fault[] = [
  {
    cause: 'address-missing',
    variants: [
      atPod("the pod's address is deleted", (lab, pod) => ({
        ...readdressed(pod, pod.device, own(pod)),
        expect: {cause: 'address-missing', where: spot(pod, having(pod.device.name))},
        breaks: {pairs: cutOff(lab, pod)},
      })),
      atPod('the pod has another address of its subnet', (lab, pod) => ({
        ...readdressed(pod, pod.device, own(pod), `${hostIn(pod, 199)}/${pod.prefixLength}`),
        expect: {cause: 'address-missing', where: spot(pod, having(pod.device.name))},
        breaks: {pairs: pairs([farFrom(lab, pod), pod], [pod.home, pod])},
      })),
      atNode("the bridge's address, which is the pods' gateway, is deleted", (lab, node) => ({
        ...readdressed(node, podOn(lab, node).bridge, own(podOn(lab, node).gateway)),
        expect: {cause: 'address-missing', where: spot(node, having(podOn(lab, node).bridge.name))},
        breaks: {pairs: cutBridge(lab, node)},
      })),
      atNode("the node's address on the underlay is deleted", (lab, node) => ({
        ...readdressed(node, node.device, own(node)),
        expect: {cause: 'address-missing', where: spot(node, having(node.device.name))},
        breaks: {pairs: [...cutBridge(lab, node), ...pairs([farFrom(lab, node).home, node])]},
      })),
    ],
  },
  {
    cause: 'wrong-prefix-length',
    variants: [
      atPod("the pod's mask makes pods on other nodes look near", (lab, pod) => ({
        inject: on(
          pod.node,
          `${pod.ip} addr del ${own(pod)} dev ${pod.device.name}`,
          `${pod.ip} addr add ${pod.address}/16 dev ${pod.device.name}`,
          ...ofFamily4(routeLines(pod, pod.device)),
        ),
        heal: readdressed(pod, pod.device, own(pod), `${pod.address}/16`).heal,
        expect: {cause: 'wrong-prefix-length', where: spot(pod, having(`${pod.address}/16`))},
        breaks: {pairs: pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod])},
      })),
      atPod("the pod's mask leaves it alone on its cable: even its gateway looks far", (lab, pod) => ({
        ...readdressed(pod, pod.device, own(pod), `${pod.address}/32`),
        expect: {cause: 'wrong-prefix-length', where: spot(pod, having(`${pod.address}/32`))},
        breaks: {pairs: cutOff(lab, pod)},
      })),
      atNode("the bridge's mask leaves its pods out", (lab, node) => ({
        ...readdressed(node, podOn(lab, node).bridge, own(podOn(lab, node).gateway), `${podOn(lab, node).gateway.address}/32`),
        expect: {cause: 'wrong-prefix-length', where: spot(node, having(`${podOn(lab, node).gateway.address}/32`))},
        breaks: {pairs: [...cutBridge(lab, node), ...pairs([node, podOn(lab, node)])]},
      })),
      atNode("the node's mask on the underlay leaves the other nodes out", (lab, node) => ({
        ...readdressed(node, node.device, own(node), `${node.address}/32`),
        expect: {cause: 'wrong-prefix-length', where: spot(node, having(`${node.address}/32`))},
        breaks: {pairs: [...cutBridge(lab, node), ...pairs([node, farFrom(lab, node).home])]},
      })),
    ],
  },
  {
    cause: 'address-outside-subnet',
    variants: [
      atPod("the pod has an address of another node's subnet", (lab, pod) => {
        const stray = `${hostIn(farFrom(lab, pod), 199)}/${pod.prefixLength}`
        return {
          ...readdressed(pod, pod.device, own(pod), stray),
          expect: {cause: 'address-outside-subnet', where: spot(pod, having(stray))},
          breaks: {pairs: cutOff(lab, pod)},
        }
      }),
      atNode('the bridge has an address of a subnet that no pod is in', (lab, node) => ({
        ...readdressed(node, podOn(lab, node).bridge, own(podOn(lab, node).gateway), '10.250.0.1/24'),
        expect: {cause: 'address-outside-subnet', where: spot(node, having('10.250.0.1'))},
        breaks: {pairs: cutBridge(lab, node)},
      })),
    ],
  },
  {
    cause: 'overlapping-subnets',
    variants: [
      atNode("the bridge has half of another node's subnet as its own, too", (lab, node) => {
        const far = farFrom(lab, node)
        const stray = `${hostIn(far, 126)}/25`
        const {bridge} = podOn(lab, node)
        return {
          inject: on(node.node, `ip addr add ${stray} dev ${bridge.name}`),
          heal: on(node.node, `ip addr del ${stray} dev ${bridge.name}`),
          expect: {
            cause: 'overlapping-subnets',
            where: spot(node, having(networkOf(hostIn(far, 126), 25)?.split('/')[0]?.slice(0, -1) ?? '')),
          },
          breaks: {pairs: pairs([podOn(lab, node), far], [node, far], [far, podOn(lab, node)])},
        }
      }),
    ],
  },
  {
    cause: 'duplicate-address',
    variants: [
      atNode('the node holds the address of a pod on another node', (lab, node) => {
        const far = farFrom(lab, node)
        return {
          inject: on(node.node, `ip addr add ${far.address}/32 dev lo`),
          heal: on(node.node, `ip addr del ${far.address}/32 dev lo`),
          expect: {cause: 'duplicate-address', alike: ['martian-source'], where: spot(node, having(far.address))},
          breaks: {pairs: pairs([podOn(lab, node), far], [far, podOn(lab, node)])},
        }
      }),
      atPod("the pod holds its gateway's address, too", (_, pod) => ({
        inject: on(pod.node, `${pod.ip} addr add ${own(pod.gateway)} dev ${pod.device.name}`),
        heal: on(pod.node, `${pod.ip} addr del ${own(pod.gateway)} dev ${pod.device.name}`),
        expect: {cause: 'duplicate-address', alike: ['martian-source'], where: spot(pod, having(pod.gateway.address))},
        breaks: {pairs: pairs([pod.home, pod])},
      })),
      atPod("the pod holds another pod's address, too", (lab, pod) => {
        const twin = twinOf(lab, pod)
        return {
          inject: on(pod.node, `${pod.ip} addr add ${own(twin)} dev ${pod.device.name}`),
          heal: on(pod.node, `${pod.ip} addr del ${own(twin)} dev ${pod.device.name}`),
          expect: {cause: 'duplicate-address', alike: ['martian-source'], where: spot(pod, having(twin.address))},
          breaks: {pairs: pairs([pod, twin], [twin, pod])},
        }
      }),
      atPod('the pod holds the address of a pod on another node, too', (lab, pod) => ({
        inject: on(pod.node, `${pod.ip} addr add ${farFrom(lab, pod).address}/32 dev lo`),
        heal: on(pod.node, `${pod.ip} addr del ${farFrom(lab, pod).address}/32 dev lo`),
        expect: {cause: 'duplicate-address', alike: ['martian-source'], where: spot(pod, having(farFrom(lab, pod).address))},
        breaks: {pairs: pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod])},
      })),
      atNode("the node holds another node's address, too", (lab, node) => {
        const {home} = farFrom(lab, node)
        return {
          inject: on(node.node, `ip addr add ${home.address}/32 dev lo`),
          heal: on(node.node, `ip addr del ${home.address}/32 dev lo`),
          expect: {cause: 'duplicate-address', alike: ['martian-source'], where: spot(node, having(home.address))},
          breaks: {pairs: pairs([node, home], [home, node])},
        }
      }),
    ],
  },
]
