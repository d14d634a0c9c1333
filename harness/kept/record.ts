// A record: a file in which a lab's name is claimed while the lab starts, and by which the lab is found once it is kept.
import * as v from 'valibot'
import {DOCKER_HANDLE} from '../drivers/docker/handle.ts'
import {LOCAL_HANDLE} from '../drivers/local/handle.ts'
import {SSH_HANDLE} from '../drivers/ssh/handle.ts'
import type {Scenario} from '../model.ts'

/** Grows when a podwire that knows the old one could be misled by the new one. */
export const RECORD_FORMAT = 1

const common = {
  format: v.literal(RECORD_FORMAT),
  /** Of this one lab: another may have its name later. */
  id: v.string(),
  lab: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,39}$/)),
  /** Milliseconds since the epoch. */
  startedAt: v.number(),
}

const claim = v.object({
  ...common,
  state: v.literal('starting'),
  /** The podwire that starts it: without it the claim means nothing. */
  claimer: v.object({pid: v.number(), started: v.string()}),
})

const kept = {
  ...common,
  state: v.literal('running'),
  /** The scenario itself, as it was: nothing is read or run again that was a file once. */
  scenario: v.custom<Scenario>(looksLikeScenario, 'it has no scenario'),
  /** The lines that wired it, in the order in which they ended. */
  history: v.array(v.object({node: v.string(), command: v.string()})),
}

const record = v.union([
  claim,
  v.object({...kept, driver: v.literal('local'), handle: LOCAL_HANDLE}),
  v.object({...kept, driver: v.literal('docker'), handle: DOCKER_HANDLE}),
  v.object({...kept, driver: v.literal('ssh'), handle: SSH_HANDLE}),
])

export type LabRecord = v.InferOutput<typeof record>
export type NameClaim = Extract<LabRecord, {state: 'starting'}>
export type KeptLab = Extract<LabRecord, {state: 'running'}>

/** @throws Error that says why this is no record of the lab */
export function parseRecord(text: string, lab: string): LabRecord {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    throw new Error('it is not JSON')
  }
  if (typeof data !== 'object' || data === null || !('format' in data) || data.format !== RECORD_FORMAT)
    throw new Error(`it is of another version of podwire`)
  const {success, output, issues} = v.safeParse(record, data)
  if (!success)
    throw new Error(
      v.flatten(issues).nested ? `${Object.keys(v.flatten(issues).nested ?? {}).join(', ')} cannot be right` : issues[0].message,
    )
  if (output.lab !== lab) throw new Error(`it is of lab ${output.lab}`)
  return output
}

/** As far as places are looked up in it; it was validated when it was loaded. */
function looksLikeScenario(value: unknown): boolean {
  const place = v.looseObject({name: v.string(), address: v.string()})
  const shape = v.looseObject({
    name: v.string(),
    file: v.string(),
    nodes: v.array(place),
    pods: v.array(v.looseObject({...place.entries, node: v.string()})),
  })
  return v.is(shape, value)
}
