// The result as one JSON document, for programs. fixtures/schema/result.json describes it.
import type {Outcome} from '../checks/check.ts'
import type {CommandResult} from '../command.ts'
import type {Restored} from '../drivers/ssh.ts'
import type {Facts} from '../facts/facts.ts'
import {plainFacts} from '../facts/plain.ts'
import type {Scenario, Stage, StageResult} from '../model.ts'
import type {DiagnosisSource} from './diagnosis.ts'
import type {CommandDocument, ErrorDocument, Made, PartDocument, ResultDocument, ScenarioDocument, StageDocument} from './document.ts'
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
  /** Kept where a report shows them. */
  readonly facts?: KeptFacts
  readonly made?: Made
}

/** The kernels' state on the way. */
export interface KeptFacts {
  /** By how many stages had run, once their claims had been looked at. */
  readonly stages: ReadonlyMap<number, Facts>
  /** Once the claims at the end had been; absent where a run did not come that far. */
  readonly end?: Facts
}

/** What is known of a run before its end. */
export interface SoFar
  extends Pick<ResultSource, 'lab' | 'scenario' | 'history' | 'times' | 'facts' | 'made'>,
    Partial<Pick<ResultSource, 'driver'>> {
  readonly stages: readonly StageResult[]
  /** The stage in which it broke, as it was then; where that was looked at. */
  readonly broken?: StageResult
}

/** Plain data, ready for JSON.stringify. Output of commands is decoded as UTF-8. */
export function resultJson(source: ResultSource): ResultDocument {
  const {lab, scenario, driver, history, outcome, diagnosed, undiagnosed = 0, machines, times, lost, facts, made} = source
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
    stages: outcome.stages.map((stage) => stageResultJson(stage, facts)),
    ...(facts?.end && {facts: plainFacts(facts.end)}),
    requirements: outcome.requirements,
    ...(diagnosed && {diagnoses: diagnosed.map(({diagnosis}) => diagnosis)}),
    ...(undiagnosed > 0 && {undiagnosed}),
    ...(machines && {machines}),
    ...(made && {made}),
    times,
  }
}

function scenarioJson({stages, claims: _, ...declared}: Scenario): ScenarioDocument {
  return {...declared, stages: stages.map(stageJson)}
}

function stageJson({title, sentence, steps, readdressed, claims}: Stage): Stage {
  return {title, ...(sentence !== undefined && {sentence}), steps, readdressed, claims}
}

function stageResultJson(stage: StageResult, facts: KeptFacts | undefined): StageDocument {
  const here = facts?.stages.get(stage.stage)
  return here ? {...stage, facts: plainFacts(here)} : stage
}

/**
 * What a command that prints JSON prints when there is no result: fixtures/schema/error.json.
 * @param step the step that was refused or hung, where that is what ended it
 * @param sofar what was known of the run until then
 */
export function errorJson(exit: number, messages: readonly Message[], step?: CommandResult, sofar?: SoFar): ErrorDocument {
  return {
    format: FORMAT,
    kind: 'error',
    exit,
    problems: messages.map(({code, message, source, notes = [], help = []}) => ({code, message, ...(source && {source}), notes, help})),
    ...(step && {step: commandJson(step)}),
    ...(sofar && {run: sofarJson(sofar)}),
  }
}

function sofarJson({lab, scenario, driver, history, stages, broken, times, facts, made}: SoFar): PartDocument {
  return {
    lab,
    scenario: scenarioJson(scenario),
    ...(driver && {driver}),
    history: history.map(commandJson),
    stages: [...stages, ...(broken ? [broken] : [])].map((stage) => stageResultJson(stage, facts)),
    claims: scenario.claims,
    ...(made && {made}),
    times,
  }
}

/** A CommandResult with its output as text. */
function commandJson({stdout, stderr, ...rest}: CommandResult): CommandDocument {
  return {...rest, stdout: stdout.toString(), stderr: stderr.toString()}
}
