// What each cause means, in a sentence: the place, the thing there in the kernel's own words, and what is the matter with it.
import type {Cause} from '../model.ts'

type Words = (place: string, object: string) => string

/** `of v-net-0`, or nothing where no object is known. */
const named = (before: string, object: string) => (object === '' ? '' : `${before}${object}`)

const WORDS: Record<Cause, Words> = {
  'node-down': (place) => `${place} is not running`,
  'pod-missing': (place, object) => `the network namespace ${object || place} is not there`,
  'interface-missing': (place, object) => `${place} has no device${named(' ', object)}`,
  'interface-down': (place, object) => `${object || 'a device'} is down at ${place}`,
  'peer-down': (place, object) => `${object || 'the other end of the veth pair'} is down at ${place}, so its peer has no carrier`,
  'wrong-namespace': (place, object) => `${object || 'the end of a veth pair'} is in the wrong network namespace: at ${place}`,
  'bridge-missing': (place, object) => `${place} has no bridge${named(' ', object)}`,
  'bridge-down': (place, object) => `the bridge${named(' ', object)} is down at ${place}`,
  'port-not-enslaved': (place, object) =>
    `${object || 'the host end of a veth pair'} is not a port of the bridge it belongs to at ${place}`,
  'port-isolated': (place, object) => `the bridge port${named(' ', object)} is isolated at ${place}`,
  'hairpin-off': (place, object) =>
    `the packet must leave by the port it came in on at ${place}, and hairpin is off${named(' on ', object)}`,
  'fdb-wrong': (place, object) => `a static forwarding entry at ${place} sends the frame to the wrong port${named(': ', object)}`,
  'stp-listening': (place, object) => `the bridge port${named(' ', object)} does not forward yet at ${place}`,
  'address-missing': (place, object) => `${place} does not hold the address it should${named(': ', object)}`,
  'wrong-prefix-length': (place, object) =>
    `the prefix length at ${place} makes near hosts look far, or far ones near${named(': ', object)}`,
  'address-outside-subnet': (place, object) => `the address at ${place} belongs to another subnet${named(': ', object)}`,
  'duplicate-address': (place, object) => `two places hold the same address${named(', ', object)}: one is ${place}`,
  'duplicate-mac': (place, object) => `two places on one segment hold the same MAC${named(', ', object)}: one is ${place}`,
  'overlapping-subnets': (place, object) => `the pod subnet at ${place} overlaps another node's${named(': ', object)}`,
  'neighbour-unresolved': (place, object) => `nobody answers when ${place} asks who has ${object || 'the next hop'}`,
  'neighbour-wrong': (place, object) => `${place} holds the wrong MAC for a neighbour${named(': ', object)}`,
  'proxy-arp-missing': (place, object) => `${place} should answer ARP for others, and proxy_arp is off${named(' on ', object)}`,
  'arp-suppressed': (place, object) => `${place} keeps ARP answers back${named(': ', object)}`,
  'neighbour-table-full': (place) => `the kernel's neighbour table is full at ${place}`,
  'gateway-missing': (place) => `${place} has no default route`,
  'no-route': (place, object) =>
    object.startsWith('proto ')
      ? `${place} tells the others' routing daemons no more of ${object.replace(/^proto \S+ /, '')}`
      : `${place} has no route to ${object || 'the destination'}`,
  'no-return-route': (place, object) => `the request arrives, and ${place} has no route back to ${object || 'where it came from'}`,
  'wrong-next-hop': (place, object) => `the route at ${place} names a next hop that does not hold the subnet${named(': ', object)}`,
  'next-hop-unreachable': (place, object) => `the next hop of a route at ${place} is not there${named(': ', object)}`,
  'wrong-device': (place, object) => `a route at ${place} leaves by the wrong device${named(': ', object)}`,
  'wrong-source': (place, object) => `a route at ${place} prefers a source that the other side cannot answer${named(': ', object)}`,
  'more-specific-route': (place, object) => `a longer prefix at ${place} takes the packet elsewhere${named(': ', object)}`,
  'blackhole-route': (place, object) => `${place} has a blackhole route${named(': ', object)}`,
  'unreachable-route': (place, object) => `${place} has an unreachable route${named(': ', object)}`,
  'prohibit-route': (place, object) => `${place} has a prohibit route${named(': ', object)}`,
  'policy-rule': (place, object) => `an ip rule at ${place} takes the packet elsewhere or refuses it${named(': ', object)}`,
  'routing-loop': (place, object) => `the packet comes back to ${place}${named(', by ', object)}`,
  'leaves-lab': (place, object) => `the packet leaves the lab at ${place}${named(', by ', object)}`,
  'forwarding-off': (place, object) => `${place} does not forward${named(': ', /^[\w.]+$/.test(object) ? `${object} is 0` : object)}`,
  'reverse-path-filter': (place, object) => `${place} drops packets whose source it would not answer that way${named(': ', object)}`,
  'martian-source': (place, object) => `${place} refuses the source${named(' ', object)}`,
  'ipv6-disabled': (place, object) => `IPv6 is disabled at ${place}${named(': ', object)}`,
  'filter-drop': (place, object) => `a filter at ${place} drops it${named(': ', object)}`,
  'filter-reject': (place, object) => `a filter at ${place} rejects it${named(': ', object)}`,
  'bridge-filter-drop': (place, object) => `a filter on bridged frames at ${place} drops it${named(': ', object)}`,
  'tc-drop': (place, object) => `traffic control at ${place} drops it${named(': ', object)}`,
  'xdp-drop': (place, object) => `an XDP program at ${place} drops it${named(': ', object)}`,
  'source-nat': (place, object) => `${place} translates the source address${named(': ', object)}`,
  'destination-nat': (place, object) => `${place} translates the destination address${named(': ', object)}`,
  'conntrack-full': (place, object) => `the connection tracking table is full at ${place}${named(': ', object)}`,
  'mtu-too-small': (place, object) =>
    object.startsWith('cache ')
      ? `${place} remembers a smaller size of a path than it takes now: ${object.slice('cache '.length)}`
      : `${object || 'a device'} at ${place} takes only smaller packets, and says so`,
  'mtu-blackhole': (place, object) => `${object || 'a device'} at ${place} takes only smaller packets, and nothing that says so arrives`,
  'bad-checksum': (place, object) => `packets arrive with a bad checksum at ${place}${named(': ', object)}`,
  'vtep-fdb-missing': (place, object) => `the tunnel at ${place} does not know where to send the frame${named(': ', object)}`,
  'vtep-fdb-wrong': (place, object) => `the tunnel at ${place} sends the frame to the wrong end${named(': ', object)}`,
  'vtep-neighbour-missing': (place, object) => `the tunnel at ${place} does not know the MAC of the other end${named(': ', object)}`,
  'vni-mismatch': (place, object) => `the two ends of the tunnel have different identifiers${named(': ', object)} at ${place}`,
  'tunnel-port-mismatch': (place, object) => `the two ends of the tunnel use different ports${named(': ', object)} at ${place}`,
  'tunnel-endpoint-down': (place, object) => `the tunnel ends at ${place} in nothing${named(': ', object)}`,
  'bgp-session-down': (place, object) => `the BGP session at ${place} is down${named(': ', object)}, and its routes are gone`,
  'flow-missing': (place, object) =>
    /^map .* value /.test(object)
      ? `the entry of a map at ${place} has another value than it had: ${object}`
      : `the switch at ${place} has no flow for it${named(': ', object)}`,
  'no-listener': (place, object) => `nobody listens at ${place}${named(' on ', object)}`,
  'echo-ignored': (place, object) => `${place} does not answer echo requests${named(': ', object)}`,
  unknown: (place, object) => `none of the causes fits what was seen${place === '' ? '' : ` at ${place}`}${named(': ', object)}`,
}

/** `node2 has no route to 10.244.1.2` */
export function causeWords(cause: Cause, place: string, object: string): string {
  return WORDS[cause](place, object)
}
