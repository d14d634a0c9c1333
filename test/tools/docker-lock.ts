// One 192.168.1.0/24 network at a time fits on an engine, so tests that start labs there take turns, across processes and
// checkouts. The lock is flock(1)'s, held by a process on a pipe of ours: however a test ends, the kernel opens it again.
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** Waits for its turn. The caller says `t.timeout()` first: a turn can take as long as another test file. */
export async function dockerLock(): Promise<AsyncDisposable> {
  return lockNamed('podwire-docker-tests')
}

/** As dockerLock, for something else that only one test at a time can have. */
export async function lockNamed(name: string): Promise<AsyncDisposable> {
  const path = join(tmpdir(), `${name}-${process.getuid?.()}.lock`)
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; exec cat'], {stdio: ['pipe', 'pipe', 'inherit']})
  const closed = once(holder, 'close')
  const [held] = await Promise.race([once(holder.stdout, 'data'), closed])
  if (!Buffer.isBuffer(held)) throw new Error(`flock ended without ${path}`)
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end()
      await closed
    },
  }
}
