// Facts as text that can be kept in a file and read back: what is concluded from them can then be tested without rights,
// and looked into on another day.
import {familyOf} from '../address.ts'
import type {Facts} from './facts.ts'
import {fullFacts, plainNamespace, type RecordedNamespace} from './plain.ts'

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

/** One JSON document, a place a line. */
export function recordFacts(facts: Facts): string {
  const places = [...facts].map(([place, here]) => `${JSON.stringify(place)}: ${JSON.stringify(here ? plainNamespace(here) : null)}`)
  return `{"podwire": "facts", "version": ${VERSION}, "places": {\n${places.join(',\n')}\n}}\n`
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
      return [place, fullFacts(here)]
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
