// A packet as filters see it, and what it has in each of the fields that a rule can ask for. Pure.
import type {Family, Protocol} from '../../model.ts'

/** A packet as filters see it. */
export interface Packet {
  readonly family: Family
  readonly source: string
  readonly destination: string
  readonly protocol: Protocol
  /** For ICMP: whether it is a request or the reply to one. */
  readonly reply: boolean
  readonly sourcePort: number
  readonly destinationPort: number
  /** Bytes, with the IP header. */
  readonly length: number
  readonly iif?: string
  readonly oif?: string
  /** A later packet of a flow whose first one was answered. */
  readonly established?: boolean
  /** Time to live, or hop limit, as it is at the hook. */
  readonly ttl?: number
  /** What rules before have set it to. */
  readonly mark?: number
  /** Its frame, where the hook is one that sees frames. */
  readonly ether?: {readonly source: string; readonly destination: string}
  /** The frame is no IP packet but this. */
  readonly arp?: {readonly operation: 'request' | 'reply'; readonly source: string; readonly destination: string}
  /** What an address is to the namespace of the hook: local, unicast ... (nft(8), fib expression). */
  readonly typeOf?: (address: string) => string
}

/** What it has in a field (nft(8), payload expressions); null where it is of a protocol that it is not; undefined where that is not known. */
export function payloadOf(packet: Packet, protocol: string, field: string): unknown {
  const {family, source, destination, sourcePort, destinationPort, reply, arp, length, ttl} = packet
  const own = packet.protocol
  if (protocol === 'ether') return etherOf(packet, field)
  if (protocol === 'arp') return arp ? arpField(arp, field) : null
  if (arp) return null
  if (protocol === 'ip' || protocol === 'ip6') {
    if ((protocol === 'ip' ? 4 : 6) !== family) return null
    const l4 = l4Of(packet)
    // Don't Fragment is set, and nothing else.
    const fields = {
      saddr: source,
      daddr: destination,
      protocol: l4,
      nexthdr: l4,
      length,
      version: family,
      ttl,
      hoplimit: ttl,
      dscp: 'cs0',
    }
    return {...fields, 'frag-off': 0x4000, hdrlength: 5}[field]
  }
  if (protocol === 'tcp' || protocol === 'udp' || protocol === 'th') {
    if (own === 'icmp' || (protocol !== 'th' && protocol !== own)) return null
    return {sport: sourcePort, dport: destinationPort, ...(own === 'tcp' && {flags: flagsOf(packet)})}[field]
  }
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    if (own !== 'icmp' || (protocol === 'icmp' ? 4 : 6) !== family) return null
    return {type: reply ? 'echo-reply' : 'echo-request', code: 0}[field]
  }
  return ['sctp', 'dccp', 'udplite', 'esp', 'ah', 'comp', 'igmp', 'vlan'].includes(protocol) ? null : undefined
}

function etherOf({ether, arp, family}: Packet, field: string): unknown {
  if (field === 'type') return arp ? 'arp' : family === 4 ? 'ip' : 'ip6'
  return {saddr: ether?.source, daddr: ether?.destination}[field]
}

/** Of the segment that opens a connection, the one that answers it, and all later ones. */
function flagsOf({established, reply}: Packet): ReadonlySet<string> {
  return new Set(established ? ['ack'] : reply ? ['syn', 'ack'] : ['syn'])
}

function l4Of({protocol, family}: Packet): string {
  return protocol === 'icmp' && family === 6 ? 'ipv6-icmp' : protocol
}

/** Its meta data (nft(8), meta expressions). */
export function metaOf(packet: Packet, key: string): unknown {
  const {family, iif, oif, length, arp, mark = 0} = packet
  const l3 = arp ? 'arp' : family === 4 ? 'ip' : 'ip6'
  const known: Readonly<Record<string, unknown>> = {
    iifname: iif ?? '',
    iif: iif ?? '',
    oifname: oif ?? '',
    oif: oif ?? '',
    l4proto: arp ? null : l4Of(packet),
    nfproto: family === 4 ? 'ipv4' : 'ipv6',
    protocol: l3,
    length,
    mark,
    pkttype: arp?.operation === 'request' ? 'broadcast' : 'host',
  }
  return known[key]
}

/** ARP of IPv4 over Ethernet (RFC 826): hardware type 1, addresses of 6 and 4 bytes. arptables asks for these in each rule. */
function arpField({operation, source, destination}: NonNullable<Packet['arp']>, field: string): unknown {
  return {htype: 1, hlen: 6, plen: 4, ptype: 'ip', operation, 'saddr ip': source, 'daddr ip': destination}[field]
}
