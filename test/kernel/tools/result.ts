// What `--json` printed, as far as the tests read it.
import type {Driver} from '../../../harness/driver.ts'
import type {CheckResult, Probe, Requirement, StageResult, Verdict} from '../../../harness/model.ts'
import type {Ended} from './home.ts'

export interface Result {
  readonly verdict: Verdict
  readonly lab: string
  readonly driver: {readonly name: Driver['name']; readonly reason: string; readonly description: string}
  readonly lost?: readonly {readonly node: string; readonly why: string}[]
  readonly history: readonly {readonly node: string; readonly command: string; readonly exitCode: number | null; readonly cause?: string}[]
  readonly mtu: number
  readonly probes: readonly Probe[]
  readonly checks: readonly CheckResult[]
  readonly stages: readonly StageResult[]
  readonly requirements: readonly Requirement[]
}

/** @throws when standard output is anything but one JSON document, or that of a run without a result */
export function readResult({stdout, stderr}: Pick<Ended, 'stdout' | 'stderr'>): Result {
  let document: Result & {readonly kind?: string}
  try {
    document = JSON.parse(stdout) as Result
  } catch {
    throw new Error(`no JSON document on standard output: ${stdout}${stderr}`)
  }
  if (document.kind !== 'result') throw new Error(`no result on standard output: ${stdout}${stderr}`)
  return document
}
