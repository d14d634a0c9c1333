// Commands in a container, over the engine's exec API. Standard output and error come in one stream, in frames (Docker
// Engine API, "Stream format"), and are taken apart here; with a terminal there is one stream and no frames.
import {randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {PassThrough} from 'node:stream'
import type Docker from 'dockerode'
import type {CommandStream} from '../../driver.ts'
import {NODE_ENVIRONMENT, type ShellPipes} from '../../session.ts'
import {statusOf, within} from './engine.ts'

export interface ExecStreams {
  readonly stdin: NodeJS.ReadWriteStream
  readonly stdout: PassThrough
  readonly stderr: PassThrough
  readonly exit: Promise<number | null>
}

/** Starts argv in a container with pipes for its standard streams. @throws when the container is gone */
async function startExec(docker: Docker, container: Docker.Container, argv: readonly string[]): Promise<ExecStreams> {
  const exec = await container.exec({
    Cmd: [...argv],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    Env: environment(),
  })
  const stream = await exec.start({hijack: true, stdin: true, Tty: false})
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  docker.modem.demuxStream(stream, stdout, stderr)
  for (const output of [stdout, stderr]) {
    // demuxStream does not wait for a slow reader: its output would pile up in podwire.
    stream.on('data', () => void (output.writableNeedDrain && stream.pause()))
    output.on('drain', () => stream.resume())
  }
  stream.on('error', () => undefined) // the end below tells it
  const ended = once(stream, 'close').catch(() => undefined)
  stream.once('end', () => stream.end())
  const exit = ended.then(async () => {
    stdout.end()
    stderr.end()
    return exitCode(exec)
  })
  return {stdin: stream, stdout, stderr, exit}
}

/** A shell for a session. Its end of input ends it. */
export async function openShell(docker: Docker, container: Docker.Container, argv: readonly string[]): Promise<ShellPipes> {
  const {stdin, stdout, stderr} = await startExec(docker, container, argv)
  return {stdin: stdin as unknown as ShellPipes['stdin'], stdout, stderr, kill: () => void destroy(stdin)}
}

function destroy(stream: NodeJS.ReadWriteStream): void {
  if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy()
}

/** What is left of a command when its node has gone: nobody can be asked to end it. */
export interface AbandonableStream extends CommandStream {
  abandon(): void
}

/** A command with its own streams. The API cannot end one: it tells its process ID first, and another exec ends it. */
export async function startStream(docker: Docker, container: Docker.Container, argv: readonly string[]): Promise<AbandonableStream> {
  const note = `/run/podwire-${randomBytes(6).toString('hex')}`
  const {stdin, stdout, stderr, exit} = await startExec(docker, container, noted(note, argv))
  void exit.then((code) => (code === null ? undefined : runDetached(container, ['rm', '-f', note])))
  return {
    abandon: () => void destroy(stdin),
    stdin: stdin as unknown as NonNullable<CommandStream['stdin']>,
    stdout,
    stderr,
    exit,
    kill: (signal) => void sendSignal(container, note, signal),
  }
}

/** A command that is not there ends with 127 and says so, as in any shell. */
function noted(note: string, argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', 'echo $$ >"$1"; shift; exec "$@"', 'sh', note, ...argv]
}

/** The engine gives an exec a session of its own, so its process ID is its group's. */
function sendSignal(container: Docker.Container, note: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const line = 'pid=$(cat "$0") && for signal in "$1" CONT; do kill "-$signal" "-$pid" 2>/dev/null || kill "-$signal" "$pid"; done'
  return runDetached(container, ['/bin/sh', '-c', line, note, signal.slice(3)])
}

/** A command on podwire's own standard streams, with a terminal where podwire has one. */
export async function startInherited(docker: Docker, container: Docker.Container, argv: readonly string[]): Promise<CommandStream> {
  const {stdin, stdout, stderr} = process
  const terminal = stdin.isTTY === true && stdout.isTTY === true
  const note = `/run/podwire-${randomBytes(6).toString('hex')}`
  const exec = await container.exec({
    Cmd: noted(note, argv),
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: terminal,
    Env: environment(),
  })
  const stream = await exec.start({hijack: true, stdin: true, Tty: terminal})
  const resize = () => void exec.resize({h: stdout.rows, w: stdout.columns}).catch(() => undefined)
  if (terminal) {
    stdin.setRawMode(true)
    stream.pipe(stdout, {end: false})
    stdout.on('resize', resize)
    resize()
  } else docker.modem.demuxStream(stream, stdout, stderr)
  stdin.pipe(stream)
  stream.on('error', () => undefined)
  stream.once('end', () => stream.end())
  const exit = once(stream, 'close').then(async () => {
    stdout.off('resize', resize)
    if (terminal) stdin.setRawMode(false)
    stdin.unpipe(stream)
    stdin.destroy() // or podwire would wait for input that nobody reads
    const code = await exitCode(exec)
    await runDetached(container, ['rm', '-f', note])
    return code
  })
  return {stdin: null, stdout: null, stderr: null, exit, kill: (signal) => void sendSignal(container, note, signal)}
}

async function runDetached(container: Docker.Container, argv: string[]): Promise<void> {
  try {
    const answer = await (await container.exec({Cmd: argv})).start({Detach: true})
    answer.resume() // an answer that nobody reads keeps its connection open, and podwire with it
  } catch (error) {
    // The container or its engine is gone, and the command with it.
    if (statusOf(error) === undefined && !(error instanceof Error && 'code' in error)) throw error
  }
}

/** The stream ends a moment before the engine knows the exit code. Null when the container went away. */
async function exitCode(exec: Docker.Exec): Promise<number | null> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      const {Running, ExitCode} = await within(exec.inspect(), 'a node')
      if (!Running) return ExitCode
    } catch {
      return null
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return null
}

function environment(): string[] {
  const terminal = process.env.TERM ? {TERM: process.env.TERM} : {}
  return Object.entries({...NODE_ENVIRONMENT, ...terminal}).map(([name, value]) => `${name}=${value}`)
}
