// Facts as plain data, as documents have them: lists in place of maps.
import type {Facts, NamespaceFacts} from './facts.ts'

export type RecordedNamespace = Omit<NamespaceFacts, 'sysctls' | 'netnsNames'> & {
  readonly sysctls: readonly (readonly [string, string])[]
  readonly netnsNames: readonly (readonly [number, string])[]
}

/** As they are in a document; null where the place could not be asked. */
export type RecordedFacts = Readonly<Record<string, RecordedNamespace | null>>

export function plainFacts(facts: Facts): RecordedFacts {
  return Object.fromEntries([...facts].map(([place, here]) => [place, here ? plainNamespace(here) : null]))
}

/** Back from a document of podwire's own, which is not examined. */
export function factsOf(recorded: RecordedFacts): Facts {
  return new Map(Object.entries(recorded).map(([place, here]) => [place, here ? fullFacts(here) : undefined]))
}

export function fullFacts(here: RecordedNamespace): NamespaceFacts {
  return {...here, sysctls: new Map(here.sysctls), netnsNames: new Map(here.netnsNames)}
}

export function plainNamespace(here: NamespaceFacts): RecordedNamespace {
  return {...here, sysctls: [...here.sysctls], netnsNames: [...here.netnsNames]}
}
