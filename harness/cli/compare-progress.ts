// What a terminal shows while networks are compared, below the lines of those that are done: which one is measured, what of it,
// and for how long already.
import {createLogUpdate} from 'log-update'
import {FRAMES, isDrawnOn} from './live.ts'
import type {Screen} from './terminal.ts'

export interface Progress {
  /** A line that stays. */
  write(text: string): void
  /** What is under way. */
  follow(what: string): void
  end(): void
}

const EVERY = 80

/** Lines alone where the screen is no terminal. */
export function progressOn(screen: Screen): Progress {
  if (!isDrawnOn(screen)) return {write: screen.write, follow: () => undefined, end: () => undefined}
  const {stream, paint} = screen
  const region = createLogUpdate(stream, {showCursor: true})
  const begun = performance.now()
  let now = ''
  const draw = () => {
    const elapsed = performance.now() - begun
    const frame = FRAMES[Math.floor(elapsed / EVERY) % FRAMES.length] ?? ''
    if (now !== '') region(paint('bold', `${frame} ${now}, ${(elapsed / 1000).toFixed(0)} s`.slice(0, (stream.columns || 80) - 1)))
  }
  const timer = setInterval(draw, EVERY).unref()
  return {
    write(text) {
      region.clear()
      screen.write(text)
      draw()
    },
    follow(what) {
      now = what
      draw()
    },
    end() {
      clearInterval(timer)
      now = ''
      region.clear()
    },
  }
}
