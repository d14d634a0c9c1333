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
 * @param limit milliseconds; what was not had until then is told
 * @throws MachineError when a file cannot be written
 */
export async function keepLogs({fleet, scenario}: Lab, out: string, quiet = false, limit?: number): Promise<void> {
  for (const {daemon, text} of await readLogs(fleet, scenario, limit)) {
    const path = join(out, `${scenario.name}.${daemon.place}.${daemon.name}.log`)
    if (!text) {
      complain(`no ${path}: ${daemon.place} did not give it in time`)
      continue
    }
    try {
      writeWhole(path, text)
    } catch (error) {
      throw new MachineError('report-not-written', `${path}: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (!quiet) complain(`wrote ${path}`)
  }
}

/** Milliseconds: whoever interrupts does not want to wait. */
const SOON = 3_000

/** Removes a lab that is interrupted; what its daemons have said is kept before, as far as it can be had soon. */
export async function leave(lab: Lab, {out, quiet}: {readonly out?: string; readonly quiet?: boolean}): Promise<void> {
  try {
    if (out !== undefined) await keepLogs(lab, out, quiet, SOON)
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error))
  } finally {
    await lab[Symbol.asyncDispose]()
  }
}
