// Labs under docker take turns: an engine has one 192.168.1.0/24.
import {dockerLock} from '../../tools/docker-lock.ts'
import type {Runner} from './runners.ts'

/** Waits for the engine where the runner needs one; the others need no turn. Dispose to let the next one in. */
export async function engineTurn({driver}: Runner): Promise<AsyncDisposable> {
  if (driver === 'docker') return dockerLock()
  return {[Symbol.asyncDispose]: async () => undefined}
}
