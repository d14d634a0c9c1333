// What a capture caught, for a terminal: a line for each packet as it comes, and at the end a count for each device.
import {frameWords} from '../capture/frame.ts'
import type {TappedPacket} from '../capture/merge.ts'
import type {CaptureInterface} from '../capture/pcapng.ts'
import {visibleLine} from './visible.ts'

/** `12:00:01.123456  pod1/veth-pod1  10.244.1.2 > 10.244.2.2  icmp echo request, 98 bytes` */
export function packetText({tap, time, bytes, length}: TappedPacket, interfaces: readonly CaptureInterface[]): string {
  const {name, linkType} = interfaces[tap] ?? {name: '?', linkType: 0}
  const width = Math.max(...interfaces.map((each) => each.name.length))
  return `${clock(time)}  ${name.padEnd(width)}  ${visibleLine(frameWords(linkType, bytes).text)}, ${length} bytes`
}

/** Local time, to the microsecond. */
function clock(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n))
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0'))
  return `${parts.join(':')}.${String((time / 1000n) % 1_000_000n).padStart(6, '0')}`
}

export interface Tally {
  count(packet: TappedPacket): void
  text(): string
}

/** Counts by device and kind. */
export function tally(interfaces: readonly CaptureInterface[]): Tally {
  const counts = interfaces.map(() => ({packets: 0, bytes: 0, kinds: new Map<string, number>()}))
  let packets = 0
  return {
    count({tap, bytes, length}) {
      const here = counts[tap]
      if (!here) return
      packets++
      here.packets++
      here.bytes += length
      const {kind} = frameWords(interfaces[tap]?.linkType ?? 0, bytes)
      here.kinds.set(kind, (here.kinds.get(kind) ?? 0) + 1)
    },
    text() {
      const width = Math.max(...interfaces.map(({name}) => name.length))
      const lines = counts.map(({packets: caught, bytes, kinds}, index) => {
        const what = [...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')
        const name = (interfaces[index]?.name ?? '').padEnd(width)
        return `  ${name}  ${String(caught).padStart(6)} ${caught === 1 ? 'packet ' : 'packets'}${caught === 0 ? '' : `  ${bytes} bytes: ${what}`}`
      })
      return [
        `${packets} ${packets === 1 ? 'packet' : 'packets'} at ${interfaces.length} ${interfaces.length === 1 ? 'device' : 'devices'}`,
        ...lines,
      ].join('\n')
    },
  }
}
