// How a lab outlives podwire: its name is claimed before anything starts, and its record written before it is let go.
import {typedLine} from '../daemons.ts'
import type {Facts} from '../facts/facts.ts'
import {readFacts} from '../facts/read.ts'
import type {KeptLab} from '../kept/record.ts'
import {type Claim, claimLab} from '../kept.ts'
import type {Lab} from '../lab.ts'
import {placesAfter} from '../model.ts'
import type {ChosenDriver} from './driver.ts'
import {UsageError} from './exit.ts'
import {runningLabs} from './running.ts'

/**
 * @param other what else can be done where the name is taken
 * @throws UsageError when it cannot name a lab, or another lab has it
 */
export async function claimName(name: string, other = 'give this one another --name'): Promise<Claim> {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    throw new UsageError(`${name} cannot name a lab`, ['use 1 to 40 lower-case letters, digits and dashes, a letter first'])
  await runningLabs() // forgets those that are gone
  const claimed = await claimLab(name)
  if ('release' in claimed) return claimed
  if ('why' in claimed)
    throw new UsageError(`the record of lab ${name} is damaged: ${claimed.why}`, [`${other}, or remove the record: rm ${claimed.path}`])
  const help = [`podwire down ${name}, or ${other}`]
  if (claimed.state === 'running') throw new UsageError(`a lab ${name} is running already`, help)
  throw new UsageError(`a lab ${name} is just starting (process ${claimed.claimer.pid})`, help)
}

/** A fix may type a line again, and a daemon's would not end. */
export function asTyped({scenario}: Pick<Lab, 'scenario'>, node: string, command: string): string {
  const step = scenario.stages.flatMap(({steps}) => steps).find((each) => each.daemon && each.node === node && each.command === command)
  return step?.daemon ? typedLine(command, step.daemon) : command
}

/** Once this is through, and not before, the lab outlives podwire. What was refused did not wire it. */
export async function keep(
  {
    lab,
    chosen,
    works,
    before: right,
  }: {readonly lab: Lab; readonly chosen: ChosenDriver; readonly works?: boolean; readonly before?: Facts},
  claim: Claim,
): Promise<void> {
  await using _ = lab
  // What a lab that works is like is what a diagnosis compares with once it works no more.
  const before = right ?? (works ? await readFacts(lab.fleet, placesAfter(lab.scenario, lab.scenario.stages.length)) : undefined)
  const history = lab.history
    .filter(({exitCode}) => exitCode === 0)
    .map(({node, command}) => ({node, command: asTyped(lab, node, command)}))
  await lab.fleet.keep((handle) =>
    claim.remember({driver: chosen.driver.name, handle: handle as KeptLab['handle'], scenario: lab.scenario, history, before}),
  )
}
