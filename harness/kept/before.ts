// The facts of a kept lab when it worked, in a file beside its record: what is other than then is what a diagnosis looks at
// first. A lab whose checks never passed has none.

import {rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Facts} from '../facts/facts.ts'
import {readRecording, recordFacts} from '../facts/record.ts'
import {readOwn} from './folder.ts'

function beforePath(folder: string, lab: string): string {
  return join(folder, `${lab}.facts`)
}

export function writeBefore(folder: string, lab: string, facts: Facts): void {
  writeFileSync(beforePath(folder, lab), recordFacts(facts), {mode: 0o600})
}

/** Undefined where there is none that can be read and believed: a diagnosis does without, more coarsely. */
export function readBefore(folder: string, lab: string): Facts | undefined {
  try {
    const text = readOwn(beforePath(folder, lab))
    return text === undefined ? undefined : readRecording(text)
  } catch {
    return undefined
  }
}

export function removeBefore(folder: string, lab: string): void {
  rmSync(beforePath(folder, lab), {force: true})
}
