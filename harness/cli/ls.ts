// podwire ls: the labs that run.
import Table from 'cli-table3'
import {FORMAT} from '../report/format.ts'
import {EXIT} from './exit.ts'
import {runningLabs} from './running.ts'
import {print, printJson} from './terminal.ts'

export async function ls({json}: {readonly json?: boolean}): Promise<number> {
  const labs = (await runningLabs()).map(({kept, fleet}) => ({
    lab: kept.lab,
    driver: kept.driver,
    description: fleet.description,
    scenario: kept.scenario.file,
    startedAt: new Date(kept.startedAt).toISOString(),
  }))
  if (json) printJson({format: FORMAT, kind: 'labs', labs})
  else if (labs.length === 0) print('no lab is running; start one: podwire up three-nodes')
  else {
    const table = new Table({head: ['lab', 'driver', 'scenario', 'since'], style: {head: [], border: [], compact: true}})
    for (const {lab, driver, scenario, startedAt} of labs) table.push([lab, driver, scenario, startedAt])
    print(table.toString())
  }
  return EXIT.asClaimed
}
