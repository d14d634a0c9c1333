// What `nft monitor trace` says (nft(8), MONITOR): which rule or policy ended a packet's way. Pure.
import type {TracedRule} from '../model.ts'
import {PROBE_PORT} from '../probe/rows.ts'

/** `rule` with its text and handle and the verdict, or `policy` with the verdict; `packet:` stands before either. */
const LINE = /^trace id (\w+) (\w+) (\S+) (\S+) (?:(packet:.*)|rule (.*) \(verdict (.*)\)|policy (\w+) ?)\s*$/
const HANDLE = / # handle (\d+)$/
/** What a counter has come to is no part of the rule. */
const COUNTED = / packets \d+ bytes \d+/g

/** One packet at one hook, as nft writes its header. */
export interface TracedPacket {
  readonly way: 'request' | 'reply'
  /** The sender's port, or the ICMP identifier: the same of a request and of its reply; absent where nft does not tell. */
  readonly port?: number
}

export interface Ending {
  readonly packet: TracedPacket | undefined
  readonly rule: Omit<TracedRule, 'place' | 'way'>
}

/** @param lines of one network namespace: a packet's id is told by its header before its rules are */
export function endingsIn(lines: readonly string[]): Ending[] {
  const packets = new Map<string, TracedPacket>()
  return lines.flatMap((line): Ending[] => {
    const [, id = '', family = '', table = '', chain = '', packet, rule, verdict, policy] = LINE.exec(line) ?? []
    const header = packet === undefined ? undefined : packetOf(packet)
    if (header) packets.set(id, header)
    if (rule !== undefined && verdict === 'drop') {
      const handle = HANDLE.exec(rule)?.[1]
      const text = rule.replace(HANDLE, '').replaceAll(COUNTED, '')
      return [{packet: packets.get(id), rule: {family, table, chain, ...(handle !== undefined && {handle: Number(handle)}), text}}]
    }
    return policy === 'drop' ? [{packet: packets.get(id), rule: {family, table, chain, text: 'policy drop'}}] : []
  })
}

/** nft writes a header's fields in words, and a message's first bytes in digits. */
function packetOf(header: string): TracedPacket | undefined {
  const type = /icmp(?:v6)? type echo-(request|reply)/.exec(header)?.[1] as TracedPacket['way'] | undefined
  if (type !== undefined) {
    const [, identifier] = /icmp(?:v6)? id (\d+)/.exec(header) ?? []
    // nft calls the second word of any message of ICMPv6 so: of an echo it is identifier and sequence (RFC 4443, 4.1).
    const [, word] = /icmpv6 parameter-problem (\d+)/.exec(header) ?? []
    const port = identifier ?? (word === undefined ? undefined : Number(word) >>> 16)
    return {way: type, ...(port !== undefined && {port: Number(port)})}
  }
  const [, source, destination] = /(?:tcp|udp) sport (\d+) (?:tcp|udp) dport (\d+)/.exec(header) ?? []
  if (Number(destination) === PROBE_PORT) return {way: 'request', port: Number(source)}
  return Number(source) === PROBE_PORT ? {way: 'reply', port: Number(destination)} : undefined
}
