// Rules of a drawn network (OVN) that drop packets since. What comes of them are flows on every node, which say that they drop.
// Pure.
import type {Facts} from '../../facts/facts.ts'
import type {PolicyFacts} from '../../facts/policies.ts'
import type {Change, Scene} from './change.ts'

export function policyChanges({was, is}: Scene): Change[] {
  const drops = ({action}: PolicyFacts) => action === 'drop' || action === 'reject'
  const had = (policy: PolicyFacts) => was.policies?.some((old) => JSON.stringify(old) === JSON.stringify(policy))
  return (is.policies ?? [])
    .filter((policy) => drops(policy) && !had(policy))
    .map((policy) => ({
      kind: 'policy',
      cause: policy.action === 'drop' ? 'filter-drop' : 'filter-reject',
      object: `${policy.on} ${policy.direction} ${policy.priority} ${policy.match}`,
      evidence: `${policy.on} had no rule to ${policy.action} ${policy.match} (${policy.direction}, priority ${policy.priority})`,
      undo: [
        `ovn-nbctl acl-del ${policy.on} ${policy.direction} ${policy.priority} '${policy.match}'`,
        // Until every node has carried it out.
        'ovn-nbctl --timeout=20 --wait=hv sync',
      ],
      revert: (now) => ({...now, policies: (now.policies ?? []).filter((each) => JSON.stringify(each) !== JSON.stringify(policy))}),
    }))
}

/** @param only the one place whose switches said what they said with a change; all of them said it where that is undefined */
export function withoutAnswers(facts: Facts, only?: string): Facts {
  return new Map(
    [...facts].map(([place, here]) => {
      if (!here?.answers || (only !== undefined && place !== only)) return [place, here]
      const {answers: _, ...rest} = here
      return [place, rest]
    }),
  )
}
