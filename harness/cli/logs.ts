// What the daemons of a lab have said, kept beside its reports.
import {join} from 'node:path'
import {readLogs} from '../daemons.ts'
import {MachineError} from '../driver.ts'
import type {Lab} from '../lab.ts'
import {writeWhole} from './reports.ts'
import {complain} from './terminal.ts'

/**
 * While there is a lab to ask: SCENARIO.PLACE.NAME.log each.
 * @param quiet says nothing of the files
 * @throws MachineError when a file cannot be written
 */
export async function keepLogs({fleet, scenario}: Lab, out: string, quiet = false): Promise<void> {
  for (const {daemon, text} of await readLogs(fleet, scenario)) {
    const path = join(out, `${scenario.name}.${daemon.place}.${daemon.name}.log`)
    try {
      writeWhole(path, text)
    } catch (error) {
      throw new MachineError('report-not-written', `${path}: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (!quiet) complain(`wrote ${path}`)
  }
}
