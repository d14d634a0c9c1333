// What can be asked of a pair while its lab runs, and beside it what the last asking came to: also where nothing is wrong.
import {useState} from 'preact/hooks'
import type {Live} from '../live-controls.ts'
import type {Store} from '../store.ts'
import {counted} from '../words.ts'

interface LiveButtonsProps {
  readonly store: Store
  readonly live: Live
  readonly from: string
  readonly to: string
}

export function LiveButtons({store, live: {probe, diagnose, shell}, from, to}: LiveButtonsProps) {
  const [busy, setBusy] = useState(false)
  const [said, setSaid] = useState('')
  if (!probe && !diagnose && !shell) return null
  const ask = async (what: (from: string, to: string) => Promise<string | undefined>, found: () => string) => {
    setBusy(true)
    setSaid('')
    const mistake = await what(from, to)
    setBusy(false)
    setSaid(mistake ?? `${found()} (${new Date().toTimeString().slice(0, 8)})`)
  }
  return (
    <p class="filters">
      {probe && (
        <button type="button" disabled={busy} onClick={() => void ask(probe, () => probedWords(store))}>
          probe now
        </button>
      )}
      {diagnose && (
        <button type="button" disabled={busy} onClick={() => void ask(diagnose, () => diagnosedWords(store, from, to))}>
          diagnose
        </button>
      )}
      {shell &&
        [from, to].map((place) => (
          <button key={place} type="button" onClick={() => shell(place)}>
            shell at {place}
          </button>
        ))}
      <output class="dim">{busy ? 'being asked …' : said}</output>
    </p>
  )
}

/** Of every protocol and size, there and back. */
function probedWords({probes}: Store): string {
  const answered = probes.value.filter((probe) => probe.answered === true).length
  return `${answered} of ${counted(probes.value.length, 'probe')} answered`
}

function diagnosedWords({result}: Store, from: string, to: string): string {
  const ways = [`${from} -> ${to}`, `${to} -> ${from}`]
  const {length} = result.value?.diagnoses?.filter(({pairs}) => ways.some((way) => pairs.includes(way))) ?? []
  return length === 0 ? 'both ways work, and nothing is translated' : `${counted(length, 'cause')} named`
}
