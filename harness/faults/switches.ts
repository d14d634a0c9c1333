// The kernel's own switches (networking/ip-sysctl.rst).
import {familyOf} from '../address.ts'
import type {LinkFacts} from '../facts/facts.ts'
import {routeLine} from '../facts/routes.ts'
import {atNode, atPod, type Fault, having, on, pairs, spot, type Variant} from './fault.ts'
import {addressLines, farFrom, type Pod, podOn, routeLines, type Site, Unfit, type Wired} from './wired.ts'

function through(lab: Wired, node: Site): string[] {
  return pairs([podOn(lab, node), farFrom(lab, node)], [farFrom(lab, node), podOn(lab, node)])
}

/** What is written down for a sysctl as it was. */
function settingOf({name, facts}: Site, key: string): string {
  const value = facts.sysctls.get(key.replace(/^net\./, ''))
  if (value === undefined) throw new Unfit(`${name} has no ${key}`)
  return value
}

function forwardingOff(title: string, key: (lab: Wired, node: Site) => string, typed: (key: string) => string, object?: RegExp): Variant {
  return atNode(title, (lab, node) => {
    const name = key(lab, node)
    if (settingOf(node, name.replace('conf.all.forwarding', 'ip_forward')) !== '1') throw new Unfit(`${name} is 0 at ${node.name} already`)
    return {
      inject: on(node.node, typed(name)),
      heal: on(node.node, `sysctl -w ${name}=1`),
      expect: {cause: 'forwarding-off', where: spot(node, object ?? having(name))},
      breaks: {pairs: through(lab, node)},
    }
  })
}

function hasIpv6({addresses}: LinkFacts): boolean {
  return addresses.some(({address, scope}) => familyOf(address) === 6 && scope === 'global')
}

/** IPv6 off takes addresses and routes with it, of the devices it is set for. */
function ipv6Off(site: Site, devices: readonly LinkFacts[], key: string) {
  if (!devices.some(hasIpv6)) throw new Unfit(`${site.name} has no IPv6 address`)
  const routes = devices.flatMap((device) =>
    routeLines({...site, facts: {...site.facts, routes: site.facts.routes.filter(({family}) => family === 6)}}, device),
  )
  return {
    inject: on(site.node, `${site.inside}sysctl -w ${key}=1`),
    heal: on(site.node, `${site.inside}sysctl -w ${key}=0`, ...devices.flatMap((device) => addressLines(site, device, 6)), ...routes),
    expect: {cause: 'ipv6-disabled' as const, where: spot(site, having('disable_ipv6'))},
  }
}

/** A second cable between a pod and its node: what leaves by it comes back by the first. */
function secondCable({netns, ip, device, address}: Pod): {readonly add: string[]; readonly del: string} {
  const port = `${device.name}-2`
  return {
    add: [
      `ip link add ${port}p type veth peer name ${port}`,
      `ip link set ${port}p netns ${netns}`,
      `ip addr add 10.254.0.1/30 dev ${port}`,
      `ip link set ${port} up`,
      `${ip} addr add 10.254.0.2/30 dev ${port}p`,
      `${ip} link set ${port}p up`,
      `${ip} route replace default via 10.254.0.1 src ${address}`,
    ],
    del: `${ip} link del ${port}p`,
  }
}

function strictlyOneWay(title: string, device: (pod: Pod) => string): Variant {
  return atPod(title, (lab, pod) => {
    const {add, del} = secondCable(pod)
    const key = `net.ipv4.conf.${device(pod)}.rp_filter`
    const put = device(pod) === 'all' ? on(pod.node, `sysctl -w ${key}=${settingOf(pod.home, key)}`) : []
    const before = routeLines(pod, pod.device).map((line) => line.replace('route add', 'route replace'))
    return {
      inject: on(pod.node, ...add, `sysctl -w ${key}=1`),
      heal: [...put, ...on(pod.node, del, ...before)],
      expect: {cause: 'reverse-path-filter', where: spot(pod.home, having('rp_filter'))},
      breaks: {pairs: pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod])},
    }
  })
}

