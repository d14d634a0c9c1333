// What another podwire needs to find a local lab again. It ends processes by it, so a record that says anything else is
// not believed: the PIDs 0 and -1 mean many processes at once (kill(2)), 1 is the machine's own.
import * as v from 'valibot'

const identity = v.object({pid: v.pipe(v.number(), v.integer(), v.minValue(2)), started: v.pipe(v.string(), v.regex(/^\d+$/))})

export const LOCAL_HANDLE = v.object({
  /** The processes that hold the nodes' namespaces. */
  nodes: v.array(v.object({...identity.entries, name: v.string()})),
  /** The namespaces need a user namespace to be entered first. */
  userNamespace: v.boolean(),
  /** Its end is the lab's end. */
  keeper: identity,
  /** Ends when the keeper and the lab have. */
  shell: identity,
})

export type Running = v.InferOutput<typeof LOCAL_HANDLE>
