// Facts as plain data, as documents have them: lists in place of maps.
import type {Facts, NamespaceFacts} from './facts.ts'

export type RecordedNamespace = Omit<NamespaceFacts, 'sysctls' | 'netnsNames' | 'answers'> & {
  readonly sysctls: readonly (readonly [string, string])[]
  readonly netnsNames: readonly (readonly [number, string])[]
  readonly answers?: readonly (readonly [string, string])[]
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

export function fullFacts({answers, ...here}: RecordedNamespace): NamespaceFacts {
  const own = {sysctls: new Map(here.sysctls), netnsNames: new Map(here.netnsNames)}
  return {...here, ...own, ...(answers && {answers: new Map(answers)})}
}

export function plainNamespace({answers, ...here}: NamespaceFacts): RecordedNamespace {
  return {...here, sysctls: [...here.sysctls], netnsNames: [...here.netnsNames], ...(answers && {answers: [...answers]})}
}
