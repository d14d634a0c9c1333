// The local driver: a lab is one process tree in namespaces of its own, on this machine, without a daemon. What holds it
// is a pipe. podwire writes nothing to it; when podwire goes, however it goes, the pipe ends, the lab's process 1 ends,
// and the kernel removes every process, namespace and device of the lab (pid_namespaces(7)).
import {type ChildProcess, type StdioOptions, spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {constants} from 'node:os'
import {createInterface} from 'node:readline'
import type {Writable} from 'node:stream'
import {text} from 'node:stream/consumers'
import {fileURLToPath} from 'node:url'
import {
  type CommandStream,
  DEFAULT_TIME_LIMIT,
  type Driver,
  type Fleet,
  type FleetHandle,
  type FleetSpec,
  MachineError,
  NODE_SYSCTLS,
  nodeDown,
} from '../driver.ts'
import {type Identity, identify, runs} from '../identity.ts'
import {NODE_ENVIRONMENT, openSession, SESSION_SHELL, type Session, type ShellPipes} from '../session.ts'
import type {Running} from './local/handle.ts'
import {followHolders} from './local/holders.ts'
import {killInside} from './local/kill.ts'
import {assertTools} from './local/tools.ts'

const FOREGROUND = readFileSync(new URL('local/foreground.pl', import.meta.url), 'utf8')
const ROOT_SCRIPT = fileURLToPath(new URL('local/root.sh', import.meta.url))

/**
 * Between podwire and the lab's process 1 stands the keeper. As long as podwire has not said `keep`, the end of
 * podwire's pipe ends the keeper, and so the lab. Afterwards the keeper sleeps until `podwire down` ends it.
 * It sleeps as tail(1), which looks whether its own pipe is still read: should the lab end first, the keeper goes too.
 */
const KEEPER = `
  exec 3>&1
  { exec sh -c 'echo "keeper $$" >&3; exec 3>&-; read -r word && [ "$word" = keep ] && exec tail -f /dev/null'; } |
  { exec 3>&-; "$@"; echo ended; }
`

export interface LocalOptions {
  /** Runs the lab's processes as this user instead of podwire's own. Only root may name one. */
  readonly user?: {readonly uid: number; readonly gid: number}
}

export function localDriver(options: LocalOptions = {}): Driver {
  return {
    name: 'local',
    start: (spec) => start(spec, options),
    async find(handle) {
      const kept = handle as unknown as Running
      if (!runs(kept.keeper) || !kept.nodes.some(runs)) return undefined
      return fleet(kept, options, () => undefined, undefined)
    },
    async remove(handle) {
      const {keeper, shell, nodes} = handle as unknown as Running
      if (runs(keeper)) process.kill(keeper.pid, 'SIGKILL') // the lab's process 1 reads the end of the keeper's pipe
      const limit = Date.now() + REMOVE_LIMIT
      while ([shell, ...nodes].some(runs)) {
        if (Date.now() > limit) throw new MachineError('not-removed', `processes of the lab do not end: ${pids([shell, ...nodes])}`)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    },
  }
}

function pids(processes: readonly Identity[]): string {
  return processes
    .filter(runs)
    .map(({pid}) => pid)
    .join(', ')
}

/** Milliseconds; the kernel takes some 10. */
const REMOVE_LIMIT = 10_000

async function start(spec: FleetSpec, options: LocalOptions): Promise<Fleet> {
  assertTools()
  const asRoot = (options.user?.uid ?? process.getuid?.()) === 0
  const length = spec.underlay.split('/')[1] ?? '24'
  const unshare = ['--pid', '--fork', '--kill-child', '--net', '--mount', '--uts', '--propagation', 'private']
  const argv = [
    'unshare',
    ...(asRoot ? [] : ['--user', '--map-root-user']),
    ...unshare,
    ...['bash', ROOT_SCRIPT, length, ...spec.nodes.map((node) => `${node.name}=${node.address}`)],
  ]
  const sysctls = Object.entries(NODE_SYSCTLS).map(([key, value]) => `${key.replaceAll('.', '/')} ${value}`)
  const child = spawn('sh', ['-c', KEEPER, 'podwire-lab', ...argv], {
    cwd: '/',
    detached: true, // a group and session of its own: Ctrl-C reaches podwire, which removes the lab in order
    env: {...NODE_ENVIRONMENT, PODWIRE_SYSCTLS: sysctls.join('\n')},
    ...options.user,
  })
  child.stdin.on('error', () => undefined) // EPIPE when the lab could not start: its own words are on stderr
  const failure = text(child.stderr).catch(() => '') // keep() lets go of it
  const nodes: Running['nodes'] = []
  let keeper: Identity | undefined
  let ready = false
  const started = once(child, 'spawn').catch((error: Error) => {
    throw new MachineError('local-start', `cannot start a lab: ${error.message}`)
  })
  await started
  for await (const line of createInterface({input: child.stdout})) {
    const [word, ...fields] = line.split(' ')
    if (word === 'keeper') keeper = identify(Number(fields[0]))
    if (word === 'node') nodes.push({name: fields[0] ?? '', ...identify(Number(fields[1]))})
    ready = line === 'ready'
    if (ready || line === 'ended') break
  }
  if (!ready || !keeper) {
    child.stdin.end()
    throw refusal(await failure, asRoot)
  }
  child.stdout.resume()
  const running: Running = {nodes, userNamespace: !asRoot, keeper, shell: identify(child.pid ?? 0)}
  let ended = false
  child.once('close', () => {
    ended = true
  })
  return fleet(
    running,
    options,
    async () => {
      if (ended) return
      const closed = once(child, 'close')
      child.stdin.end()
      await closed
    },
    child,
  )
}

function fleet(running: Running, options: LocalOptions, release: () => void | Promise<void>, child: ChildProcess | undefined): Fleet {
  const sessions = new Map<string, Session>()
  /** What runs in a node, and in which. */
  const open = new Map<ChildProcess, string>()
  let holders: ReturnType<typeof followHolders> | undefined
  let disposed = false
  let letGo = release

  /** Argv that runs `argv` inside a node's namespaces. */
  function enter(node: string, argv: readonly string[]): string[] {
    const holder = running.nodes.find(({name}) => name === node)
    if (!holder) throw new RangeError(`no node ${node} in this lab`)
    if (!runs(holder)) throw nodeDown(node, `process ${holder.pid}, which holds its namespaces, has ended`)
    const user = running.userNamespace ? ['--user', '--preserve-credentials'] : []
    return ['--target', String(holder.pid), ...user, '--pid', '--mount', '--net', '--uts', '--wd=/', ...argv]
  }

  function nsenter(
    node: string,
    argv: readonly string[],
    stdio: StdioOptions,
    detached: boolean,
    flags: readonly string[] = [],
  ): ChildProcess {
    const terminal = process.env.TERM ? {TERM: process.env.TERM} : {}
    const child = spawn('nsenter', [...flags, ...enter(node, argv)], {
      cwd: '/',
      env: {...NODE_ENVIRONMENT, ...terminal},
      stdio,
      detached,
      ...options.user,
    })
    open.set(child, node)
    holders ??= followHolders(running.nodes, endIn)
    child.once('close', () => open.delete(child))
    child.on('error', () => undefined) // reported through exit codes and closed pipes
    return child
  }

  /** The node has died. */
  function endIn(node: string): void {
    for (const [child, where] of open) if (where === node) killInside(child)
    for (const [key, session] of sessions) {
      if (!key.startsWith(`${node} `)) continue
      sessions.delete(key)
      void session.close()
    }
  }

  async function openShell(node: string): Promise<ShellPipes> {
    const child = nsenter(node, SESSION_SHELL, 'pipe', true)
    await once(child, 'spawn')
    const {stdin, stdout, stderr} = child
    if (!stdin || !stdout || !stderr) throw new Error('a shell without pipes')
    return {stdin, stdout, stderr, kill: () => killInside(child)}
  }

  /** On podwire's own standard streams and terminal; see foreground.pl. */
  function inherited(node: string, argv: readonly string[]): CommandStream {
    const child = nsenter(node, ['perl', '-e', FOREGROUND, '--', ...argv], ['inherit', 'inherit', 'inherit', 'pipe'], false, ['--no-fork'])
    const control = child.stdio[3] as Writable
    control.on('error', () => undefined) // EPIPE: it has just ended
    return {
      stdin: null,
      stdout: null,
      stderr: null,
      exit: exitOf(child),
      kill: (signal = 'SIGKILL') => void control.write(`${signal.slice(3)}\n`),
    }
  }

  function exitOf(child: ChildProcess): Promise<number | null> {
    return new Promise((resolve) => {
      child.once('error', () => resolve(null))
      child.once('close', (code, signal) => resolve(signal === null ? code : disposed ? null : 128 + constants.signals[signal]))
    })
  }

  return {
    description: running.userNamespace ? 'namespaces of this machine, as an ordinary user' : 'namespaces of this machine, as root',

    run(node, command, {timeLimit = DEFAULT_TIME_LIMIT, shell = 'steps'} = {}) {
      const key = `${node} ${shell}`
      const session = sessions.get(key) ?? openSession(node, () => openShell(node))
      sessions.set(key, session)
      if (disposed) void session.close()
      return session.run(command, timeLimit)
    },

    async stream(node, argv, {stdio = 'pipe'} = {}) {
      if (stdio === 'inherit') return inherited(node, argv)
      // setsid: a group of its own inside, so that kill() takes what the command started
      const child = nsenter(node, ['setsid', ...argv], stdio, true)
      child.stdin?.on('error', () => undefined)
      return {
        stdin: child.stdin,
        stdout: child.stdout,
        stderr: child.stderr,
        exit: exitOf(child),
        kill: (signal) => killInside(child, signal),
      }
    },

    async copy(node, content, path) {
      const stream = await this.stream(node, ['sh', '-c', 'mkdir -p "$(dirname "$0")" && cat >"$0" && chmod 700 "$0"', path])
      stream.stdout?.resume()
      const complaint = stream.stderr ? text(stream.stderr) : ''
      stream.stdin?.end(content)
      if ((await stream.exit) !== 0) throw new Error(`${node}: cannot write ${path}: ${(await complaint).trim()}`)
    },

    async keep(remember) {
      remember?.({...running})
      child?.stdin?.write('keep\n')
      child?.unref()
      letGo = () => {
        child?.stdin?.destroy()
        child?.stdout?.destroy()
        child?.stderr?.destroy()
      }
      return {...running} satisfies FleetHandle
    },

    async [Symbol.asyncDispose]() {
      if (disposed) return
      disposed = true
      holders?.end()
      // With the lab's process 1 the kernel kills all that runs in it. A fleet found again is not ours to end:
      // only what we started in it goes.
      if (!child || letGo !== release) for (const shell of open.keys()) killInside(shell)
      for (const session of sessions.values()) void session.close()
      await letGo()
    },
  }
}

/** Why the kernel would not start the lab, and what to do. Recognised by the settings that forbid it, not by message text. */
function refusal(stderr: string, asRoot: boolean): MachineError {
  const words = stderr.trim()
  if (asRoot)
    return new MachineError('local-start', `this machine does not let root start namespaces: ${words}`, [
      'run `podwire doctor` to see what is missing',
    ])
  if (setting('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return new MachineError(
      'userns-apparmor',
      'AppArmor keeps ordinary users from network namespaces on this machine (Ubuntu 24.04 and later)',
      ['run it as root (sudo), or allow it: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'],
    )
  }
  if (setting('/proc/sys/kernel/unprivileged_userns_clone') === '0') {
    return new MachineError('userns-forbidden', 'this kernel keeps ordinary users from user namespaces', [
      'run it as root (sudo), or allow it: sudo sysctl -w kernel.unprivileged_userns_clone=1',
    ])
  }
  if (setting('/proc/sys/user/max_user_namespaces') === '0') {
    return new MachineError('userns-forbidden', 'this machine allows no user namespaces (user.max_user_namespaces is 0)', [
      'run it as root (sudo), or allow it: sudo sysctl -w user.max_user_namespaces=10000',
    ])
  }
  return new MachineError('local-start', `this machine does not let you start namespaces: ${words}`, [
    'run it as root (sudo); `podwire doctor` says more',
  ])
}

function setting(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return undefined
  }
}