export const SWITCH_FAULTS: readonly Fault[] = [
  {
    cause: 'forwarding-off',
    variants: [
      forwardingOff(
        'the node forwards nothing',
        () => 'net.ipv4.ip_forward',
        (key) => `sysctl -w ${key}=0`,
      ),
      forwardingOff(
        'the node forwards nothing, written as a file',
        () => 'net.ipv4.ip_forward',
        () => 'echo 0 > /proc/sys/net/ipv4/ip_forward',
      ),
      forwardingOff(
        'forwarding is off for all devices',
        () => 'net.ipv4.conf.all.forwarding',
        (key) => `sysctl -w ${key}=0`,
        having('forward'),
      ),
      forwardingOff(
        'the node forwards nothing that comes in by its bridge',
        (lab, node) => `net.ipv4.conf.${podOn(lab, node).bridge.name}.forwarding`,
        (key) => `sysctl -w ${key}=0`,
      ),
      forwardingOff(
        'the node forwards nothing that comes in by the underlay',
        (_, node) => `net.ipv4.conf.${node.device.name}.forwarding`,
        (key) => `sysctl -w ${key}=0`,
      ),
      atNode('the node forwards no IPv6', (lab, node) => {
        if (!hasIpv6(node.device)) throw new Unfit(`${node.name} has no IPv6 address`)
        return {
          inject: on(node.node, 'sysctl -w net.ipv6.conf.all.forwarding=0'),
          heal: on(node.node, 'sysctl -w net.ipv6.conf.all.forwarding=1'),
          expect: {cause: 'forwarding-off', where: spot(node, having('net.ipv6.conf.all.forwarding'))},
          breaks: {pairs: through(lab, node), family: 6},
        }
      }),
    ],
  },
  {
    cause: 'reverse-path-filter',
    variants: [
      strictlyOneWay(
        'what a pod sends by a second cable comes back by the first, and that cable may not',
        ({device}) => `${device.name}-2`,
      ),
      strictlyOneWay('what a pod sends by a second cable comes back by the first, and no device of the node may', () => 'all'),
    ],
  },
  {
    cause: 'martian-source',
    variants: [
      atNode('the node sends from its loopback address, which no other host takes', (lab, node) => {
        const far = farFrom(lab, node)
        const route = node.facts.routes.find(({to, via}) => to === far.subnet && via !== undefined)
        if (!route) throw new Unfit(`${node.name} has no route to ${far.subnet}`)
        const key = `net.ipv4.conf.${node.device.name}.route_localnet`
        return {
          inject: on(node.node, `sysctl -w ${key}=1`, `ip route replace ${far.subnet} via ${route.via} src 127.0.0.1`),
          heal: on(node.node, `ip route replace ${routeLine(route)}`, `sysctl -w ${key}=0`),
          expect: {cause: 'martian-source', alike: ['wrong-source'], where: spot(far.home, having(''))},
          breaks: {pairs: pairs([node, far])},
        }
      }),
    ],
  },
  {
    cause: 'ipv6-disabled',
    variants: [
      atPod('IPv6 is off in the pod', (lab, pod) => ({
        ...ipv6Off(pod, [pod.device], 'net.ipv6.conf.all.disable_ipv6'),
        breaks: {pairs: pairs([pod, farFrom(lab, pod)], [farFrom(lab, pod), pod]), family: 6},
      })),
      atNode("IPv6 is off on the node's bridge", (lab, node) => ({
        ...ipv6Off(node, [podOn(lab, node).bridge], `net.ipv6.conf.${podOn(lab, node).bridge.name}.disable_ipv6`),
        breaks: {pairs: through(lab, node), family: 6},
      })),
      atNode('IPv6 is off on the node', (lab, node) => ({
        ...ipv6Off(node, [node.device, podOn(lab, node).bridge], 'net.ipv6.conf.all.disable_ipv6'),
        breaks: {pairs: [...through(lab, node), ...pairs([node, farFrom(lab, node)])], family: 6},
      })),
    ],
  },
]
