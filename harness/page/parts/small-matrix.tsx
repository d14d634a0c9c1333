// The square as a table of buttons. One of them is reached by Tab, the others from there by the arrow keys.
import {useRef} from 'preact/hooks'
import {marksOf, turnOf, wordsOf} from '../cell.ts'
import {passes} from '../filter.ts'
import {type Matrix, shadeOf} from '../matrix.ts'
import type {Store} from '../store.ts'
import {Sign} from './sign.tsx'

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
}

export function SmallMatrix({store, matrix}: {readonly store: Store; readonly matrix: Matrix}) {
  const grid = useRef<HTMLTableElement>(null)
  const {pair, filters} = store
  const {places} = matrix
  const allowed = passes(matrix, filters.value)
  const at = pair.value ?? {from: places[0] ?? '', to: places[1] ?? ''}
  const move = (event: KeyboardEvent, from: number, to: number) => {
    const step = STEPS[event.key]
    if (!step) return
    event.preventDefault()
    let [row, column] = [from + step[0], to + step[1]]
    // Nobody asks himself.
    if (row === column) [row, column] = [row + step[0], column + step[1]]
    grid.current?.querySelector<HTMLButtonElement>(`[data-cell="${row} ${column}"]`)?.focus()
  }
  return (
    <div class="wide">
      <table class="matrix" ref={grid} aria-label="Who reaches whom">
        <thead>
          <tr>
            <th scope="col" class="corner">
              from \ to
            </th>
            {places.map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {places.map((from, row) => (
            <tr key={from}>
              <th scope="row">{from}</th>
              {places.map((to, column) => (
                <td key={to}>
                  {from === to ? (
                    <span class="self">–</span>
                  ) : (
                    <button
                      type="button"
                      data-cell={`${row} ${column}`}
                      class={`cell ${shadeOf(matrix, row, column, filters.value.layer)} ${turnOf(store, from, to)}${allowed(row, column) ? '' : ' faded'}`}
                      tabIndex={at.from === from && at.to === to ? 0 : -1}
                      aria-label={`${from} to ${to}: ${wordsOf(store, matrix, row, column)}`}
                      aria-pressed={pair.value?.from === from && pair.value.to === to}
                      onClick={() => store.choose(from, to)}
                      onKeyDown={(event) => move(event, row, column)}
                    >
                      {marksOf(store, matrix, row, column).map(({layer, mark}) => (
                        <Sign key={layer} mark={mark} />
                      ))}
                    </button>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
