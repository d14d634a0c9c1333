// A frame in a few words, for a terminal: who to whom, and what it is. Wireshark and tcpdump say the rest. Pure.
import {SocketAddress} from 'node:net'

const ETHERNET = 1
const RAW_IP: readonly number[] = [12, 101]

const ICMP: Readonly<Record<number, string>> = {0: 'echo reply', 3: 'unreachable', 5: 'redirect', 8: 'echo request', 11: 'time exceeded'}
const ICMP6: Readonly<Record<number, string>> = {
  1: 'unreachable',
  2: 'packet too big',
  3: 'time exceeded',
  128: 'echo request',
  129: 'echo reply',
  133: 'router solicitation',
  135: 'neighbour solicitation',
  136: 'neighbour advertisement',
  143: 'multicast listener report',
}

const VXLAN_PORT = 4789
/** IPv6's extension header before multicast listener reports. */
const HOP_BY_HOP = 0

export interface FrameWords {
  /** icmp, tcp, udp, arp, ...: what it is counted as. */
  readonly kind: string
  readonly text: string
}

export function frameWords(linkType: number, frame: Buffer): FrameWords {
  try {
    if (linkType === ETHERNET) return ethernet(frame)
    if (RAW_IP.includes(linkType)) return frame.readUInt8(0) >> 4 === 6 ? ipv6(frame) : ipv4(frame)
    return {kind: 'other', text: `link type ${linkType}`}
  } catch (error) {
    if (error instanceof RangeError) return {kind: 'other', text: 'cut short'}
    throw error
  }
}

function ethernet(frame: Buffer): FrameWords {
  const type = frame.readUInt16BE(12)
  const rest = frame.subarray(14)
  if (type === 0x0800) return ipv4(rest)
  if (type === 0x86dd) return ipv6(rest)
  if (type === 0x0806) return arp(rest)
  if (type === 0x8100) return ethernet(Buffer.concat([frame.subarray(0, 12), frame.subarray(16)])) // a VLAN's tag
  return {kind: 'other', text: `${mac(frame, 6)} > ${mac(frame, 0)}  type 0x${type.toString(16).padStart(4, '0')}`}
}

function arp(packet: Buffer): FrameWords {
  const [sender, target] = [dotted(packet, 14), dotted(packet, 24)]
  const text = packet.readUInt16BE(6) === 1 ? `who has ${target}? tell ${sender}` : `${sender} is at ${mac(packet, 8)}`
  return {kind: 'arp', text: `arp ${text}`}
}

function ipv4(packet: Buffer): FrameWords {
  const header = (packet.readUInt8(0) & 15) * 4
  const [source, destination] = [dotted(packet, 12), dotted(packet, 16)]
  if ((packet.readUInt16BE(6) & 0x1fff) !== 0) return {kind: 'fragment', text: `${source} > ${destination}  fragment`}
  return transport(packet.readUInt8(9), packet.subarray(header), source, destination)
}

function ipv6(packet: Buffer): FrameWords {
  const [source, destination] = [colons(packet, 8), colons(packet, 24)]
  if (packet.readUInt8(6) !== HOP_BY_HOP) return transport(packet.readUInt8(6), packet.subarray(40), source, destination)
  return transport(packet.readUInt8(40), packet.subarray(48 + 8 * packet.readUInt8(41)), source, destination)
}

function transport(protocol: number, packet: Buffer, source: string, destination: string): FrameWords {
  const plain = `${source} > ${destination}`
  if (protocol === 1 || protocol === 58) {
    const type = packet.readUInt8(0)
    return {kind: 'icmp', text: `${plain}  icmp ${(protocol === 1 ? ICMP : ICMP6)[type] ?? `type ${type}`}`}
  }
  if (protocol !== 6 && protocol !== 17) return {kind: 'other', text: `${plain}  protocol ${protocol}`}
  const [from, to] = [packet.readUInt16BE(0), packet.readUInt16BE(2)]
  const ends = `${source}.${from} > ${destination}.${to}`
  if (protocol === 6) return {kind: 'tcp', text: `${ends}  tcp ${flags(packet.readUInt8(13))}`}
  if (to !== VXLAN_PORT || packet.length < 30) return {kind: 'udp', text: `${ends}  udp`}
  return {kind: 'vxlan', text: `${plain}  vxlan ${packet.readUIntBE(12, 3)}: ${ethernet(packet.subarray(16)).text}`}
}

function flags(bits: number): string {
  const set = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg'].filter((_, index) => bits & (1 << index))
  return set.join(' ')
}

function dotted(packet: Buffer, at: number): string {
  return [0, 1, 2, 3].map((index) => packet.readUInt8(at + index)).join('.')
}

/** As RFC 5952 writes it. */
function colons(packet: Buffer, at: number): string {
  const words = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => packet.readUInt16BE(at + 2 * index).toString(16))
  return new SocketAddress({address: words.join(':'), family: 'ipv6'}).address
}

function mac(frame: Buffer, at: number): string {
  return [0, 1, 2, 3, 4, 5]
    .map((index) =>
      frame
        .readUInt8(at + index)
        .toString(16)
        .padStart(2, '0'),
    )
    .join(':')
}
