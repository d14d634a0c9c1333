// What a terminal shows below the lines that ran: the stages that have run, that run and that will, and the probes, with
// counts. It is taken away when the run is over; what was written above stays.
import {createLogUpdate} from 'log-update'
import type {Stage} from '../model.ts'
import {milliseconds} from '../report/duration.ts'
import type {Paint} from '../report/text.ts'
import {visibleLine} from '../report/visible.ts'
import {hold} from './interrupt.ts'
import type {Screen} from './terminal.ts'

export interface Live {
  /** A line that stays, above. */
  write(text: string): void
  stage(number: number): void
  /** A line of the stage has ended. */
  line(): void
  probed(done: number, total: number): void
  end(): void
}

export interface Moment {
  readonly stages: readonly Pick<Stage, 'title' | 'steps'>[]
  /** The stage that runs, 1-based; 0 before the first. */
  readonly current: number
  /** Lines of it that have ended. */
  readonly lines: number
  readonly probes?: {readonly done: number; readonly total: number}
  /** Milliseconds since the run began. */
  readonly elapsed: number
}

/** Stages that are shown at once, where the screen has room. */
const MOST = 8
/** Rows that are left for what stays above. */
const ROOM = 4
export const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const EVERY = 80

/** A terminal, and not one that can only write on. */
export function isDrawnOn({stream}: Screen): boolean {
  return stream.isTTY && process.env.TERM !== 'dumb'
}

/** Undefined where the screen is no terminal, or one that can only write on (terminfo(5), `dumb`). */
export function liveOn(screen: Screen, stages: Moment['stages']): Live | undefined {
  const {stream, paint} = screen
  if (!isDrawnOn(screen)) return undefined
  // The cursor stays: nothing then has to bring it back, however podwire ends.
  const region = createLogUpdate(stream, {showCursor: true})
  const begun = performance.now()
  let moment: Moment = {stages, current: 0, lines: 0, elapsed: 0}
  let over = false
  const draw = () => {
    if (over || (moment.current === 0 && !moment.probes)) return
    moment = {...moment, elapsed: performance.now() - begun}
    region(liveLines(moment, {columns: stream.columns || 80, rows: stream.rows || 24, paint}).join('\n'))
  }
  const timer = setInterval(draw, EVERY).unref()
  const end = () => {
    if (over) return
    over = true
    clearInterval(timer)
    region.clear()
    held.release()
  }
  const held = hold({[Symbol.asyncDispose]: async () => end()})
  return {
    write(text) {
      // Not by the region: it would break lines where the screen ends, and they are to be copied.
      if (!over) region.clear()
      screen.write(text)
      draw()
    },
    stage(number) {
      moment = {...moment, current: number, lines: 0}
      draw()
    },
    line() {
      moment = {...moment, lines: moment.lines + 1}
    },
    probed(done, total) {
      const first = !moment.probes
      moment = {...moment, current: stages.length + 1, probes: {done, total}}
      // They may all be over before the next drawing is due.
      if (first) draw()
    },
    end,
  }
}

interface Room {
  readonly columns: number
  readonly rows: number
  readonly paint: Paint
}

/** No line is wider than the screen, and all of them lower than it. */
export function liveLines({stages, current, lines, probes, elapsed}: Moment, {columns, rows, paint}: Room): string[] {
  const frame = FRAMES[Math.floor(elapsed / EVERY) % FRAMES.length] ?? ''
  const items = [
    ...stages.map(({title, steps}, index): [state: number, text: string] => {
      const number = index + 1
      const count = `: ${number === current ? `${lines} of ` : ''}${steps.length} ${steps.length === 1 ? 'line' : 'lines'}`
      // A long title is shortened, not its count.
      return [Math.sign(number - current), cut(`${number}. ${visibleLine(title)}`, columns - 2 - count.length) + count]
    }),
    [current > stages.length ? 0 : 1, probes ? `probes: ${probes.done} of ${probes.total} exchanges` : 'probes'] as const,
  ]
  const most = Math.max(1, Math.min(MOST, rows - ROOM))
  const at = Math.max(
    0,
    items.findIndex(([state]) => state === 0),
  )
  const first = Math.max(0, Math.min(at - 1, items.length - most))
  const shown = items.slice(first, first + most)
  const left = items.length - first - shown.length
  return [
    '',
    ...shown.map(([state, text]) => {
      const line = cut(`${state < 0 ? '✓' : state > 0 ? ' ' : frame} ${text}`, columns)
      return state < 0 ? paint('green', line) : state > 0 ? paint('dim', line) : paint('bold', line)
    }),
    paint('dim', cut(`${left > 0 ? `and ${left} more, ` : ''}${milliseconds(elapsed)}`, columns)),
  ]
}

/** The last column stays free: a terminal may go to the next row once it is filled. */
function cut(text: string, columns: number): string {
  const characters = [...text]
  if (columns < 2) return ''
  return characters.length < columns ? text : `${characters.slice(0, columns - 2).join('')}…`
}
