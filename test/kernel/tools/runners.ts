// Who runs a lab, and how: every test here is written once and runs on each driver that this machine has.
import {spawnSync} from 'node:child_process'
import test, {type ExecutionContext} from 'ava'
import type {Driver, DriverName} from '../../../harness/driver.ts'
import {localDriver} from '../../../harness/drivers/local.ts'

export interface Runner {
  readonly title: string
  readonly driver: DriverName
  /** Whom podwire runs as, where that is not whoever runs the tests. */
  readonly user?: {readonly uid: number; readonly gid: number}
  /** Why this machine cannot, undefined when it can. */
  readonly missing: string | undefined
}

/** Debian's nobody and nogroup. */
const NOBODY = {uid: 65534, gid: 65534}
const isRoot = process.getuid?.() === 0

export const asRoot: Runner = {title: 'local as root', driver: 'local', missing: isRoot ? undefined : 'the tests do not run as root'}

export const asUser: Runner = {
  title: 'local as an ordinary user',
  driver: 'local',
  ...(isRoot && {user: NOBODY}),
  missing: userNamespaces(),
}

export const inDocker: Runner = {title: 'docker', driver: 'docker', missing: await engine()}

export const LOCAL: readonly Runner[] = [asRoot, asUser]
export const ALL: readonly Runner[] = [...LOCAL, inDocker]

export async function driverOf({driver, user}: Runner): Promise<Driver> {
  if (driver === 'local') return localDriver(user ? {user} : {})
  return (await import('../../../harness/drivers/docker.ts')).dockerDriver()
}

/**
 * Declares one test for each runner. One after the other: two cores carry a lab or two, and what is slow is waiting.
 * What this machine lacks is skipped in sight, or fails where PODWIRE_REQUIRE_DRIVERS names the driver.
 */
export function onEach(runners: readonly Runner[], title: string, body: (t: ExecutionContext, runner: Runner) => Promise<void>): void {
  for (const runner of runners) {
    const full = `${runner.title}: ${title}`
    if (runner.missing === undefined) {
      test.serial(full, async (t) => {
        t.timeout(runner.driver === 'docker' ? 300_000 : 120_000) // for hangs; under docker tests of other files come first
        await body(t, runner)
      })
    } else if (required(runner)) test.serial(full, (t) => t.fail(`this machine cannot run it: ${runner.missing}`))
    else test.serial.skip(`${full} (${runner.missing})`, () => undefined)
  }
}

/** One of the two local runners is enough to say that the driver is there. */
function required({driver}: Runner): boolean {
  const named = (process.env.PODWIRE_REQUIRE_DRIVERS ?? '').split(',').includes(driver)
  return named && (driver === 'docker' || LOCAL.every(({missing}) => missing !== undefined))
}

/** Some machines keep ordinary users from namespaces, by AppArmor or by a sysctl: asked by making one. */
function userNamespaces(): string | undefined {
  const {status, stderr} = spawnSync('unshare', ['--user', '--map-root-user', '--net', 'true'], {...(isRoot && NOBODY), encoding: 'utf8'})
  return status === 0 ? undefined : `no user namespaces here: ${stderr?.trim()}`
}

async function engine(): Promise<string | undefined> {
  if (!isRoot) return 'the tests do not run as root'
  const {dockerReadiness} = await import('../../../harness/drivers/docker.ts')
  const {ready, reason} = await dockerReadiness({}, false)
  return ready ? undefined : reason
}
