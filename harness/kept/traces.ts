// What a lab on several engines may leave there: written down before anything is made, a file a lab beside the records, and
// removed when nothing is left. After a crash, or where an engine was gone when its lab ended, `podwire clean` reads it.
import {randomUUID} from 'node:crypto'
import {readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as v from 'valibot'
import {ENDPOINT} from '../drivers/docker/endpoint.ts'
import {MEMBERSHIP} from '../drivers/docker/membership.ts'
import type {Traces} from '../drivers/docker/several.ts'
import {identify, runs} from '../identity.ts'
import {makeRecordFolder, readOwn, recordFolder, unusable} from './folder.ts'

const TRACES = v.object({
  format: v.literal(1),
  lab: v.string(),
  engines: v.array(ENDPOINT),
  joined: v.array(MEMBERSHIP),
  /** The podwire that made it. */
  owner: v.object({pid: v.number(), started: v.string()}),
})

const SUFFIX = '.engines'

/** A file for the traces of one lab of this podwire's. */
export function traceEngines(): {write(traces: Traces): void; remove(): void} {
  let path: string | undefined
  return {
    /** @throws MachineError when it cannot be written down */
    write(traces) {
      const folder = makeRecordFolder()
      path ??= join(folder, `${traces.lab}.${randomUUID()}${SUFFIX}`)
      const draft = `${path}.draft`
      try {
        writeFileSync(draft, JSON.stringify({format: 1, ...traces, owner: identify(process.pid)}), {mode: 0o600})
        renameSync(draft, path)
      } catch (error) {
        throw unusable(folder, error)
      }
    },
    remove() {
      if (path !== undefined) rmSync(path, {force: true})
    },
  }
}

/** The traces that podwires left which run no more. */
export function leftTraces(): (Traces & {forget(): void})[] {
  const folder = recordFolder()
  if (folder === undefined) return []
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .flatMap((file) => {
      const path = join(folder, file)
      const traces = readTraces(path)
      return traces && !runs(traces.owner) ? [{...traces, forget: () => rmSync(path, {force: true})}] : []
    })
}

function readTraces(path: string): v.InferOutput<typeof TRACES> | undefined {
  try {
    const {success, output} = v.safeParse(TRACES, JSON.parse(readOwn(path) ?? 'null'))
    return success ? output : undefined
  } catch {
    return undefined // damaged: whoever made it is not known, nor where
  }
}
