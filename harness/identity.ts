// A process of this machine, by its PID and when it began: a PID alone may be another process by now.
import {readFileSync} from 'node:fs'

export interface Identity {
  readonly pid: number
  /** Clock ticks since boot. */
  readonly started: string
}

export function identify(pid: number): Identity {
  return {pid, started: startTime(pid) ?? ''}
}

/** Whether that very process is there. */
export function runs({pid, started}: Identity): boolean {
  const now = startTime(pid)
  return now !== undefined && now === started
}

/**
 * proc_pid_stat(5), field 22; counted from behind the name, which may hold anything. Undefined when there is no such process,
 * or one that has ended and that nobody has collected yet.
 */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}
