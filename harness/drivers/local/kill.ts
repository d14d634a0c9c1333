// How what runs in a local lab's nodes is ended, from outside: by process, since nsenter does not hand signals on.
import type {ChildProcess} from 'node:child_process'
import {readFileSync} from 'node:fs'

/**
 * Ends what nsenter runs, and what that started, but not nsenter: nsenter must live to collect it. An orphan would wait
 * for the machine's process 1, and the lab's end with it (pid_namespaces(7): zap waits for every member to be reaped).
 */
export function killInside(nsenter: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (!isRunning(nsenter)) return
  for (const pid of descendantsOf(nsenter.pid ?? 0)) {
    for (const target of [-pid, pid]) {
      try {
        process.kill(target, signal)
        process.kill(target, 'SIGCONT')
      } catch {} // no such group, or it has just ended
    }
  }
  wake(nsenter)
}

/** nsenter stops itself when what it runs has stopped (nsenter.c, continue_as_child), and would then collect nothing. */
function wake(nsenter: ChildProcess): void {
  if (!isRunning(nsenter)) return
  nsenter.kill('SIGCONT')
  setTimeout(() => wake(nsenter), 100) // it may have been about to stop
}

function isRunning({pid, exitCode, signalCode}: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null
}

/** A shell's line has a process group of its own, so the shell's group is not all. What a line left running is nobody's descendant. */
function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)])
}

/** proc_pid_task_children(5). Empty where the kernel was built without it; the lab's end is then theirs. */
function childrenOf(pid: number): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
    return list === '' ? [] : list.split(' ').map(Number)
  } catch {
    return []
  }
}
