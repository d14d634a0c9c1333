// What the screen shows while a lab stands up, and at the end.

import type {Lab, StepFollower} from '../lab.ts'
import {placesOf, type Scenario, type StageResult} from '../model.ts'
import {diagnosesText} from '../report/diagnosis.ts'
import {milliseconds} from '../report/duration.ts'
import type {ResultSource} from '../report/json.ts'
import {machinesText} from '../report/machines.ts'
import {
  checkText,
  findingTexts,
  hopsText,
  lostWords,
  matrixText,
  requirementsText,
  shortfallText,
  stageText,
  stepText,
} from '../report/text.ts'
import {stageFindingsText, stageShortfallText, timelineText} from '../report/timeline.ts'
import {visibleLine} from '../report/visible.ts'
import type {ChosenDriver} from './driver.ts'
import {isInterrupted} from './interrupt.ts'
import {type Live, liveOn} from './live.ts'
import {output, type Screen} from './terminal.ts'

export interface Narrator extends StepFollower {
  found?(result: StageResult): void
  driver(chosen: ChosenDriver, lab: Lab, how?: string): void
  probed?(done: number, total: number): void
  /** Nothing more is told on the way. */
  end(): void
}

/**
 * Every line as it runs; on a terminal, below them, what is under way and still to come.
 * @param screen undefined shows nothing: the result alone is wanted
 */
export async function narrator(screen: Screen | undefined, scenario: Scenario): Promise<Narrator> {
  if (!screen) return {driver: () => undefined, end: () => undefined}
  const live: Live | undefined = await liveOn(screen, scenario.stages)
  const {paint} = screen
  const write = live?.write ?? screen.write
  // How lines end that podwire itself has ended is nobody's matter.
  const print = (text: string) => {
    if (!isInterrupted()) write(text)
  }
  return {
    driver({driver, reason}, lab, how) {
      print(`${paint('bold', `driver ${driver.name}`)} (${reason}): ${lab.fleet.description}${how ? `, ${how}` : ''}`)
      print(visibleLine(lab.scenario.title))
    },
    stage(stage, number) {
      print(stageText(stage, number, paint))
      live?.stage(number)
    },
    step(step, result) {
      print(stepText(step, result, paint, screen.width))
      live?.line()
    },
    found(result) {
      const text = stageFindingsText(result, paint)
      if (text !== '') print(text)
    },
    probed: (done, total) => live?.probed(done, total),
    end: () => live?.end(),
  }
}

/** The matrix, the checks with what fell short, the requirements, the times. */
export function outcomeText(
  {
    scenario,
    outcome,
    machines = [],
    times,
    diagnosed = [],
    undiagnosed = 0,
    lost,
  }: Pick<ResultSource, 'scenario' | 'outcome' | 'machines' | 'times' | 'diagnosed' | 'undiagnosed' | 'lost'>,
  {paint, width}: Pick<Screen, 'paint' | 'width'> = output,
): string {
  const places = placesOf(scenario)
  const cluster = places.filter(({kind}) => kind !== 'host')
  const parts: string[] = []
  const gone = lostWords(lost).map((words) => `${paint('red', words)}; what was found of the others stands`)
  if (gone.length > 0) parts.push(gone.join('\n'))
  const reach = outcome.checks.find(({check}) => check === 'reach')
  const timeline = timelineText(outcome.stages, cluster, paint, width)
  if (timeline !== '') parts.push(timeline)
  if (cluster.length > 1) parts.push(matrixText(cluster, outcome.probes, paint, width))
  const hops = hopsText(outcome.probes, places)
  if (hops !== '') parts.push(paint('dim', `full MTU is ${outcome.mtu} bytes; requests arrived with ${hops}`))
  const stages = stageShortfallText(outcome.stages, paint)
  if (stages !== '') parts.push(stages)
  parts.push(
    outcome.checks
      .flatMap((check) => [checkText(check, paint), ...findingTexts(check).map((text) => `          ${paint('dim', text)}`)])
      .join('\n') || paint('dim', 'nothing is claimed at the end; all claims are at stages'),
  )
  parts.push(...outcome.checks.map((check) => shortfallText(check, reach, paint)).filter((text) => text !== ''))
  if (diagnosed.length > 0) parts.push(diagnosesText(diagnosed, paint))
  if (undiagnosed > 0) parts.push(paint('dim', `${undiagnosed} more failing pairs were not diagnosed; podwire diagnose looks at all`))
  if (outcome.requirements.length > 0)
    parts.push(`${paint('bold', 'The requirements')}\n${requirementsText(outcome.requirements, paint, outcome.verdict)}`)
  if (machines.length > 0) parts.push(machinesText(machines))
  const named = Object.entries(times).filter(([name]) => name !== 'total')
  const total = times.total === undefined ? '' : `, ${milliseconds(times.total)} in all`
  parts.push(
    paint('dim', `${named.map(([name, time]) => `${name === 'startUp' ? 'start-up' : name} ${milliseconds(time)}`).join(', ')}${total}`),
  )
  return parts.join('\n\n')
}
