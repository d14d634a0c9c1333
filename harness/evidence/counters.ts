// Which of the kernel's counters tell of packets that were not passed on. Pure.
import type {CounterRise} from '../model.ts'

/**
 * Names as /proc/net/snmp, netstat and snmp6 have them (Documentation/networking/snmp_counter.rst), and a device's own.
 * Others count what goes well too, and every exchange makes some of them rise.
 */
const LOSSES = new Set([
  ...['Ip:InHdrErrors', 'Ip:InAddrErrors', 'Ip:InUnknownProtos', 'Ip:InDiscards', 'Ip:OutDiscards', 'Ip:OutNoRoutes', 'Ip:FragFails'],
  ...['IpExt:InNoRoutes', 'IpExt:InTruncatedPkts', 'IpExt:InCsumErrors', 'TcpExt:IPReversePathFilter', 'TcpExt:ListenDrops'],
  ...['Icmp:InCsumErrors', 'Tcp:InCsumErrors', 'Udp:NoPorts', 'Udp:InErrors', 'Udp:RcvbufErrors', 'Udp:InCsumErrors', 'Tcp:InErrs'],
  ...['Ip6:Ip6InHdrErrors', 'Ip6:Ip6InTooBigErrors', 'Ip6:Ip6InNoRoutes', 'Ip6:Ip6InAddrErrors', 'Ip6:Ip6InDiscards', 'Ip6:Ip6OutDiscards'],
  ...['Ip6:Ip6OutNoRoutes', 'Ip6:Ip6FragFails', 'Ip6:Udp6NoPorts', 'Ip6:Udp6InCsumErrors', 'Ip6:Icmp6InCsumErrors'],
])

/** @param risen every counter that is higher after than before */
export function lossesIn(risen: readonly CounterRise[]): CounterRise[] {
  return risen.filter(({counter}) => LOSSES.has(counter) || / (rx|tx)_(errors|dropped)$/.test(counter))
}
