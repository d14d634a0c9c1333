// podwire run: start, wire, check, report, remove.
import {accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {check, checkStage, type Outcome} from '../checks/check.ts'
import {CommandError} from '../command.ts'
import {MachineError} from '../driver.ts'
import {readInterfaces} from '../facts/interfaces.ts'
import {assertNeighboursFit} from '../facts/neighbour-table.ts'
import {explainRefusal, type Refusal} from '../facts/refusal.ts'
import {carryOut, type Lab, startLab} from '../lab.ts'
import {machinesOf, placesOf, type Scenario, type Stage, type StageResult} from '../model.ts'
import {type ResultSource, resultJson} from '../report/json.ts'
import {restoredText} from '../report/machines.ts'
import {loadScenario} from '../scenario/load.ts'
import {type ChosenDriver, chooseDriver, type DriverChoice} from './driver.ts'
import {EXIT, UsageError} from './exit.ts'
import {hold, isInterrupted} from './interrupt.ts'
import {claimName, keep} from './keep.ts'
import {narrator, outcomeText} from './narrate.ts'
import type {SshChoices} from './ssh-choices.ts'
import {complain, errors, isForPrograms, output, print, printJson, type Screen} from './terminal.ts'

export interface RunOptions extends SshChoices {
  readonly driver: DriverChoice
  readonly privileged?: boolean
  readonly attach?: boolean
  readonly report?: readonly string[]
  readonly out?: string
  readonly json?: boolean
  /** A lab that failed stays, under the scenario's name. */
  readonly keep?: boolean
  /** Probes every pair after every stage. */
  readonly timeline?: boolean
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
  const reports = reportsOf(options)
  if (options.out !== undefined) prepareFolder(options.out)
  const scenario = await loadScenario(reference)
  if (options.keep) return keeping(scenario, options, reports)
  return ending(await standUp(scenario, labName(scenario), options), options, reports)
}

/** As without --keep, unless a line is refused or a check fails. */
async function keeping(scenario: Scenario, options: RunOptions, reports: readonly Format[]): Promise<number> {
  const {name} = scenario
  const claim = await claimName(name, 'run without --keep')
  const held = hold({[Symbol.asyncDispose]: async () => claim.release()})
  try {
    const finished = await standUp(scenario, name, options, async (standing) => {
      await keep(standing, claim)
      return [`the lab is kept as it stands; ${nextCommands(scenario)}`]
    })
    const failed = finished.outcome.verdict !== 'pass'
    // Letting go of a lab that is kept disposes nothing.
    if (failed) await keep(finished, claim)
    const code = await ending(finished, options, reports)
    if (failed) (isForPrograms(options) ? complain : print)(`\nlab ${name} is kept, as it failed; ${nextCommands(scenario)}`)
    return code
  } finally {
    claim.release()
    held.release()
  }
}

function nextCommands({name, nodes}: Scenario): string {
  return `next: podwire debug ${name}, podwire diagnose --lab ${name}, podwire shell ${nodes[0]?.name} --lab ${name}, podwire down ${name}`
}

/** Removes the lab and tells what became of it. */
async function ending({lab, chosen, outcome, result}: Finished, options: RunOptions, reports: readonly Format[]): Promise<number> {
  const disposing = performance.now()
  await lab[Symbol.asyncDispose]()
  const {restored} = chosen
  const times = {...result.times, dispose: performance.now() - disposing, total: performance.now()}
  const full = {...result, ...(restored && {machines: restored}), times}
  const screen = screenFor(options)
  if (screen) screen.write(`\n${outcomeText(full, screen)}`)
  if (options.out !== undefined) for (const format of reports) writeReport(full, format, options.out)
  if (isForPrograms(options)) printJson(resultJson(full))
  return outcome.verdict === 'pass' && !restored?.some(({left}) => left.length > 0) ? EXIT.asClaimed : EXIT.checkFailed
}

/**
 * Starts the lab, runs its steps and its checks. Nothing of it is left when this throws.
 * @param rescue keeps a lab of which a line was refused, and gives help for the message
 */
export async function standUp(
  scenario: Scenario,
  name: string,
  options: RunOptions,
  rescue?: (standing: Pick<Finished, 'lab' | 'chosen'>) => Promise<readonly string[]>,
): Promise<Finished> {
  const begun = performance.now()
  assertNeighboursFit(scenario)
  const chosen = await chooseDriver(options.driver, {
    ...(options.privileged && {privileged: true}),
    progress: complain,
    ssh: options,
  })
  const lab = await (options.attach ? attachLab(scenario, name) : startLab(name, scenario, chosen.driver))
  const held = hold(lab)
  try {
    const tell = narrator(screenFor(options))
    tell.driver(chosen, lab, options.attach ? 'attached to nodes that were there' : undefined)
    const started = performance.now()
    const stages: StageResult[] = []
    let looking = 0
    const ended = async (_: Stage, number: number) => {
      const begun = performance.now()
      const result = await checkStage(lab.fleet, scenario, number, {
        ...(options.patience !== undefined && {patience: options.patience}),
        timeLimit: options.timeLimit,
        ...(options.timeline && {timeline: {before: stages.at(-1)?.matrix}}),
      })
      stages.push(result)
      tell.found?.(result)
      looking += performance.now() - begun
    }
    await carryOut(lab, {...tell, ended}, options.timeLimit)
    const wired = performance.now()
    const outcome = await check(lab.fleet, scenario, stages, options.patience, options.timeLimit)
    if (isInterrupted()) throw new Error('interrupted') // what was seen of a lab that was taken away is not worth telling
    const checked = performance.now()
    const driver = {name: chosen.driver.name, reason: chosen.reason, description: lab.fleet.description}
    const times = {
      startUp: begun,
      start: started - begun,
      steps: wired - started - looking,
      ...(stages.some(({checks, matrix}) => checks.length > 0 || matrix) && {stages: looking}),
      checks: checked - wired,
    }
    return {lab, chosen, outcome, result: {lab: name, scenario, driver, history: lab.history, outcome, times}}
  } catch (error) {
    if (error instanceof CommandError) {
      error.context = await contextOf(error, lab)
      if (rescue && !isInterrupted()) error.context = {...error.context, help: [...error.context.help, ...(await rescue({lab, chosen}))]}
    }
    await lab[Symbol.asyncDispose]()
    for (const one of chosen.restored ?? []) complain(restoredText(one))
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
type Format = (typeof FORMATS)[number]

/** The formats that are written to files: those that were asked for, else the one that programs read. */
function reportsOf({report = [], attach, driver, keep}: RunOptions): readonly Format[] {
  if (attach && driver !== 'docker') throw new UsageError('--attach is of the docker driver', ['add --driver docker'])
  if (attach && keep) throw new UsageError('--keep is of labs that podwire starts; --attach uses nodes that were there', ['leave one out'])
  for (const format of report) {
    if (!(FORMATS as readonly string[]).includes(format)) throw new UsageError(`no report ${format}`, [`there is ${FORMATS.join(', ')}`])
  }
  return report.length === 0 ? ['json'] : (report as Format[])
}

/** Where people read: on standard output, unless that is a program's; then on standard error, where text was asked for too. */
function screenFor(options: RunOptions): Screen | undefined {
  if (!isForPrograms(options)) return output
  return !options.json && options.report?.includes('text') ? errors : undefined
}

/**
 * Makes the folder before anything starts, so that no result is lost for want of one. One level at a time: Node's own
 * recursive mkdir never ends where the kernel refuses with ENOENT, as /proc does.
 */
function prepareFolder(out: string): void {
  try {
    if (!existsSync(out)) mkdirSync(out)
    if (!statSync(out).isDirectory()) throw new Error('it is no folder')
    accessSync(out, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new UsageError(`reports cannot be written to ${out}: ${error instanceof Error ? error.message : String(error)}`, [
      'name a folder that is there, or one to be made in one that is',
    ])
  }
}

function writeReport(result: ResultSource, format: Format, out: string): void {
  const path = join(out, `${result.scenario.name}.${format === 'text' ? 'txt' : format}`)
  try {
    writeFileSync(path, format === 'json' ? `${JSON.stringify(resultJson(result), undefined, 2)}\n` : `${outcomeText(result, PAPER)}\n`)
  } catch (error) {
    throw new MachineError('report-not-written', `${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
  complain(`wrote ${path}`)
}

/** Neither colours nor a width. */
const PAPER = {paint: (_: string, text: string) => text, width: Number.POSITIVE_INFINITY}
