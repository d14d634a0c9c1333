// From whatever was thrown to words on standard error and an exit code.
import {readFileSync} from 'node:fs'
import {relative} from 'node:path'
import {CommandError} from '../command.ts'
import {MachineError} from '../driver.ts'
import type {SourceLine} from '../model.ts'
import {type Message, messageText, stepMessage} from '../report/message.ts'
import {ScenarioError} from '../scenario/problem.ts'
import {EXIT, UsageError} from './exit.ts'
import {isInterrupted} from './interrupt.ts'
import {complain, paintError} from './terminal.ts'

/** Tells the error and returns the exit code that belongs to it. */
export function fail(error: unknown): number {
  if (isInterrupted()) return EXIT.interrupted
  const {messages, code} = explain(error)
  for (const message of messages) complain(`${messageText(message, paintError)}\n`)
  return code
}

function explain(error: unknown): {messages: Message[]; code: number} {
  if (error instanceof ScenarioError) {
    const messages = error.problems.map(
      ({code, message, source, note, help}): Message => ({
        code,
        message,
        source: shown(source),
        excerpt: excerpt(source),
        notes: note === undefined ? [] : [note],
        help: help === undefined ? [] : [help],
      }),
    )
    return {messages, code: EXIT.badInput}
  }
  if (error instanceof UsageError) return {messages: [{code: 'usage', message: error.message, help: error.help}], code: EXIT.badInput}
  if (error instanceof MachineError) return {messages: [{code: error.code, message: error.message, help: error.help}], code: EXIT.cannotRun}
  if (error instanceof CommandError)
    return {messages: [stepMessage(error.result, shown(error.source), error.context.notes, error.context.help)], code: EXIT.checkFailed}
  const {message, stack} = error instanceof Error ? error : {message: String(error), stack: undefined}
  return {
    messages: [
      {code: 'internal', message, notes: stack === undefined ? [] : [stack], help: ['this is a mistake in podwire, not in your scenario']},
    ],
    code: EXIT.cannotRun,
  }
}

/** A path as the user would type it from here. */
function shown(source: SourceLine | undefined): SourceLine | undefined {
  if (!source) return undefined
  const path = relative(process.cwd(), source.file)
  return {file: path.startsWith('../..') ? source.file : path, line: source.line}
}

function excerpt(source: SourceLine | undefined): string | undefined {
  if (!source) return undefined
  try {
    return readFileSync(source.file, 'utf8').split('\n')[source.line - 1]
  } catch {
    return undefined
  }
}
