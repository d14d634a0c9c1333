// What becomes of podwire when its own output cannot be written.
import {EXIT} from './exit.ts'
import {giveUp, isInterrupted, passBrokenPipe} from './interrupt.ts'
import {complain} from './terminal.ts'

export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isInterrupted() || passBrokenPipe()) return
    // The reader of a pipe went away (podwire run | head): nobody is left to tell.
    if (error.code === 'EPIPE') return giveUp(EXIT.interrupted)
    complain(`error[output]: standard output cannot be written: ${error.message}\n   = help: make room there, or send it elsewhere`)
    giveUp(EXIT.cannotRun)
  })
  // Words that nobody can read change nothing.
  process.stderr.on('error', () => undefined)
}

/** Ends podwire once its output is written. Where it cannot be, the above ends it, which hears of it a moment later. */
export function endWith(code: number): void {
  const end = () => setImmediate(() => isInterrupted() || process.exit(code))
  written(process.stdout, () => written(process.stderr, end))
}

/** Not even nothing is written where nothing waits: a full device refuses that too. */
function written(stream: NodeJS.WriteStream, then: () => void): void {
  if (stream.writableLength === 0) then()
  else stream.write('', then)
}
