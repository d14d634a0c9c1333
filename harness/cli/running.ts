// From what a command was given (a lab's name or none, a place's name) to the running lab and place it means.
import {type Fleet, MachineError} from '../driver.ts'
import type {KeptLab} from '../kept/record.ts'
import {forgetLab, recordOf, remembered} from '../kept.ts'
import type {Scenario} from '../model.ts'
import {placesOf} from '../model.ts'
import {suggestion} from '../scenario/problem.ts'
import {driverNamed} from './driver.ts'
import {UsageError} from './exit.ts'
import {complain} from './terminal.ts'

export interface RunningLab {
  readonly kept: KeptLab
  readonly fleet: Fleet
}

/**
 * The labs that run, found again by their drivers. Of labs that are gone what is left is removed, their records last. What
 * cannot be told, for want of an engine that answers or of a record to believe, is said, and left as it is.
 */
export async function runningLabs(): Promise<RunningLab[]> {
  const {labs, abandoned, damaged} = remembered()
  for (const {path, why} of damaged) complain(`warning[damaged-record]: ${path} is passed over: ${why}\n   = help: rm ${path}`)
  for (const claim of abandoned) await forgetLab(claim)
  const found = await Promise.all(labs.map(async (kept) => ({kept, fleet: await findOrForget(kept)})))
  return found.filter((lab): lab is RunningLab => lab.fleet !== undefined)
}

async function findOrForget(kept: KeptLab): Promise<Fleet | undefined> {
  const driver = await driverNamed(kept.driver)
  const fleet = await driver.find(kept.handle)
  if (fleet) return fleet
  try {
    await driver.remove(kept.handle)
    await forgetLab(kept)
  } catch (error) {
    if (!(error instanceof MachineError)) throw error
    const help = `if it is gone for good, or will go by itself: rm ${recordOf(kept)}`
    complain(`warning[${error.code}]: lab ${kept.lab} stays remembered: ${error.message}\n   = help: ${help}`)
  }
  return undefined
}

/** @throws UsageError when there is no such lab, or several and none was named */
export async function runningLab(name: string | undefined): Promise<RunningLab> {
  const labs = await runningLabs()
  const names = labs.map(({kept}) => kept.lab)
  if (name === undefined) {
    const [only, ...others] = labs
    if (only && others.length === 0) return only
    if (!only) throw new UsageError('no lab is running', ['start one: podwire up three-nodes'])
    throw new UsageError(`${labs.length} labs are running`, [`say which: --lab ${names.join(' or --lab ')}, before a place`])
  }
  const lab = labs.find(({kept}) => kept.lab === name)
  if (!lab) throw new UsageError(`no lab ${name} is running`, [suggestion(name, names)])
  return lab
}

/** Where a command runs: on a node, or in a namespace of it. */
export interface Target {
  readonly node: string
  /** Undefined: the node's own. */
  readonly netns: string | undefined
}

/**
 * @param place node1, pod1, or node1/NETNS for a namespace that the scenario does not declare
 * @throws UsageError with the nearest names
 */
export function targetOf(place: string, scenario: Pick<Scenario, 'nodes' | 'pods' | 'hosts'>): Target {
  const places = placesOf(scenario)
  const [name = '', netns] = place.split('/')
  const found = places.find((candidate) => candidate.name === name)
  if (!found || (netns !== undefined && found.netns !== undefined))
    throw new UsageError(`no place ${place} in this lab`, [
      suggestion(
        name,
        places.map((known) => known.name),
      ),
    ])
  if (netns !== undefined && !/^\w[\w.-]*$/.test(netns)) throw new UsageError(`${netns} cannot name a network namespace`)
  return {node: found.node, netns: netns ?? found.netns}
}

/**
 * Argv for a target. ip-netns(8) also gives it the namespace's own /sys, and has an exit code of its own for a command that
 * is not there; sh has the usual ones, 127 and 126.
 */
export function argvAt({netns}: Target, argv: readonly string[]): string[] {
  return netns === undefined ? [...argv] : ['ip', 'netns', 'exec', netns, 'sh', '-c', 'exec "$@"', 'sh', ...argv]
}
