// Labs that `podwire up` keeps: a small file each, with which another podwire finds the lab again. The file holds nothing
// up. A file whose lab is gone is only left over, and is removed by whoever notices.
import {randomUUID} from 'node:crypto'
import {linkSync, readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Facts} from './facts/facts.ts'
import {identify, runs} from './identity.ts'
import {readBefore, removeBefore, writeBefore} from './kept/before.ts'
import {makeRecordFolder, readOwn, recordFolder, unusable} from './kept/folder.ts'
import {appendEntry, type JournalEntry, journalPath, readEntries, startJournal} from './kept/journal.ts'
import {type KeptLab, type LabRecord, type NameClaim, parseRecord, RECORD_FORMAT} from './kept/record.ts'
import {inTurn} from './turn.ts'

/** A record that cannot be believed. Its lab may run: nobody knows. */
export interface DamagedRecord {
  readonly lab: string
  readonly path: string
  readonly why: string
}

export interface Remembered {
  /** Whether or not they still run. */
  readonly labs: readonly KeptLab[]
  /** Names whose podwire ended before its lab was kept. */
  readonly abandoned: readonly NameClaim[]
  readonly damaged: readonly DamagedRecord[]
}

/** What is told of a lab when it is kept. */
export type Keeping = Pick<KeptLab, 'scenario' | 'history'> &
  Pick<KeptLab, 'driver' | 'handle'> & {
    /** The facts of a lab that works. */
    readonly before?: Facts | undefined
  }

/** A name that is this podwire's while it starts the lab. */
export interface Claim {
  /** The lab is about to be kept: from now on it is found. @throws MachineError when it cannot be written down */
  remember(keeping: Keeping): void
  /** Gives the name back; of a lab that was remembered, nothing. */
  release(): void
}

/** Every lab that has a record, by name. @throws MachineError when others could have written the records */
export function remembered(): Remembered {
  const folder = recordFolder()
  const all = folder === undefined ? [] : recordsIn(folder)
  const whole = all.filter((record) => 'id' in record)
  return {
    labs: whole.filter((record) => record.state === 'running'),
    abandoned: whole.filter((record) => record.state === 'starting').filter(({claimer}) => !runs(claimer)),
    damaged: all.filter((record) => 'why' in record),
  }
}

/**
 * Takes a name for a lab that is about to start, so that of two at once one is told before anything runs.
 * @returns the record that has the name, where it is taken
 * @throws MachineError when records cannot be kept
 */
export async function claimLab(lab: string): Promise<Claim | LabRecord | DamagedRecord> {
  const folder = makeRecordFolder()
  const own: NameClaim = {
    format: RECORD_FORMAT,
    state: 'starting',
    id: randomUUID(),
    lab,
    startedAt: Date.now(),
    claimer: identify(process.pid),
  }
  return inTurn(folder, async () => {
    const found = readRecord(folder, lab)
    if (found && !('id' in found && found.state === 'starting' && !runs(found.claimer))) return found
    if (found) remove(folder, lab)
    if (!write(folder, own, 'new')) return readRecord(folder, lab) ?? own
    // Of a record that somebody removed by hand the files beside it are still there: they are of another lab than this.
    removeBeside(folder, lab)
    return {
      remember: ({before, ...keeping}) => {
        if (before) writeBefore(folder, lab, before)
        write(folder, {...own, ...keeping, state: 'running'} as KeptLab, 'replace')
      },
      release: () => {
        const record = readRecord(folder, lab)
        if (record && 'id' in record && record.id === own.id && record.state === 'starting') remove(folder, lab)
      },
    }
  })
}

/** Forgets a lab, unless its name has another lab by now. */
export async function forgetLab({lab, id}: Pick<LabRecord, 'lab' | 'id'>): Promise<void> {
  const folder = recordFolder()
  if (folder === undefined) return
  await inTurn(folder, async () => {
    const record = readRecord(folder, lab)
    if (record && 'id' in record && record.id === id) remove(folder, lab)
  })
}

/** Removes what stands beside a record that is no more, since somebody removed it by hand. @returns the names of the labs */
export async function forgetOrphans(): Promise<string[]> {
  const folder = recordFolder()
  if (folder === undefined) return []
  return inTurn(folder, async () => {
    const files = readdirSync(folder)
    const beside = files.flatMap((file) => /^(.+)\.(?:facts|journal)$/.exec(file)?.[1] ?? [])
    const orphans = [...new Set(beside)].filter((lab) => !files.includes(`${lab}.json`))
    for (const lab of orphans) removeBeside(folder, lab)
    return orphans
  })
}

/** Writes down what ran in a kept lab, unless the lab has been forgotten meanwhile. @throws Error when it cannot be written */
export function noteCommand({lab, id}: KeptLab, entry: JournalEntry): void {
  const folder = recordFolder()
  const record = folder === undefined ? undefined : readRecord(folder, lab)
  if (folder !== undefined && record && 'id' in record && record.id === id) appendEntry(folder, lab, entry)
}

/** What was run in a kept lab since it was up, in the order in which it ended. */
export function journalOf({lab}: Pick<KeptLab, 'lab'>): JournalEntry[] {
  const folder = recordFolder()
  return folder === undefined ? [] : readEntries(folder, lab)
}

/** The facts of a kept lab when it worked; undefined where it never did. */
export function factsBefore({lab}: Pick<KeptLab, 'lab'>): Facts | undefined {
  const folder = recordFolder()
  return folder === undefined ? undefined : readBefore(folder, lab)
}

function recordsIn(folder: string): (LabRecord | DamagedRecord)[] {
  const names = readdirSync(folder).filter((file) => file.endsWith('.json'))
  return names.map((file) => readRecord(folder, file.slice(0, -'.json'.length))).filter((record) => record !== undefined)
}

/** Undefined when there is none. */
function readRecord(folder: string, lab: string): LabRecord | DamagedRecord | undefined {
  const path = recordPath(folder, lab)
  try {
    const text = readOwn(path)
    return text === undefined ? undefined : parseRecord(text, lab)
  } catch (error) {
    return {lab, path, why: error instanceof Error ? error.message : String(error)}
  }
}

/** Whole or not at all. @returns false when it was to be new and there is one */
function write(folder: string, record: LabRecord, how: 'new' | 'replace'): boolean {
  const path = recordPath(folder, record.lab)
  const draft = `${path}.${record.id}`
  try {
    writeFileSync(draft, JSON.stringify(record), {mode: 0o600, flag: 'wx'})
    if (record.state === 'running') startJournal(folder, record.lab)
    if (how === 'replace') renameSync(draft, path)
    else linkSync(draft, path) // fails where there is one
    return true
  } catch (error) {
    if (how === 'new' && error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw unusable(folder, error)
  } finally {
    rmSync(draft, {force: true})
  }
}

function remove(folder: string, lab: string): void {
  rmSync(recordPath(folder, lab), {force: true})
  removeBeside(folder, lab)
}

/** What was run in it, and how it was when it worked. */
function removeBeside(folder: string, lab: string): void {
  rmSync(journalPath(folder, lab), {force: true})
  removeBefore(folder, lab)
}

/** The file in which a lab is remembered; undefined where there is none. */
export function recordOf({lab}: Pick<LabRecord, 'lab'>): string | undefined {
  const folder = recordFolder()
  return folder === undefined ? undefined : recordPath(folder, lab)
}

function recordPath(folder: string, lab: string): string {
  return join(folder, `${lab}.json`)
}
