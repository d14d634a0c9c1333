// The docker driver: containers on a Docker network, the recipe run inside each over exec. What holds a lab is podwire's
// end of its containers' standard input; its network, which nothing can hold, goes with the next start or `podwire clean`.
import type Docker from 'dockerode'
import {type Driver, type Fleet, type FleetSpec, MachineError} from '../driver.ts'
import {type HeldContainer, startContainer} from './docker/container.ts'
import {findEngine, gone, requireEngine, statusOf} from './docker/engine.ts'
import {dockerFleet, levelNodes} from './docker/fleet.ts'
import type {Kept} from './docker/handle.ts'
import {ensureImage, hasImage, variantFor} from './docker/image.ts'
import {isOwn, LAB_LABEL, NODE_LABEL, ownerRuns} from './docker/labels.ts'
import {createNetwork, removeStaleNetworks} from './docker/network.ts'

export interface DockerOptions {
  /** Privileged containers, where CAPABILITIES do not do. */
  readonly privileged?: boolean
  /** Told how far the building of the node image is. */
  readonly progress?: (line: string) => void
}

/** Milliseconds for the engine to be through with removing a container; it takes some 200. */
const REMOVE_LIMIT = 30_000

export function dockerDriver(options: DockerOptions = {}): Driver {
  return {
    name: 'docker',
    start: (spec) => start(spec, options),

    async find(handle) {
      const {containers, description} = handle as unknown as Kept
      const engine = await findEngine()
      if (!engine) return undefined
      const found = Object.entries(containers).map(([node, id]) => [node, engine.docker.getContainer(id)] as const)
      const running = await Promise.all(found.map(([, container]) => isRunning(container)))
      if (!running.includes(true)) return undefined
      return dockerFleet(engine.docker, new Map(found), {
        description,
        keep: async (remember) => {
          remember?.(handle)
          return handle
        },
        outlived: () => true,
        dispose: async () => undefined,
      })
    },

    async remove(handle) {
      const {network, containers} = handle as unknown as Kept
      const {docker} = await requireEngine()
      await removeAll(
        docker,
        Object.values(containers).map((id) => docker.getContainer(id)),
        docker.getNetwork(network),
      )
    },
  }
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

async function start(spec: FleetSpec, {privileged = false, progress = () => undefined}: DockerOptions): Promise<Fleet> {
  const {docker, description} = await requireEngine()
  const image = await ensureImage(docker, progress, variantFor(spec.tools ?? []))
  const network = await createNetwork(docker, spec)
  const created: Docker.Container[] = []
  try {
    const settled = await Promise.allSettled(
      spec.nodes.map((node) => startContainer(docker, spec, node, image, network.id, privileged, (container) => created.push(container))),
    )
    const refused = settled.find((result) => result.status === 'rejected')
    if (refused) throw refusal(refused.reason, privileged)
    const held = settled.map((result) => (result as PromiseFulfilledResult<HeldContainer>).value)
    const containers = new Map(spec.nodes.map(({name}, index) => [name, held[index]?.container as Docker.Container]))
    let kept = false
    const fleet = dockerFleet(docker, containers, {
      description: `containers on ${description}`,
      async keep(remember) {
        const ids = Object.fromEntries([...containers].map(([node, {id}]) => [node, id]))
        const handle = {network: network.id, containers: ids, description: `containers on ${description}`} satisfies Kept
        remember?.(handle)
        kept = true
        for (const {hold} of held) hold.write('keep\n')
        return handle
      },
      outlived: () => kept,
      async dispose() {
        if (!kept) await removeAll(docker, created, network)
        else await Promise.all(held.map(({hold}) => new Promise<void>((resolve) => hold.end(() => resolve()))))
        for (const {hold} of held) hold.destroy() // the engine leaves its end open
      },
    })
    await levelNodes(
      fleet,
      spec.nodes.map(({name}) => name),
    )
    return fleet
  } catch (error) {
    await removeAll(docker, created, network)
    throw error
  }
}

/**
 * The nodes that somebody started by hand (docker-compose.yml), by their labels. Disposing leaves them as they are.
 * @throws MachineError when a node is missing, at another address, or wired already
 */
export async function attachFleet(spec: FleetSpec): Promise<Fleet> {
  const {docker, description} = await requireEngine()
  const help = ['start the nodes: docker-compose up -d']
  const listed = await docker.listContainers({filters: {label: [NODE_LABEL]}})
  const containers = new Map<string, Docker.Container>()
  for (const {name, address} of spec.nodes) {
    const candidates = listed.filter(({Labels}) => Labels[NODE_LABEL] === name && Labels[LAB_LABEL] === undefined)
    const [found] = candidates
    if (!found) throw new MachineError('no-such-container', `no running container has the label ${NODE_LABEL}=${name}`, help)
    const addresses = Object.values(found.NetworkSettings.Networks).map(({IPAddress}) => IPAddress)
    if (!addresses.includes(address))
      throw new MachineError('wrong-address', `${name} is at ${addresses.join(', ')}, and the scenario has it at ${address}`, help)
    containers.set(name, docker.getContainer(found.Id))
  }
  const never = () =>
    Promise.reject(new MachineError('attached', 'nodes that podwire did not start cannot be kept by it', ['leave out --attach']))
  const fleet = dockerFleet(docker, containers, {
    description: `containers on ${description}`,
    keep: never,
    outlived: () => true,
    dispose: async () => undefined,
  })
  const names = [...containers.keys()]
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

/**
 * Removes what a crash left on the engine: networks, containers that never started, and running ones that a podwire of this
 * user let stay and that nothing remembers. Those of other users and machines may be kept labs of theirs: they stay.
 * @param kept the labs to spare
 * @returns what was removed; nothing when no engine answers
 */
export async function cleanEngine(kept: () => readonly string[]): Promise<string[]> {
  const engine = await findEngine()
  if (!engine) return []
  const removed: string[] = []
  for (const {Id, Names, Labels, State} of await engine.docker.listContainers({all: true, filters: {label: [LAB_LABEL]}})) {
    if (ownerRuns(Labels) !== false || (State === 'running' && !isOwn(Labels))) continue
    // Asked last: an `up` that has just ended has written its record before.
    if (kept().includes(Labels[LAB_LABEL] ?? '')) continue
    await gone(engine.docker.getContainer(Id).remove({force: true, v: true}))
    removed.push(`container ${Names[0]?.slice(1) ?? Id}`)
  }
  return [...removed, ...(await removeStaleNetworks(engine.docker))]
}

/** Kills and removes containers side by side, then the network that held them. What is gone already is no error. */
async function removeAll(docker: Docker, containers: readonly Docker.Container[], network: Docker.Network): Promise<void> {
  await Promise.all(
    containers.map(async (container) => {
      await gone(container.remove({force: true, v: true}))
      await untilGone(container)
    }),
  )
  await gone(docker.getNetwork(network.id).remove())
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

async function isRunning(container: Docker.Container): Promise<boolean> {
  try {
    return (await container.inspect()).State.Running
  } catch {
    return false
  }
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
