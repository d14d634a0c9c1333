// The square as a table of buttons. One of them is reached by Tab, the others from there by the arrow keys.
import {useEffect, useRef, useState} from 'preact/hooks'
import {passes} from '../filter.ts'
import {type Matrix, WORDS} from '../matrix.ts'
import type {Store} from '../store.ts'
import {Sign} from './sign.tsx'

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
}

const TURNS = {gained: ', since this stage', lost: ', no more since this stage', stayed: ''} as const

export function SmallMatrix({store, matrix}: {readonly store: Store; readonly matrix: Matrix}) {
  const grid = useRef<HTMLTableElement>(null)
  const {pair, filters} = store
  const {places} = matrix
  const allowed = passes(matrix, filters.value)
  // The one that Tab comes to: where the keys were last, or the chosen pair, which may have a host in it that is not in the square.
  const [last, setLast] = useState<readonly [number, number]>()
  useEffect(() => setLast(undefined), [pair.value])
  const isCell = ([row, column]: readonly [number, number]) =>
    row !== column && [row, column].every((each) => each >= 0 && each < places.length)
  const chosen = [places.indexOf(pair.value?.from ?? ''), places.indexOf(pair.value?.to ?? '')] as const
  const [atRow, atColumn] = [last, chosen].find((each) => each && isCell(each)) ?? [0, 1]
  const turn = (from: string, to: string) => store.turned.value.get(`${from} -> ${to}`) ?? 'stayed'
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
                      class={`cell ${matrix.mark(row, column, filters.value.layer)} ${turn(from, to)}${allowed(row, column) ? '' : ' faded'}`}
                      tabIndex={row === atRow && column === atColumn ? 0 : -1}
                      aria-label={`${from} to ${to}: ${wordsOf(store, matrix, row, column)}${TURNS[turn(from, to)]}`}
                      aria-pressed={pair.value?.from === from && pair.value.to === to}
                      onClick={() => store.choose(from, to)}
                      onFocus={() => setLast([row, column])}
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

export function marksOf({filters}: Store, matrix: Matrix, from: number, to: number) {
  const {layer} = filters.value
  const layers = layer === 'all' ? matrix.layers : [layer]
  return layers.map((each) => ({layer: each, mark: matrix.mark(from, to, each)}))
}

/** `icmp reaches, tcp does not reach` */
export function wordsOf(store: Store, matrix: Matrix, from: number, to: number): string {
  const marks = marksOf(store, matrix, from, to)
  if (new Set(marks.map(({mark}) => mark)).size === 1) return WORDS[marks[0]?.mark ?? 'none']
  return marks.map(({layer, mark}) => `${layer} ${WORDS[mark]}`).join(', ')
}
