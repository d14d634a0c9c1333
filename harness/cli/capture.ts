// podwire capture: the packets at a place, or at every hop from one place to another, into one pcapng file or Wireshark.
import {closeSync, existsSync, ftruncateSync, openSync, rmSync, writeSync} from 'node:fs'
import {bothWays} from '../both-ways.ts'
import {type Capture, FilterError, startCapture} from '../capture/capture.ts'
import {type CaptureInterface, pcapngHeader, pcapngPacket} from '../capture/pcapng.ts'
import {type Taps, tapName, tapsAlong, tapsAt} from '../capture/taps.ts'
import {type Fleet, MachineError, nodeDown} from '../driver.ts'
import type {Facts} from '../facts/facts.ts'
import {readFacts} from '../facts/read.ts'
import type {Scenario} from '../model.ts'
import {packetText, tally} from '../report/capture.ts'
import {EXIT, UsageError} from './exit.ts'
import {hold} from './interrupt.ts'
import {runningLab, type Target, targetOf} from './running.ts'
import {complain, print} from './terminal.ts'
import {mtuIn, pairBetween, placesNow} from './trace.ts'

export interface CaptureOptions {
  readonly lab?: string
  /** The file. `-` is standard output. */
  readonly write?: string
  readonly filter?: string
  readonly count?: number
  /** Milliseconds. */
  readonly seconds?: number
  /** Ends it, where somebody presses Enter. */
  readonly signal?: AbortSignal
  /** Text on standard output, whatever that is: somebody reads along. */
  readonly text?: boolean
  /** What is done once every device is listened at; the capture ends with it. */
  readonly during?: () => Promise<void>
}

/** @param to to capture at every hop to there; undefined for one place alone */
export async function capture(place: string, to: string | undefined, options: CaptureOptions): Promise<number> {
  const {kept, fleet} = await runningLab(options.lab)
  await using _ = fleet
  const {taps, left} = await tapsFor(place, to, fleet, kept.scenario)
  for (const words of left) complain(`left out: ${words}`)
  if (taps.length === 0) throw new MachineError('nothing-to-capture', `no device of ${place} is up`)
  const sink = openSink(options)
  let ready = false
  const starting = hold(fleet) // interrupted now, what listens already ends with it
  try {
    const running = await startCapture(fleet, taps, options.filter === undefined ? {} : {filter: options.filter})
    const interfaces = running.linkTypes.map((linkType, index): CaptureInterface => {
      const tap = taps[index]
      return {name: tap ? tapName(tap) : '?', linkType}
    })
    sink.begin(interfaces)
    ready = true
    complain(
      `capturing at ${interfaces.map(({name}) => name).join(', ')}${options.during ? '' : `; ${options.signal ? 'Enter' : 'Ctrl-C'} ends it`}`,
    )
    if (new Set(running.linkTypes).size > 1) complain('the devices have different link types: Wireshark reads all of them, tcpdump one')
    const following = follow(running, sink, options)
    starting.release()
    await following
    for (const words of running.failed) complain(`no longer captured: ${words}`)
    if (running.failed.length === taps.length) throw new MachineError('capture-ended', `no device of ${place} could be captured to the end`)
    return EXIT.asClaimed
  } catch (error) {
    if (error instanceof FilterError)
      throw new UsageError(`no such filter: ${error.message}`, ['pcap-filter(7) says how one is written: icmp and host 10.244.1.2'])
    throw error
  } finally {
    starting.release()
    sink.end(ready)
  }
}

async function tapsFor(place: string, to: string | undefined, fleet: Fleet, scenario: Scenario): Promise<Taps> {
  const places = placesNow(scenario)
  if (to === undefined) {
    const target = targetOf(place, scenario)
    const declared = places.find(({node, netns}) => node === target.node && netns === target.netns)
    const facts = await readFacts(fleet, places)
    assertThere(declared?.name ?? place, target, facts)
    return tapsAt({...target, place: declared?.name ?? place}, facts)
  }
  const pair = pairBetween(place, to, places)
  const facts = await readFacts(fleet, places)
  const ways = bothWays(facts, places, pair, {protocol: 'icmp', size: 'small', mtu: mtuIn(scenario, facts, places)})
  return tapsAlong(ways, facts, places)
}

