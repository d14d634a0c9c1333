// One long-lived shell on a node, and the framing that keeps its commands apart: a fresh `docker exec` costs 31 ms, a
// line in an open shell 2 ms. Each command runs in a subshell with a process group of its own, so that `exit`, `cd` and
// a hang stay inside it. Marks with a random word on stdout and stderr say where a command began and ended, its process
// group, its exit code and the node's own clock.
import {randomBytes} from 'node:crypto'
import {once} from 'node:events'
import type {Readable, Writable} from 'node:stream'
import PQueue from 'p-queue'
import type {CommandCause, CommandResult} from './command.ts'

/** The raw ends of a shell that a driver opened on a node. The shell is bash and reads SESSION_SHELL's way. */
export interface ShellPipes {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Ends the shell at once. */
  kill(): void
}

/**
 * What a driver starts on the node. The shell's own messages ("line 3: 123 Killed ...") would land in a command's
 * stderr, so the shell keeps the real stderr as descriptor 9 and hands it to each command.
 */
export const SESSION_SHELL: readonly string[] = [
  '/bin/bash',
  '--norc',
  '--noprofile',
  '-c',
  'exec 9>&2 2>/dev/null; exec /bin/bash --norc --noprofile',
]

/**
 * The environment of every command on a node, the same under every driver. SHLVL says that no bash there is the first: one whose
 * standard input is a socket would take itself for a login from elsewhere and run the user's .bashrc (bash(1), INVOCATION).
 */
export const NODE_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  SHLVL: '1',
}

/** How long a killed command may take to be gone before its shell is given up. */
const KILL_GRACE = 2_000

interface Pending {
  readonly mark: Buffer
  stdout: Buffer[]
  stderr: Buffer[]
  group: number | undefined
  ended: {exitCode: number; endedAt: number} | undefined
  stderrDone: boolean
  startedAt: number
  settle(cause?: CommandCause): void
}

export interface Session {
  /** Never rejects; see CommandResult. */
  run(command: string, timeLimit: number): Promise<CommandResult>
  /**
   * Commands under way come back with cause `disposed`.
   * @param killing also kills the one that runs, where the node outlives the session
   */
  close(killing?: boolean): Promise<void>
}

/**
 * @param node the name that results carry
 * @param open opens a new shell on the node; used for the first command, after a lost shell, and to kill a hung command
 */
export function openSession(node: string, open: () => Promise<ShellPipes>): Session {
  const queue = new PQueue({concurrency: 1})
  let pipes: ShellPipes | undefined
  let pending: Pending | undefined
  let closed = false

  async function connect(): Promise<ShellPipes> {
    const fresh = await open()
    fresh.stdin.on('error', () => undefined) // EPIPE: the close event below tells what matters
    fresh.stdin.write('set -m\n') // a process group for each command: bash(1), "Job Control"
    fresh.stdout.on('data', (chunk: Buffer) => onStdout(chunk))
    fresh.stderr.on('data', (chunk: Buffer) => onStderr(chunk))
    fresh.stdout.once('close', () => {
      if (pipes !== fresh) return
      pipes = undefined
      pending?.settle(closed ? 'disposed' : 'session-lost')
    })
    pipes = fresh
    return fresh
  }

  function onStdout(chunk: Buffer): void {
    if (!pending) return // the late output of something that a line left running
    pending.stdout.push(chunk)
    if (!chunk.includes(0x0a)) return
    readMarks(pending)
  }

  function onStderr(chunk: Buffer): void {
    if (!pending) return
    pending.stderr.push(chunk)
    const all = tail(pending.stderr, pending.mark.length + 1)
    const at = all.lastIndexOf(pending.mark)
    if (at < 0) return
    pending.stderr = [cut(pending.stderr, all.length - at)]
    pending.stderrDone = true
    if (pending.ended) pending.settle()
  }

  async function killGroup(group: number): Promise<void> {
    const killer = await open()
    killer.stdin.on('error', () => undefined)
    killer.stdout.resume()
    killer.stderr.resume()
    const closed = once(killer.stdout, 'close')
    killer.stdin.end(`kill -KILL -- -${group}\n`)
    await closed
  }

  async function execute(command: string, timeLimit: number): Promise<CommandResult> {
    const startedAt = Date.now()
    const base = {node, command}
    const none = Buffer.alloc(0)
    if (closed) return {...base, exitCode: null, cause: 'disposed', stdout: none, stderr: none, startedAt, duration: 0}
    let shell: ShellPipes
    try {
      shell = pipes ?? (await connect())
    } catch (error) {
      const stderr = Buffer.from(error instanceof Error ? error.message : String(error))
      return {
        ...base,
        exitCode: null,
        cause: closed ? 'disposed' : 'session-lost',
        stdout: none,
        stderr,
        startedAt,
        duration: Date.now() - startedAt,
      }
    }
    const word = randomBytes(12).toString('hex')
    return new Promise((resolve) => {
      let timedOut = false
      let grace: NodeJS.Timeout | undefined
      const limit = setTimeout(() => {
        timedOut = true
        const group = pending?.group
        if (group !== undefined) killGroup(group).catch(() => undefined)
        grace = setTimeout(() => shell.kill(), group === undefined ? 0 : KILL_GRACE)
      }, timeLimit)
      pending = {
        mark: Buffer.from(`\x01${word}`),
        stdout: [],
        stderr: [],
        group: undefined,
        ended: undefined,
        stderrDone: false,
        startedAt,
        settle(cause) {
          clearTimeout(limit)
          clearTimeout(grace)
          const ended = this.ended
          pending = undefined
          const why = timedOut ? 'time-limit' : cause
          resolve({
            ...base,
            exitCode: why ? null : (ended?.exitCode ?? null),
            ...(why && {cause: why}),
            stdout: Buffer.concat(this.stdout),
            stderr: Buffer.concat(this.stderr),
            startedAt: this.startedAt,
            duration: Math.max(0, (ended?.endedAt ?? Date.now()) - this.startedAt),
          })
        },
      }
      shell.stdin.write(framed(command, word))
    })
  }

  return {
    run: (command, timeLimit) => queue.add(() => execute(command, timeLimit)),
    async close(killing = false) {
      closed = true
      const [shell, group] = [pipes, pending?.group]
      pipes = undefined
      pending?.settle('disposed')
      if (killing && group !== undefined) await killGroup(group).catch(() => undefined)
      shell?.kill()
    },
  }
}

