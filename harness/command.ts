// What a command on a node came to. Every driver returns this shape, whatever happened (after execa's result).
import type {SourceLine} from './model.ts'

/** Why a command has no exit code of its own. */
export type CommandCause =
  | 'time-limit' // podwire killed it, alone, after its time limit
  | 'session-lost' // its shell went away under it
  | 'node-lost' // its node went away under it, with its machine or its engine; what other nodes do stands
  | 'disposed' // the lab was removed while it ran
  | 'cut-off' // it was not run: it would have cut podwire off from the machine

export interface CommandResult {
  readonly node: string
  readonly command: string
  /** The shell's exit code, 0 to 255; null when there is none, and then `cause` says why. */
  readonly exitCode: number | null
  readonly cause?: CommandCause
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Milliseconds, measured on the node where the node's shell could measure it. */
  readonly duration: number
}

/** Every command of a lab in the order in which it ended. */
export type History = CommandResult[]

/** A command that did not end with exit code 0. `source` is the scenario line that it came from, if it came from one. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly result: CommandResult
  readonly source: SourceLine | undefined
  /** True things about the node that help to see why, and what was probably meant. */
  context: {readonly notes: readonly string[]; readonly help: readonly string[]} = {notes: [], help: []}

  constructor(result: CommandResult, source?: SourceLine) {
    super(`${result.node}: ${result.command}: ${endingOf(result)}`)
    this.result = result
    this.source = source
  }
}

/** How a command ended, in words: `exit 2`, `killed after its time limit`, ... */
export function endingOf(result: CommandResult): string {
  switch (result.cause) {
    case 'time-limit':
      return 'killed after its time limit'
    case 'session-lost':
      return 'its shell went away'
    case 'node-lost':
      return 'its node went away'
    case 'disposed':
      return 'the lab was removed while it ran'
    case 'cut-off':
      return 'not run'
    default:
      return `exit ${result.exitCode}`
  }
}
