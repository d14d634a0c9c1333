// The docker driver: containers on a Docker network, the recipe run inside each over exec. What holds a lab is podwire's
// end of its containers' standard input; its network, which nothing can hold, goes with the next start or `podwire clean`.
import type Docker from 'dockerode'
import {type Driver, type Fleet, type FleetHandle, type FleetSpec, MachineError} from '../driver.ts'
import {type HeldContainer, startContainer} from './docker/container.ts'
import {findEngine, requireEngine, within} from './docker/engine.ts'
import {dockerFleet, type FleetOptions, levelNodes} from './docker/fleet.ts'
import type {Kept, KeptOnOne, KeptOnSeveral} from './docker/handle.ts'
import {ensureImage, hasImage} from './docker/image.ts'
import {LAB_LABEL, NODE_LABEL} from './docker/labels.ts'
import {whyGone} from './docker/losses.ts'
import {oneEngine, removeFromOne} from './docker/one.ts'
import type {Seat} from './docker/seat.ts'
import {removeFromSeveral, type SeveralEngines, seatsOf, severalEngines} from './docker/several.ts'
import type {Site} from './docker/site.ts'

/** Milliseconds for an engine to start a node; on an overlay network it takes some 2 s. */
const START_LIMIT = 120_000

export interface DockerOptions {
  /** Privileged containers, where CAPABILITIES do not do. */
  readonly privileged?: boolean
  /** Told how far the building of the node image is. */
  readonly progress?: (line: string) => void
  /** The engines that hold the nodes, where they are several. */
  readonly several?: SeveralEngines
}

export function dockerDriver(options: DockerOptions = {}): Driver {
  return {
    name: 'docker',
    start: (spec) => start(spec, options),

    async find(handle) {
      const kept = handle as unknown as Kept
      const found = 'engines' in kept ? await findOnSeveral(kept) : await findOnOne(kept)
      if (!found) return undefined
      const {seats, ...where} = found
      const ends = {
        description: kept.description,
        keep: async (remember?: (handle: FleetHandle) => void) => {
          remember?.(handle)
          return handle
        },
        outlived: () => true,
        dispose: async () => undefined,
      }
      return dockerFleet(seats, ends, where)
    },

    async remove(handle) {
      const kept = handle as unknown as Kept
      if ('engines' in kept) {
        const {engines, seats} = seatsOf(kept)
        return removeFromSeveral(engines, [...seats.values()], kept.network, kept.joined)
      }
      const engine = await requireEngine()
      const containers = Object.values(kept.containers).map((id) => ({container: engine.docker.getContainer(id)}))
      return removeFromOne(engine, containers, kept.network)
    },
  }
}

type Found = FleetOptions & {readonly seats: ReadonlyMap<string, Seat>}

/** Undefined when nothing of it runs any more. */
async function findOnOne({containers}: KeptOnOne): Promise<Found | undefined> {
  const engine = await findEngine()
  if (!engine) return undefined
  const seats = new Map(Object.entries(containers).map(([node, id]) => [node, {engine, container: engine.docker.getContainer(id)}]))
  const gone = await Promise.all([...seats.values()].map(whyGone))
  return gone.includes(undefined) ? {seats} : undefined
}

/** A node whose engine has gone is lost; the lab is there as long as one node is. */
async function findOnSeveral(kept: KeptOnSeveral): Promise<Found | undefined> {
  const {seats} = seatsOf(kept)
  const looks = await Promise.all([...seats].map(async ([node, seat]) => [node, await whyGone(seat)] as const))
  const lost = new Map(looks.flatMap(([node, why]) => (why === undefined ? [] : [[node, why] as const])))
  return lost.size === seats.size ? undefined : {seats, several: true, lost}
}

/** Whether `--driver auto` should take docker, and why. With `build` a missing image is made, to see whether it can be. */
export async function dockerReadiness(
  {progress = () => undefined}: DockerOptions,
  build: boolean,
): Promise<{ready: boolean; reason: string; engine?: string}> {
  const found = await findEngine()
  if (!found) return {ready: false, reason: 'no Docker engine answers'}
  const {docker, description: engine} = found
  if (await hasImage(docker)) return {ready: true, reason: 'a Docker engine answers', engine}
  if (!build) return {ready: true, reason: 'a Docker engine answers; the node image is made at the first run', engine}
  try {
    await ensureImage(docker, progress)
    return {ready: true, reason: 'a Docker engine answers', engine}
  } catch (error) {
    if (!(error instanceof MachineError)) throw error
    return {ready: false, reason: `a Docker engine answers, but ${error.message.split('\n')[0]}`, engine}
  }
}