/** @throws MachineError with the code that a diagnosis would have */
function assertThere(place: string, {node, netns}: Target, facts: Facts): void {
  if (facts.get(place)) return
  if (!facts.get(node)) throw nodeDown(node, 'nothing could be asked of it')
  throw new MachineError('pod-missing', `${node} has no network namespace ${netns}`, [
    `podwire exec ${node} -- ip netns lists those that it has`,
  ])
}

/** Takes packets until it is told to end; whatever ends it, what was seen before is written. */
async function follow(running: Capture, sink: Sink, {count, seconds, signal, during}: CaptureOptions): Promise<void> {
  const timer = seconds === undefined ? undefined : setTimeout(running.stop, seconds)
  signal?.addEventListener('abort', running.stop)
  if (signal?.aborted) running.stop()
  let written = 0
  const writing = (async () => {
    for await (const packet of running.packets) {
      if (count !== undefined && written >= count) continue
      sink.packet(packet)
      written++
      if (written === count) running.stop()
    }
  })()
  const held = hold({
    [Symbol.asyncDispose]: async () => {
      running.stop()
      await writing
      sink.end(true)
    },
  })
  try {
    if (during) {
      await during()
      running.stop()
    }
    await writing
  } finally {
    running.stop()
    clearTimeout(timer)
    signal?.removeEventListener('abort', running.stop)
    held.release()
  }
}

interface Sink {
  begin(interfaces: readonly CaptureInterface[]): void
  packet(packet: Parameters<typeof packetText>[0]): void
  /** @param whole false: nothing was captured, and nothing is left behind. Only the first call counts. */
  end(whole: boolean): void
}

/** A file, standard output's reader, or a person. @throws UsageError when the file cannot be written */
function openSink({write, text}: CaptureOptions): Sink {
  if (write !== undefined && write !== '-') return fileSink(write)
  if (write === undefined && (text || process.stdout.isTTY)) return textSink()
  if (process.stdout.isTTY) throw new UsageError('a capture is not for a terminal', ['name a file: -w pod1.pcapng'])
  return pcapngSink((bytes) => void process.stdout.write(bytes))
}

function fileSink(path: string): Sink {
  const fresh = !existsSync(path)
  let file: number
  try {
    file = openSync(path, 'a') // what was there stays, until there is something to put in its place
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
  const put = (bytes: Buffer) => {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    } catch (error) {
      throw new MachineError('capture-not-written', `${path}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const inner = pcapngSink(put, path)
  let over = false
  return {
    begin(interfaces) {
      try {
        ftruncateSync(file)
      } catch {} // a pipe or a device has no length
      inner.begin(interfaces)
    },
    packet: inner.packet,
    end(whole) {
      if (over) return
      over = true
      closeSync(file)
      if (!whole && fresh) rmSync(path, {force: true})
      inner.end(whole)
    },
  }
}

/** @param where named in the last line */
function pcapngSink(put: (bytes: Buffer) => void, where?: string): Sink {
  let counted: ReturnType<typeof tally> | undefined
  return {
    begin(interfaces) {
      counted = tally(interfaces)
      put(pcapngHeader(interfaces))
    },
    packet(packet) {
      counted?.count(packet)
      put(pcapngPacket(packet.tap, packet))
    },
    end(whole) {
      if (whole && counted) complain(`${counted.text()}${where === undefined ? '' : `\nwrote ${where}`}`)
      counted = undefined
    },
  }
}

function textSink(): Sink {
  let interfaces: readonly CaptureInterface[] = []
  let counted: ReturnType<typeof tally> | undefined
  return {
    begin(all) {
      interfaces = all
      counted = tally(all)
    },
    packet(packet) {
      counted?.count(packet)
      print(packetText(packet, interfaces))
    },
    end(whole) {
      if (whole && counted) print(counted.text())
      counted = undefined
    },
  }
}
