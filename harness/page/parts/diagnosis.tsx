// Why pairs fail: the cause in a sentence, what was seen, and what mends it.
import type {Diagnosis} from '../../model.ts'
import {causeWords} from '../../report/cause.ts'
import {trialWords} from '../../report/diagnosis.ts'
import {observationLines} from '../../report/observation.ts'
import type {Store} from '../store.ts'
import {counted} from '../words.ts'
import {Command, Copy, Part, Printed} from './common.tsx'
import {endsOf} from './stage.tsx'

export function Diagnoses({store}: {readonly store: Store}) {
  const {diagnoses = [], undiagnosed = 0} = store.result.value ?? {}
  if (diagnoses.length === 0) return null
  return (
    <Part id="diagnoses" title="Why it fails">
      {diagnoses.map((diagnosis) => (
        <DiagnosisBox key={`${diagnosis.cause} ${diagnosis.from} ${diagnosis.to}`} diagnosis={diagnosis} store={store} withPairs />
      ))}
      {undiagnosed > 0 && <p class="dim">{counted(undiagnosed, 'more failing pair')} not looked at; podwire diagnose looks at all.</p>}
    </Part>
  )
}

interface BoxProps {
  readonly diagnosis: Diagnosis
  readonly store: Store
  readonly withPairs?: boolean
}

export function DiagnosisBox({diagnosis, store, withPairs = false}: BoxProps) {
  const {cause, where, evidence, fix, tried, pairs, observation} = diagnosis
  const place = where.netns ?? where.node
  const words = causeWords(cause, place, where.object)
  const seen = evidence.filter((text) => text !== words)
  return (
    <div class="diagnosis">
      <p class="cause">
        <span class="tag">{cause}</span> {words}
      </p>
      {seen.length > 0 && <Printed text={seen.join('\n')} />}
      {observation && <Printed text={observationLines(observation, (_, text) => text).join('\n')} />}
      {fix.map(({where: node, command}) => (
        <p key={`${node} ${command}`} class="command-line fix">
          <span class="dim">fix</span> <Command node={node} command={command} />
          <Copy text={command} what={command} />
        </p>
      ))}
      {fix.length > 0 && <p class="dim">{trialWords(tried, fix.length)}</p>}
      {withPairs && (
        <ul class="pair-chips" aria-label="Pairs that it breaks">
          {pairs.slice(0, 60).map((name) => (
            <li key={name}>
              <button type="button" class="chip" onClick={() => store.choose(...endsOf(name))}>
                {name}
              </button>
            </li>
          ))}
          {pairs.length > 60 && <li class="dim">and {pairs.length - 60} more</li>}
        </ul>
      )}
    </div>
  )
}
