// Packets of many devices in the order of their time. Each tcpdump's packets come in order, but the pipes do not wait for
// each other: a packet is held back a moment, until what was seen before it elsewhere has come too. Pure.
import type {Packet} from './pcap.ts'

export interface TappedPacket extends Packet {
  /** Which of the capture's taps saw it. */
  readonly tap: number
}

/** Milliseconds. */
const HOLD = 300

export interface Merge {
  /** @param now milliseconds, by podwire's own clock; a machine's may be another */
  add(packet: TappedPacket, now: number): void
  /** What has been held long enough, and all that is older, in order. */
  release(now: number): TappedPacket[]
  /** All the rest. */
  rest(): TappedPacket[]
}

export function merge(): Merge {
  let held: {readonly packet: TappedPacket; readonly arrived: number}[] = []

  function take(wanted: (packet: TappedPacket) => boolean): TappedPacket[] {
    const [taken, left] = [held.filter(({packet}) => wanted(packet)), held.filter(({packet}) => !wanted(packet))]
    held = left
    // Array.sort is stable: at the same nanosecond the order of arrival stays.
    return taken.map(({packet}) => packet).sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  }

  return {
    add: (packet, now) => void held.push({packet, arrived: now}),
    release(now) {
      const ripe = held.filter(({arrived}) => arrived <= now - HOLD)
      if (ripe.length === 0) return []
      let newest = 0n
      for (const {packet} of ripe) if (packet.time > newest) newest = packet.time
      return take(({time}) => time <= newest)
    },
    rest: () => take(() => true),
  }
}
