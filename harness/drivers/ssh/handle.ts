// What another podwire needs to find a lab on machines again. It connects where a record says, as root in the end, so a
// record that says anything else is not believed.
import * as v from 'valibot'

const line = v.pipe(v.string(), v.regex(/^[^\n\0]*$/))

/** Where a machine is reached, and as whom: a target (target.ts), as plain data. */
const hop = v.object({
  host: line,
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
  user: line,
  /** Files of private keys. */
  keys: v.array(line),
  /** Only these, and not others that an agent holds. */
  keysOnly: v.boolean(),
  agent: v.optional(line),
  knownHosts: v.array(line),
  /** The name under which its key is known, where that is not its host. */
  knownAs: v.optional(line),
  hashNames: v.boolean(),
  acceptNew: v.boolean(),
  proxyCommand: v.optional(line),
})

export const TARGET = v.object({
  ...hop.entries,
  /** Machines on the way, the nearest to podwire first. */
  jumps: v.array(hop),
  /** The address at which the other machines reach it, where that is not the one that podwire came in by. */
  underlay: v.optional(line),
})

export const SSH_HANDLE = v.object({
  nodes: v.array(
    v.object({name: v.string(), target: TARGET, folder: v.pipe(v.string(), v.regex(/^\/run\/podwire-ssh\/[\w.-]+$/)), pid: v.number()}),
  ),
  bare: v.boolean(),
  allowCutoff: v.boolean(),
  description: v.string(),
})

export type Hop = v.InferOutput<typeof hop>
export type Target = v.InferOutput<typeof TARGET>
export type Kept = v.InferOutput<typeof SSH_HANDLE>

/** As a person would type it: root@192.0.2.11, and the port where it is not 22. */
export function whereIs({user, host, port}: Pick<Hop, 'user' | 'host' | 'port'>): string {
  return `${user}@${host.includes(':') ? `[${host}]` : host}${port === 22 ? '' : `:${port}`}`
}
