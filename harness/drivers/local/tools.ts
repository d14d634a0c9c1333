// What a local lab cannot do without: what starts it, and what probes it. Other tools are missed by the line that uses them.
import {accessSync, constants} from 'node:fs'
import {join} from 'node:path'
import {MachineError} from '../../driver.ts'
import {packagesOf} from '../../packages.ts'
import {NODE_ENVIRONMENT} from '../../session.ts'

const NEEDED = ['unshare', 'bash', 'ip', 'hostname', 'perl']

/** @throws MachineError that names every command that is missing, and the packages that have them */
export function assertTools(): void {
  const missing = NEEDED.filter((command) => !isThere(command))
  if (missing.length === 0) return
  const packages = packagesOf('node').filter(({command}) => missing.includes(command))
  throw new MachineError('missing-tool', `this machine lacks ${missing.join(', ')}`, [
    `make setup, or: apt-get install ${packages.map(({name}) => name).join(' ')}`,
  ])
}

/** Whether nodes find the command: they have a PATH of their own. */
function isThere(command: string): boolean {
  return (NODE_ENVIRONMENT.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