async function start(spec: FleetSpec, {privileged = false, progress = () => undefined, several}: DockerOptions): Promise<Fleet> {
  const site = await (several ? severalEngines(spec, several, progress) : oneEngine(spec, progress))
  const created: Seat[] = []
  try {
    const held = await startContainers(spec, site, privileged, created)
    const seats = new Map(
      spec.nodes.map(({name}) => [name, {engine: site.engineOf(name), container: held.get(name)?.container as Docker.Container}]),
    )
    const holds = [...held.values()].map(({hold}) => hold)
    let kept = false
    const fleet = dockerFleet(
      seats,
      {
        description: site.description,
        async keep(remember) {
          const handle = site.handle(seats)
          remember?.(handle)
          kept = true
          several?.forget?.() // the lab's own record has it from now on
          for (const hold of holds) hold.write('keep\n')
          return handle
        },
        outlived: () => kept,
        async dispose() {
          if (!kept) await removed(site, created, progress)
          else await Promise.all(holds.map((hold) => new Promise<void>((resolve) => hold.end(() => resolve()))))
          for (const hold of holds) hold.destroy() // the engine leaves its end open
        },
      },
      {several: site.several},
    )
    await levelNodes(
      fleet,
      spec.nodes.map(({name}) => name),
    )
    return fleet
  } catch (error) {
    await removed(site, created, progress)
    throw error
  }
}

/** Starts all nodes side by side; in `created` is what there is to remove, however this ends. */
async function startContainers(spec: FleetSpec, site: Site, privileged: boolean, created: Seat[]): Promise<Map<string, HeldContainer>> {
  const settled = await Promise.allSettled(
    spec.nodes.map(async (node) => {
      const engine = site.engineOf(node.name)
      const note = (container: Docker.Container) => void created.push({engine, container})
      const starting = startContainer(engine.docker, spec, node, site.image, site.network, privileged, note)
      return [node.name, await within(starting, engine.where, START_LIMIT)] as const
    }),
  )
  const refused = settled.find((result) => result.status === 'rejected')
  if (refused) throw refused.reason instanceof MachineError ? refused.reason : refusal(refused.reason, privileged)
  return new Map(settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
}

/** What an engine that has gone keeps is told: the report of the others is worth more than an error. */
async function removed(site: Site, seats: readonly Seat[], progress: (line: string) => void): Promise<void> {
  try {
    await site.remove(seats)
  } catch (error) {
    if (!site.several || !(error instanceof MachineError)) throw error
    progress([`warning[${error.code}]: ${error.message}`, ...error.help.map((line) => `   = help: ${line}`)].join('\n'))
  }
}

/**
 * The nodes that somebody started by hand (docker-compose.yml), by their labels. Disposing leaves them as they are.
 * @throws MachineError when a node is missing, at another address, or wired already
 */
export async function attachFleet(spec: FleetSpec): Promise<Fleet> {
  const engine = await requireEngine()
  const {docker, description} = engine
  const help = ['start the nodes: docker-compose up -d']
  const listed = await docker.listContainers({filters: {label: [NODE_LABEL]}})
  const seats = new Map<string, Seat>()
  for (const {name, address} of spec.nodes) {
    const candidates = listed.filter(({Labels}) => Labels[NODE_LABEL] === name && Labels[LAB_LABEL] === undefined)
    const [found] = candidates
    if (!found) throw new MachineError('no-such-container', `no running container has the label ${NODE_LABEL}=${name}`, help)
    const addresses = Object.values(found.NetworkSettings.Networks).map(({IPAddress}) => IPAddress)
    if (!addresses.includes(address))
      throw new MachineError('wrong-address', `${name} is at ${addresses.join(', ')}, and the scenario has it at ${address}`, help)
    seats.set(name, {engine, container: docker.getContainer(found.Id)})
  }
  const never = () =>
    Promise.reject(new MachineError('attached', 'nodes that podwire did not start cannot be kept by it', ['leave out --attach']))
  const fleet = dockerFleet(seats, {
    description: `containers on ${description}`,
    keep: never,
    outlived: () => true,
    dispose: async () => undefined,
  })
  const names = [...seats.keys()]
  const looks = await Promise.all(names.map((node) => fleet.run(node, 'ip netns list; ls /sys/class/net')))
  const wired = looks.find(({stdout}) =>
    stdout
      .toString()
      .split('\n')
      .some((line) => line !== '' && !/^(lo|eth\d+|tunl0|sit0|ip6tnl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|ip6gre0)$/.test(line)),
  )
  if (wired) {
    await fleet[Symbol.asyncDispose]()
    throw new MachineError('already-wired', `${wired.node} is wired already, from an earlier run`, [
      'start afresh: docker-compose down && docker-compose up -d',
    ])
  }
  await levelNodes(fleet, names)
  return fleet
}

/** Why a container would not start. Machines without CAP_SYS_RESOURCE refuse privileged ones. */
function refusal(reason: unknown, privileged: boolean): MachineError {
  const words = reason instanceof Error ? reason.message : String(reason)
  return new MachineError('container-start', `the engine does not start a node: ${words}`, [
    privileged
      ? 'leave out --privileged: this machine may not be allowed to hand out every capability'
      : 'try --privileged, or --driver local',
  ])
}
