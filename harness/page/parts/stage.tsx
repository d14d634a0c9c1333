// One stage: what ran, what it printed, what was claimed, and what became another by it.
import type {CommandDocument} from '../../report/document.ts'
import {COMPARED} from '../changes.ts'
import {END, type Store} from '../store.ts'
import {counted} from '../words.ts'
import {ClaimLine} from './checks.tsx'
import {CommandRow} from './commands.tsx'
import {Part} from './common.tsx'

export function StagePart({store}: {readonly store: Store}) {
  const {moment, run} = store
  if (moment.value === END || !run.value) return <Ending store={store} />
  const number = moment.value
  const declared = run.value.scenario.stages[number - 1]
  const commands = store.history.value.get(number) ?? []
  const checks = store.stage.value?.checks ?? []
  return (
    <Part id="stage" title={`Stage ${number}: ${declared?.title ?? ''}`}>
      {declared?.sentence !== undefined && <blockquote>“{declared.sentence}”</blockquote>}
      {store.stage.value?.unfinished && (
        <p class="dim">It broke here: claims of this stage were not looked at, and all below is as it was at that moment.</p>
      )}
      {commands.length === 0 ? <p class="dim">Nothing was typed.</p> : <CommandList commands={commands} />}
      {checks.map((check) => (
        <ClaimLine key={check.claim} check={check} />
      ))}
      <Turned store={store} />
      <Changes store={store} />
    </Part>
  )
}

function Ending({store}: {readonly store: Store}) {
  if (!store.facts.value || store.changes.value.length === 0) return null
  return (
    <Part id="stage" title={store.moments.value.length > 1 ? 'The end' : 'Now'}>
      <Changes store={store} />
    </Part>
  )
}

function CommandList({commands}: {readonly commands: readonly CommandDocument[]}) {
  return (
    <ol class="commands">
      {commands.map((command) => (
        <CommandRow key={`${command.startedAt} ${command.node} ${command.command}`} command={command} />
      ))}
    </ol>
  )
}

/** More than these are counted and opened. */
const SHORT = 12

function Turned({store}: {readonly store: Store}) {
  const {gained = [], lost = []} = store.stage.value ?? {}
  return (
    <>
      <Pairs store={store} sign="+" what="reach since this stage" pairs={gained} />
      <Pairs store={store} sign="−" what="reach no more" pairs={lost} />
    </>
  )
}

interface PairsProps {
  readonly store: Store
  readonly sign: string
  readonly what: string
  readonly pairs: readonly string[]
}

function Pairs({store, sign, what, pairs}: PairsProps) {
  if (pairs.length === 0) return null
  return (
    <details class={sign === '+' ? 'gained' : 'lost'} open={pairs.length <= SHORT}>
      <summary>
        {sign} {counted(pairs.length, 'pair')} {what}
      </summary>
      <ul class="pair-chips">
        {pairs.slice(0, 400).map((name) => (
          <li key={name}>
            <button type="button" class="chip" onClick={() => store.choose(...endsOf(name))}>
              {name}
            </button>
          </li>
        ))}
      </ul>
      {pairs.length > 400 && <p class="dim">and {pairs.length - 400} more; the matrix has all</p>}
    </details>
  )
}

/** `pod1 -> pod3 (IPv6)` */
export function endsOf(pair: string): [string, string] {
  const [from = '', to = ''] = pair.replace(/ \(IPv6\)$/, '').split(' -> ')
  return [from, to]
}

function Changes({store}: {readonly store: Store}) {
  const {changes, before} = store
  const all = changes.value
  if (!store.facts.value) return null
  const since =
    before.value === undefined ? 'what the kernels hold' : `what changed since ${before.value === END ? 'then' : `stage ${before.value}`}`
  if (all.length === 0) return <p class="dim">Nothing differs of what was compared: {COMPARED}.</p>
  return (
    <details class="changes" open={all.length <= 3 * SHORT}>
      <summary>
        {since}: {counted(all.length, 'line')}
      </summary>
      <ul class="change-list">
        {all.slice(0, 500).map(({place, sign, text}, index) => (
          <li key={`${place} ${sign} ${text} ${index}`} class={sign === '+' ? 'gained' : 'lost'}>
            <span class="sign">{sign === '+' ? '+' : '−'}</span> <b>{place}</b> {text}
          </li>
        ))}
      </ul>
      {all.length > 500 && <p class="dim">and {all.length - 500} more</p>}
    </details>
  )
}
