// For what another process brings about in its own time: asked again and again, up to a limit that only a hang meets.
import {setTimeout as sleep} from 'node:timers/promises'

/** The first value that `enough` accepts, or the last one there was. */
export async function eventually<T>(value: () => T | Promise<T>, enough: (value: T) => boolean, limit = 60_000): Promise<T> {
  const until = performance.now() + limit
  while (true) {
    const found = await value()
    if (enough(found) || performance.now() > until) return found
    await sleep(20)
  }
}
