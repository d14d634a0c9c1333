// Reads a pcapng file back, block by block, strictly: what is cut or out of shape is an error.

export interface ReadCapture {
  /** if_name, LINKTYPE_ value and time resolution of each interface. */
  readonly interfaces: readonly {readonly name: string; readonly linkType: number; readonly resolution: number}[]
  readonly packets: readonly {readonly interface: number; readonly time: bigint; readonly bytes: Buffer; readonly length: number}[]
}

export function readPcapng(file: Buffer): ReadCapture {
  const interfaces: ReadCapture['interfaces'][number][] = []
  const packets: ReadCapture['packets'][number][] = []
  let sections = 0
  for (let at = 0; at < file.length; ) {
    const [type, length] = [file.readUInt32LE(at), file.readUInt32LE(at + 4)]
    if (length % 4 !== 0 || length < 12 || at + length > file.length)
      throw new Error(`a block of ${length} bytes at ${at} of ${file.length}`)
    if (file.readUInt32LE(at + length - 4) !== length) throw new Error(`the block at ${at} ends with another length`)
    const body = file.subarray(at + 8, at + length - 4)
    if ((type === 0x0a0d0d0a) !== (at === 0)) throw new Error(`block ${type.toString(16)} at ${at}`)
    if (type === 0x0a0d0d0a) {
      if (body.readUInt32LE(0) !== 0x1a2b3c4d || body.readUInt16LE(4) !== 1) throw new Error('no section header')
      sections++
    } else if (type === 1) {
      const options = readOptions(body.subarray(8))
      interfaces.push({name: options.get(2)?.toString() ?? '', linkType: body.readUInt16LE(0), resolution: options.get(9)?.[0] ?? 6})
    } else if (type === 6) {
      const captured = body.readUInt32LE(12)
      const time = (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8))
      if (body.length !== 20 + captured + ((4 - (captured % 4)) % 4)) throw new Error(`a packet of ${captured} bytes in ${body.length}`)
      packets.push({interface: body.readUInt32LE(0), time, bytes: body.subarray(20, 20 + captured), length: body.readUInt32LE(16)})
    } else throw new Error(`block ${type}`)
    at += length
  }
  if (sections !== 1) throw new Error('no section')
  return {interfaces, packets}
}

function readOptions(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const [code, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)]
    if (code === 0) return found
    found.set(code, bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length + ((4 - (length % 4)) % 4)
  }
  throw new Error('options without an end')
}
