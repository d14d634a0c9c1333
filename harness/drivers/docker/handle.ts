// What another podwire needs to find a lab on an engine again.
import * as v from 'valibot'

const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{12,64}$/))

export const DOCKER_HANDLE = v.object({
  network: id,
  /** Container identifiers by node. */
  containers: v.record(v.string(), id),
  description: v.string(),
})

export type Kept = v.InferOutput<typeof DOCKER_HANDLE>
