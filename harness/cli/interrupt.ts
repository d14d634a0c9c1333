// Ctrl-C, SIGTERM and a closed terminal: what runs is disposed first, then podwire ends with 130. A second signal does
// not wait. SIGKILL needs nothing of this: what holds a lab ends with podwire.
import {EXIT} from './exit.ts'

const held = new Set<AsyncDisposable>()
let interrupted = false

/** Has `thing` disposed when podwire is interrupted. Call `release` once it is disposed in the ordinary way. */
export function hold(thing: AsyncDisposable): {release(): void} {
  held.add(thing)
  return {release: () => void held.delete(thing)}
}

export function watchInterrupts(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interrupted) process.exit(EXIT.interrupted)
      interrupted = true
      void Promise.allSettled([...held].map((thing) => thing[Symbol.asyncDispose]())).then(() => process.exit(EXIT.interrupted))
    })
  }
  // The reader of a pipe went away (podwire run | head): nobody is left to tell.
  process.stdout.on('error', () => {
    interrupted = true
    void Promise.allSettled([...held].map((thing) => thing[Symbol.asyncDispose]())).then(() => process.exit(EXIT.interrupted))
  })
}

/** True once a signal came: what fails from then on fails because of it and is not worth telling. */
export function isInterrupted(): boolean {
  return interrupted
}
