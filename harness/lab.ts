// A lab: a scenario's nodes, started by a driver, and everything that was run on them.
import {readFile} from 'node:fs/promises'
import PQueue from 'p-queue'
import {CommandError, type CommandResult, type History} from './command.ts'
import {startDaemon} from './daemons.ts'
import {type Driver, type Fleet, MachineError} from './driver.ts'
import {machinesOf, type Scenario, type Stage, type Step} from './model.ts'
import {assertNeeds} from './needs.ts'

export interface Lab extends AsyncDisposable {
  readonly name: string
  readonly scenario: Scenario
  readonly fleet: Fleet
  /** What the steps came to, in the order in which they ended. */
  readonly history: History
}

/**
 * Starts the scenario's nodes; nothing is wired yet.
 * @throws MachineError when this machine cannot, or lacks what the scenario needs; then nothing of it is left
 */
export async function startLab(name: string, scenario: Scenario, driver: Driver): Promise<Lab> {
  const tools = scenario.needs.map(({tool}) => tool)
  const {underlay, devices} = scenario
  const fleet = await driver.start({lab: name, underlay, nodes: machinesOf(scenario), tools, devices})
  try {
    await assertNeeds(fleet, scenario)
  } catch (error) {
    await fleet[Symbol.asyncDispose]()
    throw error
  }
  return {name, scenario, fleet, history: [], [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose]()}
}

/** How a screen follows the steps. Steps of one stage are told node by node, in the order of the scenario. */
export interface StepFollower {
  stage?(stage: Stage, number: number): void
  step?(step: Step, result: CommandResult): void
  /** Once a stage's steps have run, before the next begins; `number` is 1-based. What it throws ends the lab's steps. */
  ended?(stage: Stage, number: number): Promise<void>
}

/** When the last of the stage's lines began, in milliseconds since the epoch, once it has ended; undefined where it has none. */
export function lastBegun({history}: Lab, {steps}: Stage): number | undefined {
  const begun = history.slice(history.length - steps.length).map(({startedAt}) => startedAt)
  return begun.length === 0 ? undefined : Math.max(...begun)
}

/**
 * Puts the scenario's files on its machines.
 * @throws MachineError when one cannot be read or written
 */
async function placeFiles({fleet, scenario}: Lab): Promise<void> {
  await Promise.all(
    scenario.files.map(async ({path, from, nodes}) => {
      try {
        const content = await readFile(from)
        await Promise.all(nodes.map((node) => fleet.copy(node, content, path)))
      } catch (error) {
        throw new MachineError('file-not-copied', `${path}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }),
  )
}

/**
 * Runs the scenario's steps: stage after stage, within a stage the nodes side by side, a node's lines in order.
 * @param timeLimit milliseconds for each line
 * @throws CommandError at the first line that is refused; lines that run then on other nodes are waited for, no new one begins
 */
export async function carryOut(lab: Lab, follower: StepFollower = {}, timeLimit?: number): Promise<void> {
  await placeFiles(lab)
  for (const [index, stage] of lab.scenario.stages.entries()) {
    follower.stage?.(stage, index + 1)
    await carryOutStage(lab, stage, follower, timeLimit)
    await follower.ended?.(stage, index + 1)
  }
}

async function carryOutStage(lab: Lab, stage: Stage, follower: StepFollower, timeLimit: number | undefined): Promise<void> {
  const byNode = [...Map.groupBy(stage.steps, ({node}) => node).values()]
  const tell = inTurn(byNode, follower)
  const queue = new PQueue({concurrency: 16})
  let refusal: CommandError | undefined
  await queue.addAll(
    byNode.map((steps) => async () => {
      for (const step of steps) {
        if (refusal) return
        const result = await runStep(lab.fleet, step, timeLimit)
        lab.history.push(result)
        tell(step, result)
        // Without one node the others go on: the report is of them.
        if (result.exitCode !== 0 && result.cause !== 'node-lost') refusal ??= new CommandError(result, step.source)
      }
    }),
  )
  if (refusal) throw refusal
}

function runStep(fleet: Fleet, step: Step, timeLimit: number | undefined): Promise<CommandResult> {
  if (step.daemon) return startDaemon(fleet, step, step.daemon, timeLimit)
  return fleet.run(step.node, step.command, timeLimit === undefined ? {} : {timeLimit})
}

/** Nodes run side by side and are told one after the other: a line is held back until those above it have been told. */
function inTurn(byNode: readonly (readonly Step[])[], follower: StepFollower): (step: Step, result: CommandResult) => void {
  const order = byNode.flat()
  const held = new Map<Step, CommandResult>()
  let next = 0
  return (step, result) => {
    held.set(step, result)
    while (next < order.length) {
      const due = order[next]
      const ready = due && held.get(due)
      if (!due || !ready) return
      follower.step?.(due, ready)
      next++
    }
  }
}
