// The labels on everything that podwire makes on an engine: whose it is, and whether that podwire still runs.
import {readFileSync} from 'node:fs'

export const LAB_LABEL = 'podwire.lab'
export const NODE_LABEL = 'podwire.node'
const OWNER_LABEL = 'podwire.owner'

/** Labels for something of a lab. The owner is this process: the machine's boot, its PID, when it began. */
export function labelsFor(lab: string, node?: string): Record<string, string> {
  return {
    [LAB_LABEL]: lab,
    [OWNER_LABEL]: `${bootId()} ${process.pid} ${startTime(process.pid)}`,
    ...(node !== undefined && {[NODE_LABEL]: node}),
  }
}

/** Whether the podwire that made it still runs; undefined when it was made on another machine, or before a reboot of this one. */
export function ownerRuns(labels: Readonly<Record<string, string>> | undefined): boolean | undefined {
  const [boot, pid, started] = (labels?.[OWNER_LABEL] ?? '').split(' ')
  if (boot !== bootId()) return undefined
  return startTime(Number(pid)) === started
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

/** proc_pid_stat(5), field 22. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
