// podwire run: start, wire, check, report, remove.
import type {Scenario} from '../model.ts'
import {type CutShort, nameOf} from '../report/ended.ts'
import type {SoFar} from '../report/json.ts'
import {loadScenario} from '../scenario/load.ts'
import {EXIT, UsageError} from './exit.ts'
import {explained, fail} from './fail.ts'
import {hold, isInterrupted} from './interrupt.ts'
import {claimName, keep} from './keep.ts'
import {keepLogs} from './logs.ts'
import {madeHere} from './made.ts'
import {outcomeText} from './narrate.ts'
import {type Destination, destinationsOf, isDocument, isShown, prepareReports, writeReports} from './reports.ts'
import {type Finished, NOWHERE, type RunOptions, type Seen, standUp} from './stand-up.ts'
import {complain, errors, output, print, type Screen} from './terminal.ts'

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
  const interrupted = async () => {
    const message = `interrupted ${reporting.done ? 'once it was over' : phaseOf(seen)}`
    try {
      await cutShort({exit: EXIT.interrupted, problems: [{code: 'interrupted', message}]}, destinations)
    } catch (error) {
      complain(error instanceof Error ? error.message : String(error))
    }
    complain(message)
  }
  const held = hold({[Symbol.asyncDispose]: interrupted})
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

function sofarOf({scenario, lab, chosen, stages, broken, facts, versions}: Seen): {readonly sofar?: SoFar} {
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
      ...(facts && {facts: {stages: new Map(facts)}, made: madeHere(versions)}),
    },
  }
}

/** `before anything ran`, `at stage 3 of 7`, `during the checks` */
function phaseOf({scenario, lab, stages}: Seen): string {
  if (!scenario || !lab) return 'before anything ran'
  // A stage is over when its claims have been looked at.
  if (stages.length < scenario.stages.length) return `at stage ${stages.length + 1} of ${scenario.stages.length}`
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
  if (out !== undefined && !isInterrupted()) await keepLogs(lab, out, quiet)
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
