// What every driver must do, in one suite. A test file names a driver and what it needs; the cases are the same for all.
// The cases share one lab of two nodes, and run one after the other. A case about a lab's beginning or end has one of its
// own beside it, on another underlay.
import test, {type ExecutionContext} from 'ava'
import type {Driver, DriverName, Fleet, FleetSpec} from '../../harness/driver.ts'
import {COMMANDS} from './commands.ts'
import {HANGS} from './hangs.ts'
import {LIFE} from './life.ts'
import {NODES} from './nodes.ts'
import {STREAMS} from './streams.ts'

export interface Subject {
  readonly driver: Driver
  /** The lab that the cases share: node1 and node2. */
  readonly fleet: Fleet
}

/** Titles and what they claim. */
export type Cases = Readonly<Record<string, (t: ExecutionContext, subject: Subject) => Promise<void>>>

export interface Candidate {
  readonly name: DriverName
  /** Why this machine cannot run it, or undefined. */
  missing(): Promise<string | undefined>
  driver(): Driver
  /** Held from the first lab to the last. */
  turn?(): Promise<AsyncDisposable>
}

export const SHARED: FleetSpec = {
  lab: `contract-${process.pid}`,
  underlay: '192.168.1.0/24',
  nodes: [
    {name: 'node1', address: '192.168.1.11'},
    {name: 'node2', address: '192.168.1.12'},
  ],
}

/** Declares the suite's tests, or, where the driver is missing, skips them by name; see PODWIRE_REQUIRE_DRIVERS in test/run.sh. */
export async function holdToContract(candidate: Candidate): Promise<void> {
  const cases = Object.entries({...COMMANDS, ...HANGS, ...STREAMS, ...NODES, ...LIFE})
  const missing = await candidate.missing()
  if (missing !== undefined) {
    const required = (process.env.PODWIRE_REQUIRE_DRIVERS ?? '').split(',').includes(candidate.name)
    test(required ? `this machine runs driver ${candidate.name}` : `without driver ${candidate.name} its contract is not tested`, (t) => {
      t.log(missing)
      t.false(required, missing)
    })
    for (const [title] of cases) test.skip(title, (t) => t.fail())
    return
  }
  const driver = candidate.driver()
  let turn: AsyncDisposable | undefined
  let fleet: Fleet
  test.serial.before('the nodes start', async (t) => {
    t.timeout(1_800_000, 'waiting for a turn at the engine')
    turn = await candidate.turn?.()
    fleet = await driver.start(SHARED)
  })
  for (const [title, holds] of cases) test.serial(title, (t) => holds(t, {driver, fleet}))
  test.serial.after.always('the nodes go', async () => {
    await fleet?.[Symbol.asyncDispose]()
    await turn?.[Symbol.asyncDispose]()
  })
}
