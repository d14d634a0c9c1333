// The documents that --json prints, as types: what programs and the page read. fixtures/schema describes them for others.
import type {CommandResult} from '../command.ts'
import type {Restored} from '../drivers/ssh.ts'
import type {RecordedFacts} from '../facts/plain.ts'
import type {Versions} from '../facts/versions.ts'
import type {CheckResult, Claim, Diagnosis, Probe, Requirement, Scenario, SourceLine, StageResult, Verdict} from '../model.ts'

/** A command's output is text: decoded as UTF-8. */
export type CommandDocument = Omit<CommandResult, 'stdout' | 'stderr'> & {readonly stdout: string; readonly stderr: string}

export type ScenarioDocument = Omit<Scenario, 'claims'>

export type DriverDocument = {readonly name: string; readonly reason: string; readonly description: string}

/** With the kernels' state once the stage was over, where it was kept. */
export type StageDocument = StageResult & {readonly facts?: RecordedFacts}

/** What made a document that is kept, and where. */
export type Made = {
  /** podwire's version, and that of the Node.js that it ran on. */
  readonly podwire: string
  readonly node: string
  /** Of the machine that podwire ran on: `Linux 6.18.5`, `x86_64`. */
  readonly kernel: string
  readonly architecture: string
  readonly processors: number
  /** Bytes. */
  readonly memory: number
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What the nodes ran, those with the same together. */
  readonly nodes?: readonly Versions[]
}

/** kind `result`: a run that came to its end, or a look at a running lab. */
export type ResultDocument = {
  readonly format: number
  readonly kind: 'result'
  readonly lab: string
  readonly verdict: Verdict
  readonly driver: DriverDocument
  readonly lost?: readonly {readonly node: string; readonly why: string}[]
  readonly scenario: ScenarioDocument
  readonly history: readonly CommandDocument[]
  readonly mtu: number
  readonly probes: readonly Probe[]
  readonly checks: readonly CheckResult[]
  readonly stages: readonly StageDocument[]
  /** The kernels' state at the end, where it was kept. */
  readonly facts?: RecordedFacts
  readonly requirements: readonly Requirement[]
  readonly diagnoses?: readonly Diagnosis[]
  /** Failing pairs that were too many to be looked at. */
  readonly undiagnosed?: number
  readonly machines?: readonly Restored[]
  readonly made?: Made
  readonly times: Readonly<Record<string, number>>
}

/** A run as far as it came. */
export type PartDocument = {
  readonly lab: string
  readonly scenario: ScenarioDocument
  readonly driver?: DriverDocument
  readonly history: readonly CommandDocument[]
  readonly stages: readonly StageDocument[]
  /** What would have been claimed at the end, and was not come to. */
  readonly claims: readonly Claim[]
  readonly made?: Made
  readonly times: Readonly<Record<string, number>>
}

export type ProblemDocument = {
  readonly code: string
  readonly message: string
  readonly source?: SourceLine
  readonly notes: readonly string[]
  readonly help: readonly string[]
}

/** kind `error`: there is no result. */
export type ErrorDocument = {
  readonly format: number
  readonly kind: 'error'
  readonly exit: number
  readonly problems: readonly ProblemDocument[]
  readonly step?: CommandDocument
  readonly run?: PartDocument
}

export type RunDocument = ResultDocument | ErrorDocument
