// Errors as text, after rustc: the problem, the source line, the kernel's own words, what is true, what was meant.
import {type CommandResult, endingOf} from '../command.ts'
import type {SourceLine} from '../model.ts'
import {speakerOf} from './speaker.ts'
import type {Paint} from './text.ts'
import {ends, visible, visibleLine} from './visible.ts'

export interface Message {
  readonly code: string
  readonly message: string
  readonly source?: SourceLine | undefined
  /** The text of the source line. */
  readonly excerpt?: string | undefined
  /** What a command said, to the letter. */
  readonly said?: {readonly command: string; readonly text: string} | undefined
  readonly notes?: readonly string[]
  readonly help?: readonly string[]
}

export function messageText({code, message, source, excerpt, said, notes = [], help = []}: Message, paint: Paint): string {
  const lines = [`${paint('red', `error[${code}]`)}: ${visibleLine(message)}`]
  if (source) lines.push(`  --> ${visible(source.file)}:${source.line}`)
  if (excerpt !== undefined) lines.push(`   |  ${visibleLine(excerpt.trim())}`)
  if (said) lines.push(...saidLines(said))
  lines.push(...notes.map((note) => `   = note: ${visible(note)}`), ...help.map((line) => `   = help: ${visible(line)}`))
  return lines.join('\n')
}

function saidLines({command, text}: NonNullable<Message['said']>): string[] {
  const {head, left, tail} = ends(text.split('\n'))
  const told = (line: string) => `   = ${speakerOf(command, line)}: ${visibleLine(line)}`
  return [...head.map(told), ...(left > 0 ? [`   = ... ${left} lines left out`] : []), ...tail.map(told)]
}

/** A refused or hung step as a message. `notes` are true things about the node that help to see why. */
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
  const text = withoutBlankEnds(result.stderr.toString()) || withoutBlankEnds(result.stdout.toString())
  return {
    code: hung ? 'step-hung' : 'step-failed',
    message,
    source,
    excerpt: result.command,
    said: text === '' ? undefined : {command: result.command, text},
    notes,
    help,
  }
}

/** What is left keeps its columns: nft points at a character of the line above. */
function withoutBlankEnds(text: string): string {
  return text.trimEnd().replace(/^(\s*\n)+/, '')
}
