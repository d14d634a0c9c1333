// A session's shell on this machine itself, for tests of the framing alone. Nothing of a lab is in it.
import {type ChildProcess, spawn} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {Transform} from 'node:stream'
import type {ExecutionContext} from 'ava'
import {openSession, SESSION_SHELL, type Session, type ShellPipes} from '../../harness/session.ts'

export interface LocalShell {
  readonly session: Session
  /** Every shell that was opened, the first one first. */
  readonly shells: readonly ChildProcess[]
}

/** @param pieces hands output on in pieces of so many bytes, as a slow pipe might */
export function localShell(t: ExecutionContext, pieces?: number): LocalShell {
  const shells: ChildProcess[] = []
  const session = openSession('here', async (): Promise<ShellPipes> => {
    const [program = '', ...args] = SESSION_SHELL
    const child = spawn(program, args, {detached: true, stdio: 'pipe'})
    shells.push(child)
    const kill = () => void child.kill('SIGKILL')
    if (pieces === undefined) return {stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, kill}
    return {stdin: child.stdin, stdout: child.stdout.pipe(inPieces(pieces)), stderr: child.stderr.pipe(inPieces(pieces)), kill}
  })
  t.teardown(async () => {
    await session.close()
    for (const {pid} of shells) killSession(pid)
  })
  return {session, shells}
}

/** Ends a shell and all that it started, whatever groups that is in: what is of its session (setsid(2)), by PID. */
function killSession(leader: number | undefined): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (Number(session) === leader) process.kill(Number(pid), 'SIGKILL')
    } catch {} // it has ended
  }
}

function inPieces(size: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      for (let at = 0; at < chunk.length; at += size) this.push(chunk.subarray(at, at + size))
      done()
    },
  })
}
