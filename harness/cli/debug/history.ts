// What was typed at the prompt, for the next time: a file in the user's state folder (XDG Base Directory Specification).
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {homedir} from 'node:os'
import {dirname, isAbsolute, join} from 'node:path'

function historyFile(): string {
  const state = process.env.XDG_STATE_HOME ?? ''
  return join(isAbsolute(state) ? state : join(homedir(), '.local/state'), 'podwire/history')
}

/** The newest first, as node:readline has it. Empty where there is none, or none to be read. */
export function readHistory(): string[] {
  try {
    return readFileSync(historyFile(), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .reverse()
  } catch {
    return []
  }
}

/** A history that cannot be written is no reason to stop. */
export function writeHistory(newestFirst: readonly string[]): void {
  const file = historyFile()
  try {
    mkdirSync(dirname(file), {recursive: true, mode: 0o700})
    writeFileSync(file, [...newestFirst].reverse().join('\n').concat('\n'), {mode: 0o600})
  } catch {}
}
