// Who reaches whom: the square, what it is filtered by, and the same as a list for whoever sees no square.
import {PROTOCOLS} from '../../model.ts'
import {countsOf, type Layer, MARKS, type Mark, WORDS} from '../matrix.ts'
import {END, type Filters, type Store} from '../store.ts'
import {Part} from './common.tsx'
import {LargeMatrix} from './large-matrix.tsx'
import {PairList} from './pair-list.tsx'
import {Sign} from './sign.tsx'
import {SmallMatrix} from './small-matrix.tsx'

/** Places whose pairs are buttons of a table; more are drawn. */
const MOST_IN_TABLE = 24

export function MatrixPart({store}: {readonly store: Store}) {
  const {matrix, moment} = store
  const {value} = matrix
  if (!value || value.places.length < 2)
    return (
      <Part id="matrix" title="Who reaches whom">
        <p class="dim">
          {value || store.places.value.length < 2 ? 'There are no two places, and so no pairs.' : 'Nobody was asked at this stage.'}
        </p>
      </Part>
    )
  const when = moment.value === END ? 'small packets and full MTU' : 'all protocols at once, in small packets'
  return (
    <Part id="matrix" title="Who reaches whom" aside={<FilterBar store={store} />}>
      {value.places.length <= MOST_IN_TABLE ? <SmallMatrix store={store} matrix={value} /> : <LargeMatrix store={store} matrix={value} />}
      <p class="legend dim">
        {MARKS.filter((mark) => mark !== 'none').map((mark) => (
          <span key={mark} class={`key ${mark}`}>
            <Sign mark={mark} /> {WORDS[mark]}
          </span>
        ))}
        <span>
          {value.layers.length > 1 && !value.layers.includes(store.filters.value.layer) ? `each cell: ${value.layers.join(', ')}; ` : ''}
          {when}
        </span>
      </p>
      <PairList store={store} matrix={value} />
    </Part>
  )
}

function FilterBar({store}: {readonly store: Store}) {
  const {filters, matrix} = store
  const set = (change: Partial<Filters>) => {
    filters.value = {...filters.value, ...change}
  }
  const {layer, verdict, text} = filters.value
  const counts = matrix.value && countsOf(matrix.value, layer)
  const {layers = []} = matrix.value ?? {}
  const choices: readonly Layer[] = layers.length > 1 ? layers : PROTOCOLS
  const of = (...marks: readonly Mark[]) => marks.reduce((sum, mark) => sum + (counts?.[mark] ?? 0), 0)
  return (
    <div class="filters">
      <label>
        {choices.includes('icmp') ? 'protocol' : 'family'}{' '}
        <select
          value={choices.includes(layer) ? layer : 'all'}
          disabled={layers.length < 2}
          onChange={({currentTarget}) => set({layer: currentTarget.value as Layer})}
        >
          {(['all', ...choices] as const).map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <label>
        verdict{' '}
        <select value={verdict} onChange={({currentTarget}) => set({verdict: currentTarget.value as Filters['verdict']})}>
          <option value="all">all ({of('pass', 'small', 'nat', 'unknown', 'fail')})</option>
          <option value="pass">pass ({of('pass')})</option>
          <option value="fail">fail ({of('fail', 'small', 'nat')})</option>
          <option value="unknown">unknown ({of('unknown')})</option>
        </select>
      </label>
      <label>
        place{' '}
        <input
          type="search"
          size={10}
          placeholder="pod1 node2"
          value={text}
          onInput={({currentTarget}) => set({text: currentTarget.value})}
        />
      </label>
    </div>
  )
}
