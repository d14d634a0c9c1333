// podwire run: start, wire, check, report, remove.
import {type Baselines, baselineOf, lastBaseline} from '../checks/baseline.ts'
import {check, checkStage, checkUnfinished, type Outcome} from '../checks/check.ts'
import {CommandError} from '../command.ts'
import {explain} from '../explain.ts'
import type {Facts} from '../facts/facts.ts'
import {readInterfaces} from '../facts/interfaces.ts'
import {assertNeighboursFit} from '../facts/neighbour-table.ts'
import {readFacts} from '../facts/read.ts'
import {explainRefusal, type Refusal} from '../facts/refusal.ts'
import {carryOut, type Lab, lastBegun, startLab} from '../lab.ts'
import {machinesOf, placesAfter, placesOf, type Scenario, type Stage, type StageResult} from '../model.ts'
import {assertNeeds} from '../needs.ts'
import {withPaths} from '../report/diagnosed.ts'
import {type CutShort, nameOf} from '../report/ended.ts'
import type {ResultSource, SoFar} from '../report/json.ts'
import {restoredText} from '../report/machines.ts'
import {lostWords} from '../report/text.ts'
import {loadScenario} from '../scenario/load.ts'
import {type ChosenDriver, chooseDriver, type DriverChoice} from './driver.ts'
import {type EngineOptions, severalFor} from './engines.ts'
import {EXIT, UsageError} from './exit.ts'
import {explained, fail} from './fail.ts'
import {hold, isInterrupted} from './interrupt.ts'
import {claimName, keep} from './keep.ts'
import {keepLogs} from './logs.ts'
import {madeHere} from './made.ts'
import {narrator, outcomeText} from './narrate.ts'
import {type Destination, destinationsOf, isDocument, isShown, prepareReports, type ReportOptions, writeReports} from './reports.ts'
import type {SshChoices} from './ssh-choices.ts'
import {complain, errors, output, print, type Screen} from './terminal.ts'

export interface RunOptions extends ReportOptions, EngineOptions, SshChoices {
  readonly driver: DriverChoice
  readonly privileged?: boolean
  readonly attach?: boolean
  /** The result alone: nothing of what happens on the way. */
  readonly quiet?: boolean
  /** A lab that failed stays, under the scenario's name. */
  readonly keep?: boolean
  /** Probes every pair after every stage. */
  readonly timeline?: boolean
  /** Keeps the kernels' state after every stage, for a report that shows it. */
  readonly keepFacts?: boolean
  readonly timeLimit?: number
  readonly patience?: number
}

/** A lab that stands and was checked. The caller disposes or keeps it. */
export interface Finished {
  readonly lab: Lab
  readonly chosen: ChosenDriver
  readonly outcome: Outcome
  readonly result: ResultSource
  /** The facts before the fault that the claims at the end are about. */
  readonly before?: Facts
}

/** What is known of a run while it is under way. */
interface Seen {
  scenario?: Scenario
  lab?: Lab
  chosen?: ChosenDriver
  stages: readonly StageResult[]
  /** The stage in which a line was refused, as it was then; where facts are kept. */
  broken?: StageResult
  /** Where they are kept, by how many stages had run; of a stage that broke, as it was then. */
  facts?: ReadonlyMap<number, Facts>
}

/** Where the run's reports go, and whether they have. */
interface Reporting {
  readonly destinations: readonly Destination[]
  readonly screen: Screen | undefined
  done: boolean
}

export async function run(reference: string, options: RunOptions): Promise<number> {
  assertFits(options)
  const destinations = destinationsOf(options, nameOf({reference, exit: EXIT.badInput, problems: []}))
  const reporting: Reporting = {destinations, screen: screenFor(destinations), done: false}
  const seen: Seen = {stages: []}
  const cutShort = async (short: Pick<CutShort, 'exit' | 'problems' | 'step'>, to: readonly Destination[]) => {
    if (reporting.done) return
    reporting.done = true
    await writeReports({reference, ...short, ...sofarOf(seen)}, to, options.quiet)
  }
  const problems = () => [{code: 'interrupted', message: `interrupted ${phaseOf(seen)}`}]
  const held = hold({[Symbol.asyncDispose]: () => cutShort({exit: EXIT.interrupted, problems: problems()}, destinations)})
  const shown = isShown(destinations)
  const how = shown ? {...options, timeline: true, keepFacts: true} : options
  try {
    await prepareReports(destinations)
    const scenario = await loadScenario(reference)
    seen.scenario = scenario
    if (options.keep) return await keeping(scenario, how, reporting, seen)
    const finished = await standUp(scenario, labName(scenario), how, {seen, screen: progressOn(reporting, options)})
    return await ending(finished, options, reporting)
  } catch (error) {
    if (!isInterrupted()) {
      const {messages, code, step} = explained(error)
      // The document on standard output is told with the error itself.
      const others = destinations.filter(({format, path}) => format !== 'json' || path !== undefined)
      await cutShort({exit: code, problems: messages, ...(step && {step})}, others).catch(fail)
    }
    throw error
  } finally {
    held.release()
  }
}

