// Below the picture of a running lab: what changes there, what cannot be heard, and shells.
import {useEffect, useRef, useState} from 'preact/hooks'
import {Part} from '../parts/common.tsx'
import type {Store} from '../store.ts'
import type {Activity, Entry} from './activity.ts'
import type {Shell, Shells} from './shells.ts'

export interface BenchProps {
  readonly store: Store
  readonly activity: Activity
  readonly shells: Shells
  readonly look: () => void
}

export function Bench({store, activity, shells, look}: BenchProps) {
  const {entries, deaf, doing, mistake, over} = activity
  const again = (
    <button type="button" onClick={look} disabled={over.value}>
      look at all of it now
    </button>
  )
  return (
    <>
      <Part id="changes" title="What changes" aside={again}>
        <p role="status">{doing.value === '' ? '' : `${doing.value} …`}</p>
        {mistake.value !== '' && (
          <p class="banner fail" role="alert">
            {mistake.value}
          </p>
        )}
        {deaf.value.size > 0 && <NotHeard deaf={deaf.value} />}
        <Changes entries={entries.value} />
      </Part>
      <Part id="shells" title="Shells" aside={<OpenShell store={store} open={shells.open} over={over.value} />}>
        {shells.all.value.length === 0 && <p class="dim">Each is a terminal at its place, and ends when it is closed here.</p>}
        {shells.all.value.map((shell) => (
          <ShellBox key={shell.id} shell={shell} />
        ))}
      </Part>
    </>
  )
}

function NotHeard({deaf}: {readonly deaf: ReadonlyMap<string, string>}) {
  return (
    <div class="banner fail" role="alert">
      <p>Changes are not heard everywhere; here they are seen four times a minute:</p>
      <ul>
        {[...deaf].map(([what, why]) => (
          <li key={what}>
            {what}: {why}
          </li>
        ))}
      </ul>
    </div>
  )
}

function Changes({entries}: {readonly entries: readonly Entry[]}) {
  if (entries.length === 0) return <p class="dim">Nothing since this page was opened.</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls is reached by the keyboard, too
    <ol class="changes" aria-label="What changed, the last first" tabIndex={0}>
      {entries.toReversed().map(({number, at, where, text}) => (
        <li key={number}>
          <time class="dim">{new Date(at).toTimeString().slice(0, 8)}</time> <b>{where}</b> <code>{text}</code>
        </li>
      ))}
    </ol>
  )
}

function OpenShell({store, open, over}: {readonly store: Store; readonly open: Shells['open']; readonly over: boolean}) {
  const places = store.places.value.map(({name}) => name)
  const [chosen, choose] = useState('')
  const place = places.includes(chosen) ? chosen : (places[0] ?? '')
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault()
        open(place)
      }}
    >
      <label>
        at{' '}
        <select value={place} onChange={({currentTarget}) => choose(currentTarget.value)}>
          {places.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <button type="submit" disabled={over}>
        open a shell
      </button>
    </form>
  )
}

function ShellBox({shell}: {readonly shell: Shell}) {
  const {place, mount, close} = shell
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => (box.current ? mount(box.current, () => button.current?.focus()) : undefined), [mount])
  return (
    <section class="shell" aria-label={`a shell at ${place}`}>
      <header>
        <h3>{place}</h3> <span class="dim">F6 leaves the terminal</span>
        <button type="button" ref={button} onClick={close}>
          close
        </button>
      </header>
      <div class="terminal-box" ref={box} />
    </section>
  )
}
