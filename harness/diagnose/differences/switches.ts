// Flow switches that are gone, or that have lost a port. Pure.
import type {NamespaceFacts} from '../../facts/facts.ts'
import {type SwitchFacts, switchOf} from '../../facts/switches.ts'
import type {Change, Scene} from './change.ts'

/** What brings it back only the recipe knows: a port is bound to what somebody has drawn (ovs-vsctl(8), external_ids). */
export function switchChanges({was, is}: Scene): Change[] {
  return (was.switches ?? []).flatMap((old): Change[] => {
    const now = is.switches?.find(({bridge}) => bridge === old.bridge)
    const change = {kind: 'switch', undo: [], revert: (facts: NamespaceFacts) => withSwitch(facts, old)} as const
    if (!now) return [{...change, cause: 'bridge-missing', object: old.bridge, evidence: `there was a switch ${old.bridge}`}]
    return old.ports
      .filter(({name}) => is.links.some((link) => link.name === name) && !switchOf([now], name))
      .map(({name}) => ({
        ...change,
        cause: 'port-not-enslaved',
        object: name,
        device: name,
        evidence: `${name} was a port of ${old.bridge}`,
      }))
  })
}

function withSwitch(facts: NamespaceFacts, old: SwitchFacts): NamespaceFacts {
  return {...facts, switches: [...(facts.switches ?? []).filter(({bridge}) => bridge !== old.bridge), old]}
}
