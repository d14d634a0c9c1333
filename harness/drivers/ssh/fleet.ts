// Nodes on machines reached by SSH, running. What starts and what ends them is the driver's affair.
import {randomBytes} from 'node:crypto'
import {text} from 'node:stream/consumers'
import PQueue from 'p-queue'
import type {CommandResult} from '../../command.ts'
import {type CommandStream, DEFAULT_TIME_LIMIT, type Fleet} from '../../driver.ts'
import {openSession, SESSION_SHELL, type Session, type ShellPipes} from '../../session.ts'
import {inside, type Machine} from './machine.ts'
import type {MultiplexedStream} from './multiplexer.ts'

/** A node: the machine it is on, and the process that holds it there; 0 where it is the machine itself. */
export interface HeldNode {
  readonly machine: Machine
  readonly pid: number
  /** Its holder's, on the machine. */
  readonly folder: string
}

export interface FleetEnds {
  readonly description: string
  keep: Fleet['keep']
  /** Whether the nodes stay when the fleet is disposed. */
  outlived(): boolean
  /** Asked before each line, where it is there: why the line would cut podwire off, undefined when it may run. */
  readonly refuses?: ((node: HeldNode, command: string) => Promise<string | undefined>) | undefined
  dispose(): Promise<void>
}

const WRITE_FILE = 'mkdir -p "$(dirname "$0")" && cat >"$0" && chmod 700 "$0"'

export function sshFleet(nodes: ReadonlyMap<string, HeldNode>, ends: FleetEnds): Fleet {
  const sessions = new Map<string, Session>()
  const streams = new Set<CommandStream>()
  /** A line is judged by what those before it have made. */
  const turns = new Map<string, PQueue>()
  let disposed = false

  function held(node: string): HeldNode {
    const found = nodes.get(node)
    if (!found) throw new RangeError(`no node ${node} in this lab`)
    return found
  }

  async function start(node: string, argv: readonly string[]): Promise<MultiplexedStream> {
    const {machine, ...inside} = held(node)
    return (await machine.commands(inside)).start(argv)
  }

  async function openShell(node: string): Promise<ShellPipes> {
    const shell = await start(node, SESSION_SHELL)
    return {stdin: shell.stdin, stdout: shell.stdout, stderr: shell.stderr, kill: () => shell.kill()}
  }

  /** The result, or, where the connection went away under it, also which one and why. */
  function named(result: CommandResult): CommandResult {
    const lost = nodes.get(result.node)?.machine.lost
    if (result.cause !== 'session-lost' || lost === undefined || result.stderr.includes(lost)) return result
    return {...result, stderr: Buffer.concat([result.stderr, Buffer.from(`${lost}\n`)])}
  }

  return {
    description: ends.description,

    async run(node, command, {timeLimit = DEFAULT_TIME_LIMIT, shell = 'steps'} = {}) {
      const key = `${node} ${shell}`
      const session = sessions.get(key) ?? openSession(node, () => openShell(node))
      sessions.set(key, session)
      if (disposed) void session.close()
      const {refuses} = ends
      const here = nodes.get(node)
      if (!refuses || !here || shell === 'observer') return named(await session.run(command, timeLimit))
      const turn = turns.get(node) ?? new PQueue({concurrency: 1})
      turns.set(node, turn)
      return turn.add(async () => {
        const why = disposed ? undefined : await refuses(here, command)
        return why === undefined ? named(await session.run(command, timeLimit)) : notRun(node, command, why)
      })
    },

    async stream(node, argv, {stdio = 'pipe'} = {}) {
      if (stdio === 'inherit')
        return inherited(
          held(node),
          argv,
          () => start(node, argv),
          (line) => void start(node, ['sh', '-c', line]),
        )
      const stream = await start(node, argv)
      streams.add(stream)
      void stream.exit.then(() => streams.delete(stream))
      const {stdin, stdout, stderr} = stream
      return {stdin, stdout, stderr, exit: stream.exit.then((code) => (disposed ? null : code)), kill: (signal) => stream.kill(signal)}
    },

    async copy(node, content, path) {
      const {machine, pid} = held(node)
      if (pid === 0) await machine.control('file', path)
      const stream = await start(node, ['sh', '-c', WRITE_FILE, path])
      stream.stdout.resume()
      const complaint = text(stream.stderr)
      stream.stdin.end(content)
      if ((await stream.exit) !== 0) throw new Error(`${node}: cannot write ${path}: ${(await complaint).trim() || machine.lost}`)
    },

    keep: ends.keep,

    async [Symbol.asyncDispose]() {
      if (disposed) return
      disposed = true
      // Nodes that go take everything with them; in those that stay, only what was started here goes.
      const outlived = ends.outlived()
      if (outlived) for (const stream of streams) stream.kill()
      await Promise.all([...sessions.values()].map((session) => session.close(outlived)))
      if (outlived) await Promise.all([...streams].map(({exit}) => exit))
      await ends.dispose()
    },
  }
}

function notRun(node: string, command: string, why: string): CommandResult {
  const stderr = Buffer.from(`${why}\n`)
  return {node, command, exitCode: null, cause: 'cut-off', stdout: Buffer.alloc(0), stderr, startedAt: Date.now(), duration: 0}
}

/** On podwire's own standard streams, with a terminal where podwire has one. */
async function inherited(
  {machine, pid}: HeldNode,
  argv: readonly string[],
  start: () => Promise<MultiplexedStream>,
  signal: (line: string) => void,
): Promise<CommandStream> {
  const {stdin, stdout, stderr} = process
  if (stdin.isTTY !== true || stdout.isTTY !== true) {
    const stream = await start()
    stdin.pipe(stream.stdin)
    stream.stdout.pipe(stdout, {end: false})
    stream.stderr.pipe(stderr, {end: false})
    void stream.exit.then(() => {
      stdin.unpipe(stream.stdin)
      stdin.destroy() // or podwire would wait for input that nobody reads
    })
    return {stdin: null, stdout: null, stderr: null, exit: stream.exit, kill: (name) => stream.kill(name)}
  }
  const size = () => ({rows: stdout.rows, cols: stdout.columns, term: process.env.TERM ?? 'dumb'})
  const note = `/run/podwire-${randomBytes(6).toString('hex')}`
  const noted = ['/bin/sh', '-c', 'echo $$ >"$1"; shift; exec "$@"', 'sh', note, ...argv]
  const channel = await machine.terminal([...inside(pid), ...noted], size())
  const resize = () => channel.setWindow(stdout.rows, stdout.columns, 0, 0)
  stdin.setRawMode(true)
  stdin.pipe(channel)
  channel.pipe(stdout, {end: false})
  stdout.on('resize', resize)
  const exit = new Promise<number | null>((resolve) => {
    let code: number | null = null
    // ssh2 gives the code, or null and the signal's name; a close without either is unknown (RFC 4254, 6.10).
    channel.once('exit', (value: number | null) => {
      code = value
    })
    channel.once('close', () => {
      stdout.off('resize', resize)
      stdin.setRawMode(false)
      stdin.unpipe(channel)
      stdin.destroy()
      signal(`rm -f ${note}`)
      resolve(code)
    })
  })
  const kill = (name: NodeJS.Signals = 'SIGKILL') => {
    const word = name.slice(3)
    signal(`pid=$(cat ${note}) && for signal in ${word} CONT; do kill -$signal -$pid 2>/dev/null || kill -$signal $pid; done`)
  }
  return {stdin: null, stdout: null, stderr: null, exit, kill}
}
