// podwire exec and podwire shell: a command of the user's own at a place of a running lab, on the user's own terminal.
import {noteCommand} from '../kept.ts'
import {EXIT, UsageError} from './exit.ts'
import {passSignalsTo} from './interrupt.ts'
import {argvAt, runningLab, targetOf} from './running.ts'
import {complain} from './terminal.ts'

interface ExecOptions {
  readonly lab?: string
}

/** Hands on standard input, output, error, signals and the exit code. */
export async function exec(place: string, argv: readonly string[], options: ExecOptions): Promise<number> {
  const command = argv[0] === '--' ? argv.slice(1) : argv
  if (command.length === 0) throw new UsageError('no command to run', [`podwire exec ${place} -- ip addr, or podwire shell ${place}`])
  return runAt(place, command, options)
}

/** An interactive bash whose prompt says where it is. */
export async function shell(place: string, options: ExecOptions): Promise<number> {
  return runAt(place, ['env', `PS1=${place}# `, 'bash', '--norc', '--noprofile', '-i'], options, true)
}

interface RunOptions extends ExecOptions {
  /** It reads nothing: podwire's own standard input is for others. */
  readonly unfed?: boolean
  /** Nor is anything of it shown. */
  readonly silent?: boolean
}

export async function runAt(
  place: string,
  argv: readonly string[],
  {lab, unfed, silent}: RunOptions,
  interactive = false,
): Promise<number> {
  const {kept, fleet} = await runningLab(lab)
  await using _ = fleet
  const target = targetOf(place, kept.scenario)
  const startedAt = Date.now()
  const stream = await fleet.stream(target.node, argvAt(target, argv), {stdio: unfed || silent ? 'pipe' : 'inherit'})
  stream.stdin?.end()
  stream.stdout?.on('data', (piece: Buffer) => silent || process.stdout.write(piece))
  stream.stderr?.on('data', (piece: Buffer) => silent || process.stderr.write(piece))
  if (stream.stdin === null) passSignalsTo(stream)
  const exitCode = await stream.exit
  try {
    noteCommand(kept, {place, argv, ...(interactive && {interactive}), startedAt, endedAt: Date.now(), exitCode})
  } catch (error) {
    complain(`warning[journal]: what ran is not written down: ${error instanceof Error ? error.message : String(error)}`)
  }
  return exitCode ?? EXIT.cannotRun
}
