// The labels on everything that podwire makes on an engine: whose it is, and whether that podwire still runs.
import {readFileSync, readlinkSync} from 'node:fs'
import {identify, runs} from '../../identity.ts'

export const LAB_LABEL = 'podwire.lab'
export const NODE_LABEL = 'podwire.node'
const OWNER_LABEL = 'podwire.owner'

/** Labels for something of a lab. The owner is this process: where it counts as what, whose it is, and when it began. */
export function labelsFor(lab: string, node?: string): Record<string, string> {
  return {
    [LAB_LABEL]: lab,
    [OWNER_LABEL]: `${here()} ${process.getuid?.()} ${process.pid} ${identify(process.pid).started}`,
    ...(node !== undefined && {[NODE_LABEL]: node}),
  }
}

type Labels = Readonly<Record<string, string>> | undefined

/** Whether the podwire that made it still runs; undefined when it ran elsewhere: on another machine or boot, in another container. */
export function ownerRuns(labels: Labels): boolean | undefined {
  const [boot, namespace, , pid, started = ''] = ownerOf(labels)
  if (`${boot} ${namespace}` !== here()) return undefined
  return runs({pid: Number(pid), started})
}

/** Whether a podwire of this user, here, made it: then the records of kept labs that this user has are all there are. */
export function isOwn(labels: Labels): boolean {
  const [boot, namespace, user] = ownerOf(labels)
  return `${boot} ${namespace} ${user}` === `${here()} ${process.getuid?.()}`
}

function ownerOf(labels: Labels): string[] {
  return (labels?.[OWNER_LABEL] ?? '').split(' ')
}

/** Where a PID means a process: this boot of this machine, this PID namespace (namespaces(7)). */
function here(): string {
  return `${bootId()} ${readlinkSync('/proc/self/ns/pid')}`
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}
