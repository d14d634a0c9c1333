// The pairs that the filters let pass, as text: for screen readers, and for whoever looks for one of many.
import {useState} from 'preact/hooks'
import {marksOf, wordsOf} from '../cell.ts'
import {passes} from '../filter.ts'
import type {Matrix} from '../matrix.ts'
import type {Store} from '../store.ts'
import {counted} from '../words.ts'
import {Sign} from './sign.tsx'

const PAGE = 100

export function PairList({store, matrix}: {readonly store: Store; readonly matrix: Matrix}) {
  const [open, setOpen] = useState(false)
  const [most, setMost] = useState(PAGE)
  const {filters} = store
  const isFiltered = filters.value.verdict !== 'all' || filters.value.text.trim() !== ''
  const found = foundIn(store, matrix, most)
  return (
    <details class="pair-list" open={open || isFiltered} onToggle={({currentTarget}) => setOpen(currentTarget.open)}>
      <summary>
        {counted(found.count, 'pair')} {isFiltered ? 'found' : 'as a list'}
      </summary>
      {(open || isFiltered) && (
        <ul>
          {found.first.map(([from, to]) => (
            <li key={`${from} ${to}`}>
              <button type="button" class="chip" onClick={() => store.choose(matrix.places[from] ?? '', matrix.places[to] ?? '')}>
                {matrix.places[from]} → {matrix.places[to]}{' '}
                {marksOf(store, matrix, from, to).map(({layer, mark}) => (
                  <Sign key={layer} mark={mark} />
                ))}
                <span class="unseen">{wordsOf(store, matrix, from, to)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {found.count > most && (
        <button type="button" onClick={() => setMost(most + PAGE)}>
          show {Math.min(PAGE, found.count - most)} more
        </button>
      )}
    </details>
  )
}

function foundIn({filters}: Store, matrix: Matrix, most: number) {
  const allowed = passes(matrix, filters.value)
  const first: [number, number][] = []
  let count = 0
  for (let from = 0; from < matrix.places.length; from++)
    for (let to = 0; to < matrix.places.length; to++) {
      if (!allowed(from, to)) continue
      if (count < most) first.push([from, to])
      count++
    }
  return {first, count}
}
