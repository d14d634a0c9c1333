// A run that is over, however it ended: what every report format is made of.
import type {CommandResult} from '../command.ts'
import type {Scenario} from '../model.ts'
import type {RunDocument} from './document.ts'
import {errorJson, type ResultSource, resultJson, type SoFar} from './json.ts'
import type {Message} from './message.ts'

/** A run that did not come to its end: interrupted, a line refused, a bad scenario, a machine that cannot. */
export interface CutShort {
  /** The scenario as it was asked for. */
  readonly reference: string
  /** podwire's own exit code. */
  readonly exit: 1 | 2 | 3 | 130
  readonly problems: readonly Message[]
  /** The line that was refused, or hung. */
  readonly step?: CommandResult
  /** As far as it came; absent where nothing had started. */
  readonly sofar?: SoFar
}

export type Ended = ResultSource | CutShort

export function isCutShort(ended: Ended): ended is CutShort {
  return 'problems' in ended
}

/** Undefined where there is no scenario, for want of one that can be read. */
export function scenarioOf(ended: Ended): Scenario | undefined {
  return isCutShort(ended) ? ended.sofar?.scenario : ended.scenario
}

/** `three-nodes`, for a name and for a path to a file alike. */
export function nameOf(ended: Ended): string {
  const name = scenarioOf(ended)?.name
  if (name !== undefined || !isCutShort(ended)) return name ?? ''
  return ended.reference.replace(/^.*\//, '').replace(/\.[cm]?[jt]s$/, '')
}

/** The document of a run, however it ended. */
export function documentOf(ended: Ended): RunDocument {
  return isCutShort(ended) ? errorJson(ended.exit, ended.problems, ended.step, ended.sofar) : resultJson(ended)
}
