// The scenarios of ready networks, and whether a runner's nodes have what each needs.
import {accessSync, constants} from 'node:fs'
import test, {type ExecutionContext} from 'ava'
import {requireEngine} from '../../../harness/drivers/docker/engine.ts'
import {ensureImage} from '../../../harness/drivers/docker/image.ts'
import type {Scenario} from '../../../harness/model.ts'
import {gettingWords, isGoModule} from '../../../harness/packages.ts'
import {loadScenario, scenarioNames} from '../../../harness/scenario/load.ts'
import {NODE_ENVIRONMENT} from '../../../harness/session.ts'
import {onEach, type Runner} from './runners.ts'

/** Where fixtures/setup.sh looks for it besides. */
const GO = '/usr/local/go/bin/go'

/** Every scenario that has a ready network's datapath. */
export async function solutions(): Promise<Scenario[]> {
  return (await Promise.all(scenarioNames().map(loadScenario))).filter(({solution}) => solution !== undefined)
}

/**
 * As onEach, for a test of one such scenario. Where what it needs is not there it is skipped in sight, by its package's name;
 * on CI it fails, since everything is installed there.
 */
export function onEachThatHas(
  runners: readonly Runner[],
  scenario: Pick<Scenario, 'name' | 'needs' | 'devices'>,
  title: string,
  body: (t: ExecutionContext, runner: Runner) => Promise<void>,
): void {
  for (const runner of runners) {
    const lack = lackOf(runner, scenario)
    const full = `${scenario.name}: ${title}`
    if (lack === undefined || runner.missing !== undefined)
      onEach([runner], full, async (t, here) => {
        if (here.driver === 'docker') await fullImage(t)
        await body(t, here)
      })
    else if (process.env.CI === 'true' && !lack.skippable) test.serial(`${runner.title}: ${full}`, (t) => t.fail(lack.words))
    else test.serial.skip(`${runner.title}: ${full} (${lack.words})`, () => undefined)
  }
}

/** Made before the clock of a run ticks: it takes a minute or more, once. */
async function fullImage(t: ExecutionContext): Promise<void> {
  t.timeout(900_000)
  const {docker} = await requireEngine()
  await ensureImage(docker, (line) => t.log(line), 'full')
}

/** What a runner's nodes have not, as a person gets it, and whether CI may do without: what it cannot have. */
interface Lack {
  readonly words: string
  readonly skippable: boolean
}

/** Under docker the full image has the tools. Root opens the devices, for ordinary users too; Go modules are built where Go is there. */
function lackOf({driver}: Runner, {needs, devices}: Pick<Scenario, 'needs' | 'devices'>): Lack | undefined {
  const closed = devices.find((device) => !opens(device))
  if (closed !== undefined) return {words: `${closed} cannot be opened`, skippable: process.getuid?.() !== 0}
  const missing = driver === 'docker' ? [] : needs.filter(({tool}) => !isThere(tool)).map((need) => need.package)
  if (missing.length === 0) return undefined
  return {words: gettingWords(missing), skippable: missing.every(isGoModule) && !isThere('go') && !isThere(GO)}
}

function opens(device: string): boolean {
  try {
    accessSync(device, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

function isThere(tool: string): boolean {
  return (NODE_ENVIRONMENT.PATH ?? '').split(':').some((folder) => {
    try {
      if (tool.startsWith('/')) accessSync(tool)
      else accessSync(`${folder}/${tool}`, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
