// Somewhere for one test's podwire to live: its kept labs are its own, so that `ls` and `down --all` mean those alone,
// whoever else keeps labs on this machine.
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {buffer, text} from 'node:stream/consumers'
import {fileURLToPath} from 'node:url'
import type {Runner} from './runners.ts'

const PODWIRE = fileURLToPath(new URL('../../../harness/cli/podwire', import.meta.url))
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Root's kept labs, in harness/kept.ts. Each test's root has a folder of its own mounted there, for itself alone. */
export const KEPT = '/run/podwire/labs'
/** For hangs alone. */
const HANG_LIMIT = 100_000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  /** Standard output before it was decoded. */
  readonly bytes: Buffer
  readonly stderr: string
}

export interface Begun {
  readonly pid: number
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** Waits until standard output has this, or podwire ended. */
  shown(words: RegExp): Promise<void>
  /** What standard output has by now. */
  text(): string
}

export interface BeginOptions {
  /** null: the test writes it, and ends it. */
  readonly input?: string | Buffer | null
  /** A program in front, which is handed podwire's own path and arguments. */
  readonly through?: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Home extends AsyncDisposable {
  readonly folder: string
  /** Writes a file that podwire can read, and gives its path. */
  write(name: string, content: string): string
  begin(argv: readonly string[], options?: BeginOptions): Begun
  podwire(argv: readonly string[], options?: BeginOptions): Promise<Ended>
}

export function makeHome({user}: Runner): Home {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-test-'))
  const labs = join(folder, 'labs')
  mkdirSync(labs, {mode: 0o700})
  if (user) for (const path of [folder, labs]) chownSync(path, user.uid, user.gid)
  chmodSync(folder, 0o755)
  const isRoot = process.getuid?.() === 0 && !user

  function begin(argv: readonly string[], {input = '', through = [], cwd = folder, env = {}}: BeginOptions = {}): Begun {
    if (isRoot) mkdirSync(KEPT, {recursive: true, mode: 0o700})
    const alone = isRoot
      ? ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `mount --bind "$0" ${KEPT} && exec "$@"`, labs]
      : []
    const [file = '', ...rest] = [...alone, ...through, PODWIRE, ...argv]
    const child = spawn(file, rest, {
      cwd,
      env: {PATH, HOME: folder, XDG_RUNTIME_DIR: folder, LANG: 'C.UTF-8', ...engineEnvironment(), ...env},
      ...user,
    })
    child.stdin.on('error', () => undefined) // podwire may end before it reads
    if (input !== null) child.stdin.end(input)
    const limit = setTimeout(() => child.kill('SIGKILL'), HANG_LIMIT)
    const ended = Promise.all([
      buffer(child.stdout),
      text(child.stderr),
      new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        child.once('error', reject)
        child.once('exit', (code, signal) => resolve([code, signal]))
      }),
    ]).then(([bytes, stderr, [code, signal]]) => {
      clearTimeout(limit)
      return {code, signal, stdout: bytes.toString(), bytes, stderr}
    })
    let screen = ''
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString()
    })
    const over = ended.then(() => true)
    return {
      pid: child.pid ?? 0,
      process: child,
      ended,
      text: () => screen,
      async shown(words) {
        while (!words.test(screen)) if (await Promise.race([over, once(child.stdout, 'data').then(() => false)])) return
      },
    }
  }

  const podwire = (argv: readonly string[], options?: BeginOptions) => begin(argv, options).ended
  return {
    folder,
    write(name, content) {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    },
    begin,
    podwire,
    async [Symbol.asyncDispose]() {
      if (readdirSync(labs).length > 0 || existsSync(join(folder, 'podwire'))) await podwire(['down', '--all'])
      rmSync(folder, {recursive: true, force: true})
    },
  }
}

function engineEnvironment(): Record<string, string> {
  return process.env.DOCKER_HOST === undefined ? {} : {DOCKER_HOST: process.env.DOCKER_HOST}
}
