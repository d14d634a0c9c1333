// podwire scenarios: runs every scenario that comes with podwire and prints what the documents state, which scenario shows
// it, and whether it did.
import PQueue from 'p-queue'
import {CommandError, endingOf} from '../command.ts'
import {STATEMENTS} from '../documents.ts'
import {MachineError} from '../driver.ts'
import type {Scenario, Verdict} from '../model.ts'
import {type Shown, shownText, statementRows} from '../report/statements.ts'
import {milliseconds} from '../report/text.ts'
import {loadScenario, scenarioNames} from '../scenario/load.ts'
import {chooseDriver, type DriverChoice} from './driver.ts'
import {EXIT} from './exit.ts'
import {isInterrupted} from './interrupt.ts'
import {standUp} from './run.ts'
import {complain, paint, print, printJson} from './terminal.ts'

export interface ScenariosOptions {
  readonly driver: DriverChoice
  readonly list?: boolean
  readonly json?: boolean
}

export async function scenarios({driver, list, json}: ScenariosOptions): Promise<number> {
  const all = (await Promise.all(scenarioNames().map(loadScenario))).filter(({shows}) => shows.length > 0)
  if (list) return tellList(all, json === true)
  const shown: Shown[] = []
  // Two labs side by side keep two cores busy; on an engine the underlay's addresses can only be had once.
  const chosen = await chooseDriver(driver, {progress: complain})
  if (!json) print(`${paint('bold', `driver ${chosen.driver.name}`)} (${chosen.reason})`)
  const queue = new PQueue({concurrency: chosen.driver.name === 'local' ? 2 : 1})
  await queue.addAll(
    all.map((scenario) => async () => {
      if (isInterrupted()) return
      const one = await runOne(scenario, chosen.driver.name)
      shown.push(one)
      const time = paint('dim', milliseconds(one.duration))
      const line = `${paint(one.verdict === 'pass' ? 'green' : one.verdict === 'fail' ? 'red' : 'yellow', one.verdict.padEnd(7))} ${scenario.name.padEnd(22)} ${time}`
      const why = one.failures.map((text) => `\n          ${text}`).join('')
      if (json) complain(`${line}${why}`)
      else print(`${line}${why}`)
    }),
  )
  if (isInterrupted()) throw new Error('interrupted')
  const rows = statementRows(STATEMENTS, shown)
  if (json) printJson({format: 1, kind: 'scenarios', scenarios: shown.sort((a, b) => a.name.localeCompare(b.name)), statements: rows})
  else print(`\n${shownText(rows, process.stdout.columns ?? 120, paint)}`)
  if (shown.some(({verdict}) => verdict === 'fail')) return EXIT.checkFailed
  return shown.every(({verdict}) => verdict === 'pass') ? EXIT.asClaimed : EXIT.cannotRun
}

function tellList(all: readonly Scenario[], json: boolean): number {
  if (json) printJson({format: 1, kind: 'scenario-list', scenarios: all.map(({name, title, shows}) => ({name, title, shows}))})
  else
    for (const {name, title, shows} of all) print([paint('bold', name), `  ${title}`, ...shows.map((words) => `  “${words}”`)].join('\n'))
  return EXIT.asClaimed
}

async function runOne(scenario: Scenario, driver: DriverChoice): Promise<Shown> {
  const begun = performance.now()
  const base = {name: scenario.name, title: scenario.title, shows: scenario.shows}
  const ended = (verdict: Verdict, failures: readonly string[]): Shown => ({
    ...base,
    verdict,
    failures,
    duration: performance.now() - begun,
  })
  try {
    const {lab, outcome} = await standUp(scenario, `${scenario.name.slice(0, 24)}-${process.pid}`, {driver, json: true})
    await lab[Symbol.asyncDispose]()
    const checks = [...outcome.stages.flatMap((stage) => stage.checks), ...outcome.checks]
    const short = checks.filter(({verdict}) => verdict !== 'pass')
    return ended(
      outcome.verdict,
      short.map(
        ({claim, evidence, pairs}) =>
          `${claim}: ${[...evidence, ...pairs.flatMap((pair) => (pair.verdict === 'pass' ? [] : pair.evidence))][0] ?? ''}`,
      ),
    )
  } catch (error) {
    if (error instanceof CommandError)
      return ended('fail', [
        `${error.result.node}# ${error.result.command}: ${endingOf(error.result)}; ${error.result.stderr.toString().trim().split('\n')[0]}`,
      ])
    if (error instanceof MachineError) return ended('unknown', [error.message, ...error.help])
    throw error
  }
}
