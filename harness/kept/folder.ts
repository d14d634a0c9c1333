// Where the records of kept labs are, and whether to believe what is there: podwire ends processes and removes containers
// that a record names, so a record that somebody else could have written is never read.
import {closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, type Stats} from 'node:fs'
import {isAbsolute, join} from 'node:path'
import {MachineError} from '../driver.ts'

interface OwnFolder {
  readonly path: string
  /** Permissions that nobody but its owner may have. */
  readonly denied: number
}

/**
 * The folders that podwire makes, the outer one first. Root's labs are root's on this machine; a user's are where the
 * user's runtime files are (XDG Base Directory Specification: a path that is not absolute is none), else in /tmp, where
 * anybody may have made them before.
 */
function folders(): readonly [OwnFolder, OwnFolder] {
  const user = process.getuid?.()
  const runtime = process.env.XDG_RUNTIME_DIR ?? ''
  // The private engine's files are in /run/podwire too: others may look there, and no more.
  if (user === 0) return within('/run/podwire', 0o022)
  return within(isAbsolute(runtime) ? join(runtime, 'podwire') : `/tmp/podwire-${user}`, 0o077)
}

function within(path: string, denied: number): [OwnFolder, OwnFolder] {
  return [
    {path, denied},
    {path: join(path, 'labs'), denied: 0o077},
  ]
}

/**
 * The folder of records; undefined where none was ever made.
 * @throws MachineError when it is not this user's alone
 */
export function recordFolder(): string | undefined {
  const all = folders()
  for (const folder of all) {
    const found = look(folder.path)
    if (!found) return undefined
    assertOwn(folder, found)
  }
  return all[1].path
}

/** The folder of records, made where it is missing. @throws MachineError when it cannot be, or is not this user's alone */
export function makeRecordFolder(): string {
  const all = folders()
  for (const folder of all) {
    try {
      mkdirSync(folder.path, {mode: 0o700})
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw unusable(folder.path, error)
    }
    const found = look(folder.path)
    if (found) assertOwn(folder, found)
  }
  return all[1].path
}

/** The text of a file that is this user's own. Undefined when it is gone. @throws Error that says what is wrong with it */
export function readOwn(path: string): string | undefined {
  let file: number
  try {
    // Not through a symbolic link, and without waiting for the writer of a named pipe.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error('it is not a file')
    if (stats.uid !== process.getuid?.()) throw new Error(`it belongs to user ${stats.uid}`)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** Kept labs cannot be written down, or read. */
export function unusable(path: string, error: unknown): MachineError {
  const words = error instanceof Error ? error.message : String(error)
  return new MachineError('state-folder', `podwire cannot keep its records in ${path}: ${words}`, [remedy()])
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw unusable(path, error)
  }
}

function assertOwn({path, denied}: OwnFolder, stats: Stats): void {
  const refuse = (why: string, help: string) => {
    throw new MachineError('state-folder', `${path} is not to be trusted with records of kept labs: ${why}`, [help])
  }
  if (stats.isSymbolicLink()) refuse('it is a symbolic link', `see who made it, remove it (rm ${path}), or ${remedy()}`)
  if (!stats.isDirectory()) refuse('it is no folder', `see who made it, remove it (rm ${path}), or ${remedy()}`)
  if (stats.uid !== process.getuid?.()) refuse(`it belongs to user ${stats.uid}`, `have it removed, or ${remedy()}`)
  if (stats.mode & denied) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
    refuse(`its mode is ${mode}, not 0700`, `if nobody but you has written there: chmod 700 ${path}`)
  }
}

function remedy(): string {
  return process.getuid?.() === 0 ? 'make room for /run/podwire, a folder that is root’s alone' : 'set XDG_RUNTIME_DIR to a folder of yours'
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
