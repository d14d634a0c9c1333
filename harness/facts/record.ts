// Facts as text that can be kept in a file and read back: what is concluded from them can then be tested without rights,
// and looked into on another day.
import {familyOf} from '../address.ts'
import type {Facts, NamespaceFacts} from './facts.ts'

/** Raised when what is recorded changes its meaning. */
const VERSION = 1

/** What a recording is not. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError'
}

interface Recorded {
  readonly podwire: 'facts'
  readonly version: number
  readonly places: Readonly<Record<string, RecordedNamespace | null>>
}

export type RecordedNamespace = Omit<NamespaceFacts, 'sysctls' | 'netnsNames'> & {
  readonly sysctls: readonly (readonly [string, string])[]
  readonly netnsNames: readonly (readonly [number, string])[]
}

/** One JSON document, a place a line. */
export function recordFacts(facts: Facts): string {
  const places = [...facts].map(([place, here]) => `${JSON.stringify(place)}: ${JSON.stringify(here ? plain(here) : null)}`)
  return `{"podwire": "facts", "version": ${VERSION}, "places": {\n${places.join(',\n')}\n}}\n`
}

/** As they are in a document; null where the place could not be asked. */
export type RecordedFacts = Readonly<Record<string, RecordedNamespace | null>>

export function plainFacts(facts: Facts): RecordedFacts {
  return Object.fromEntries([...facts].map(([place, here]) => [place, here ? plain(here) : null]))
}

/** Back from a document of podwire's own, which is not examined. */
export function factsOf(recorded: RecordedFacts): Facts {
  return new Map(Object.entries(recorded).map(([place, here]) => [place, here ? full(here) : undefined]))
}

function full(here: RecordedNamespace): NamespaceFacts {
  return {...here, sysctls: new Map(here.sysctls), netnsNames: new Map(here.netnsNames)}
}

function plain(here: NamespaceFacts): RecordedNamespace {
  return {...here, sysctls: [...here.sysctls], netnsNames: [...here.netnsNames]}
}

/**
 * @param name what the text is called where it is complained of: its file
 * @throws RecordingError
 */
export function readRecording(text: string, name = 'the recording'): Facts {
  const refuse = (why: string) => new RecordingError(`${name} holds no facts that can be read: ${why}`)
  let value: Partial<Recorded> | null
  try {
    value = JSON.parse(text) as Partial<Recorded> | null
  } catch (error) {
    throw refuse((error as Error).message)
  }
  if (typeof value !== 'object' || value?.podwire !== 'facts') throw refuse('it is no recording of podwire’s')
  if (value.version !== VERSION) throw refuse(`it is of version ${value.version}, and this podwire reads version ${VERSION}`)
  if (typeof value.places !== 'object' || value.places === null) throw refuse('it has no places')
  return new Map(
    Object.entries(value.places).map(([place, here]) => {
      if (here === null) return [place, undefined]
      const missing = missingIn(here)
      if (missing) throw refuse(`${place} has no ${missing}`)
      return [place, full(here)]
    }),
  )
}

const LISTS = [
  ...(['links', 'routes', 'neighbours', 'fdb', 'ruleset', 'legacyTables', 'unread', 'changed', 'trafficControl'] as const),
  ...(['listeners', 'sysctls', 'netnsNames'] as const),
]
const RECORDS = ['rules', 'forwarding'] as const

function missingIn(here: Partial<RecordedNamespace>): string | undefined {
  const isRecord = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isRecord(here)) return 'facts'
  return (
    LISTS.find((key) => !Array.isArray(here[key])) ??
    RECORDS.find((key) => !isRecord(here[key])) ??
    (here.routes?.some(({family, to}) => familyOf(to.split('/')[0] ?? '') !== family) ? 'routes that are of one family' : undefined)
  )
}
