// What a crash left on engines, and what stayed on one that was gone when its lab ended.
import {MachineError} from '../../driver.ts'
import {type Engine, findEngine, gone, within} from './engine.ts'
import {reachEngines} from './engines.ts'
import {isOwn, LAB_LABEL, ownerRuns} from './labels.ts'
import {removeStaleNetworks} from './network.ts'
import {overlayGone, removeOverlay} from './overlay.ts'
import {managersAmong, type Traces} from './several.ts'
import {leaveSwarm} from './swarm.ts'

/** Milliseconds for an engine to be through with what a crash left. */
const SWEEP_LIMIT = 60_000

/**
 * Removes what a crash left on the engine that answers: networks, containers that never started, and running ones that a
 * podwire of this user let stay and that nothing remembers. Those of other users and machines may be kept labs of theirs:
 * they stay.
 * @param kept the labs to spare
 * @returns what was removed; nothing when no engine answers
 */
export async function cleanEngine(kept: () => readonly string[]): Promise<string[]> {
  const engine = await findEngine()
  if (!engine) return []
  return [...(await sweepContainers(engine, kept)), ...(await removeStaleNetworks(engine.docker))]
}

/**
 * As cleanEngine, on the engines of a lab that has ended, whose swarm is left where podwire had them join it.
 * @returns what was removed, and what keeps the rest from being
 */
export async function cleanSeveral(traces: Traces, kept: () => readonly string[]): Promise<{removed: string[]; problems: string[]}> {
  const reached = await reachEngines(traces.engines)
  const problems = reached.flatMap((each) => ('why' in each ? [`${each.endpoint.name} does not answer: ${each.why}`] : []))
  const engines = reached.flatMap((each) => ('engine' in each ? [each.engine] : []))
  const removed: string[] = []
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof MachineError)) throw error
      problems.push(error.message)
    }
  }
  await Promise.all(
    engines.map((engine) =>
      attempt(async () => void removed.push(...(await within(sweepContainers(engine, kept), engine.where, SWEEP_LIMIT)))),
    ),
  )
  const managers = await managersAmong(engines)
  const [manager] = managers
  if (manager) {
    const filters = {label: [`${LAB_LABEL}=${traces.lab}`]}
    for (const {Id, Name} of await within(manager.docker.listNetworks({filters}), manager.where)) {
      await attempt(async () => {
        await removeOverlay(managers, Id)
        removed.push(`network ${Name}`)
      })
    }
    if (problems.length === 0) await attempt(() => overlayGone(engines, filters))
  }
  if (problems.length === 0 && traces.joined.length > 0)
    await attempt(async () => {
      await leaveSwarm(engines, traces.joined)
      removed.push(`swarm of ${traces.joined.map(({engine}) => engines[engine]?.where).join(', ')}`)
    })
  return {removed, problems}
}

async function sweepContainers({docker, where}: Engine, kept: () => readonly string[]): Promise<string[]> {
  const removed: string[] = []
  for (const {Id, Names, Labels, State} of await within(docker.listContainers({all: true, filters: {label: [LAB_LABEL]}}), where)) {
    if (ownerRuns(Labels) !== false || (State === 'running' && !isOwn(Labels))) continue
    // Asked last: an `up` that has just ended has written its record before.
    if (kept().includes(Labels[LAB_LABEL] ?? '')) continue
    await gone(docker.getContainer(Id).remove({force: true, v: true}))
    removed.push(`container ${Names[0]?.slice(1) ?? Id}`)
  }
  return removed
}
