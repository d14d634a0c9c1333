// The underlay as a Docker network: an ordinary bridge network with the scenario's subnet. Not an internal one: Docker's
// isolation rules drop there what does not come from the subnet itself, which is all pod traffic.
import type Docker from 'dockerode'
import {IPv4, IPv4CidrRange} from 'ip-num'
import {overlap} from '../../address.ts'
import {type FleetSpec, MachineError} from '../../driver.ts'
import {gone, statusOf} from './engine.ts'
import {LAB_LABEL, labelsFor, ownerRuns} from './labels.ts'

/** @throws MachineError `subnet-taken` when another network of the engine holds some of the subnet */
export async function createNetwork(docker: Docker, {lab, underlay, nodes}: FleetSpec): Promise<Docker.Network> {
  await removeNeverStarted(docker)
  await removeStaleNetworks(docker)
  const options = {
    Name: `podwire-${lab}`,
    Driver: 'bridge',
    IPAM: {
      Driver: 'default',
      Config: [
        {
          Subnet: underlay,
          Gateway: gatewayFor(
            underlay,
            nodes.map(({address}) => address),
          ),
        },
      ],
    },
    Options: BRIDGE_OPTIONS,
    Labels: labelsFor(lab),
  }
  for (let attempt = 1; ; attempt++) {
    await assertFree(docker, underlay)
    try {
      return await docker.createNetwork(options)
    } catch (error) {
      // Taken since we looked, and perhaps given back before we look again: podwires that share an engine come and go.
      if (statusOf(error) !== 403 || attempt === ATTEMPTS) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

const ATTEMPTS = 10

/**
 * The bridge has no address of its own, so that the engine's machine gets no route to the underlay: 192.168.1.0/24 may well
 * be the network that the machine is on. Nothing leaves the underlay, so nothing is masqueraded. (docs.docker.com, "Bridge
 * network driver", options)
 */
const BRIDGE_OPTIONS = {
  'com.docker.network.bridge.inhibit_ipv4': 'true',
  'com.docker.network.bridge.enable_ip_masquerade': 'false',
}

/** Docker sets an address aside as the gateway, and the subnet's first unless it is told: here the last that no node has. */
export function gatewayFor(underlay: string, taken: readonly string[]): string {
  let value = IPv4CidrRange.fromCidr(underlay).getLast().getValue() - 1n
  while (taken.includes(IPv4.fromNumber(value).toString())) value--
  return IPv4.fromNumber(value).toString()
}

/** @param where what the engine is called, where it is one of several */
export async function assertFree(docker: Docker, underlay: string, where = 'this engine'): Promise<void> {
  for (const {Name, IPAM, Labels} of await docker.listNetworks()) {
    const taken = IPAM?.Config?.find(({Subnet}) => Subnet !== undefined && overlap(Subnet, underlay))
    if (!taken) continue
    const lab = Labels?.[LAB_LABEL]
    throw new MachineError('subnet-taken', `${underlay} is taken on ${where}: network ${Name} has ${taken.Subnet}`, [
      lab === undefined
        ? `remove it (docker network rm ${Name}), use another engine, or --driver local`
        : `lab ${lab} runs there: podwire down ${lab}, or use --driver local`,
    ])
  }
}

/** @returns false when it is in use: an overlay network, by containers of other engines, of which only a manager knows */
export async function removeUnused(network: Docker.Network): Promise<boolean> {
  try {
    await gone(network.remove())
    return true
  } catch (error) {
    // 503: a worker of a swarm is asked, whose managers alone remove what spans it.
    if (![400, 403, 503].includes(statusOf(error) ?? 0)) throw error
    return false
  }
}

/** A podwire that died between making a container and starting it leaves it as it was made: without a process, and nothing ends it. */
export async function removeNeverStarted(docker: Docker): Promise<void> {
  for (const {Id, Labels} of await docker.listContainers({all: true, filters: {label: [LAB_LABEL], status: ['created']}})) {
    if (ownerRuns(Labels) === false) await gone(docker.getContainer(Id).remove({force: true, v: true}))
  }
}

/**
 * Removes networks that a podwire made which then died. One with containers is in use; one whose podwire still runs is
 * about to be.
 * @returns their names
 */
export async function removeStaleNetworks(docker: Docker): Promise<string[]> {
  const removed: string[] = []
  for (const {Id, Name, Labels, Created} of await docker.listNetworks({filters: {label: [LAB_LABEL]}})) {
    const network = docker.getNetwork(Id)
    const alive = ownerRuns(Labels) ?? Date.now() - Date.parse(Created) < 60_000 // another machine's podwire: its word is its age
    if (alive || (await isUsed(network)) || !(await removeUnused(network))) continue
    removed.push(`network ${Name}`)
  }
  return removed
}

async function isUsed(network: Docker.Network): Promise<boolean> {
  try {
    const {Containers} = (await network.inspect()) as {Containers?: Record<string, unknown>}
    return Object.keys(Containers ?? {}).length > 0
  } catch (error) {
    if (statusOf(error) === 404) return true // somebody else is removing it
    throw error
  }
}
