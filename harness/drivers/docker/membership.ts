// An engine that podwire made a swarm on, or had join one: it leaves it with the lab.
import * as v from 'valibot'

export const MEMBERSHIP = v.object({
  /** Its place among the lab's engines. */
  engine: v.number(),
  /** It had Docker's own bridge for overlay networks before: Docker makes it with the first swarm and never removes it. */
  bridged: v.boolean(),
})

export type Membership = v.InferOutput<typeof MEMBERSHIP>
