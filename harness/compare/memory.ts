// What the daemons of a lab hold in memory: each with all that it started, as proportional set size (proc_pid_smaps(5)), in
// which a page that several processes share is counted once. What shares it may be in another lab, of the same programs.
import {machinesOf, type Step} from '../model.ts'
import {type Measured, type Memory, measured, unknown} from './measured.ts'
import type {Standing} from './network.ts'

/** A lab's machines have a folder each for what daemons.ts writes down. */
const PIDS = 'cat /proc/[0-9]*/stat 2>/dev/null; echo; cat /run/podwire/*.pid 2>/dev/null'

export async function measureMemory({lab, network: {scenario, whole}}: Standing): Promise<Measured<Memory>> {
  const steps = scenario.stages.slice(0, whole).flatMap((stage) => stage.steps)
  const daemons = Map.groupBy(
    steps.filter((step): step is Step & {daemon: object} => step.daemon !== undefined),
    ({node}) => node,
  )
  const machines: Record<string, {bytes: number; processes: number}> = {}
  for (const {name} of machinesOf(scenario)) {
    const declared = new Set(daemons.get(name)?.map(({daemon}) => daemon.name)).size
    if (declared === 0) {
      machines[name] = {bytes: 0, processes: 0}
      continue
    }
    const {stdout} = await lab.fleet.run(name, PIDS, {shell: 'observer'})
    const [stats = '', pids = ''] = stdout.toString().split('\n\n')
    const roots = pids.split('\n').filter((pid) => pid !== '')
    const all = descendants(stats, roots)
    const files = all.map((pid) => `/proc/${pid}/smaps_rollup`)
    const read = await lab.fleet.run(name, `grep -h ^Pss: ${files.join(' ')}`, {shell: 'observer'})
    const kilobytes = read.stdout.toString().match(/\d+/g) ?? []
    if (roots.length < declared || kilobytes.length < roots.length)
      return unknown(`${kilobytes.length} of ${Math.max(declared, all.length)} processes of daemons on ${name} could be asked`)
    machines[name] = {bytes: kilobytes.reduce((sum, each) => sum + Number(each) * 1024, 0), processes: kilobytes.length}
  }
  return measured({bytes: Object.values(machines).reduce((sum, {bytes}) => sum + bytes, 0), machines})
}

/** @param stats lines of /proc/PID/stat @returns the roots that are there, and all below them */
export function descendants(stats: string, roots: readonly string[]): string[] {
  const children = Map.groupBy(
    stats.split('\n').filter((line) => line !== ''),
    // Its parent: the second field behind the name, which may have blanks of its own.
    (line) => line.slice(line.lastIndexOf(')') + 2).split(' ')[1] ?? '',
  )
  const there = new Set([...children.values()].flat().map(pidIn))
  const below = (pid: string): string[] => [pid, ...(children.get(pid) ?? []).map(pidIn).flatMap(below)]
  return [...new Set(roots.filter((pid) => there.has(pid)).flatMap(below))]
}

function pidIn(line: string): string {
  return line.slice(0, line.indexOf(' '))
}
