// Daemons of the recipe that have ended since. Nothing that the tables hold tells of it but what went with them. Pure.
import type {Change, Scene} from './change.ts'

/** What becomes of packets without it the path does not say: it is a cause of nothing by itself, and goes with what its end took along. */
export function daemonChanges({was, is, place}: Scene): Change[] {
  return (was.daemons ?? []).flatMap((old): Change[] => {
    const now = is.daemons?.find(({name}) => name === old.name)
    if (!old.runs || !now || now.runs) return []
    return [
      {
        kind: 'daemon',
        cause: 'unknown',
        object: old.name,
        evidence: `the daemon ${old.name} at ${place.name} has ended: there is no process ${now.pid} any more`,
        undo: [],
        revert: (here) => ({...here, daemons: (here.daemons ?? []).map((each) => (each.name === old.name ? old : each))}),
      },
    ]
  })
}
