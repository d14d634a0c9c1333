// Labs that `podwire up` keeps: a small file each, with which another podwire finds the lab again. The file holds nothing
// up. A file whose lab is gone is only left over, and is removed by whoever notices.
import {mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {DriverName, FleetHandle} from './driver.ts'

export interface KeptLab {
  readonly lab: string
  readonly driver: DriverName
  readonly handle: FleetHandle
  /** The scenario's file. */
  readonly scenario: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** Root's labs are everybody's to see; a user's are where the user's runtime files are (XDG Base Directory Specification). */
function folder(): string {
  if (process.getuid?.() === 0) return '/run/podwire/labs'
  return join(process.env.XDG_RUNTIME_DIR ?? `/tmp/podwire-${process.getuid?.()}`, process.env.XDG_RUNTIME_DIR ? 'podwire/labs' : 'labs')
}

export function rememberLab(kept: KeptLab): void {
  mkdirSync(folder(), {recursive: true, mode: 0o700})
  const path = join(folder(), `${kept.lab}.json`)
  writeFileSync(`${path}.new`, JSON.stringify(kept), {mode: 0o600})
  renameSync(`${path}.new`, path) // whole or not at all
}

export function forgetLab(lab: string): void {
  rmSync(join(folder(), `${lab}.json`), {force: true})
}

/** Every lab that has a file, whether or not it still runs, by name. */
export function rememberedLabs(): KeptLab[] {
  let files: string[]
  try {
    files = readdirSync(folder())
  } catch {
    return [] // nothing was ever kept
  }
  return files.filter((file) => file.endsWith('.json')).flatMap((file) => readKept(join(folder(), file)))
}

function readKept(path: string): KeptLab[] {
  try {
    return [JSON.parse(readFileSync(path, 'utf8')) as KeptLab]
  } catch {
    return [] // removed a moment ago by another podwire, or not ours
  }
}
