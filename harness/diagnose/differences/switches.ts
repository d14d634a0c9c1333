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
    const redrawn = old.ports.flatMap(({name, drawn}): Change[] => {
      const port = now.ports.find((each) => each.name === name)
      if (drawn === undefined || !port || port.drawn === drawn) return []
      const evidence = `${name} was the port ${drawn} of the drawn network, and is ${port.drawn ?? 'none'}`
      const undo = [`ovs-vsctl set interface ${name} external_ids:iface-id=${drawn}`]
      return [{...change, undo, cause: 'port-not-enslaved', object: name, device: name, logical: drawn, evidence}]
    })
    const gone = old.ports.filter(({name}) => is.links.some((link) => link.name === name) && !switchOf([now], name))
    return [
      ...redrawn,
      ...gone.map(
        ({name, drawn}): Change => ({
          ...change,
          cause: 'port-not-enslaved',
          object: name,
          device: name,
          ...(drawn !== undefined && {logical: drawn}),
          evidence: `${name} was a port of ${old.bridge}`,
        }),
      ),
    ]
  })
}

function withSwitch(facts: NamespaceFacts, old: SwitchFacts): NamespaceFacts {
  return {...facts, switches: [...(facts.switches ?? []).filter(({bridge}) => bridge !== old.bridge), old]}
}
