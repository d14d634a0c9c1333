// What was claimed, and whether it holds.
import type {CheckResult} from '../../model.ts'
import {valuesOf} from '../../report/rows.ts'
import type {Store} from '../store.ts'
import {Part, Printed, VerdictMark} from './common.tsx'

export function Checks({store}: {readonly store: Store}) {
  const checks = store.result.value?.checks ?? []
  const {run} = store
  const missed = run.value && 'claims' in run.value ? run.value.claims : []
  if (checks.length + missed.length === 0) return null
  return (
    <Part id="checks" title="Claims at the end">
      {missed.map(({check, source}) => (
        <div class="claim" key={`${check} ${source.line}`}>
          <VerdictMark verdict="unknown" word="not reached" /> <span class="claim-words">{check}</span>
        </div>
      ))}
      {checks.map((check) => (
        <ClaimLine key={check.claim} check={check} />
      ))}
    </Part>
  )
}

export function ClaimLine({check}: {readonly check: CheckResult}) {
  const {verdict, claim, evidence, pairs, command, source} = check
  const passed = valuesOf(pairs, 'verdict').filter((each) => each === 'pass').length
  return (
    <div class="claim">
      <VerdictMark verdict={verdict} /> <span class="claim-words">{claim}</span>
      <span class="dim">
        {pairs.length > 0 && !check.fails && (
          <>
            {' '}
            {passed} of {pairs.length} hold
          </>
        )}
        {source && (
          <>
            {' '}
            {source.file.split('/').at(-1)}:{source.line}
          </>
        )}
      </span>
      {verdict !== 'pass' && evidence.length > 0 && (
        <ul class="evidence">
          {evidence.slice(0, 8).map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      {command && command.output !== '' && <Printed text={command.output} />}
    </div>
  )
}
