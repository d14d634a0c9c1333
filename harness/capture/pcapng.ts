// Writes pcapng (draft-ietf-opsawg-pcapng): one section, an interface for each place and device, packets with nanoseconds.
// Wireshark shows an interface by its if_name, so every packet carries the place that saw it. Pure.
import type {Packet} from './pcap.ts'

export interface CaptureInterface {
  /** pod1/veth-pod1 */
  readonly name: string
  /** LINKTYPE_ value */
  readonly linkType: number
}

const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE_DESCRIPTION = 1
const ENHANCED_PACKET = 6
const BYTE_ORDER_MAGIC = 0x1a2b3c4d

const OPTION_END = 0
const SHB_USERAPPL = 4
const IF_NAME = 2
const IF_TSRESOL = 9
const NANOSECONDS = Buffer.from([9])

/** tcpdump's own default; the same for all, since libpcap reads no file in which they differ. */
const SNAP_LENGTH = 262_144

/** What a file begins with. Packets name their interface by its place in this list. */
export function pcapngHeader(interfaces: readonly CaptureInterface[]): Buffer {
  const head = Buffer.alloc(16)
  head.writeUInt32LE(BYTE_ORDER_MAGIC, 0)
  head.writeUInt16LE(1, 4) // version 1.0
  head.writeBigInt64LE(-1n, 8) // the section's length is not told: it is written while it grows
  const section = block(SECTION_HEADER, Buffer.concat([head, options([SHB_USERAPPL, Buffer.from('podwire')])]))
  return Buffer.concat([section, ...interfaces.map(interfaceBlock)])
}

function interfaceBlock({name, linkType}: CaptureInterface): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16LE(linkType, 0)
  head.writeUInt32LE(SNAP_LENGTH, 4)
  return block(INTERFACE_DESCRIPTION, Buffer.concat([head, options([IF_NAME, Buffer.from(name)], [IF_TSRESOL, NANOSECONDS])]))
}

/** @param number of its interface, from 0 */
export function pcapngPacket(number: number, {time, bytes, length}: Packet): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt32LE(number, 0)
  head.writeUInt32LE(Number(time >> 32n), 4)
  head.writeUInt32LE(Number(time & 0xffffffffn), 8)
  head.writeUInt32LE(bytes.length, 12)
  head.writeUInt32LE(length, 16)
  return block(ENHANCED_PACKET, Buffer.concat([head, padded(bytes)]))
}

/** The length stands at both ends, so that a file can be read backwards. */
function block(type: number, body: Buffer): Buffer {
  const whole = Buffer.alloc(12 + body.length)
  whole.writeUInt32LE(type, 0)
  whole.writeUInt32LE(whole.length, 4)
  body.copy(whole, 8)
  whole.writeUInt32LE(whole.length, whole.length - 4)
  return whole
}

function options(...all: readonly (readonly [code: number, value: Buffer])[]): Buffer {
  return Buffer.concat(
    [...all, [OPTION_END, Buffer.alloc(0)] as const].map(([code, value]) => {
      const head = Buffer.alloc(4)
      head.writeUInt16LE(code, 0)
      head.writeUInt16LE(value.length, 2)
      return Buffer.concat([head, padded(value)])
    }),
  )
}

/** To a multiple of 32 bits. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}
