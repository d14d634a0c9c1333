// Reports against files that people can read. PODWIRE_WRITE_EXPECTED=1 writes the files, for review in a diff.
import {readFileSync, writeFileSync} from 'node:fs'
import type {ExecutionContext} from 'ava'

export function isAsExpected(t: ExecutionContext, name: string, text: string): void {
  const file = new URL(`../../fixtures/expected/${name}.txt`, import.meta.url)
  if (process.env.PODWIRE_WRITE_EXPECTED) writeFileSync(file, `${text}\n`)
  t.is(`${text}\n`, readFileSync(file, 'utf8'))
}
