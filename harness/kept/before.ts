// The facts of a kept lab when it worked, in a file beside its record: what is other than then is what a diagnosis looks at
// first. A lab whose checks never passed has none.

import {rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Facts, NamespaceFacts} from '../facts/facts.ts'
import {readOwn} from './folder.ts'

function beforePath(folder: string, lab: string): string {
  return join(folder, `${lab}.facts`)
}

export function writeBefore(folder: string, lab: string, facts: Facts): void {
  const plain = [...facts].map(([place, here]) => [place, here && {...here, sysctls: [...here.sysctls], netnsNames: [...here.netnsNames]}])
  writeFileSync(beforePath(folder, lab), JSON.stringify({format: FORMAT, facts: plain}), {mode: 0o600})
}

const FORMAT = 1

/** Undefined where there is none, or one of another version. */
export function readBefore(folder: string, lab: string): Facts | undefined {
  try {
    const text = readOwn(beforePath(folder, lab))
    const {format, facts} = JSON.parse(text ?? '{}') as {
      format?: number
      facts?: [string, (NamespaceFacts & {sysctls: never; netnsNames: never}) | undefined][]
    }
    if (format !== FORMAT || !facts) return undefined
    return new Map(
      facts.map(([place, here]) => [place, here && {...here, sysctls: new Map(here.sysctls), netnsNames: new Map(here.netnsNames)}]),
    )
  } catch {
    return undefined
  }
}

export function removeBefore(folder: string, lab: string): void {
  rmSync(beforePath(folder, lab), {force: true})
}
