// What several parts are made of: a verdict that is seen without colour, a part with its heading, a button that copies.
import type {ComponentChildren} from 'preact'
import {useRef, useState} from 'preact/hooks'
import type {Verdict} from '../../model.ts'
import {visible} from '../../report/visible.ts'

const SIGNS: Readonly<Record<Verdict, string>> = {pass: '✓', fail: '✗', unknown: '?'}

export function VerdictMark({verdict, word = verdict}: {readonly verdict: Verdict; readonly word?: string}) {
  return (
    <span class={`verdict ${verdict}`}>
      <span aria-hidden="true">{SIGNS[verdict]}</span> {word}
    </span>
  )
}

interface PartProps {
  readonly id: string
  readonly title: string
  /** Beside the heading. */
  readonly aside?: ComponentChildren
  readonly children: ComponentChildren
}

export function Part({id, title, aside, children}: PartProps) {
  return (
    <section id={id} class="part" aria-labelledby={`${id}-title`}>
      <div class="part-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}

/** How long it says that it has. */
const COPIED = 1500

export function Copy({text, what}: {readonly text: string; readonly what: string}) {
  const [state, setState] = useState<'ready' | 'copied' | 'refused'>('ready')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const copy = async () => {
    const done = await copied(text)
    setState(done ? 'copied' : 'refused')
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setState('ready'), COPIED)
  }
  const words = {ready: 'copy', copied: 'copied', refused: 'not copied'}[state]
  return (
    <button type="button" class="copy" onClick={() => void copy()} aria-label={`${words}: ${what}`}>
      {words}
    </button>
  )
}

/** The clipboard is kept from files in some browsers, and what was the way before is not. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'unseen'
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}

/** A command as it is typed. */
export function Command({node, command}: {readonly node: string; readonly command: string}) {
  return (
    <code class="command">
      <span class="prompt">{node}#</span> {command}
    </code>
  )
}

/** What may be wider than the screen, and is reached by keys then. */
export function Wide({label, children}: {readonly label: string; readonly children: ComponentChildren}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys
    <section class="wide" tabIndex={0} aria-label={label}>
      {children}
    </section>
  )
}

/** Lines that are shown at once, and characters of them. */
const SHOWN = 12
const MOST = 3000

/** What a command or a kernel said, to the letter; characters that a terminal would obey are written out. */
export function Printed({text, wrong = false}: {readonly text: string; readonly wrong?: boolean}) {
  const all = visible(text.replace(/\n$/, ''))
  const lines = all.split('\n')
  const name = wrong ? 'printed said-wrong' : 'printed'
  const first = lines.length <= SHOWN + 1 ? all : lines.slice(0, SHOWN).join('\n')
  // Half as much again is not worth a click.
  const shown = first.length <= MOST * 1.5 ? first : first.slice(0, MOST)
  if (shown === all) return <pre class={name}>{all}</pre>
  const left = shown === first ? `${lines.length - SHOWN} more lines` : `${all.length - shown.length} more characters`
  return (
    <div class={name}>
      <pre>{shown}</pre>
      <details>
        <summary>{left}</summary>
        <pre>{all.slice(shown.length).replace(/^\n/, '')}</pre>
      </details>
    </div>
  )
}
