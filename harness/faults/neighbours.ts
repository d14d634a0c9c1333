// Who answers for an address on a segment: wrong entries, MAC addresses held twice, answers that are kept back.
import type {LinkFacts} from '../facts/facts.ts'
import {atNode, atPod, type Fault, having, type Injection, on, pairs, spot} from './fault.ts'
import {strangerBehind} from './tunnels.ts'
import {farFrom, type Pod, podOn, type Site, twinOf, Unfit, type Wired} from './wired.ts'

/** No host of the documents has it. */
const NOBODY = '02:00:00:00:00:99'

/** Until something is asked again, the tables answer. */
function forget(...sites: readonly (readonly [Pick<Site, 'ip'>, {readonly name: string}])[]): string[] {
  return sites.map(([{ip}, device]) => `${ip} neigh flush dev ${device.name}`)
}

function permanent(
  site: Site,
  device: {readonly name: string},
  address: string,
  mac: string,
): Pick<Injection, 'inject' | 'heal' | 'expect'> {
  return {
    inject: on(site.node, `${site.ip} neigh replace ${address} dev ${device.name} lladdr ${mac} nud permanent`),
    heal: on(site.node, `${site.ip} neigh del ${address} dev ${device.name}`),
    expect: {cause: 'neighbour-wrong', where: spot(site, having(address))},
  }
}

function around(lab: Wired, pod: Pod): string[] {
  return pairs([farFrom(lab, pod), pod], [pod, farFrom(lab, pod)])
}

