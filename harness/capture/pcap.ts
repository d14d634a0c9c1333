// Reads a packet capture as tcpdump writes it to a pipe (pcap-savefile(5)), in whatever pieces it comes. Pure.

export interface Packet {
  /** Nanoseconds since the epoch, by the clock of the machine that saw it. */
  readonly time: bigint
  /** What was captured of it. */
  readonly bytes: Buffer
  /** How long it was. */
  readonly length: number
}

export interface PcapReader {
  /** The packets that are whole with this piece. @throws Error when this is no capture */
  read(piece: Buffer): Packet[]
  /** LINKTYPE_ value; undefined until the header is whole. */
  readonly linkType: number | undefined
}

const HEADER = 24
const RECORD = 16
/** Longer than any packet that is captured here: what claims to be is not a capture. */
const LONGEST = 1 << 20

export function pcapReader(): PcapReader {
  let held: Buffer = Buffer.alloc(0)
  let format: {readonly little: boolean; readonly unit: bigint; readonly linkType: number} | undefined
  const number = (at: number) => (format?.little ? held.readUInt32LE(at) : held.readUInt32BE(at))

  function next(): Packet | undefined {
    if (!format || held.length < RECORD) return undefined
    const captured = number(8)
    if (captured > LONGEST) throw new Error(`a packet of ${captured} bytes is none`)
    if (held.length < RECORD + captured) return undefined
    const packet = {
      time: BigInt(number(0)) * 1_000_000_000n + BigInt(number(4)) * format.unit,
      bytes: held.subarray(RECORD, RECORD + captured),
      length: number(12),
    }
    held = held.subarray(RECORD + captured)
    return packet
  }

  return {
    get linkType() {
      return format?.linkType
    },
    read(piece) {
      held = held.length === 0 ? piece : Buffer.concat([held, piece])
      if (!format) {
        if (held.length < HEADER) return []
        format = formatOf(held)
        held = held.subarray(HEADER)
      }
      const packets: Packet[] = []
      for (let packet = next(); packet; packet = next()) packets.push(packet)
      return packets
    },
  }
}

function formatOf(header: Buffer) {
  const little = header[0] === 0xd4 || header[0] === 0x4d
  const magic = little ? header.readUInt32LE(0) : header.readUInt32BE(0)
  if (magic !== 0xa1b2c3d4 && magic !== 0xa1b23c4d) throw new Error(`not a packet capture: it begins with ${magic.toString(16)}`)
  const network = little ? header.readUInt32LE(20) : header.readUInt32BE(20)
  // The upper bits tell of a frame check sequence.
  return {little, unit: magic === 0xa1b23c4d ? 1n : 1000n, linkType: network & 0xffff}
}
