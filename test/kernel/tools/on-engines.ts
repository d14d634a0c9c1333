// Tests on three private engines that a test file shares: declared one after the other, skipped in sight where this machine
// cannot have the engines, and each independent of the one before, should that fail.
import test, {type ExecutionContext} from 'ava'
import type {Engine} from '../../../harness/drivers/docker/engine.ts'
import {LAB_LABEL} from '../../../harness/drivers/docker/labels.ts'
import {missingEngines, type PrivateEngines, privateEngines} from '../../tools/engines.ts'
import {type Home, makeHome} from './home.ts'
import {asRoot} from './runners.ts'

export interface OnEngines {
  readonly own: PrivateEngines
  readonly home: Home
  /** All three addresses, as --engines takes them. */
  readonly list: string
}

/**
 * Starts the engines before the first test, and ends them after the last.
 * @param swarm whether they are one swarm, the first its manager
 * @returns declares a test
 */
export async function threeEngines({swarm}: {readonly swarm: boolean}) {
  const missing = await missingEngines()
  let given: OnEngines
  test.serial.before('three engines', async (t) => {
    t.timeout(1_800_000, 'waiting for a turn at the engines')
    if (missing !== undefined) return
    const own = await privateEngines({swarm})
    given = {own, home: makeHome(asRoot), list: own.addresses.join(',')}
  })
  test.serial.afterEach.always('what a test that failed left does not fail the next', async (t) => {
    if (missing !== undefined || t.passed) return
    for (const n of [1, 2, 3]) await given.own.start(n)
    await given.home.podwire(['down', '--all'])
    await given.home.podwire(['clean'])
  })
  test.serial.after.always('the engines go', async () => {
    await given?.home[Symbol.asyncDispose]()
    await given?.own[Symbol.asyncDispose]()
  })
  const required = (process.env.PODWIRE_REQUIRE_DRIVERS ?? '').split(',').includes('docker')
  return (title: string, body: (t: ExecutionContext, given: OnEngines) => Promise<void>): void => {
    if (missing === undefined)
      test.serial(title, async (t) => {
        t.timeout(300_000) // for hangs
        await body(t, given)
      })
    else if (required) test.serial(title, (t) => t.fail(`this machine cannot have three engines: ${missing}`))
    else test.serial.skip(`${title} (${missing})`, () => undefined)
  }
}

/** Names of what engines have of labs. */
export async function leftOn(engines: readonly Engine[]): Promise<string[]> {
  const filters = {label: [LAB_LABEL]}
  const found = await Promise.all(
    engines.map(async ({docker}) => {
      const [containers, networks] = await Promise.all([docker.listContainers({all: true, filters}), docker.listNetworks({filters})])
      return [...containers.flatMap(({Names}) => Names), ...networks.map(({Name}) => Name)]
    }),
  )
  return [...new Set(found.flat())]
}
