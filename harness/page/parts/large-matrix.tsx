// The square of many places: drawn, since 40,000 buttons would take seconds. The arrow keys move a cursor over it, Enter chooses,
// and where it stands is said; colours have a shape each, and the list below holds the same pairs as text.
import {useEffect, useRef, useState} from 'preact/hooks'
import {wordsOf} from '../cell.ts'
import {passes} from '../filter.ts'
import {type Mark, type Matrix, shadeOf} from '../matrix.ts'
import type {Store} from '../store.ts'

/** Pixels of the square's edge, at most, and of a cell, at least. */
const EDGE = 640
const LEAST = 3

interface Cell {
  readonly from: number
  readonly to: number
}

export function LargeMatrix({store, matrix}: {readonly store: Store; readonly matrix: Matrix}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [cursor, setCursor] = useState<Cell>({from: 0, to: 1})
  const [theme, setTheme] = useState(0)
  const {pair, filters} = store
  const {places} = matrix
  const chosen: Cell | undefined = pair.value && {from: places.indexOf(pair.value.from), to: places.indexOf(pair.value.to)}
  const cell = Math.max(LEAST, Math.floor(EDGE / places.length))
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const change = () => setTheme((count) => count + 1)
    dark.addEventListener('change', change)
    return () => dark.removeEventListener('change', change)
  }, [])
  useEffect(() => {
    if (chosen && chosen.from >= 0 && chosen.to >= 0) setCursor(chosen)
  }, [pair.value])
  useEffect(() => {
    if (canvas.current) draw(canvas.current, matrix, {filters: filters.value, cursor, chosen, cell})
  }, [matrix, filters.value, cursor, pair.value, cell, theme])
  const choose = ({from, to}: Cell) => {
    const [a, b] = [places[from], places[to]]
    if (a !== undefined && b !== undefined && from !== to) store.choose(a, b)
  }
  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key]
    if (event.key === 'Enter' || event.key === ' ') choose(cursor)
    else if (step) setCursor(moved(cursor, step, event.shiftKey ? 10 : 1, places.length))
    else return
    event.preventDefault()
  }
  const under = (event: MouseEvent): Cell => {
    const {left, top, width} = (event.currentTarget as HTMLElement).getBoundingClientRect()
    const at = (offset: number) => Math.min(places.length - 1, Math.max(0, Math.floor((offset / width) * places.length)))
    return {from: at(event.clientY - top), to: at(event.clientX - left)}
  }
  const words = cursor.from === cursor.to ? 'itself' : wordsOf(store, matrix, cursor.from, cursor.to)
  return (
    <div class="large">
      <div class="wide">
        <div
          class="large-matrix"
          role="application"
          aria-label={`${places.length} places to one another: arrow keys move (Shift: by ten), Enter chooses`}
          aria-describedby="matrix-cursor"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: an application is interactive
          tabIndex={0}
          onKeyDown={move}
        >
          <canvas
            ref={canvas}
            onClick={(event) => {
              setCursor(under(event))
              choose(under(event))
            }}
            onPointerMove={(event) => setCursor(under(event))}
          />
        </div>
      </div>
      <p id="matrix-cursor" class="cursor" aria-live="polite">
        <b>
          {places[cursor.from]} → {places[cursor.to]}
        </b>{' '}
        {words}
      </p>
    </div>
  )
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
}

function moved({from, to}: Cell, [down, right]: readonly [number, number], by: number, size: number): Cell {
  const within = (value: number) => Math.min(size - 1, Math.max(0, value))
  return {from: within(from + down * by), to: within(to + right * by)}
}

type Shade = Mark | 'partly'

interface Drawing {
  readonly filters: Store['filters']['value']
  readonly cursor: Cell
  readonly chosen: Cell | undefined
  readonly cell: number
}

function draw(canvas: HTMLCanvasElement, matrix: Matrix, {filters, cursor, chosen, cell}: Drawing): void {
  const size = matrix.places.length
  const context = canvas.getContext('2d')
  if (!context) return
  const scale = devicePixelRatio
  canvas.width = canvas.height = size * cell * scale
  canvas.style.inlineSize = `${size * cell}px`
  context.scale(scale, scale)
  // What a property comes to in light or dark only a colour tells.
  const colour = (name: string) => {
    canvas.style.color = `var(--${name})`
    return getComputedStyle(canvas).color
  }
  const colours: Readonly<Record<Shade, string>> = {
    none: colour('cell-none'),
    pass: colour('cell-pass'),
    small: colour('cell-small'),
    nat: colour('cell-small'),
    unknown: colour('cell-unknown'),
    partly: colour('cell-small'),
    fail: colour('cell-fail'),
  }
  const faded = colour('cell-faded')
  const ink = colour('cell-ink')
  const allowed = passes(matrix, filters)
  const at = new Map<string, Cell[]>()
  const strokes: (Cell & {readonly mark: Shade})[] = []
  for (let from = 0; from < size; from++) {
    for (let to = 0; to < size; to++) {
      if (from === to) continue
      const mark = shadeOf(matrix, from, to, filters.layer)
      const shown = allowed(from, to)
      const name = shown ? colours[mark] : faded
      const known = at.get(name)
      if (known) known.push({from, to})
      else at.set(name, [{from, to}])
      if (shown && mark !== 'pass' && mark !== 'none') strokes.push({from, to, mark})
    }
  }
  // A colour is set once: to set it takes longer than to fill a cell.
  const filled = cell - (cell > 4 ? 1 : 0)
  for (const [name, cells] of at) {
    context.fillStyle = name
    for (const {from, to} of cells) context.fillRect(to * cell, from * cell, filled, filled)
  }
  // A shape for whoever sees no colour: a stroke through what fails, half a one of what fails in one family, a point in what
  // is unknown, an edge of what is small, two of what is translated.
  context.fillStyle = ink
  for (const {from, to, mark} of strokes) {
    const [x, y] = [to * cell, from * cell]
    if (mark === 'fail') context.fillRect(x, y + (cell >> 1), cell - 1, 1)
    else if (mark === 'partly') context.fillRect(x, y + (cell >> 1), cell >> 1, 1)
    else if (mark === 'unknown') context.fillRect(x + (cell >> 1), y + (cell >> 1), 1, 1)
    else context.fillRect(x, y, 1, cell - 1)
    if (mark === 'nat') context.fillRect(x, y, cell - 1, 1)
  }
  const ring = (at: Cell | undefined, name: string, width: number) => {
    if (!at) return
    context.strokeStyle = colour(name)
    context.lineWidth = width
    context.strokeRect(at.to * cell - 1, at.from * cell - 1, cell + 1, cell + 1)
  }
  ring(cursor, 'ink', 1)
  ring(chosen, 'accent', 2)
}
