// Nodes that are running containers. What starts and what ends them is the driver's affair.
import {text} from 'node:stream/consumers'
import type Docker from 'dockerode'
import {type CommandStream, DEFAULT_TIME_LIMIT, type Fleet, NODE_SYSCTLS, nodeDown} from '../../driver.ts'
import {openSession, SESSION_SHELL, type Session} from '../../session.ts'
import {statusOf} from './engine.ts'
import {openShell, startInherited, startStream} from './exec.ts'

export interface FleetEnds {
  readonly description: string
  keep: Fleet['keep']
  /** Whether the containers stay when the fleet is disposed. */
  outlived(): boolean
  dispose(): Promise<void>
}

export function dockerFleet(docker: Docker, containers: ReadonlyMap<string, Docker.Container>, ends: FleetEnds): Fleet {
  const sessions = new Map<string, Session>()
  const streams = new Set<CommandStream>()
  let disposed = false

  function container(node: string): Docker.Container {
    const found = containers.get(node)
    if (!found) throw new RangeError(`no node ${node} in this lab`)
    return found
  }

  /** @throws MachineError when its container is gone or does not run: 404 and 409 of the Docker Engine API */
  async function reached<T>(node: string, start: (container: Docker.Container) => Promise<T>): Promise<T> {
    const found = container(node)
    try {
      return await start(found)
    } catch (error) {
      if (![404, 409].includes(statusOf(error) ?? 0)) throw error
      throw nodeDown(node, `the engine has no running container ${found.id.slice(0, 12)}`)
    }
  }

  return {
    description: ends.description,

    run(node, command, {timeLimit = DEFAULT_TIME_LIMIT, shell = 'steps'} = {}) {
      const key = `${node} ${shell}`
      const session = sessions.get(key) ?? openSession(node, () => reached(node, (found) => openShell(docker, found, SESSION_SHELL)))
      sessions.set(key, session)
      if (disposed) void session.close()
      return session.run(command, timeLimit)
    },

    async stream(node, argv, {stdio = 'pipe'} = {}) {
      if (stdio === 'inherit') return reached(node, (found) => startInherited(docker, found, argv))
      const stream = await reached(node, (found) => startStream(docker, found, argv))
      streams.add(stream)
      void stream.exit.then(() => streams.delete(stream))
      return {...stream, exit: stream.exit.then((code) => (disposed ? null : code))}
    },

    async copy(node, content, path) {
      const argv = ['sh', '-c', 'mkdir -p "$(dirname "$0")" && cat >"$0" && chmod 700 "$0"', path]
      const stream = await reached(node, (found) => startStream(docker, found, argv))
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
  if (failed) throw new Error(`${failed.node} could not be made ready: ${failed.stderr.toString().trim() || failed.cause}`)
}
