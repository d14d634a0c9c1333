// What `podwire exec` and `podwire shell` ran in a kept lab, one line of JSON a command, in the order in which they ended.
// The record has the lines that wired the lab; with these it can be built again as it is.
import {closeSync, constants, openSync, writeFileSync, writeSync} from 'node:fs'
import {join} from 'node:path'
import type {FixCommand} from '../model.ts'
import {readOwn} from './folder.ts'

export interface JournalEntry {
  /** As it was typed: node1, pod1, node1/NETNS. */
  readonly place: string
  readonly argv: readonly string[]
  /** Somebody typed at it: what, nobody wrote down. */
  readonly interactive?: true
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly endedAt: number
  /** null: the lab went away under it. */
  readonly exitCode: number | null
  /** The last line of a fault that podwire break brought about. */
  readonly fault?: FaultNote
  /** The last line with which podwire heal took a fault back: its id. */
  readonly heals?: string
}

/** What podwire heal needs to know of a fault. */
export interface FaultNote {
  readonly id: string
  readonly cause: string
  readonly place: string
  readonly title: string
  readonly heal: readonly FixCommand[]
}

export function journalPath(folder: string, lab: string): string {
  return join(folder, `${lab}.journal`)
}

export function startJournal(folder: string, lab: string): void {
  writeFileSync(journalPath(folder, lab), '', {mode: 0o600})
}

/** One write in append mode: entries of commands that end at once do not mix (write(2)). */
export function appendEntry(folder: string, lab: string, entry: JournalEntry): void {
  const file = openSync(journalPath(folder, lab), constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW)
  try {
    writeSync(file, `${JSON.stringify(entry)}\n`)
  } finally {
    closeSync(file)
  }
}

/** A line that is no entry, cut off by a full disk perhaps, is passed over. */
export function readEntries(folder: string, lab: string): JournalEntry[] {
  return (readOwn(journalPath(folder, lab)) ?? '').split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as JournalEntry]
    } catch {
      return []
    }
  })
}

/** Faults that were brought about and not taken back, the oldest first. */
export function openFaults(entries: readonly JournalEntry[]): FaultNote[] {
  const healed = new Set(entries.map(({heals}) => heals))
  return entries.flatMap(({fault}) => (fault && !healed.has(fault.id) ? [fault] : []))
}
