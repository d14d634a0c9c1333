// Entries of programs' maps that are gone, or say something else. Pure.
import type {NamespaceFacts} from '../../facts/facts.ts'
import {type MapEntry, type MapFacts, networkFor, type ProgramFacts} from '../../facts/programs.ts'
import type {Change, Scene} from './change.ts'

/** What a program would have found, and does not: it has no flow for it, whatever it does then. */
export function programChanges({was, is, run}: Scene): Change[] {
  return mapsIn(was.programs).flatMap((old): Change[] => {
    const map = mapsIn(is.programs).find(({id}) => id === old.id)
    if (!map) return []
    return old.entries.flatMap((entry): Change[] => {
      const now = map.entries.find((each) => isSame(each.key, entry.key))
      if (now && isSame(now.value, entry.value)) return []
      const key = bytes(entry.key)
      const network = networkFor(old, entry)
      const file = old.pinned === undefined ? `id ${old.id}` : `pinned ${old.pinned}`
      return [
        {
          kind: 'program',
          cause: 'flow-missing',
          object: `map ${old.name} key ${key}${now ? ` value ${bytes(now.value)}` : ''}`,
          ...(network !== undefined && {network}),
          evidence: now
            ? `the map ${old.name} had ${bytes(entry.value)} for the key ${key}, and has ${bytes(now.value)}`
            : `the map ${old.name} had an entry for the key ${key}`,
          undo: [`${run}bpftool map update ${file} key ${key} value ${bytes(entry.value)}`],
          revert: (facts) => withEntry(facts, old.id, entry),
        },
      ]
    })
  })
}

/** As bpftool-map(8) takes them. */
export function bytes(of: readonly string[]): string {
  return of.map(Number).join(' ')
}

/** Several programs share a map. */
export function mapsIn(programs: readonly ProgramFacts[] = []): MapFacts[] {
  return [...new Map(programs.flatMap(({maps}) => maps).map((map) => [map.id, map])).values()]
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.join() === b.join()
}

function withEntry(facts: NamespaceFacts, id: number, entry: MapEntry): NamespaceFacts {
  const put = (map: MapFacts) =>
    map.id === id ? {...map, entries: [...map.entries.filter(({key}) => !isSame(key, entry.key)), entry]} : map
  return {...facts, programs: (facts.programs ?? []).map((program) => ({...program, maps: program.maps.map(put)}))}
}
