// A lab on several engines, joined by an overlay network of their swarm.
import {type FleetSpec, MachineError} from '../../driver.ts'
import type {Endpoint} from './endpoint.ts'
import {type Engine, within} from './engine.ts'
import {engineAt, requireEngines} from './engines.ts'
import type {KeptOnSeveral} from './handle.ts'
import {ensureImages, variantFor} from './image.ts'
import type {Membership} from './membership.ts'
import {removeContainers} from './one.ts'
import {createOverlay, overlayGone, removeOverlay} from './overlay.ts'
import {type Placement, placeNodes} from './placement.ts'
import type {Seat} from './seat.ts'
import type {Site} from './site.ts'
import {isManager, joinSwarm, leaveSwarm, requireSwarm} from './swarm.ts'

/** What a lab on several engines may leave when its podwire is killed, or an engine is gone when the lab ends. */
export interface Traces {
  readonly lab: string
  readonly engines: readonly Endpoint[]
  readonly joined: readonly Membership[]
}

export interface SeveralEngines extends Placement {
  /** Makes a swarm of engines that are in none, for as long as the lab lasts. */
  readonly swarmInit?: boolean
  /** Told before anything is made, and again before an engine joins a swarm: so that `podwire clean` can find it. */
  readonly remember?: (traces: Traces) => void
  /** Nothing is left. */
  readonly forget?: () => void
}

/** Milliseconds for an engine to be through with removing a lab's containers. */
const REMOVE_LIMIT = 40_000

/** @throws MachineError */
export async function severalEngines(spec: FleetSpec, options: SeveralEngines, progress: (line: string) => void): Promise<Site> {
  const {endpoints, swarmInit = false, remember = () => undefined, forget = () => undefined} = options
  const engines = await requireEngines(endpoints)
  const joined: Membership[] = []
  const traces = () => remember({lab: spec.lab, engines: endpoints, joined})
  traces()
  try {
    if (swarmInit)
      await joinSwarm(spec.lab, engines, (membership) => {
        joined.push(membership)
        traces()
      })
    const managers = await requireSwarm(engines)
    const image = await ensureImages(engines, progress, variantFor(spec.tools ?? []))
    const {id: network} = await createOverlay(managers, engines, spec)
    const nodes = spec.nodes.map(({name}) => name)
    const places = placeNodes(nodes, options)
    const description = describe(engines, places)
    return {
      description,
      image,
      network,
      several: true,
      engineOf: (node) => engines[places.get(node) ?? 0] as Engine,
      handle: (seats): KeptOnSeveral => ({
        engines: [...endpoints],
        network,
        nodes: Object.fromEntries(
          [...seats].map(([node, {container}]) => [node, {engine: places.get(node) ?? 0, container: container.id}]),
        ),
        joined,
        description,
      }),
      async remove(seats) {
        await removeFromSeveral(engines, seats, network, joined)
        forget()
      },
    }
  } catch (error) {
    await leaveSwarm(engines, joined)
    forget()
    throw error
  }
}

/** `containers on 3 engines: node1 and node3 on Docker 20.10 at a, node2 on Docker 20.10 at b` */
function describe(engines: readonly Engine[], places: ReadonlyMap<string, number>): string {
  const words = engines.map(({description}, index) => {
    const here = [...places].filter(([, place]) => place === index).map(([node]) => node)
    return `${here.join(', ') || 'no node'} on ${description}`
  })
  return `containers on ${engines.length} ${engines.length === 1 ? 'engine of a swarm' : 'engines of a swarm'}: ${words.join('; ')}`
}

/**
 * Removes all that can be: the containers of each engine that answers, then the network, then the engines from the swarm that
 * podwire had them join.
 * @throws MachineError that names what stays
 */
export async function removeFromSeveral(
  engines: readonly Engine[],
  seats: readonly Seat[],
  network: string,
  joined: readonly Membership[],
): Promise<void> {
  const problems: string[] = []
  const attempt = async (work: () => Promise<unknown>) => {
    try {
      await work()
      return true
    } catch (error) {
      problems.push(error instanceof Error ? error.message.trim() : String(error))
      return false
    }
  }
  const left = await Promise.all(
    engines.map((engine) =>
      attempt(async () => {
        const here = seats.filter((seat) => seat.engine === engine)
        try {
          await within(engine.docker.ping(), engine.where)
          await within(removeContainers(here), engine.where, REMOVE_LIMIT)
        } catch (error) {
          if (error instanceof MachineError) throw error
          throw new Error(`no engine answers at ${engine.where}: ${error instanceof Error ? error.message.trim() : String(error)}`)
        }
      }),
    ),
  )
  const answering = engines.filter((_, index) => left[index])
  const managers = await managersAmong(answering)
  // A swarm that lacks an engine holds its containers to be there: then its network stays, and nobody needs to wait for it.
  const whole = answering.length === engines.length
  await attempt(() => removeOverlay(managers, network, whole ? undefined : 1))
  if (problems.length === 0) await attempt(() => overlayGone(engines, {id: [network]}))
  if (problems.length === 0) await attempt(() => leaveSwarm(engines, joined))
  if (problems.length > 0)
    throw new MachineError('engine-left', `the lab is not gone from every engine: ${[...new Set(problems)].join('; ')}`, [
      'once every engine answers again: podwire clean',
    ])
}

export async function managersAmong(engines: readonly Engine[]): Promise<Engine[]> {
  const looks = await Promise.all(engines.map(async (engine) => ((await isManager(engine)) ? [engine] : [])))
  return looks.flat()
}

/** The engines of a lab that is kept, whether or not they answer. */
export function seatsOf({engines: endpoints, nodes}: KeptOnSeveral): {engines: Engine[]; seats: Map<string, Seat>} {
  const engines = endpoints.map(engineAt)
  const seats = new Map(
    Object.entries(nodes).flatMap(([node, {engine: index, container}]) => {
      const engine = engines[index]
      return engine ? [[node, {engine, container: engine.docker.getContainer(container)}] as const] : []
    }),
  )
  return {engines, seats}
}
