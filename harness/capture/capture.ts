// Catches packets at many taps at once: a tcpdump each, in the place's network namespace, whose packets are merged in time.
import {readFileSync} from 'node:fs'
import {text} from 'node:stream/consumers'
import {type CommandStream, type Fleet, MachineError} from '../driver.ts'
import {merge, type TappedPacket} from './merge.ts'
import {type PcapReader, pcapReader} from './pcap.ts'
import {type Tap, tapName} from './taps.ts'

export interface Capture {
  /** LINKTYPE_ values, in the order of the taps. */
  readonly linkTypes: readonly number[]
  /** Packets in the order of their time, until the capture was stopped or nothing is left that could see any. */
  readonly packets: AsyncIterable<TappedPacket>
  /** Ends it. What was seen before still comes. */
  stop(): void
  /** Taps that ended by themselves, in words. All of them are known once the packets have ended. */
  readonly failed: readonly string[]
}

/** tcpdump did not understand the filter: its own words. */
export class FilterError extends Error {
  override readonly name = 'FilterError'
}

export interface CaptureOptions {
  /** pcap-filter(7) */
  readonly filter?: string
}

/** Milliseconds between two looks at what has been held back long enough. */
const RELEASE = 50
/** A tcpdump that was told to end and has not after this long is killed. */
const END_LIMIT = 2_000

/**
 * Resolves once every tap listens: what is sent from then on is seen.
 * @throws MachineError, FilterError; then nothing of it runs any more
 */
export async function startCapture(fleet: Fleet, taps: readonly Tap[], {filter}: CaptureOptions = {}): Promise<Capture> {
  const merged = merge()
  const failed: string[] = []
  let wake: () => void = () => undefined
  const started = await Promise.allSettled(
    taps.map((tap, index) =>
      startTap(fleet, tap, filter, (packet) => {
        merged.add({...packet, tap: index}, performance.now())
      }).then((running) => {
        void running.ended.then((words) => words === undefined || failed.push(`${tapName(tap)}: ${words}`))
        return running
      }),
    ),
  )
  const running = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const refused = started.find((each) => each.status === 'rejected')
  const stop = () => {
    for (const tap of running) tap.stop()
    wake()
  }
  if (refused) {
    stop()
    await Promise.all(running.map(({ended}) => ended))
    throw refused.reason
  }
  let over = false
  void Promise.all(running.map(({ended}) => ended)).then(() => {
    over = true // after `failed` has the last of them: its own callback stands before this one
    wake()
  })
  async function* packets() {
    while (!over) {
      yield* merged.release(performance.now())
      if (over) break
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, RELEASE)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    yield* merged.rest()
  }
  const linkTypes = running.map(({linkType}) => linkType)
  return {linkTypes, packets: packets(), stop, failed}
}

interface RunningTap {
  readonly linkType: number
  /** Why, where nobody had told it to. Never rejects. */
  readonly ended: Promise<string | undefined>
  stop(): void
}

async function startTap(
  fleet: Fleet,
  tap: Tap,
  filter: string | undefined,
  seen: (packet: ReturnType<PcapReader['read']>[number]) => void,
): Promise<RunningTap> {
  const stream = await openTcpdump(fleet, tap, filter)
  const {stdout} = stream
  const complaints = stream.stderr ? text(stream.stderr).catch(() => '') : Promise.resolve('')
  const reader = pcapReader()
  let killer: NodeJS.Timeout | undefined
  let stopped = false
  const stop = () => {
    stopped = true
    stream.kill('SIGTERM')
    killer ??= setTimeout(() => stream.kill('SIGKILL'), END_LIMIT)
  }
  let ready: (linkType: number) => void = () => undefined
  const listening = new Promise<number>((resolve) => {
    ready = resolve
  })
  const ended = (async () => {
    try {
      for await (const piece of stdout ?? []) {
        for (const packet of reader.read(piece as Buffer)) seen(packet)
        if (reader.linkType !== undefined) ready(reader.linkType)
      }
    } catch {
      stream.kill() // cut, or no capture at all: what came before counts
    }
    const code = await stream.exit
    clearTimeout(killer)
    return stopped ? undefined : (await complaints).trim().split('\n').at(-1) || `tcpdump ended with ${code ?? 'its node'}`
  })()
  const linkType = await Promise.race([listening, ended.then(() => undefined)])
  if (linkType === undefined) throw await refusal(fleet, tap, filter, await stream.exit, (await complaints).trim())
  return {linkType, ended, stop}
}

/** -U and immediate mode: a packet is there once it was seen. -Z root: nobody else could be become everywhere. */
async function openTcpdump(fleet: Fleet, tap: Tap, filter: string | undefined): Promise<CommandStream> {
  const own = ['tcpdump', '-U', '--immediate-mode', '--nano', '-n', '-Z', 'root', '-i', tap.device, '-w', '-']
  try {
    return await fleet.stream(tap.node, at(tap, filter === undefined ? own : [...own, '--', filter]))
  } catch (error) {
    throw new MachineError('capture', `${tapName(tap)}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const UNGROUPED = readFileSync(new URL('ungrouped.pl', import.meta.url), 'utf8')

/** sh has exit codes of its own for a command that is not there; ip has not. */
function at({netns}: Tap, argv: readonly string[]): string[] {
  const script = 'read -r groups </proc/self/setgroups; [ "$groups" = deny ] || exec "$@"; exec perl -e "$0" "$@"'
  const shell = ['sh', '-c', script, UNGROUPED, ...argv]
  return netns === undefined ? shell : ['ip', 'netns', 'exec', netns, ...shell]
}

/** Why a tcpdump did not begin: told by exit codes, since its words are for people. */
async function refusal(fleet: Fleet, tap: Tap, filter: string | undefined, code: number | null, words: string): Promise<Error> {
  if (code === 127 || code === 126)
    return new MachineError('tool-missing', `tcpdump is not on ${tap.node}, and captures are made with it`, [
      'apt-get install tcpdump there; podwire doctor says what else is missing',
    ])
  if (filter !== undefined && code !== null) {
    const check = await fleet.stream(tap.node, ['tcpdump', '-y', 'EN10MB', '-d', '--', filter])
    const said = check.stderr ? text(check.stderr).catch(() => '') : ''
    check.stdout?.resume()
    check.stdin?.end()
    if ((await check.exit) !== 0) return new FilterError((await said).trim().replace(/^tcpdump: /, ''))
  }
  return new MachineError('capture', `tcpdump cannot listen at ${tapName(tap)}: ${words || 'it ended'}`)
}
