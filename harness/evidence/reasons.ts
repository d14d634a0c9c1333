// What the kernel's reasons to drop a packet (include/net/dropreason-core.h) say of its cause. Pure.
import type {Cause} from '../model.ts'

/**
 * Reasons that no other fault gives, with the causes that end a path so: the first is the one that the reason alone proves.
 * NOT_SPECIFIED, and reasons that many faults have in common, are not here.
 */
const CAUSES: Readonly<Record<string, readonly [Cause, ...Cause[]]>> = {
  NETFILTER_DROP: ['filter-drop', 'filter-reject', 'bridge-filter-drop', 'echo-ignored', 'arp-suppressed', 'conntrack-full'],
  IP_RPFILTER: ['reverse-path-filter'],
  IP_LOCAL_SOURCE: ['martian-source', 'duplicate-address', 'wrong-source'],
  IP_INVALID_SOURCE: ['martian-source', 'wrong-source'],
  IP_LOCALNET: ['martian-source', 'wrong-source'],
  TC_INGRESS: ['tc-drop'],
  TC_EGRESS: ['tc-drop'],
  XDP: ['xdp-drop'],
  IPV6DISABLED: ['ipv6-disabled'],
  VXLAN_VNI_NOT_FOUND: ['vni-mismatch'],
  ICMP_CSUM: ['bad-checksum'],
  TCP_CSUM: ['bad-checksum'],
  UDP_CSUM: ['bad-checksum'],
}

/** Undefined for a reason that leaves the cause open. */
export function causesOf(reason: string): readonly [Cause, ...Cause[]] | undefined {
  return CAUSES[reason]
}
