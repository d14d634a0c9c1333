// The tracepoint of dropped packets, on this machine: drops.pl, in a mount namespace of its own.
import {spawn} from 'node:child_process'
import {readFileSync} from 'node:fs'
import type {CommandStream} from '../driver.ts'
import {converse} from '../probe/conversation.ts'
import {fieldsOf, type Row} from '../probe/rows.ts'

const DROPS = readFileSync(new URL('drops.pl', import.meta.url), 'utf8')
/** Seconds after which it ends by itself. */
const LIFE = 30

export interface TracedDrops {
  /** Lines of the trace; or why there are none. */
  readonly lines: readonly string[]
  readonly refused?: string
}

export interface Tracepoint {
  /** It looks on, or never will. Never rejects. */
  readonly ready: Promise<unknown>
  /** Ends it. The instance is removed a moment later, and podwire waits for that before it ends. */
  finish(): Promise<TracedDrops>
}

/** @param comm the processes whose packets are watched */
export function openTracepoint(comm: string): Tracepoint {
  if (process.getuid?.() !== 0) {
    const refused = 'the kernel lets only root read the tracepoint skb:kfree_skb'
    return {ready: Promise.resolve(), finish: () => Promise.resolve({lines: [], refused})}
  }
  const rows: Row[] = []
  const argv = ['--mount', '--propagation', 'private', 'perl', '-e', DROPS, comm, comm, String(LIFE)]
  // A group of its own: Ctrl-C reaches podwire, whose end it reads in its input.
  const child = spawn('unshare', argv, {stdio: 'pipe', detached: true, cwd: '/'})
  child.stdin.on('error', () => undefined)
  const stream: CommandStream = {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exit: new Promise((resolve) => {
      child.once('error', () => resolve(null))
      child.once('close', (code) => resolve(code))
    }),
    kill: (signal = 'SIGKILL') => void child.kill(signal),
  }
  const talk = converse('', stream, rows)
  return {
    ready: talk.order('begin', 'ready'),
    async finish() {
      await talk.order('finish', 'told')
      const [refused] = fieldsOf(rows, 'refused')[0] ?? fieldsOf(rows, 'lost')[0] ?? []
      const lines = fieldsOf(rows, 'line').map(([line = '']) => line)
      return {lines, ...(refused !== undefined && {refused})}
    },
  }
}
