// What tshark(1) says of captured packets, as data: its fields, one line a packet. Pure. The fields are those of Wireshark's
// display filter reference (ip, udp, vxlan, geneve, icmp, data).
import type {WireFormat, WireFrame} from '../model.ts'

/** A frame, and whether it carries an answer. */
export interface DecodedFrame extends WireFrame {
  readonly reply: boolean
}

/** The layers of an echo are listed from the outermost on. */
const FIELDS = [
  'frame.protocols',
  'ip.src',
  'ip.dst',
  'ip.len',
  'udp.dstport',
  'vxlan.vni',
  'geneve.vni',
  'icmp.type',
  'data.data',
] as const

/** Linux' own port for VXLAN, which tshark takes for OTV's (drivers/net/vxlan, vxlan_port). */
const LINUX_VXLAN_PORT = 8472

/**
 * @param file a capture, on the machine where tshark runs
 * @param carries what is claimed: its port need not be the one by which tshark knows the tunnel
 */
export function decodeArguments(file: string, {encapsulation, port}: WireFormat): string[] {
  const claimed =
    (encapsulation === 'vxlan' || encapsulation === 'geneve') && port !== undefined ? ['-d', `udp.port==${port},${encapsulation}`] : []
  return [
    ...['-n', '-r', file, '-T', 'fields', '-E', 'separator=/t', '-E', 'occurrence=a', '-E', 'aggregator=,'],
    ...['-d', `udp.port==${LINUX_VXLAN_PORT},vxlan`, ...claimed],
    ...FIELDS.flatMap((field) => ['-e', field]),
  ]
}

/** @returns a frame for each packet; the protocols' names where it is none of the encapsulations that are told apart */
export function framesFrom(output: string): (DecodedFrame | string)[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map(frameFrom)
}

function frameFrom(line: string): DecodedFrame | string {
  const [protocols = '', sources = '', destinations = '', lengths = '', ports = '', vxlan = '', geneve = '', types = '', data = ''] =
    line.split('\t')
  const packets = sources.split(',').map((source, index) => ({
    ends: [source, destinations.split(',')[index] ?? ''] as const,
    length: Number(lengths.split(',')[index]),
  }))
  const [first, second, ...others] = packets
  if (!first || others.length > 0) return protocols
  const port = Number(ports.split(',')[0])
  if (!second) {
    if (types !== '') return {encapsulation: 'none', inner: first.ends, length: first.length, overhead: 0, reply: types === '0'}
    const carried = packetIn(Buffer.from(data, 'hex'))
    if (!carried || ports === '') return protocols
    const {ends, length, reply} = carried
    return {encapsulation: 'udp', port, outer: first.ends, inner: ends, length: first.length, overhead: first.length - length, reply}
  }
  const encapsulation = vxlan !== '' ? 'vxlan' : geneve !== '' ? 'geneve' : undefined
  if (encapsulation === undefined || types === '') return protocols
  return {
    encapsulation,
    vni: Number(vxlan || geneve),
    port,
    outer: first.ends,
    inner: second.ends,
    length: first.length,
    overhead: first.length - second.length,
    reply: types === '0',
  }
}

/** An echo in an IPv4 packet that tshark takes for plain data: UDP has no field that would tell what it carries (RFC 791, RFC 792). */
function packetIn(bytes: Buffer): {ends: readonly [string, string]; length: number; reply: boolean} | undefined {
  const header = ((bytes[0] ?? 0) & 15) * 4
  if ((bytes[0] ?? 0) >> 4 !== 4 || bytes.length <= header || bytes[9] !== 1) return undefined
  const address = (at: number) => [...bytes.subarray(at, at + 4)].join('.')
  return {ends: [address(12), address(16)], length: bytes.readUInt16BE(2), reply: bytes[header] === 0}
}
