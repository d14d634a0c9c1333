// The local driver: a lab is one process tree in namespaces of its own, on this machine, without a daemon. What holds it
// is a pipe. podwire writes nothing to it; when podwire goes, however it goes, the pipe ends, the lab's process 1 ends,
// and the kernel removes every process, namespace and device of the lab (pid_namespaces(7)).
import {type ChildProcess, type StdioOptions, spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {createInterface} from 'node:readline'
import {text} from 'node:stream/consumers'
import {fileURLToPath} from 'node:url'
import {DEFAULT_TIME_LIMIT, type Driver, type Fleet, type FleetHandle, type FleetSpec, MachineError, NODE_SYSCTLS} from '../driver.ts'
import {type Identity, identify, runs} from '../identity.ts'
import {NODE_ENVIRONMENT, openSession, SESSION_SHELL, type Session, type ShellPipes} from '../session.ts'
import {assertTools} from './local/tools.ts'

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

interface Running {
  /** The processes that hold the nodes' namespaces. */
  readonly nodes: readonly (Identity & {readonly name: string})[]
  /** The namespaces need a user namespace to be entered first. */
  readonly userNamespace: boolean
  readonly keeper: Identity
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
      const {keeper, nodes} = handle as unknown as Running
      if (!runs(keeper)) return
      process.kill(keeper.pid, 'SIGKILL') // the lab's process 1 reads the end of the keeper's pipe
      const limit = Date.now() + REMOVE_LIMIT
      while (nodes.some(runs) && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 2))
    },
  }
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
  const nodes: Running['nodes'][number][] = []
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
  const running: Running = {nodes, userNamespace: !asRoot, keeper}
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
  const open = new Set<ChildProcess>()
  let disposed = false
  let letGo = release

  /** Argv that runs `argv` inside a node's namespaces. */
  function enter(node: string, argv: readonly string[]): string[] {
    const holder = running.nodes.find(({name}) => name === node)
    if (!holder) throw new RangeError(`no node ${node} in this lab`)
    if (!runs(holder)) throw new Error(`${node} is gone`)
    const user = running.userNamespace ? ['--user', '--preserve-credentials'] : []
    return ['--target', String(holder.pid), ...user, '--pid', '--mount', '--net', '--uts', '--wd=/', ...argv]
  }

  function nsenter(node: string, argv: readonly string[], stdio: StdioOptions, detached: boolean): ChildProcess {
    const terminal = process.env.TERM ? {TERM: process.env.TERM} : {}
    const child = spawn('nsenter', enter(node, argv), {cwd: '/', env: {...NODE_ENVIRONMENT, ...terminal}, stdio, detached, ...options.user})
    open.add(child)
    child.once('close', () => open.delete(child))
    child.on('error', () => undefined) // reported through exit codes and closed pipes
    return child
  }

  async function openShell(node: string): Promise<ShellPipes> {
    const child = nsenter(node, SESSION_SHELL, 'pipe', true)
    await once(child, 'spawn')
    const {stdin, stdout, stderr} = child
    if (!stdin || !stdout || !stderr) throw new Error('a shell without pipes')
    return {stdin, stdout, stderr, kill: () => killInside(child)}
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
      // setsid: a group of its own inside, so that kill() takes what the command started
      const child = nsenter(node, stdio === 'pipe' ? ['setsid', ...argv] : argv, stdio, stdio === 'pipe')
      const exit = new Promise<number | null>((resolve) => {
        child.once('error', () => resolve(null))
        child.once('close', (code, signal) => resolve(signal === null ? code : disposed ? null : 128 + signalNumber(signal)))
      })
      child.stdin?.on('error', () => undefined)
      return {stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exit, kill: () => killInside(child)}
    },

    async copy(node, content, path) {
      const stream = await this.stream(node, ['sh', '-c', 'mkdir -p "$(dirname "$0")" && cat >"$0" && chmod 700 "$0"', path])
      stream.stdout?.resume()
      const complaint = stream.stderr ? text(stream.stderr) : ''
      stream.stdin?.end(content)
      if ((await stream.exit) !== 0) throw new Error(`${node}: cannot write ${path}: ${(await complaint).trim()}`)
    },

    async keep() {
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
      // With the lab's process 1 the kernel kills all that runs in it. A fleet found again is not ours to end:
      // only what we started in it goes.
      if (!child || letGo !== release) for (const shell of open) killInside(shell)
      for (const session of sessions.values()) void session.close()
      await letGo()
    },
  }
}

/**
 * Ends what nsenter runs, and what that started, but not nsenter: nsenter must live to collect it. An orphan would wait
 * for the machine's process 1, and the lab's end with it (pid_namespaces(7): zap waits for every member to be reaped).
 */
function killInside(nsenter: ChildProcess): void {
  if (nsenter.pid === undefined || nsenter.exitCode !== null || nsenter.signalCode !== null) return
  for (const pid of descendantsOf(nsenter.pid)) {
    for (const target of [-pid, pid]) {
      try {
        process.kill(target, 'SIGKILL')
      } catch {} // no such group, or it has just ended
    }
  }
}

/** A shell's line has a process group of its own, so the shell's group is not all. What a line left running is nobody's descendant. */
function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)])
}

/** proc_pid_task_children(5). Empty where the kernel was built without it; the lab's end is then theirs. */
function childrenOf(pid: number): number[] {
  const list = setting(`/proc/${pid}/task/${pid}/children`)
  return list ? list.split(' ').map(Number) : []
}

function signalNumber(signal: NodeJS.Signals): number {
  return {SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15}[signal as string] ?? 0
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