export const NEIGHBOUR_FAULTS: readonly Fault[] = [
  {
    cause: 'neighbour-wrong',
    variants: [
      atPod('the node has a MAC for the pod that nobody has', (lab, pod) => ({
        ...permanent(pod.home, pod.bridge, pod.address, NOBODY),
        breaks: {pairs: [...around(lab, pod), ...pairs([pod.home, pod])]},
      })),
      atPod('the pod has a MAC for its gateway that nobody has', (lab, pod) => ({
        ...permanent(pod, pod.device, pod.gateway.address, NOBODY),
        breaks: {pairs: [...around(lab, pod), ...pairs([pod.home, pod])]},
      })),
      atPod("the node has another pod's MAC for the pod", (lab, pod) => ({
        ...permanent(pod.home, pod.bridge, pod.address, twinOf(lab, pod).device.mac),
        breaks: {pairs: [...around(lab, pod), ...pairs([pod.home, pod])]},
      })),
      atNode('the node has a MAC for another node that nobody has', (lab, node) => ({
        ...permanent(node, node.device, farFrom(lab, node).home.address, NOBODY),
        breaks: {pairs: pairs([node, farFrom(lab, node).home], [podOn(lab, node), farFrom(lab, node)])},
      })),
      atNode("the node has a MAC for another node's end of a tunnel that nobody has", (lab, node) => strangerBehind(lab, node, NOBODY)),
    ],
  },
  {
    cause: 'duplicate-mac',
    variants: [
      atPod("the pod has another pod's MAC", (lab, pod) => {
        const twin = twinOf(lab, pod)
        const all = forget([pod, pod.device], [twin, twin.device], [pod.home, pod.bridge])
        return {
          inject: on(pod.node, `${pod.ip} link set ${pod.device.name} address ${twin.device.mac}`, ...all),
          heal: on(pod.node, `${pod.ip} link set ${pod.device.name} address ${pod.device.mac}`, ...all),
          expect: {cause: 'duplicate-mac', where: spot(pod, having(twin.device.mac))},
          breaks: {pairs: pairs([pod, twin], [twin, pod])},
        }
      }),
      atNode("the node has another node's MAC", (lab, node) => {
        const {home} = farFrom(lab, node)
        const everywhere = lab.nodes.flatMap((each) => on(each.node, ...forget([each, each.device])))
        return {
          inject: [...on(node.node, `ip link set ${node.device.name} address ${home.device.mac}`), ...everywhere],
          heal: [...on(node.node, `ip link set ${node.device.name} address ${node.device.mac}`), ...everywhere],
          expect: {cause: 'duplicate-mac', where: spot(node, having(home.device.mac))},
          breaks: {pairs: pairs([node, home], [home, node])},
        }
      }),
    ],
  },
  {
    cause: 'neighbour-unresolved',
    variants: [
      atPod('the bridge passes the pod nothing that it did not ask for: nobody can ask for its MAC', (lab, pod) => {
        const twin = twinOf(lab, pod)
        const all = forget([pod, pod.device], [twin, twin.device], [pod.home, pod.bridge])
        return {
          inject: on(pod.node, `bridge link set dev ${pod.port.name} flood off mcast_flood off bcast_flood off`, ...all),
          heal: on(pod.node, `bridge link set dev ${pod.port.name} flood on mcast_flood on bcast_flood on`, ...all),
          expect: {cause: 'neighbour-unresolved', where: spot(pod.home, having(pod.port.name))},
          breaks: {pairs: pairs([twin, pod])},
        }
      }),
    ],
  },
  {
    cause: 'proxy-arp-missing',
    variants: [
      atNode('the bridge no longer answers for what is behind it', (lab, node) => {
        const {bridge} = podOn(lab, node)
        const key = `net.ipv4.conf.${bridge.name}.proxy_arp`
        if (node.facts.sysctls.get(key.slice(4)) !== '1') throw new Unfit(`${key} is 0 at ${node.name}: nothing needs it`)
        const all = lab.pods.filter((pod) => pod.node === node.node).flatMap((pod) => forget([pod, pod.device]))
        return {
          inject: on(node.node, `sysctl -w ${key}=0`, ...all),
          heal: on(node.node, `sysctl -w ${key}=1`, ...all),
          expect: {cause: 'proxy-arp-missing', where: spot(node, having(key))},
          breaks: {pairs: pairs([podOn(lab, node), farFrom(lab, node)])},
        }
      }),
      atNode("the node no longer answers on a pod's cable for a gateway that nobody has", (lab, node) => {
        const {links, sysctls, netnsNames} = node.facts
        const answers = ({name, master}: LinkFacts) => master === undefined && sysctls.get(`ipv4.conf.${name}.proxy_arp`) === '1'
        const cable = links.find((link) => link.peer?.netnsId !== undefined && answers(link))
        const pod = netnsNames.get(cable?.peer?.netnsId ?? -1)
        const other = lab.nodes.find(({name}) => name !== node.name)
        if (!cable || pod === undefined || !other) throw new Unfit(`no cable of ${node.name} answers for others: nothing needs it`)
        const key = `net.ipv4.conf.${cable.name}.proxy_arp`
        const forgotten = `ip -n ${pod} neigh flush all`
        return {
          inject: on(node.node, `sysctl -w ${key}=0`, forgotten),
          heal: on(node.node, `sysctl -w ${key}=1`, forgotten),
          expect: {cause: 'proxy-arp-missing', where: spot(node, having(key))},
          breaks: {pairs: pairs([{name: pod}, other])},
        }
      }),
    ],
  },
  {
    cause: 'arp-suppressed',
    variants: [
      atPod("the pod's device is set to NOARP", (lab, pod) => {
        const all = forget([pod, pod.device], [pod.home, pod.bridge])
        return {
          inject: on(pod.node, `${pod.ip} link set ${pod.device.name} arp off`, ...all),
          heal: on(pod.node, `${pod.ip} link set ${pod.device.name} arp on`, ...all),
          expect: {cause: 'arp-suppressed', where: spot(pod, having(pod.device.name))},
          breaks: {pairs: [...around(lab, pod), ...pairs([pod.home, pod])]},
        }
      }),
      atPod('the pod answers no ARP', (lab, pod) => {
        const all = forget([pod.home, pod.bridge])
        const key = `net.ipv4.conf.${pod.device.name}.arp_ignore`
        return {
          inject: on(pod.node, `${pod.inside}sysctl -w ${key}=8`, ...all),
          heal: on(pod.node, `${pod.inside}sysctl -w ${key}=0`, ...all),
          expect: {cause: 'arp-suppressed', where: spot(pod, having('arp_ignore'))},
          breaks: {pairs: pairs([farFrom(lab, pod), pod])},
        }
      }),
      atPod('an ARP filter in the pod drops what comes in', (lab, pod) => {
        const all = forget([pod, pod.device], [pod.home, pod.bridge])
        const nft = `${pod.inside}nft`
        return {
          inject: on(
            pod.node,
            `${nft} add table arp quiet`,
            `${nft} 'add chain arp quiet in { type filter hook input priority 0; policy drop; }'`,
            ...all,
          ),
          heal: on(pod.node, `${nft} delete table arp quiet`, ...all),
          expect: {cause: 'arp-suppressed', where: spot(pod, having('arp', 'quiet', 'in'))},
          breaks: {pairs: [...around(lab, pod), ...pairs([pod.home, pod])]},
        }
      }),
      atPod('an ARP filter on the node drops what goes out to the pods', (lab, pod) => {
        const all = forget([pod, pod.device], [pod.home, pod.bridge])
        return {
          inject: on(
            pod.node,
            'nft add table arp quiet',
            "nft 'add chain arp quiet out { type filter hook output priority 0; }'",
            `nft add rule arp quiet out oifname ${pod.bridge.name} drop`,
            ...all,
          ),
          heal: on(pod.node, 'nft delete table arp quiet', ...all),
          expect: {cause: 'arp-suppressed', where: spot(pod.home, having('arp', 'quiet', 'out'))},
          breaks: {pairs: [...around(lab, pod), ...pairs([pod.home, pod])]},
        }
      }),
    ],
  },
]
