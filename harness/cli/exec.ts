// podwire exec and podwire shell: a command of the user's own at a place of a running lab, on the user's own terminal.
import {loadScenario} from '../scenario/load.ts'
import {EXIT} from './exit.ts'
import {argvAt, runningLab, targetOf} from './running.ts'

/** Hands on standard input, output, error and the exit code. */
export async function exec(place: string, argv: readonly string[], {lab}: {readonly lab?: string}): Promise<number> {
  const {kept, fleet} = await runningLab(lab)
  await using _ = fleet
  const target = targetOf(place, await loadScenario(kept.scenario))
  const command = argv[0] === '--' ? argv.slice(1) : argv
  const stream = await fleet.stream(target.node, argvAt(target, command), {stdio: 'inherit'})
  return (await stream.exit) ?? EXIT.cannotRun
}

/** An interactive bash whose prompt says where it is. */
export async function shell(place: string, options: {readonly lab?: string}): Promise<number> {
  return exec(place, ['env', `PS1=${place}# `, 'bash', '--norc', '--noprofile', '-i'], options)
}
