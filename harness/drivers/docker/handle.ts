// What another podwire needs to find a lab on an engine again, or on several.
import * as v from 'valibot'
import {ENDPOINT} from './endpoint.ts'
import {MEMBERSHIP} from './membership.ts'

const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{12,64}$/))

const ONE = v.object({
  network: id,
  /** Container identifiers by node. */
  containers: v.record(v.string(), id),
  description: v.string(),
})

const SEVERAL = v.object({
  engines: v.array(ENDPOINT),
  /** A swarm has identifiers of its own kind. */
  network: v.pipe(v.string(), v.regex(/^[0-9a-z]{12,64}$/)),
  nodes: v.record(v.string(), v.object({engine: v.number(), container: id})),
  /** Engines that leave their swarm with the lab. */
  joined: v.array(MEMBERSHIP),
  description: v.string(),
})

export const DOCKER_HANDLE = v.union([SEVERAL, ONE])

export type KeptOnOne = v.InferOutput<typeof ONE>
export type KeptOnSeveral = v.InferOutput<typeof SEVERAL>
export type Kept = v.InferOutput<typeof DOCKER_HANDLE>
