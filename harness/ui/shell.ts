// A shell at a place for a page, over a websocket of its own: when that closes, however it does, the shell goes.
import * as v from 'valibot'
import type {WebSocket} from 'ws'
import type {Fleet} from '../driver.ts'
import {CLOSED} from './protocol.ts'
import {openTerminal, type Size, type Terminal} from './terminal.ts'

/** Where a place's shell runs. */
export interface ShellSpot {
  readonly node: string
  readonly argvAt: (argv: readonly string[]) => readonly string[]
  /** Told of a shell that has ended. */
  readonly ended: (startedAt: number, exitCode: number | null) => void
}

/** From a place's name. @throws UsageError where there is no such place */
export type ShellAt = (place: string) => ShellSpot

const SIDE = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))
const ABOUT = v.union([v.object({rows: SIDE, columns: SIDE}), v.object({shown: v.pipe(v.number(), v.integer(), v.minValue(0))})])
/** Bytes that the page has not shown yet: a terminal in a browser shows some megabytes a second, and `yes` prints more. */
const [HIGH, LOW] = [1 << 18, 1 << 16]
/** Bytes of a reason for closing a websocket (RFC 6455, 5.5). */
const LONGEST_REASON = 120

/** @param open holds those that are, for whoever ends them all. Never rejects. */
export async function serveShell(
  socket: WebSocket,
  query: URLSearchParams,
  fleet: Fleet,
  shellAt: ShellAt,
  open: Set<AsyncDisposable>,
): Promise<void> {
  const startedAt = Date.now()
  let terminal: Terminal | undefined
  let closed = false
  let waiting = 0
  let paused = false
  // What comes while the terminal is being made is kept for it.
  const typed: Buffer[] = []
  let size = sizeIn(query)

  const show = (bytes: Buffer) => {
    socket.send(bytes, {binary: true})
    waiting += bytes.length
    if (waiting > HIGH && !paused) {
      paused = true
      terminal?.pause()
    }
  }
  const shown = (count: number) => {
    waiting = Math.max(0, waiting - count)
    if (waiting > LOW || !paused) return
    paused = false
    terminal?.resume()
  }
  socket.on('message', (data: Buffer, binary) => {
    if (binary) return terminal ? terminal.type(data) : void typed.push(data)
    const about = readAbout(data)
    if (!about) return socket.close(1008, 'not understood')
    if ('shown' in about) shown(about.shown)
    else if (terminal) terminal.resize(about)
    else size = about
  })
  socket.on('close', () => {
    closed = true
    terminal?.close()
  })

  try {
    const place = query.get('place') ?? ''
    const {node, argvAt, ended: tellEnded} = shellAt(place)
    const first = size
    terminal = await openTerminal(fleet, {node, place, argvAt}, first, show)
    if (size !== first) terminal.resize(size)
    const {close, ended, type} = terminal
    const held: AsyncDisposable = {
      async [Symbol.asyncDispose]() {
        close()
        await ended
      },
    }
    open.add(held)
    if (closed) close()
    for (const bytes of typed) type(bytes)
    const {exitCode, complaint} = await ended
    open.delete(held)
    tellEnded(startedAt, exitCode)
    if (exitCode === null || complaint !== '') socket.close(CLOSED.refused, short(complaint || 'its machine went away'))
    else socket.close(CLOSED.ended, String(exitCode))
  } catch (error) {
    socket.close(CLOSED.refused, short(error instanceof Error ? error.message : String(error)))
  }
}

function readAbout(data: Buffer): v.InferOutput<typeof ABOUT> | undefined {
  try {
    const {success, output} = v.safeParse(ABOUT, JSON.parse(data.toString()))
    return success ? output : undefined
  } catch {
    return undefined
  }
}

function sizeIn(query: URLSearchParams): Size {
  const {success, output} = v.safeParse(v.object({rows: SIDE, columns: SIDE}), {
    rows: Number(query.get('rows')),
    columns: Number(query.get('columns')),
  })
  return success ? output : {rows: 24, columns: 80}
}

function short(words: string): string {
  const bytes = Buffer.from(words)
  return bytes.length <= LONGEST_REASON
    ? words
    : `${bytes
        .subarray(0, LONGEST_REASON - 3)
        .toString()
        .replace(/�.*$/, '')}…`
}
