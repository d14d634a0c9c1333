// Daemons of the recipe that have ended since. Nothing that the tables hold tells of it but what went with them. Pure.
import type {DaemonFacts, NamespaceFacts} from '../../facts/facts.ts'
import type {Change, Scene} from './change.ts'

/** What becomes of packets without it the path does not say: it is a cause of nothing by itself, and goes with what its end took along. */
export function daemonChanges({was, is, place}: Scene): Change[] {
  return daemonsEnded(was, is).map((daemon) => ({
    kind: 'daemon',
    cause: 'unknown',
    object: daemon.name,
    evidence: daemonWords(daemon, place.name),
    undo: [],
    revert: (here) => ({...here, daemons: (here.daemons ?? []).map((each) => (each.name === daemon.name ? {...each, runs: true} : each))}),
  }))
}

/** What ran then, and does not now; as it is now. */
export function daemonsEnded(was: NamespaceFacts, is: NamespaceFacts): DaemonFacts[] {
  const ran = new Set((was.daemons ?? []).filter(({runs}) => runs).map(({name}) => name))
  return (is.daemons ?? []).filter(({name, runs}) => !runs && ran.has(name))
}

export function daemonWords({name, pid}: DaemonFacts, place: string): string {
  return `the daemon ${name} at ${place} has ended: there is no process ${pid} any more`
}
