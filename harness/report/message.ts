// Errors as text, after rustc: the problem, the source line, the kernel's own words, what is true, what was meant.
import {type CommandResult, endingOf} from '../command.ts'
import type {SourceLine} from '../model.ts'
import type {Paint} from './text.ts'

export interface Message {
  readonly code: string
  readonly message: string
  readonly source?: SourceLine | undefined
  /** The text of the source line. */
  readonly excerpt?: string | undefined
  readonly kernel?: string | undefined
  readonly notes?: readonly string[]
  readonly help?: readonly string[]
}

export function messageText({code, message, source, excerpt, kernel, notes = [], help = []}: Message, paint: Paint): string {
  const lines = [`${paint('red', `error[${code}]`)}: ${message}`]
  if (source) lines.push(`  --> ${source.file}:${source.line}`)
  if (excerpt !== undefined) lines.push(`   |  ${excerpt.trim()}`)
  if (kernel) lines.push(...kernel.split('\n').map((line) => `   = kernel: ${line}`))
  lines.push(...notes.map((note) => `   = note: ${note}`), ...help.map((line) => `   = help: ${line}`))
  return lines.join('\n')
}

/** A refused or hung step as a message. `facts` are true things about the node that help to see why. */
export function stepMessage(
  result: CommandResult,
  source: SourceLine | undefined,
  notes: readonly string[],
  help: readonly string[],
): Message {
  const hung = result.cause === 'time-limit'
  const message = hung
    ? `${result.node} hung in a step, ${endingOf(result)} of ${(result.duration / 1000).toFixed(1)} s`
    : `${result.node} refused a step, ${endingOf(result)}`
  return {
    code: hung ? 'step-hung' : 'step-failed',
    message,
    source,
    excerpt: result.command,
    kernel: result.stderr.toString().trim() || result.stdout.toString().trim() || undefined,
    notes,
    help,
  }
}
