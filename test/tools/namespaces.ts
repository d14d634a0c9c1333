// What is left of a lab: the processes of this machine that are still in its namespaces. Only that lab's own are looked
// for, since other labs run on the machine at the same time.
import {readdirSync, readlinkSync} from 'node:fs'
import type {Fleet} from '../../harness/driver.ts'

const KINDS = ['net', 'mnt', 'uts', 'pid'] as const

/** The namespaces of a fleet's nodes, as `net:[4026532281]`: the kernel counts them once for the whole machine. */
export async function namespacesOf(fleet: Fleet, nodes: readonly string[]): Promise<string[]> {
  const line = KINDS.map((kind) => `readlink /proc/self/ns/${kind}`).join('; ')
  const results = await Promise.all(nodes.map((node) => fleet.run(node, line, {shell: 'observer'})))
  return [...new Set(results.flatMap(({stdout}) => stdout.toString().trim().split('\n')))]
}

/** The ids of this machine's processes that are in one of the namespaces. Our own are not the lab's. */
export function processesIn(namespaces: readonly string[]): string[] {
  const own = new Set(KINDS.map((kind) => namespaceOf('self', kind)))
  const theirs = new Set(namespaces.filter((namespace) => !own.has(namespace)))
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && KINDS.some((kind) => theirs.has(namespaceOf(pid, kind))))
}

function namespaceOf(pid: string, kind: (typeof KINDS)[number]): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`)
  } catch {
    return '' // it has ended, or is not ours to look at
  }
}
