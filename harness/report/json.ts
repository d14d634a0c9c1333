// The result as one JSON document, for programs. fixtures/schema/result.json describes it; `format` grows when a reader
// that knows the old one could be misled by the new one.
import type {Outcome} from '../checks/check.ts'
import type {CommandResult} from '../command.ts'
import type {Restored} from '../drivers/ssh.ts'
import type {Scenario, Stage} from '../model.ts'
import type {Message} from './message.ts'

export const FORMAT = 1

export interface ResultSource {
  readonly lab: string
  readonly scenario: Scenario
  readonly driver: {readonly name: string; readonly reason: string; readonly description: string}
  readonly history: readonly CommandResult[]
  readonly outcome: Outcome
  /** What became of the machines, where the driver ran on some and the lab is gone. */
  readonly machines?: readonly Restored[]
  /** Milliseconds. */
  readonly times: Readonly<Record<string, number>>
}

/** Plain data, ready for JSON.stringify. Output of commands is decoded as UTF-8. */
export function resultJson({lab, scenario, driver, history, outcome, machines, times}: ResultSource): Record<string, unknown> {
  const {name, file, title, shows, underlay, nodes, pods, hosts, files, stages} = scenario
  return {
    format: FORMAT,
    kind: 'result',
    lab,
    verdict: outcome.verdict,
    driver,
    scenario: {name, file, title, shows, underlay, nodes, pods, hosts, files, stages: stages.map(stageJson)},
    history: history.map(commandJson),
    mtu: outcome.mtu,
    probes: outcome.probes,
    checks: outcome.checks,
    stages: outcome.stages,
    requirements: outcome.requirements,
    ...(machines && {machines}),
    times,
  }
}

/**
 * What a command that prints JSON prints when there is no result: fixtures/schema/error.json.
 * @param step the step that was refused or hung, where that is what ended it
 */
export function errorJson(exit: number, messages: readonly Message[], step?: CommandResult): Record<string, unknown> {
  return {
    format: FORMAT,
    kind: 'error',
    exit,
    problems: messages.map(({code, message, source, notes = [], help = []}) => ({code, message, ...(source && {source}), notes, help})),
    ...(step && {step: commandJson(step)}),
  }
}

function stageJson({title, sentence, steps, readdressed, claims}: Stage): Record<string, unknown> {
  return {title, ...(sentence !== undefined && {sentence}), steps, readdressed, claims}
}

/** A CommandResult with its output as text. */
function commandJson({stdout, stderr, ...rest}: CommandResult): Record<string, unknown> {
  return {...rest, stdout: stdout.toString(), stderr: stderr.toString()}
}
