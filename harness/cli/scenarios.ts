// podwire scenarios: runs every scenario that comes with podwire and prints what the documents state, which scenario shows
// it, and whether it did.
import PQueue from 'p-queue'
import {CommandError, endingOf} from '../command.ts'
import {STATEMENTS} from '../documents.ts'
import {MachineError} from '../driver.ts'
import type {Scenario, Verdict} from '../model.ts'
import {
  countText,
  documentsText,
  failuresIn,
  type Shown,
  scenarioListJson,
  scenariosJson,
  scenarioText,
  shownText,
  statementRows,
} from '../report/statements.ts'
import {visibleLine} from '../report/visible.ts'
import {loadScenario, scenarioNames} from '../scenario/load.ts'
import {chooseDriver, type DriverChoice} from './driver.ts'
import {type EngineOptions, severalFor} from './engines.ts'
import {EXIT, UsageError} from './exit.ts'
import {hold, isInterrupted} from './interrupt.ts'
import {standUp} from './stand-up.ts'
import {complain, paint, print, printJson} from './terminal.ts'

export interface ScenariosOptions extends EngineOptions {
  readonly driver: DriverChoice
  readonly list?: boolean
  readonly json?: boolean
  /** The ready networks' datapaths, and not the documents' statements. */
  readonly solutions?: boolean
}

export async function scenarios({list, json, solutions, ...how}: ScenariosOptions): Promise<number> {
  const loaded = await Promise.all(scenarioNames().map(loadScenario))
  const all = loaded.filter(({shows, solution}) => (solutions ? solution !== undefined : shows.length > 0))
  if (list) return tellList(all, json === true)
  const shown: Shown[] = []
  // Two labs side by side keep two cores busy; on an engine the underlay's addresses can only be had once.
  const [first] = all
  if (how.engines?.some((word) => /^[a-z0-9-]+=/i.test(word)))
    throw new UsageError('NODE=ENGINE is of one scenario: others have no such node', ['name the engines alone; nodes are spread over them'])
  const chosen = await chooseDriver(how.driver, {progress: complain, several: first && severalFor(how, first)})
  if (!json) print(`${paint('bold', `driver ${chosen.driver.name}`)} (${chosen.reason})`)
  const tell = json ? complain : print
  const running = new Set<string>()
  // What is under way when podwire is interrupted comes to an end of some kind, which says nothing of the scenario.
  const held = hold({
    [Symbol.asyncDispose]: async () => {
      for (const name of running) tell(`${paint('yellow', 'interrupted')} ${name}`)
    },
  })
  const queue = new PQueue({concurrency: chosen.driver.name === 'local' ? 2 : 1})
  try {
    await queue.addAll(
      all.map((scenario) => async () => {
        if (isInterrupted()) return
        running.add(scenario.name)
        const one = await runOne(scenario, {...how, driver: chosen.driver.name})
        if (isInterrupted()) return
        running.delete(scenario.name)
        shown.push(one)
        tell(scenarioText(one, paint))
      }),
    )
  } finally {
    held.release()
  }
  if (isInterrupted()) throw new Error('interrupted')
  const rows = solutions ? [] : statementRows(STATEMENTS, shown)
  if (json) printJson(scenariosJson({name: chosen.driver.name, reason: chosen.reason}, shown, rows))
  else if (solutions) print(`\n${countText(shown)}`)
  else print(`\n${shownText(rows, process.stdout.columns ?? 120, paint)}\n${paint('dim', documentsText())}`)
  if (shown.some(({verdict}) => verdict === 'fail')) return EXIT.checkFailed
  return shown.every(({verdict}) => verdict === 'pass') ? EXIT.asClaimed : EXIT.cannotRun
}

function tellList(all: readonly Scenario[], json: boolean): number {
  if (json) printJson(scenarioListJson(all))
  else
    for (const {name, title, shows} of all)
      print([paint('bold', name), `  ${visibleLine(title)}`, ...shows.map((words) => `  “${visibleLine(words)}”`)].join('\n'))
  return EXIT.asClaimed
}

async function runOne(scenario: Scenario, how: EngineOptions & {readonly driver: DriverChoice}): Promise<Shown> {
  const begun = performance.now()
  const base = {name: scenario.name, title: scenario.title, shows: scenario.shows}
  const ended = (verdict: Verdict, more: Partial<Pick<Shown, 'requirements' | 'failures' | 'problem'>>): Shown => ({
    ...base,
    verdict,
    duration: performance.now() - begun,
    requirements: [],
    failures: [],
    problem: null,
    ...more,
  })
  try {
    const {lab, outcome} = await standUp(scenario, `${scenario.name.slice(0, 24)}-${process.pid}`, {...how, json: true})
    await lab[Symbol.asyncDispose]()
    return ended(outcome.verdict, {
      requirements: outcome.requirements.map(({id, verdict, passed, total}) => ({id, verdict, passed, total})),
      failures: failuresIn([...outcome.stages.flatMap((stage) => stage.checks), ...outcome.checks]),
    })
  } catch (error) {
    if (error instanceof CommandError) {
      const {node, command, stderr} = error.result
      return ended('fail', {problem: `${node}# ${command}: ${endingOf(error.result)}; ${stderr.toString().trim().split('\n')[0]}`})
    }
    if (error instanceof MachineError) return ended('unknown', {problem: [error.message, ...error.help].join('; ')})
    // Whatever an interrupted lab says of its end is told by nobody.
    if (isInterrupted()) return ended('unknown', {})
    throw error
  }
}
