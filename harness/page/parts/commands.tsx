// Every command of the run in the order in which it ended, with what it printed. Output is text, whatever it looks like.
import {useState} from 'preact/hooks'
import type {CommandDocument} from '../../report/document.ts'
import {milliseconds} from '../../report/duration.ts'
import {visible} from '../../report/visible.ts'
import type {Store} from '../store.ts'
import {counted} from '../words.ts'
import {Command, Copy, Part, Printed} from './common.tsx'

/** More are shown when they are asked for. */
const PAGE = 200

export function Commands({store}: {readonly store: Store}) {
  const [text, setText] = useState('')
  const [most, setMost] = useState(PAGE)
  const all = store.run.value?.history ?? []
  if (all.length === 0) return null
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const found = all.filter(({node, command, stdout, stderr}) => {
    const line = `${node}# ${command}\n${stdout}\n${stderr}`.toLowerCase()
    return words.every((word) => line.includes(word))
  })
  return (
    <Part
      id="commands"
      title="Commands"
      aside={
        <input
          type="search"
          placeholder="node2 route"
          aria-label="Search commands and what they printed"
          value={text}
          onInput={({currentTarget}) => setText(currentTarget.value)}
        />
      }
    >
      <p class="dim" role="status">
        {found.length === all.length ? counted(all.length, 'command') : `${found.length} of ${counted(all.length, 'command')}`}
      </p>
      <ol class="commands">
        {found.slice(0, most).map((command, index) => (
          <CommandRow key={`${command.startedAt} ${command.node} ${index}`} command={command} clock />
        ))}
      </ol>
      {found.length > most && (
        <button type="button" onClick={() => setMost(most + PAGE)}>
          show {Math.min(PAGE, found.length - most)} more
        </button>
      )}
    </Part>
  )
}

export function CommandRow({command: one, clock = false}: {readonly command: CommandDocument; readonly clock?: boolean}) {
  const {node, command, exitCode, cause, stdout, stderr, startedAt, duration} = one
  const failed = exitCode !== 0
  return (
    <li class={failed ? 'command-row failed' : 'command-row'}>
      <div class="command-line">
        {clock && <time dateTime={new Date(startedAt).toISOString()}>{clockOf(startedAt)}</time>}
        <Command node={node} command={visible(command)} />
        <span class={failed ? 'ending fail' : 'ending'}>{failed ? `✗ ${cause ?? `exit ${exitCode}`}` : milliseconds(duration)}</span>
        <Copy text={command} what={command} />
      </div>
      {stdout !== '' && <Printed text={stdout} />}
      {stderr !== '' && <Printed text={stderr} wrong />}
    </li>
  )
}

/** `18:04:26.512`, of the reader's own clock. */
function clockOf(at: number): string {
  const date = new Date(at)
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
