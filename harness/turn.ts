// Work that one process at a time may do, whichever podwire it is of.
import {spawn} from 'node:child_process'
import {once} from 'node:events'

/**
 * Waits until nobody else works under this folder's lock, then works. The lock is flock(1)'s, on the folder itself, and is
 * held by a process on a pipe of ours: however podwire ends, the kernel opens it again.
 */
export async function inTurn<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', [folder, 'sh', '-c', 'echo held; exec cat'], {stdio: ['pipe', 'pipe', 'ignore']})
  const closed = once(holder, 'close').catch(() => undefined) // without flock(1) there are no turns, and the work is done all the same
  await Promise.race([once(holder.stdout, 'data'), closed])
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await closed
  }
}
