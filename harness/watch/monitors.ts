// Starts monitors.pl on every machine of a lab, and tells what it hears. One that ends is started again, and that is told.
import {readFileSync} from 'node:fs'
import {createInterface} from 'node:readline'
import {Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import type {CommandStream, Fleet} from '../driver.ts'
import {type Change, isChange, TOOLS, type Tool} from './change.ts'

const MONITORS = readFileSync(new URL('monitors.pl', import.meta.url), 'utf8')
/** Milliseconds before a machine's monitors are started again, and in which those that cannot stay end. */
const AGAIN = 1000

/** What is heard from a machine. `deaf`: of changes there nothing is told from now on, but by looking. */
export type Heard =
  | {readonly kind: 'change'; readonly change: Change}
  /** And so many more lines at that moment. */
  | {readonly kind: 'more'; readonly node: string; readonly netns: string; readonly count: number}
  | {readonly kind: 'namespace'; readonly node: string; readonly netns: string; readonly there: boolean}
  | {readonly kind: 'again' | 'deaf'; readonly node: string; readonly netns?: string; readonly tool?: Tool; readonly why: string}

export interface Monitors extends AsyncDisposable {
  /** Every machine is listened to, or cannot be. Never rejects. */
  readonly ready: Promise<unknown>
}

/** @param lost is told when a machine's monitors have ended; true: the lab is gone, and nothing is to be started again */
export function startMonitors(
  fleet: Fleet,
  nodes: readonly string[],
  hear: (heard: Heard) => void,
  lost: () => Promise<boolean>,
): Monitors {
  const streams = new Set<CommandStream>()
  let over = false

  /** Resolves once the machine is listened to, or cannot be. */
  async function listen(node: string): Promise<void> {
    const began = performance.now()
    let stream: CommandStream
    try {
      stream = await fleet.stream(node, ['perl', '-e', MONITORS])
    } catch (error) {
      if (!over && !(await lost())) hear({kind: 'deaf', node, why: error instanceof Error ? error.message : String(error)})
      return
    }
    streams.add(stream)
    if (over) stream.kill()
    stream.stdin?.on('error', () => undefined) // it may have ended: its exit says so
    const complaint = stream.stderr ? text(stream.stderr).catch(() => '') : Promise.resolve('')
    await new Promise<void>((resolve) => {
      const lines = createInterface({input: stream.stdout ?? Readable.from([])})
      lines.on('line', (line) => (line === 'watching' ? resolve() : heardIn(node, line).forEach(hear)))
      lines.on('error', () => undefined)
      void stream.exit.then(async (code) => {
        streams.delete(stream)
        resolve()
        if (over || (await lost()) || over) return
        const why = (await complaint).trim().split('\n').at(-1) || (code === null ? 'its machine went away' : `exit ${code}`)
        const stays = performance.now() - began >= AGAIN
        hear({kind: stays ? 'again' : 'deaf', node, why})
        if (stays) setTimeout(() => over || void listen(node), AGAIN).unref()
      })
    })
  }

  return {
    ready: Promise.all(nodes.map(listen)),
    async [Symbol.asyncDispose]() {
      over = true
      for (const stream of streams) {
        stream.stdin?.end() // it ends by itself, with its monitors; a machine that is gone needs no order
        stream.kill()
      }
      await Promise.race([Promise.all([...streams].map(({exit}) => exit)), new Promise((resolve) => setTimeout(resolve, AGAIN).unref())])
    },
  }
}

function heardIn(node: string, row: string): Heard[] {
  const [word, netns = '-', tool = '', rest = ''] = row.split('\t')
  switch (word) {
    case 'at':
    case 'gone':
      return [{kind: 'namespace', node, netns, there: word === 'at'}]
    case 'more':
      return [{kind: 'more', node, netns, count: Number(rest)}]
    case 'ended':
      return isTool(tool) ? [{kind: 'again', node, netns, tool, why: rest}] : []
    case 'lacks':
      return isTool(tool) ? [{kind: 'deaf', node, netns, tool, why: rest}] : []
    case 'said': {
      const change = {node, netns, tool: tool as Tool, line: rest.replaceAll('\\', ' ').replaceAll(/\s+/g, ' ').trim()}
      return isTool(tool) && isChange(change) ? [{kind: 'change', change}] : []
    }
    default:
      return []
  }
}

function isTool(word: string): word is Tool {
  return (TOOLS as readonly string[]).includes(word)
}
