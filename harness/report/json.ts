// The result as one JSON document, for programs. fixtures/schema/result.json describes it.
import type {Outcome} from '../checks/check.ts'
import type {CommandResult} from '../command.ts'
import type {Restored} from '../drivers/ssh.ts'
import type {Scenario, Stage, StageResult} from '../model.ts'
import type {DiagnosisSource} from './diagnosis.ts'
import {FORMAT} from './format.ts'
import type {Message} from './message.ts'

export interface ResultSource {
  readonly lab: string
  readonly scenario: Scenario
  readonly driver: {readonly name: string; readonly reason: string; readonly description: string}
  readonly history: readonly CommandResult[]
  readonly outcome: Outcome
  /** Why claims fail at the end, where they do. */
  readonly diagnosed?: readonly DiagnosisSource[]
  /** Failing pairs that were too many to be looked at. */
  readonly undiagnosed?: number
  /** What became of the machines, where the driver ran on some and the lab is gone. */
  readonly machines?: readonly Restored[]
  /** Milliseconds. */
  readonly times: Readonly<Record<string, number>>
  /** Nodes that went away, and why. */
  readonly lost?: ReadonlyMap<string, string>
}

/** What is known of a run before its end. */
export interface SoFar extends Pick<ResultSource, 'lab' | 'scenario' | 'history' | 'times'>, Partial<Pick<ResultSource, 'driver'>> {
  readonly stages: readonly StageResult[]
}

/** Plain data, ready for JSON.stringify. Output of commands is decoded as UTF-8. */
export function resultJson({
  lab,
  scenario,
  driver,
  history,
  outcome,
  diagnosed,
  machines,
  times,
  lost,
}: ResultSource): Record<string, unknown> {
  return {
    format: FORMAT,
    kind: 'result',
    lab,
    verdict: outcome.verdict,
    driver,
    ...(lost && lost.size > 0 && {lost: [...lost].map(([node, why]) => ({node, why}))}),
    scenario: scenarioJson(scenario),
    history: history.map(commandJson),
    mtu: outcome.mtu,
    probes: outcome.probes,
    checks: outcome.checks,
    stages: outcome.stages,
    requirements: outcome.requirements,
    ...(diagnosed && {diagnoses: diagnosed.map(({diagnosis}) => diagnosis)}),
    ...(machines && {machines}),
    times,
  }
}

function scenarioJson({stages, claims: _, ...declared}: Scenario): Record<string, unknown> {
  return {...declared, stages: stages.map(stageJson)}
}

/**
 * What a command that prints JSON prints when there is no result: fixtures/schema/error.json.
 * @param step the step that was refused or hung, where that is what ended it
 * @param sofar what was known of the run until then
 */
export function errorJson(exit: number, messages: readonly Message[], step?: CommandResult, sofar?: SoFar): Record<string, unknown> {
  return {
    format: FORMAT,
    kind: 'error',
    exit,
    problems: messages.map(({code, message, source, notes = [], help = []}) => ({code, message, ...(source && {source}), notes, help})),
    ...(step && {step: commandJson(step)}),
    ...(sofar && {run: sofarJson(sofar)}),
  }
}

function sofarJson({lab, scenario, driver, history, stages, times}: SoFar): Record<string, unknown> {
  return {lab, scenario: scenarioJson(scenario), ...(driver && {driver}), history: history.map(commandJson), stages, times}
}

function stageJson({title, sentence, steps, readdressed, claims}: Stage): Record<string, unknown> {
  return {title, ...(sentence !== undefined && {sentence}), steps, readdressed, claims}
}

/** A CommandResult with its output as text. */
function commandJson({stdout, stderr, ...rest}: CommandResult): Record<string, unknown> {
  return {...rest, stdout: stdout.toString(), stderr: stderr.toString()}
}
