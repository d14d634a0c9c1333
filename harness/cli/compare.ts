// podwire compare: the ready networks side by side, each beside the plain recipe in the same minute.
import {availableParallelism, loadavg} from 'node:os'
import {compareOne, type Plain, startPlain} from '../compare/compare.ts'
import {RESOLUTION} from '../compare/first-ping.ts'
import type {Compared, Measures} from '../compare/measured.ts'
import type {Scenario} from '../model.ts'
import {type Comparison, comparedText, comparisonText} from '../report/comparison.ts'
import {comparisonCsv} from '../report/comparison-csv.ts'
import {comparisonJson} from '../report/comparison-json.ts'
import {loadScenario, scenarioNames} from '../scenario/load.ts'
import {nearest, ScenarioError} from '../scenario/problem.ts'
import {type Progress, progressOn} from './compare-progress.ts'
import {chooseDriver} from './driver.ts'
import {EXIT} from './exit.ts'
import {hold, isInterrupted} from './interrupt.ts'
import {type Destination, destinationsAmong, isDocument, type ReportOptions, writeEach} from './reports.ts'
import {complain, errors, output} from './terminal.ts'

export interface CompareChoices extends Pick<ReportOptions, 'report' | 'json'> {
  readonly quiet?: boolean
}

const FORMATS = {text: 'txt', json: 'json', csv: 'csv'} as const
type Format = keyof typeof FORMATS

/** What all others are compared with. */
const PLAIN = 'three-nodes'

/** Seconds that a network takes, on a machine that does nothing else. */
const EACH = 25

export async function compare(references: readonly string[], options: CompareChoices): Promise<number> {
  const destinations: Destination<Format>[] = destinationsAmong(FORMATS, options, 'comparison')
  const screen = destinations.some(isDocument) ? errors : output
  const [plainScenario, scenarios] = await scenariosFor(references)
  const chosen = await chooseDriver('local', {progress: complain})
  const begun = performance.now()
  const before = loadavg()[0] ?? 0
  const done: Compared[] = []
  let current: {readonly scenario: Scenario; readonly seen: Partial<Measures>} | undefined
  let plain: Plain | undefined
  const result = (): Comparison => ({
    driver: {name: chosen.driver.name, reason: chosen.reason, description: plain?.lab.fleet.description ?? 'nothing was started'},
    plain: PLAIN,
    processors: availableParallelism(),
    load: {before, after: loadavg()[0] ?? 0},
    resolution: RESOLUTION,
    networks: [...done, ...(current ? [cutShort(current)] : [])],
    left: scenarios.slice(done.length + (current ? 1 : 0)).map(({name}) => name),
    duration: performance.now() - begun,
  })
  const progress = options.quiet ? SILENT : progressOn(screen)
  let told = false
  const tell = async (quiet = options.quiet) => {
    if (told) return
    told = true
    progress.end()
    const comparison = result()
    if (!destinations.some(isDocument))
      screen.write(`${options.quiet ? '' : '\n'}${comparisonText(comparison, screen.paint, screen.width)}`)
    await writeEach(destinations, (format) => textOf(comparison, format), quiet)
  }
  // What was measured until then is told.
  const held = hold({[Symbol.asyncDispose]: () => tell()})
  try {
    progress.write(introduction(scenarios, before))
    const how = {driver: chosen.driver, name: `compare-${process.pid}`, hold}
    plain = await startPlain(plainScenario, how)
    for (const [index, scenario] of scenarios.entries()) {
      const seen: Partial<Measures> = {}
      current = {scenario, seen}
      const follow = (what: string) => progress.follow(`${index + 1} of ${scenarios.length}, ${scenario.name}: ${what}`)
      const one = await compareOne(scenario, plain, {...how, follow}, seen)
      if (isInterrupted()) break
      done.push(one)
      current = undefined
      progress.write(comparedText(one, screen.paint))
    }
    if (isInterrupted()) throw new Error('interrupted')
    await tell()
    return codeOf(done)
  } catch (error) {
    if (!isInterrupted() && done.length > 0) await tell()
    throw error
  } finally {
    progress.end()
    await plain?.[Symbol.asyncDispose]()
    held.release()
  }
}

const SILENT: Progress = {write: () => undefined, follow: () => undefined, end: () => undefined}

/** The plain recipe itself is the first that is compared with it: how far it is from 1 says what the others' ratios are worth. */
async function scenariosFor(references: readonly string[]): Promise<[Scenario, Scenario[]]> {
  const plain = await loadScenario(PLAIN)
  const named = references.length > 0
  const all = await Promise.all(named ? [...new Set(references)].map(loadNamed) : scenarioNames().map(loadScenario))
  const others = all.filter(({name, file, solution}) => (named ? file !== plain.file : solution !== undefined && name !== PLAIN))
  return [plain, [plain, ...others]]
}

/** @throws ScenarioError that lists the ready networks alone, where the name is near none */
async function loadNamed(reference: string): Promise<Scenario> {
  try {
    return await loadScenario(reference)
  } catch (error) {
    if (!(error instanceof ScenarioError) || nearest(reference, scenarioNames()) !== undefined) throw error
    const [problem] = error.problems
    if (problem?.code !== 'unknown-scenario' || problem.help === undefined) throw error
    const all = await Promise.all(scenarioNames().map(loadScenario))
    const ready = all.filter(({solution}) => solution !== undefined).map(({name}) => name)
    const help = `there is ${ready.join(', ')}; and any other scenario with pods on two nodes`
    throw new ScenarioError([{...problem, help}])
  }
}

function introduction(scenarios: readonly Scenario[], load: number): string {
  const minutes = (scenarios.length * EACH) / 60
  const time = minutes < 2 ? `${scenarios.length * EACH} s` : `${Math.ceil(minutes)} minutes`
  const others = scenarios.length - 1
  const what = others === 0 ? `${PLAIN} beside itself` : `${PLAIN} and ${others} more, one after the other`
  return `${what}: some ${time}, longer where the machine is busy (load ${load.toFixed(1)})`
}

function cutShort({scenario: {name, title, solution}, seen}: {scenario: Scenario; seen: Partial<Measures>}): Compared {
  return {
    name,
    title,
    solution: solution ?? null,
    pair: null,
    problem: {kind: 'interrupted', why: 'podwire was interrupted'},
    measures: seen,
  }
}

function textOf(comparison: Comparison, format: Format): string {
  if (format === 'json') return `${JSON.stringify(comparisonJson(comparison), undefined, 2)}\n`
  if (format === 'csv') return comparisonCsv(comparison)
  return `${comparisonText(comparison, (_, text) => text)}\n`
}

/** What every network has; the others some have not. */
const ALWAYS = ['firstPing', 'hops', 'mtu', 'overhead', 'throughput', 'processor', 'latency', 'memory'] as const

/** 1: a line was refused; 3: this machine could not measure everything that every network has. */
export function codeOf(networks: readonly Compared[]): number {
  if (networks.some(({problem}) => problem?.kind === 'failed')) return EXIT.checkFailed
  const whole = networks.every(({problem, measures}) => problem === null && ALWAYS.every((name) => measures[name]?.value != null))
  return whole ? EXIT.asClaimed : EXIT.cannotRun
}
