// A lab on one engine.
import type Docker from 'dockerode'
import type {FleetSpec} from '../../driver.ts'
import {type Engine, gone, requireEngine, statusOf} from './engine.ts'
import type {KeptOnOne} from './handle.ts'
import {ensureImage, variantFor} from './image.ts'
import {createNetwork} from './network.ts'
import type {Seat} from './seat.ts'
import type {Site} from './site.ts'

/** Milliseconds for the engine to be through with removing a container; it takes some 200. */
const REMOVE_LIMIT = 30_000

/** @throws MachineError */
export async function oneEngine(spec: FleetSpec, progress: (line: string) => void): Promise<Site> {
  const engine = await requireEngine()
  const image = await ensureImage(engine.docker, progress, variantFor(spec.tools ?? []))
  const {id: network} = await createNetwork(engine.docker, spec)
  const description = `containers on ${engine.description}`
  return {
    description,
    image,
    network,
    several: false,
    engineOf: () => engine,
    handle: (seats): KeptOnOne => ({
      network,
      containers: Object.fromEntries([...seats].map(([node, {container}]) => [node, container.id])),
      description,
    }),
    remove: (seats) => removeFromOne(engine, seats, network),
  }
}

/** What is gone already is no error. */
export async function removeFromOne({docker}: Engine, seats: readonly Pick<Seat, 'container'>[], network: string): Promise<void> {
  await removeContainers(seats)
  await gone(docker.getNetwork(network).remove())
}

/** Kills and removes containers side by side, and waits until they are gone. */
export async function removeContainers(seats: readonly Pick<Seat, 'container'>[]): Promise<void> {
  await Promise.all(
    seats.map(async ({container}) => {
      await gone(container.remove({force: true, v: true}))
      await untilGone(container)
    }),
  )
}

/**
 * AutoRemove may have been faster with the removal, and not be through. Asked again and again: engine 20.10 leaves a
 * wait for `removed` without an answer when it comes at the wrong moment.
 */
async function untilGone(container: Docker.Container): Promise<void> {
  const limit = Date.now() + REMOVE_LIMIT
  while (Date.now() < limit) {
    try {
      await container.inspect()
    } catch (error) {
      if (statusOf(error) === 404) return
      throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
