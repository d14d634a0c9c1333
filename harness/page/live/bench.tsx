// Below the picture of a running lab: what changes there, what cannot be heard, and shells.
import {useEffect, useRef} from 'preact/hooks'
import type {Activity, Entry} from './activity.ts'
import type {Shell, Shells} from './shells.ts'

export interface BenchProps {
  readonly activity: Activity
  readonly shells: Shells
  readonly look: () => void
}

export function Bench({activity, shells, look}: BenchProps) {
  const {entries, deaf, doing, mistake, over} = activity
  return (
    <section class="bench" aria-labelledby="bench-title">
      <h2 id="bench-title">Live</h2>
      <p>
        <button type="button" onClick={look} disabled={over.value}>
          Look at all of it now
        </button>{' '}
        <span role="status">{doing.value === '' ? '' : `${doing.value} …`}</span>
      </p>
      {mistake.value === '' ? null : <p role="alert">{mistake.value}</p>}
      {deaf.value.size === 0 ? null : (
        <div role="alert">
          <p>Changes are not heard everywhere; there they are seen every quarter of a minute:</p>
          <ul>
            {[...deaf.value].map(([what, why]) => (
              <li key={what}>
                {what}: {why}
              </li>
            ))}
          </ul>
        </div>
      )}
      <Changes entries={entries.value} />
      {shells.all.value.map((shell) => (
        <ShellBox key={shell.id} shell={shell} />
      ))}
    </section>
  )
}

function Changes({entries}: {readonly entries: readonly Entry[]}) {
  return (
    <>
      <h3 id="changes-title">What changes</h3>
      {entries.length === 0 ? (
        <p>Nothing since this page was opened.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls is reached by the keyboard too
        <ol class="changes" aria-labelledby="changes-title" tabIndex={0}>
          {entries.toReversed().map(({number, at, where, text}) => (
            <li key={number}>
              <time>{new Date(at).toTimeString().slice(0, 8)}</time> <b>{where}</b> <code>{text}</code>
            </li>
          ))}
        </ol>
      )}
    </>
  )
}

function ShellBox({shell}: {readonly shell: Shell}) {
  const {place, terminal, mount, close} = shell
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!box.current) return
    const end = mount(box.current)
    // A terminal takes Tab for itself: without a key of its own nobody would come out of it again (WCAG 2.1.2).
    terminal.attachCustomKeyEventHandler((event) => {
      if (event.key !== 'F6') return true
      if (event.type === 'keydown') button.current?.focus()
      event.preventDefault()
      return false
    })
    return end
  }, [mount, terminal])
  return (
    <section class="shell" aria-label={`a shell at ${place}`}>
      <header>
        <h3>{place}</h3> <span>F6 leaves the terminal</span>{' '}
        <button type="button" ref={button} onClick={close}>
          Close
        </button>
      </header>
      <div class="terminal" ref={box} />
    </section>
  )
}
