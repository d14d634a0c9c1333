// What is wrong with a scenario: as data, so that report/ can word it and a test can match its code.
import {closest, distance} from 'fastest-levenshtein'
import type {SourceLine} from '../model.ts'

export interface Problem {
  /** A stable name for the kind of mistake: unknown-node, address-outside-underlay, ... */
  readonly code: string
  readonly message: string
  readonly source?: SourceLine
  /** Something true that helps to see the mistake. */
  readonly note?: string
  /** What was probably meant. */
  readonly help?: string
}

/** Takes a problem of what is declared at a path of keys: `['pods', 'pod1', 'node']`. */
export type Report = (path: readonly string[], problem: Omit<Problem, 'source'>) => void

/** A scenario that cannot be run as it is written: exit code 2, and nothing was started. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(({message}) => message).join('\n'))
    this.problems = problems
  }
}

/** The known name nearest to a mistyped one (Levenshtein), when it is near enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const typed = name.toLowerCase()
  const least = distance(typed, closest(typed, known as string[]))
  // Of equally near ones the one that begins as what was typed: nod1 is node1, and not pod1.
  const alike = (other: string) => [...`${typed}\0`].findIndex((letter, index) => other[index] !== letter)
  const [found = ''] = known.filter((each) => distance(typed, each) === least).sort((a, b) => alike(b) - alike(a))
  return least <= Math.max(2, Math.ceil(found.length / 3)) ? found : undefined
}

/** `did you mean node1?`, or the list of what there is. */
export function suggestion(name: string, known: readonly string[]): string {
  const found = nearest(name, known)
  if (found !== undefined) return `did you mean ${found}?`
  return known.length === 0 ? 'there is none' : `there is ${known.join(', ')}`
}

export function unknownPlace(name: string, places: readonly string[], source: SourceLine): Problem {
  return {code: 'unknown-place', message: `${name} is no place of this scenario`, source, help: suggestion(name, places)}
}
