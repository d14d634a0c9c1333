// podwire run: start, wire, check, report, remove.
import {accessSync, constants, existsSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {check, type Outcome} from '../checks/check.ts'
import {CommandError} from '../command.ts'
import {readInterfaces} from '../facts/interfaces.ts'
import {assertNeighboursFit} from '../facts/neighbour-table.ts'
import {explainRefusal, type Refusal} from '../facts/refusal.ts'
import {carryOut, type Lab, startLab} from '../lab.ts'
import {machinesOf, placesOf, type Scenario} from '../model.ts'
import {type ResultSource, resultJson} from '../report/json.ts'
import {loadScenario} from '../scenario/load.ts'
import {type ChosenDriver, chooseDriver, type DriverChoice} from './driver.ts'
import {EXIT, UsageError} from './exit.ts'
import {hold, isInterrupted} from './interrupt.ts'
import {narrator, outcomeText} from './narrate.ts'
import {complain, print} from './terminal.ts'

export interface RunOptions {
  readonly driver: DriverChoice
  readonly privileged?: boolean
  readonly attach?: boolean
  readonly report?: readonly string[]
  readonly out?: string
  readonly json?: boolean
  readonly timeLimit?: number
  readonly patience?: number
}

/** A lab that stands and was checked. The caller disposes or keeps it. */
export interface Finished {
  readonly lab: Lab
  readonly chosen: ChosenDriver
  readonly outcome: Outcome
  readonly result: ResultSource
}

export async function run(reference: string, options: RunOptions): Promise<number> {
  const formats = formatsOf(options)
  if (options.out !== undefined) prepareFolder(options.out)
  const scenario = await loadScenario(reference)
  const {lab, outcome, result} = await standUp(scenario, labName(scenario), options)
  const disposing = performance.now()
  await lab[Symbol.asyncDispose]()
  const full = {...result, times: {...result.times, dispose: performance.now() - disposing, total: performance.now()}}
  if (formats.includes('text') && !options.json) print(`\n${outcomeText(full)}`)
  if (formats.includes('json')) writeReport(full, options)
  return outcome.verdict === 'pass' ? EXIT.asClaimed : EXIT.checkFailed
}

/** Starts the lab, runs its steps and its checks. Nothing of it is left when this throws. */
export async function standUp(scenario: Scenario, name: string, options: RunOptions): Promise<Finished> {
  const begun = performance.now()
  assertNeighboursFit(scenario)
  const quiet = options.json === true
  const chosen = await chooseDriver(options.driver, {...(options.privileged && {privileged: true}), progress: complain})
  const lab = await (options.attach ? attachLab(scenario, name) : startLab(name, scenario, chosen.driver))
  const held = hold(lab)
  try {
    const tell = narrator(quiet)
    tell.driver(chosen, lab, options.attach ? 'attached to nodes that were there' : undefined)
    const started = performance.now()
    await carryOut(lab, tell, options.timeLimit)
    const wired = performance.now()
    const outcome = await check(lab.fleet, scenario, options.patience)
    if (isInterrupted()) throw new Error('interrupted') // what was seen of a lab that was taken away is not worth telling
    const checked = performance.now()
    const driver = {name: chosen.driver.name, reason: chosen.reason, description: lab.fleet.description}
    const times = {startUp: begun, start: started - begun, steps: wired - started, checks: checked - wired}
    return {lab, chosen, outcome, result: {lab: name, scenario, driver, history: lab.history, outcome, times}}
  } catch (error) {
    if (error instanceof CommandError) error.context = await contextOf(error, lab)
    await lab[Symbol.asyncDispose]()
    throw error
  } finally {
    held.release()
  }
}

async function attachLab(scenario: Scenario, name: string): Promise<Lab> {
  const {attachFleet} = await import('../drivers/docker.ts')
  const fleet = await attachFleet({lab: name, underlay: scenario.underlay, nodes: machinesOf(scenario)})
  return {name, scenario, fleet, history: [], [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose]()}
}

/** Looks at the node that refused, while it is still there. */
async function contextOf({result}: CommandError, {fleet, scenario}: Lab): Promise<Refusal> {
  if (result.cause === 'disposed') return {notes: [], help: []}
  const node = placesOf(scenario).filter(({name}) => name === result.node)
  const interfaces = await readInterfaces(fleet, node)
  return explainRefusal(result.command, result.node, scenario, interfaces.get(result.node))
}

/** A name that no other lab of this machine has: labs run side by side. */
function labName(scenario: Scenario): string {
  return `${scenario.name.slice(0, 24)}-${process.pid}`
}

const FORMATS = ['text', 'json'] as const

function formatsOf({report = [], json, attach, driver}: RunOptions): readonly string[] {
  if (attach && driver !== 'docker') throw new UsageError('--attach is of the docker driver', ['add --driver docker'])
  for (const format of report) {
    if (!(FORMATS as readonly string[]).includes(format)) throw new UsageError(`no report ${format}`, [`there is ${FORMATS.join(', ')}`])
  }
  if (json) return ['json']
  return report.length === 0 ? ['text'] : report
}

/**
 * Makes the folder before anything starts, so that no result is lost for want of one. One level at a time: Node's own
 * recursive mkdir never ends where the kernel refuses with ENOENT, as /proc does.
 */
function prepareFolder(out: string): void {
  try {
    if (!existsSync(out)) mkdirSync(out)
    accessSync(out, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new UsageError(`reports cannot be written to ${out}: ${error instanceof Error ? error.message : String(error)}`, [
      'name a folder that is there, or one to be made in one that is',
    ])
  }
}

function writeReport(result: ResultSource, {out}: RunOptions): void {
  const text = `${JSON.stringify(resultJson(result), undefined, 2)}\n`
  if (out === undefined) {
    process.stdout.write(text)
    return
  }
  const path = join(out, `${result.scenario.name}.json`)
  writeFileSync(path, text)
  complain(`wrote ${path}`)
}
