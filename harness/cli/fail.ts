// From whatever was thrown to words on standard error and an exit code.
import {readFileSync} from 'node:fs'
import {relative} from 'node:path'
import {inspect} from 'node:util'
import {CommandError, type CommandResult} from '../command.ts'
import {MachineError} from '../driver.ts'
import type {SourceLine} from '../model.ts'
import {errorJson} from '../report/json.ts'
import {type Message, messageText, stepMessage} from '../report/message.ts'
import {ScenarioError} from '../scenario/problem.ts'
import {EXIT, UsageError} from './exit.ts'
import {isInterrupted} from './interrupt.ts'
import {complain, paintError, printJson} from './terminal.ts'

/**
 * Tells the error and returns the exit code that belongs to it.
 * @param json a program reads standard output: it gets a document too
 */
export function fail(error: unknown, json = false): number {
  if (isInterrupted()) return EXIT.interrupted
  const {messages, code, step} = explained(error)
  for (const message of messages) complain(`${messageText({...message, source: shown(message.source)}, paintError)}\n`)
  if (json) printJson(errorJson(code, messages, step))
  return code
}

interface Explained {
  readonly messages: readonly Message[]
  readonly code: 1 | 2 | 3
  readonly step?: CommandResult
}

/** Whatever was thrown as messages, whose source lines are told from the root on, and the exit code that belongs to it. */
export function explained(error: unknown): Explained {
  if (error instanceof ScenarioError) {
    const messages = error.problems.map(
      ({code, message, source, note, help}): Message => ({
        code,
        message,
        source,
        excerpt: excerpt(source),
        notes: note === undefined ? [] : [note],
        help: help === undefined ? [] : [help],
      }),
    )
    return {messages, code: EXIT.badInput}
  }
  if (error instanceof UsageError) return {messages: [{code: 'usage', message: error.message, help: error.help}], code: EXIT.badInput}
  if (error instanceof MachineError) return {messages: [{code: error.code, message: error.message, help: error.help}], code: EXIT.cannotRun}
  if (error instanceof CommandError) {
    const {result, source, context} = error
    return {messages: [stepMessage(result, source, context.notes, context.help)], code: EXIT.checkFailed, step: result}
  }
  const {message, stack} = error instanceof Error ? error : {message: inspect(error), stack: undefined}
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