function sofarOf({scenario, lab, chosen, stages, broken, facts}: Seen): {readonly sofar?: SoFar} {
  if (!scenario) return {}
  const driver = lab && chosen && {name: chosen.driver.name, reason: chosen.reason, description: lab.fleet.description}
  return {
    sofar: {
      lab: lab?.name ?? labName(scenario),
      scenario,
      // What ends from now on ends because of what cuts the run short.
      history: [...(lab?.history ?? [])],
      stages: [...stages],
      ...(broken && {broken}),
      times: {total: performance.now()},
      ...(driver && {driver}),
      ...(facts && {facts: {stages: new Map(facts)}, made: madeHere()}),
    },
  }
}

/** `before anything ran`, `at stage 3 of 7`, `during the checks` */
function phaseOf({scenario, lab}: Seen): string {
  if (!scenario || !lab) return 'before anything ran'
  let left = lab.history.filter(({cause}) => cause !== 'disposed').length
  for (const [index, {steps}] of scenario.stages.entries()) {
    if (left < steps.length) return `at stage ${index + 1} of ${scenario.stages.length}`
    left -= steps.length
  }
  return 'during the checks'
}

/** As without --keep, unless a line is refused or a check fails. */
async function keeping(scenario: Scenario, options: RunOptions, reporting: Reporting, seen: Seen): Promise<number> {
  const {name} = scenario
  const claim = await claimName(name, 'run without --keep')
  const held = hold({[Symbol.asyncDispose]: async () => claim.release()})
  try {
    const rescue = async (standing: Pick<Finished, 'lab' | 'chosen'>) => {
      await keep(standing, claim)
      return [`the lab is kept as it stands; ${nextCommands(scenario)}`]
    }
    const finished = await standUp(scenario, name, options, {seen, rescue, screen: progressOn(reporting, options)})
    const failed = finished.outcome.verdict !== 'pass'
    // Letting go of a lab that is kept disposes nothing.
    if (failed) await keep(finished, claim)
    const code = await ending(finished, options, reporting)
    const tell = reporting.destinations.some(isDocument) ? complain : print
    if (failed) tell(`\nlab ${name} is kept, as it failed; ${nextCommands(scenario)}`)
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
async function ending({lab, chosen, outcome, result}: Finished, {quiet, out}: RunOptions, reporting: Reporting): Promise<number> {
  if (out !== undefined) await keepLogs(lab, out, quiet)
  const disposing = performance.now()
  await lab[Symbol.asyncDispose]()
  if (isInterrupted()) throw new Error('interrupted')
  const {restored} = chosen
  const times = {...result.times, dispose: performance.now() - disposing, total: performance.now()}
  const full = {...result, ...(restored && {machines: restored}), times}
  const {screen, destinations} = reporting
  if (screen) screen.write(`${quiet ? '' : '\n'}${outcomeText(full, screen)}`)
  reporting.done = true
  await writeReports(full, destinations, quiet)
  return outcome.verdict === 'pass' && !restored?.some(({left}) => left.length > 0) ? EXIT.asClaimed : EXIT.checkFailed
}

/** Nobody reads what happens on the way. */
const NOWHERE = 'nowhere'

interface StandUpHooks {
  /** Keeps a lab of which a line was refused, and gives help for the message. */
  readonly rescue?: (standing: Pick<Finished, 'lab' | 'chosen'>) => Promise<readonly string[]>
  /** Learns what there is as soon as it is. */
  readonly seen?: Seen
  /** Where to tell how it goes on. */
  readonly screen?: Screen | typeof NOWHERE
}

/**
 * Starts the lab, runs its steps and its checks. Nothing of it is left when this throws.
 */
export async function standUp(
  scenario: Scenario,
  name: string,
  options: RunOptions,
  {rescue, seen = {stages: []}, screen = options.json || options.quiet ? NOWHERE : output}: StandUpHooks = {},
): Promise<Finished> {
  const begun = performance.now()
  assertNeighboursFit(scenario)
  const several = severalFor(options, scenario)
  const chosen = await chooseDriver(options.driver, {
    ...(options.privileged && {privileged: true}),
    progress: complain,
    several,
    ssh: options,
  })
  const lab = await (options.attach ? attachLab(scenario, name) : startLab(name, scenario, chosen.driver))
  const tell = await narrator(screen === NOWHERE ? undefined : screen, scenario)
  const held = hold(lab)
  const facts = new Map<number, Facts>()
  let under = 0
  try {
    tell.driver(chosen, lab, options.attach ? 'attached to nodes that were there' : undefined)
    const started = performance.now()
    const stages: StageResult[] = []
    const baselines: Baselines = new Map()
    Object.assign(seen, {lab, chosen, stages, ...(options.keepFacts && {facts})})
    let looking = 0
    const ended = async (stage: Stage, number: number) => {
      const begun = performance.now()
      const result = await checkStage(lab.fleet, scenario, number, {
        ...(options.patience !== undefined && {patience: options.patience}),
        timeLimit: options.timeLimit,
        since: lastBegun(lab, stage),
        baselines,
        ...(options.timeline && {timeline: {before: stages.at(-1)?.matrix}}),
      })
      if (options.keepFacts) facts.set(number, await readFacts(lab.fleet, placesAfter(scenario, number)))
      stages.push(result)
      tell.found?.(result)
      looking += performance.now() - begun
    }
    const stage = (begun: Stage, number: number) => {
      under = number
      tell.stage?.(begun, number)
    }
    await carryOut(lab, {...tell, stage, ended}, options.timeLimit)
    const wired = performance.now()
    const outcome = await check(lab.fleet, scenario, {
      ...options,
      stages,
      follow: tell.probed,
      before: (claim) => baselines.get(baselineOf(scenario, claim, scenario.stages.length) ?? 0),
    })
    if (isInterrupted()) throw new Error('interrupted') // what was seen of a lab that was taken away is not worth telling
    tell.end()
    const checked = performance.now()
    const before = lastBaseline(scenario, baselines)
    const why = outcome.verdict === 'pass' ? undefined : await explain(lab, outcome, before)
    const diagnosed = why && withPaths(why)
    const diagnose = diagnosed && {diagnose: performance.now() - checked}
    const driver = {name: chosen.driver.name, reason: chosen.reason, description: lab.fleet.description}
    const times = {
      startUp: begun,
      start: started - begun,
      steps: wired - started - looking,
      ...(stages.some(({checks, matrix}) => checks.length > 0 || matrix) && {stages: looking}),
      checks: checked - wired,
      ...diagnose,
    }
    const lost = lab.fleet.lost
    const shown = options.keepFacts && {
      facts: {stages: facts, end: why?.facts ?? (await readFacts(lab.fleet, placesAfter(scenario, scenario.stages.length)))},
      made: madeHere(),
    }
    const told = {...shown, ...(diagnosed && {diagnosed, undiagnosed: why.left}), ...(lost && {lost})}
    const result = {lab: name, scenario, driver, history: lab.history, outcome, times, ...told}
    return {lab, chosen, outcome, ...(before && {before}), result}
  } catch (error) {
    tell.end()
    if (error instanceof CommandError) {
      if (options.keepFacts && under > seen.stages.length) Object.assign(seen, await brokenAt(lab, under, seen.stages, facts))
      error.context = await contextOf(error, lab)
      if (options.out !== undefined) await keepLogs(lab, options.out, options.quiet)
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
  await assertNeeds(fleet, scenario)
  return {name, scenario, fleet, history: [], [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose]()}
}

/** Keeps how things are where a line was refused, while they still are; nothing where the lab goes meanwhile. */
async function brokenAt({fleet, scenario}: Lab, number: number, stages: readonly StageResult[], facts: Map<number, Facts>) {
  const then = await readFacts(fleet, placesAfter(scenario, number))
  const broken = await checkUnfinished(fleet, scenario, number, stages.at(-1)?.matrix).catch(() => undefined)
  if (isInterrupted() || !broken) return {}
  facts.set(number, then)
  return {broken}
}

/** Looks at the node that refused, while it is still there. */
async function contextOf({result}: CommandError, {fleet, scenario}: Lab): Promise<Refusal> {
  if (result.cause === 'disposed') return {notes: [], help: []}
  const node = placesOf(scenario).filter(({name}) => name === result.node)
  const interfaces = await readInterfaces(fleet, node)
  const {notes, help} = explainRefusal(result.command, result.node, scenario, interfaces.get(result.node))
  return {notes: [...lostWords(fleet.lost), ...notes], help}
}

/** A name that no other lab of this machine has: labs run side by side. */
function labName(scenario: Scenario): string {
  return `${scenario.name.slice(0, 24)}-${process.pid}`
}

function assertFits({attach, driver, keep, engines}: RunOptions): void {
  if (attach && engines) throw new UsageError('--attach is of nodes on one engine', ['leave out --engines'])
  if (attach && driver !== 'docker') throw new UsageError('--attach is of the docker driver', ['add --driver docker'])
  if (attach && keep) throw new UsageError('--keep is of labs that podwire starts; --attach uses nodes that were there', ['leave one out'])
}

/** Where people read: on standard output, unless that is a program's; then on standard error, where text was asked for too. */
function screenFor(destinations: readonly Destination[]): Screen | undefined {
  if (!destinations.some(isDocument)) return output
  return destinations.some(({format, path}) => format === 'text' && path === undefined) ? errors : undefined
}

function progressOn({screen}: Reporting, {quiet}: RunOptions): Screen | typeof NOWHERE {
  return quiet || !screen ? NOWHERE : screen
}