/** The shell text around one command. The command itself is one single-quoted word for eval: nothing in it can end the frame. */
function framed(command: string, word: string): string {
  const quoted = `'${command.replaceAll("'", `'\\''`)}'`
  return (
    `( printf '\\001${word} %d %s\\n' "$BASHPID" "$EPOCHREALTIME"; exec </dev/null 2>&9 9>&-; eval ${quoted} ); ` +
    `printf '\\001${word} %d %s\\n' "$?" "$EPOCHREALTIME"; printf '\\001${word}' >&9\n`
  )
}

/** Takes the begin and end marks out of what came so far on stdout. */
function readMarks(pending: Pending): void {
  if (pending.group === undefined) {
    const all = Buffer.concat(pending.stdout)
    const begin = readMark(all, pending.mark, 0)
    if (!begin) return
    pending.group = begin.number
    pending.startedAt = begin.at
    pending.stdout = [all.subarray(begin.next)]
  }
  const end = tail(pending.stdout, pending.mark.length + 64)
  const mark = readMark(end, pending.mark, Math.max(0, end.lastIndexOf(pending.mark)))
  if (!mark) return
  pending.stdout = [cut(pending.stdout, end.length - mark.from)]
  pending.ended = {exitCode: mark.number, endedAt: mark.at}
  if (pending.stderrDone) pending.settle()
}

function readMark(bytes: Buffer, mark: Buffer, from: number) {
  const start = bytes.indexOf(mark, from)
  if (start < 0) return undefined
  const newline = bytes.indexOf(0x0a, start)
  if (newline < 0) return undefined
  const [, number, seconds] = bytes.toString('latin1', start, newline).split(' ')
  return {from: start, next: newline + 1, number: Number(number), at: Number(seconds?.replace(',', '.')) * 1000}
}

/** The last bytes of a list of chunks, at least `length` of them where there are as many, without joining all of it. */
function tail(chunks: Buffer[], length: number): Buffer {
  let from = chunks.length - 1
  let have = chunks[from]?.length ?? 0
  while (from > 0 && have < length) have += chunks[--from]?.length ?? 0
  return Buffer.concat(chunks.slice(Math.max(0, from)))
}

/** All chunks without their last `length` bytes. */
function cut(chunks: Buffer[], length: number): Buffer {
  const all = Buffer.concat(chunks)
  return all.subarray(0, all.length - length)
}
