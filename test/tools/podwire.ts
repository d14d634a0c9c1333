// podwire as a person calls it, and programs of ours as a person who has no rights at all.
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {text} from 'node:stream/consumers'
import {fileURLToPath} from 'node:url'

const PODWIRE = fileURLToPath(new URL('../../harness/cli/podwire', import.meta.url))
const HANG_LIMIT = 100_000

/** nobody, where root runs the tests; otherwise whoever runs them. */
export const NOBODY: {readonly uid: number; readonly gid: number} | undefined =
  process.getuid?.() === 0 ? {uid: 65534, gid: 65534} : undefined

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs podwire without any rights and waits for its end.
 * @param redirection as a shell has it: >/dev/full
 */
export function podwireAsNobody(args: readonly string[], env: Readonly<Record<string, string>> = {}, redirection = ''): Promise<Ended> {
  return ended(
    spawn('sh', ['-c', `exec "$0" "$@" ${redirection}`, PODWIRE, ...args], {
      ...NOBODY,
      cwd: '/',
      env: {PATH: process.env.PATH, ...env},
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: HANG_LIMIT,
    }),
  )
}

/** Runs a module's text without any rights and waits for its end. */
export function moduleAsNobody(source: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const argv = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', source]
  return ended(
    spawn(process.execPath, argv, {
      ...NOBODY,
      cwd: '/',
      env: {PATH: process.env.PATH, ...env},
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: HANG_LIMIT,
    }),
  )
}

async function ended(child: ChildProcess): Promise<Ended> {
  const {stdout, stderr} = child
  if (!stdout || !stderr) throw new Error('a process without pipes')
  const [out, err, [code]] = await Promise.all([text(stdout), text(stderr), once(child, 'close')])
  return {code: code as number | null, stdout: out, stderr: err}
}
