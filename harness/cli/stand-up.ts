// Starts a lab, runs its steps and looks whether its claims hold: what a run and `up` have in common.
import {withAnswers} from '../asking.ts'
import {pathsOfAll} from '../both-ways.ts'
import {type Baselines, baselineOf, lastBaseline} from '../checks/baseline.ts'
import {check, checkStage, checkUnfinished, type Outcome} from '../checks/check.ts'
import {CommandError} from '../command.ts'
import {explain} from '../explain.ts'
import type {Facts} from '../facts/facts.ts'
import {readInterfaces} from '../facts/interfaces.ts'
import {assertNeighboursFit} from '../facts/neighbour-table.ts'
import {readFacts} from '../facts/read.ts'
import {explainRefusal, type Refusal} from '../facts/refusal.ts'
import {readVersions, type Versions} from '../facts/versions.ts'
import {carryOut, type Lab, lastBegun, startLab} from '../lab.ts'
import {machinesOf, placesAfter, placesOf, type Scenario, type Stage, type StageResult} from '../model.ts'
import {assertNeeds} from '../needs.ts'
import {withPaths} from '../report/diagnosed.ts'
import type {ResultSource} from '../report/json.ts'
import {restoredText} from '../report/machines.ts'
import {lostWords} from '../report/text.ts'
import {type ChosenDriver, chooseDriver, type DriverChoice} from './driver.ts'
import {type EngineOptions, severalFor} from './engines.ts'
import {hold, isInterrupted} from './interrupt.ts'
import {keepLogs, leave} from './logs.ts'
import {madeHere} from './made.ts'
import {narrator} from './narrate.ts'
import type {ReportOptions} from './reports.ts'
import type {SshChoices} from './ssh-choices.ts'
import {complain, output, type Screen} from './terminal.ts'

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
export interface Seen {
  scenario?: Scenario
  lab?: Lab
  chosen?: ChosenDriver
  stages: readonly StageResult[]
  /** The stage in which a line was refused, as it was then; where facts are kept. */
  broken?: StageResult
  /** Where they are kept, by how many stages had run; of a stage that broke, as it was then. */
  facts?: ReadonlyMap<number, Facts>
  /** What the nodes run, where that is kept too. */
  versions?: readonly Versions[]
}

/** Nobody reads what happens on the way. */
export const NOWHERE = 'nowhere'

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
  let leaving: Promise<void> | undefined
  const interrupted = () => {
    leaving ??= leave(lab, options)
    return leaving
  }
  const held = hold({[Symbol.asyncDispose]: interrupted})
  const facts = new Map<number, Facts>()
  let under = 0
  try {
    tell.driver(chosen, lab, options.attach ? 'attached to nodes that were there' : undefined)
    const started = performance.now()
    const stages: StageResult[] = []
    const baselines: Baselines = new Map()
    Object.assign(seen, {lab, chosen, stages, ...(options.keepFacts && {facts})})
    if (options.keepFacts)
      seen.versions = await readVersions(
        lab.fleet,
        machinesOf(scenario).map((machine) => machine.name),
      )
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
      facts: {stages: facts, end: why?.facts ?? (await factsAtEnd(lab, outcome))},
      made: madeHere(seen.versions),
    }
    const told = {...shown, ...(diagnosed && {diagnosed, undiagnosed: why.left}), ...(lost && {lost})}
    const result = {lab: name, scenario, driver, history: lab.history, outcome, times, ...told}
    return {lab, chosen, outcome, ...(before && {before}), result}
  } catch (error) {
    tell.end()
    if (isInterrupted()) await interrupted()
    else if (error instanceof CommandError) {
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

/** With what flow switches do with every packet that was sent: whoever reads the report may ask for the way of any. */
async function factsAtEnd({fleet, scenario}: Lab, {mtu, probes}: Outcome): Promise<Facts> {
  const places = placesAfter(scenario, scenario.stages.length)
  return withAnswers(fleet, places, await readFacts(fleet, places), pathsOfAll(places, probes, mtu))
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
