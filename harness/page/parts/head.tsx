// What ran, and what came of it, in a glance.

import {milliseconds} from '../../report/duration.ts'
import type {Live} from '../live-controls.ts'
import {reachedWords} from '../reached.ts'
import type {Store} from '../store.ts'
import {counted} from '../words.ts'
import {Command, Printed, VerdictMark} from './common.tsx'

export function Head({store, live}: {readonly store: Store; readonly live: Live}) {
  const {document, run, result} = store
  const scenario = run.value?.scenario
  const total = run.value?.times.total
  return (
    <header class="head">
      <p class="brand">podwire</p>
      <div class="head-words">
        <h1>{scenario?.title ?? 'a run without a scenario'}</h1>
        <p class="dim">
          {scenario && <>scenario {scenario.name}</>}
          {run.value?.driver && <>, driver {run.value.driver.name}</>}
          {total !== undefined && <>, {milliseconds(total)} in all</>}
        </p>
      </div>
      <div class="head-verdict">
        {result.value ? <VerdictMark verdict={result.value.verdict} /> : <VerdictMark verdict="unknown" word="no result" />}
        <Reached store={store} />
      </div>
      {live.note && (
        <p class="note" role="status">
          {live.note.value}
        </p>
      )}
      {document.value.kind === 'error' && <Problems store={store} />}
      {result.value?.lost?.map(({node, why}) => (
        <p class="banner fail" key={node}>
          {node} went away: {why}; what was found of the others stands
        </p>
      ))}
    </header>
  )
}

function Reached({store}: {readonly store: Store}) {
  const last = store.moments.value.at(-1)
  const {shares = []} = (last === undefined ? undefined : store.reached.value.get(last)) ?? {}
  return shares.length === 0 ? null : <p class="dim">{reachedWords(shares)}</p>
}

/** Lines that are told. */
const MOST_UNDONE = 5

/** What of the stage that it came to had not run to its end: whoever waited for a line sees which. */
function Undone({store}: {readonly store: Store}) {
  const {value} = store.undone
  if (!value) return null
  const {number, title, steps} = value
  const left = steps.length - MOST_UNDONE
  return (
    <div>
      <p class="dim">
        not done of stage {number}, {title}:
      </p>
      {steps.slice(0, MOST_UNDONE).map(({node, command}) => (
        <p key={`${node} ${command}`} class="command-line">
          <Command node={node} command={command} />
        </p>
      ))}
      {left > 0 && <p class="dim">and {counted(left, 'more line')}</p>}
    </div>
  )
}

/** Why there is no result. */
function Problems({store}: {readonly store: Store}) {
  const {value} = store.document
  if (value.kind !== 'error') return null
  return (
    <div class="banner fail" role="alert">
      <p>
        <strong>This run did not come to its end.</strong> What follows is as far as it came.
      </p>
      {value.problems.map(({code, message, source, notes, help}) => (
        <div key={code + message}>
          <p>
            <code>{code}</code> {message}
            {source && (
              <>
                {' '}
                (
                <code>
                  {source.file}:{source.line}
                </code>
                )
              </>
            )}
          </p>
          {[...notes.map((text) => `note: ${text}`), ...help.map((text) => `help: ${text}`)].map((text) => (
            <p key={text} class="dim">
              {text}
            </p>
          ))}
        </div>
      ))}
      <Undone store={store} />
      {value.step && value.step.stderr !== '' && <Printed text={value.step.stderr} wrong />}
    </div>
  )
}
