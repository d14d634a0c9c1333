// Ports and routes of a drawn network (OVN) that are gone, or drawn otherwise. What came of them were flows on every node. Pure.
import type {DrawnFacts} from '../../facts/drawing.ts'
import type {Change, Scene} from './change.ts'

export function drawnChanges({was, is}: Scene): Change[] {
  // A database that is not there draws nothing anew: the flows that came of it stay.
  if (!is.drawn) return []
  const now = (old: DrawnFacts) => is.drawn?.find(({object}) => object === old.object)
  return (was.drawn ?? [])
    .filter((old) => now(old)?.settings !== old.settings)
    .map((old) => {
      const other = now(old)
      return {
        kind: 'drawn',
        cause: 'flow-missing',
        object: old.object,
        drawn: other ? [old, other] : [old],
        evidence: `the network was drawn with ${old.object}${drawnWords(old)}${other ? `, and is with ${drawnWords(other).trim()}` : ''}`,
        // Until every node has carried it out.
        undo: [old.line, 'ovn-nbctl --timeout=20 --wait=hv sync'],
        revert: (here) => ({...here, drawn: [...(here.drawn ?? []).filter(({object}) => object !== old.object), old]}),
      }
    })
}

/** Without the commands: ` router 'router' router-port=lr0-ls2`. */
export function drawnWords({settings}: DrawnFacts): string {
  return settings.replaceAll(/ -- lsp-set-\w+ \S+/g, '')
}
