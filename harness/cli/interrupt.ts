// Ctrl-C, SIGTERM and a closed terminal: what runs is disposed first, then podwire ends with 130. A second signal does
// not wait. SIGKILL needs nothing of this: what holds a lab ends with podwire.
import type {CommandStream} from '../driver.ts'
import {EXIT} from './exit.ts'

const held = new Set<AsyncDisposable>()
let interrupted = false
let foreground: Pick<CommandStream, 'kill'> | undefined
let passed = 0
let atPrompt: (() => void) | undefined

/** Has `thing` disposed when podwire is interrupted. Call `release` once it is disposed in the ordinary way. */
export function hold(thing: AsyncDisposable): {release(): void} {
  held.add(thing)
  return {release: () => void held.delete(thing)}
}

/** From now on signals are the command's: podwire waits for its end. A second one kills it, a third no longer waits. */
export function passSignalsTo(command: Pick<CommandStream, 'kill'>): void {
  foreground = command
  process.on('SIGQUIT', pass)
}

/** The command has ended, and podwire goes on: signals are its own again. */
export function takeSignalsBack(): void {
  foreground = undefined
  passed = 0
  process.off('SIGQUIT', pass)
}

/**
 * Ctrl-C never ends a prompt, only what runs at it: also not where it comes twice, by the terminal and by npx or timeout,
 * who hand it on.
 */
export function stayAtPrompt(interrupt: () => void): void {
  atPrompt = interrupt
}

function pass(signal: NodeJS.Signals): void {
  passed++
  if (passed > 2) process.exit(EXIT.interrupted)
  foreground?.kill(passed === 1 ? signal : 'SIGKILL')
}

/** What podwire writes for the command can no longer be written: the command is told as if it wrote itself. False where there is none. */
export function passBrokenPipe(): boolean {
  foreground?.kill('SIGPIPE')
  return foreground !== undefined
}

export function watchInterrupts(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (foreground) pass(signal)
      else if (atPrompt && signal === 'SIGINT') atPrompt()
      else if (interrupted) process.exit(EXIT.interrupted)
      else giveUp(EXIT.interrupted)
    })
  }
}

/** Disposes what runs, and ends. */
export function giveUp(code: number): void {
  interrupted = true
  void Promise.allSettled([...held].map((thing) => thing[Symbol.asyncDispose]())).then(() => process.exit(code))
}

/** True once podwire is on its way out: what fails from then on fails because of it and is not worth telling. */
export function isInterrupted(): boolean {
  return interrupted
}
