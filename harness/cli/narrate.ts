// What the screen shows while a lab stands up, and at the end.
import {reachVerdicts} from '../checks/reach.ts'
import type {Lab, StepFollower} from '../lab.ts'
import {placesOf, type StageResult} from '../model.ts'
import type {ResultSource} from '../report/json.ts'
import {machinesText} from '../report/machines.ts'
import {checkText, hopsText, matrixText, milliseconds, requirementsText, shortfallText, stageText, stepText} from '../report/text.ts'
import {stageFindingsText, timelineText} from '../report/timeline.ts'
import type {ChosenDriver} from './driver.ts'
import {output, type Screen} from './terminal.ts'

export interface Narrator extends StepFollower {
  found?(result: StageResult): void
  driver(chosen: ChosenDriver, lab: Lab, how?: string): void
}

/** @param screen undefined shows nothing: the result alone is wanted */
export function narrator(screen: Screen | undefined): Narrator {
  if (!screen) return {driver: () => undefined}
  const {paint, write: print} = screen
  return {
    driver({driver, reason}, lab, how) {
      print(`${paint('bold', `driver ${driver.name}`)} (${reason}): ${lab.fleet.description}${how ? `, ${how}` : ''}`)
      print(`${lab.scenario.title}`)
    },
    stage: (stage, number) => print(stageText(stage, number, paint)),
    step: (step, result) => print(stepText(step, result, paint)),
    found: (result) => {
      const text = stageFindingsText(result, paint)
      if (text !== '') print(text)
    },
  }
}

/** The matrix, the checks with what fell short, the requirements, the times. */
export function outcomeText(
  {scenario, outcome, machines = [], times}: Pick<ResultSource, 'scenario' | 'outcome' | 'machines' | 'times'>,
  {paint, width}: Pick<Screen, 'paint' | 'width'> = output,
): string {
  const places = placesOf(scenario)
  const cluster = places.filter(({kind}) => kind !== 'host')
  const parts: string[] = []
  const reach = outcome.checks.find(({check}) => check === 'reach')
  const timeline = timelineText(outcome.stages, cluster, paint, width)
  if (timeline !== '') parts.push(timeline)
  if (cluster.length > 1) parts.push(matrixText(cluster, reachVerdicts(outcome.probes), paint, width))
  const hops = hopsText(outcome.probes, places)
  if (hops !== '') parts.push(paint('dim', `full MTU is ${outcome.mtu} bytes; requests arrived with ${hops}`))
  parts.push(
    outcome.checks.map((check) => checkText(check, paint)).join('\n') ||
      paint('dim', 'nothing is claimed at the end; all claims are at stages'),
  )
  parts.push(...outcome.checks.map((check) => shortfallText(check, reach, paint)).filter((text) => text !== ''))
  if (outcome.requirements.length > 0) parts.push(`${paint('bold', 'The requirements')}\n${requirementsText(outcome.requirements, paint)}`)
  if (machines.length > 0) parts.push(machinesText(machines))
  const named = Object.entries(times).filter(([name]) => name !== 'total')
  const total = times.total === undefined ? '' : `, ${milliseconds(times.total)} in all`
  parts.push(
    paint('dim', `${named.map(([name, time]) => `${name === 'startUp' ? 'start-up' : name} ${milliseconds(time)}`).join(', ')}${total}`),
  )
  return parts.join('\n\n')
}
