// Nodes that are running containers. What starts and what ends them is the driver's affair.
import {text} from 'node:stream/consumers'
import {type CommandStream, DEFAULT_TIME_LIMIT, type Fleet, MachineError, NODE_SYSCTLS, nodeDown} from '../../driver.ts'
import {openSession, SESSION_SHELL, type Session, type ShellPipes} from '../../session.ts'
import {statusOf} from './engine.ts'
import {openShell, startInherited, startStream} from './exec.ts'
import {followNodes} from './losses.ts'
import type {Seat} from './seat.ts'

export interface FleetEnds {
  readonly description: string
  keep: Fleet['keep']
  /** Whether the containers stay when the fleet is disposed. */
  outlived(): boolean
  dispose(): Promise<void>
}

export interface FleetOptions {
  /** Of several engines one may go: the nodes of the others are still there, and the report is of them. */
  readonly several?: boolean
  /** Nodes that are known to be gone, and why. */
  readonly lost?: ReadonlyMap<string, string>
}

export function dockerFleet(
  seats: ReadonlyMap<string, Seat>,
  ends: FleetEnds,
  {several = false, lost: known = new Map()}: FleetOptions = {},
): Fleet {
  const sessions = new Map<string, Session>()
  const streams = new Set<CommandStream>()
  const losses = several ? followNodes(seats, known) : undefined
  let disposed = false

  function seat(node: string): Seat {
    const found = seats.get(node)
    if (!found) throw new RangeError(`no node ${node} in this lab`)
    return found
  }

  /** @throws MachineError when its container is gone or does not run: 404 and 409 of the Docker Engine API */
  async function reached<T>(node: string, start: (seat: Seat) => Promise<T>): Promise<T> {
    const found = seat(node)
    const starting = start(found)
    try {
      return await (losses ? losses.unlessLost(node, starting) : starting)
    } catch (error) {
      if (![404, 409].includes(statusOf(error) ?? 0)) throw error
      throw nodeDown(node, `the engine has no running container ${found.container.id.slice(0, 12)}`)
    }
  }

  async function open(node: string): Promise<ShellPipes> {
    const pipes = await reached(node, ({engine, container}) => openShell(engine.docker, container, SESSION_SHELL))
    losses?.onLoss(node, pipes.stdout, pipes.kill)
    return pipes
  }

  return {
    description: ends.description,
    ...(losses && {lost: losses.lost}),

    async run(node, command, {timeLimit = DEFAULT_TIME_LIMIT, shell = 'steps'} = {}) {
      const key = `${node} ${shell}`
      const session = sessions.get(key) ?? openSession(node, () => open(node))
      sessions.set(key, session)
      if (disposed) void session.close()
      const result = await session.run(command, timeLimit)
      if (result.cause !== 'session-lost' || !losses) return result
      const why = await losses.whyLost(node)
      return why === undefined ? result : {...result, cause: 'node-lost', stderr: Buffer.from(why)}
    },

    async stream(node, argv, {stdio = 'pipe'} = {}) {
      if (stdio === 'inherit') return reached(node, ({engine, container}) => startInherited(engine.docker, container, argv))
      const {abandon, ...stream} = await reached(node, ({engine, container}) => startStream(engine.docker, container, argv))
      if (stream.stdout) losses?.onLoss(node, stream.stdout, abandon)
      streams.add(stream)
      void stream.exit.then(() => streams.delete(stream))
      return {...stream, exit: stream.exit.then((code) => (disposed ? null : code))}
    },

    async copy(node, content, path) {
      const argv = ['sh', '-c', 'mkdir -p "$(dirname "$0")" && cat >"$0" && chmod 700 "$0"', path]
      const stream = await reached(node, ({engine, container}) => startStream(engine.docker, container, argv))
      if (stream.stdout) losses?.onLoss(node, stream.stdout, stream.abandon)
      stream.stdout?.resume()
      const complaint = stream.stderr ? text(stream.stderr) : ''
      stream.stdin?.end(content)
      if ((await stream.exit) !== 0) throw new Error(`${node}: cannot write ${path}: ${(await complaint).trim()}`)
    },

    keep: ends.keep,

    async [Symbol.asyncDispose]() {
      if (disposed) return
      disposed = true
      // Containers that go take everything with them; in those that stay, only what was started here goes.
      const outlived = ends.outlived()
      if (outlived) for (const stream of streams) stream.kill()
      await Promise.all([...sessions.values()].map((session) => session.close(outlived)))
      if (outlived) await Promise.all([...streams].map(({exit}) => exit))
      losses?.end()
      await ends.dispose()
    },
  }
}

/** Brings containers to where nodes of every driver begin (Driver.start). Docker gives them a default route and settings of its own. */
export async function levelNodes(fleet: Fleet, nodes: readonly string[]): Promise<void> {
  const settings = {...NODE_SYSCTLS, 'net.ipv4.conf.eth0.rp_filter': '0'}
  const lines = Object.entries(settings).map(([key, value]) => {
    const path = `/proc/sys/${key.replaceAll('.', '/')}`
    return `if [ -e ${path} ]; then echo ${value} >${path}; fi`
  })
  const results = await Promise.all(
    nodes.map((node) => fleet.run(node, ['mkdir -p /run/netns /run/lock', 'ip route flush default', ...lines].join('; '))),
  )
  const failed = results.find(({exitCode}) => exitCode !== 0)
  if (failed?.cause === 'node-lost') throw new MachineError('node-lost', `${failed.node} went away while it started: ${failed.stderr}`)
  if (failed) throw new Error(`${failed.node} could not be made ready: ${failed.stderr.toString().trim() || failed.cause}`)
}
