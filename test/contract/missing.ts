// Whether this machine can run a driver at all, asked of the driver itself.
import {type Driver, MachineError} from '../../harness/driver.ts'

/** Why it cannot, in the driver's own words, or undefined. */
export async function missingFrom(driver: Driver): Promise<string | undefined> {
  try {
    await using _ = await driver.start({
      lab: `missing-${process.pid}`,
      underlay: '10.78.0.0/24',
      nodes: [{name: 'node1', address: '10.78.0.1'}],
    })
    return undefined
  } catch (error) {
    if (error instanceof MachineError) return [error.message, ...error.help].join('\n')
    throw error
  }
}
