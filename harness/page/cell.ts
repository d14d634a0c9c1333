// What a cell of the square says: its marks, and in words with what turned. Pure.
import {rowName} from '../checks/matrix.ts'
import {type Layer, type Mark, type Matrix, WORDS} from './matrix.ts'
import {END, type Store} from './store.ts'

type Turn = 'gained' | 'lost'

const SINCE: Readonly<Record<Turn, string>> = {gained: ', since this stage', lost: ', no more since this stage'}
const THEN: Readonly<Record<Turn, string>> = {gained: 'did not reach', lost: 'reached'}

export function marksOf({filters}: Store, matrix: Matrix, from: number, to: number): {readonly layer: Layer; readonly mark: Mark}[] {
  const {layer} = filters.value
  const layers = matrix.layers.includes(layer) ? [layer] : matrix.layers
  return layers.map((each) => ({layer: each, mark: matrix.mark(from, to, each)}))
}

/** `icmp reaches, tcp does not reach`, `IPv4 reaches, since this stage; IPv6 does not reach`, `reaches; did not reach after stage 8` */
export function wordsOf(store: Store, matrix: Matrix, from: number, to: number): string {
  const [a = '', b = ''] = [matrix.places[from], matrix.places[to]]
  const isEnd = store.moment.value === END
  const told = marksOf(store, matrix, from, to).map(({layer, mark}) => {
    const turn = isEnd ? undefined : turnIn(store, a, b, layer)
    return {layer, words: `${WORDS[mark]}${turn ? SINCE[turn] : ''}`}
  })
  const same = new Set(told.map(({words}) => words)).size <= 1
  const words = same ? (told[0]?.words ?? WORDS.none) : told.map(({layer, words}) => `${layer} ${words}`).join(isEnd ? ', ' : '; ')
  return `${words}${isEnd ? endWords(store, a, b) : ''}`
}

/** What a cell is framed by: that a pair is lost in one family weighs more than that it is gained in the other. */
export function turnOf(store: Store, from: string, to: string): Turn | 'stayed' {
  const turns = (['IPv4', 'IPv6'] as const).map((family) => turnIn(store, from, to, family))
  return turns.includes('lost') ? 'lost' : turns.includes('gained') ? 'gained' : 'stayed'
}

function turnIn({turned}: Store, from: string, to: string, layer: Layer): Turn | undefined {
  return turned.value.get(rowName({from, to, family: layer === 'IPv6' ? 6 : 4}))
}

/** `; did not reach by IPv6 after stage 8` */
function endWords(store: Store, from: string, to: string): string {
  const {layers = []} = store.end.value?.small ?? {}
  return layers
    .flatMap((family) => {
      const turn = turnIn(store, from, to, family)
      return turn ? [`; ${THEN[turn]}${layers.length > 1 ? ` by ${family}` : ''} after stage ${store.lastStage.value?.stage}`] : []
    })
    .join('')
}
