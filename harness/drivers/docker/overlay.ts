// The underlay of several engines: an attachable overlay network of their swarm, which is a VXLAN segment between them. It
// is an internal one, so that the engines give a node no second interface and no default route (docker_gwbridge, by which
// packets would leave the lab, masqueraded): a node begins alike under all drivers.
import type Docker from 'dockerode'
import {IPv4, IPv4CidrRange, IPv4Prefix} from 'ip-num'
import {type FleetSpec, MachineError} from '../../driver.ts'
import {type Engine, within} from './engine.ts'
import {labelsFor} from './labels.ts'
import {assertFree, gatewayFor, removeNeverStarted, removeStaleNetworks, removeUnused} from './network.ts'

/** How often a manager is asked whether its swarm has given the network what it needs, and how long is waited in between. */
const ATTEMPTS = 50
const PAUSE = 100

/**
 * @param managers of the engines' swarm; they are the ones that can
 * @throws MachineError `subnet-taken` when another network of one of the engines holds some of the subnet
 */
export async function createOverlay(managers: readonly Engine[], engines: readonly Engine[], spec: FleetSpec): Promise<Docker.Network> {
  const {lab, underlay, nodes} = spec
  const [manager] = managers
  if (!manager) throw new RangeError('an overlay network without a manager')
  await Promise.all(engines.map(({docker, where}) => within(removeNeverStarted(docker), where)))
  await within(removeStaleNetworks(manager.docker), manager.where)
  await Promise.all(engines.map(({docker, where}) => within(assertFree(docker, underlay, where), where)))
  const taken = nodes.map(({address}) => address)
  const gateway = gatewayFor(underlay, taken)
  const range = rangeFor(underlay, [...taken], engines.length + 1)
  const network = await within(
    manager.docker.createNetwork({
      Name: `podwire-${lab}`,
      Driver: 'overlay',
      Attachable: true,
      Internal: true,
      IPAM: {Driver: 'default', Config: [{Subnet: underlay, Gateway: gateway, ...(range !== undefined && {IPRange: range})}]},
      Labels: labelsFor(lab),
    }),
    manager.where,
  )
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    // A manager takes the order at once and carries it out afterwards: until then, and for good where another network was
    // faster with the subnet, the network has no driver.
    const {Driver} = (await within(network.inspect(), manager.where)) as {Driver?: string}
    if (Driver === 'overlay') return network
    await pause()
  }
  await removeOverlay(managers, network.id)
  await Promise.all(engines.map(({docker, where}) => within(assertFree(docker, underlay, where), where)))
  throw new MachineError('underlay', `the swarm of ${manager.where} makes no network ${underlay}`, ['its engine’s log says why'])
}

/** Removes it, once the engines have told their managers that its containers are gone. @throws MachineError where they have not */
export async function removeOverlay(managers: readonly Engine[], id: string, attempts = ATTEMPTS): Promise<void> {
  const [manager] = managers
  if (!manager) throw new MachineError('underlay', 'no manager of the swarm answers: its overlay network stays', [CLEAN_HELP])
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (await within(removeUnused(manager.docker.getNetwork(id)), manager.where)) return
    if (attempt < attempts) await pause()
  }
  throw new MachineError('underlay', `the overlay network stays: the swarm of ${manager.where} holds it to be in use`, [CLEAN_HELP])
}

/** An engine keeps its own part of a network for a moment after its manager has removed it, and with it the subnet. */
export async function overlayGone(
  engines: readonly Engine[],
  filters: {readonly id: string[]} | {readonly label: string[]},
): Promise<void> {
  await Promise.all(
    engines.map(async ({docker, where}) => {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        if ((await within(docker.listNetworks({filters}), where)).length === 0) return
        await pause()
      }
    }),
  )
}

const CLEAN_HELP = 'once every engine answers again: podwire clean'

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE))
}

/**
 * Every engine takes an address of the network for itself (its end of the swarm's load balancer), the lowest that is free
 * unless it is told where: here the last block of addresses that no node is in, its gateway among them.
 * @param wanted how many addresses the engines take
 * @returns undefined where there is no such block
 */
export function rangeFor(underlay: string, nodes: readonly string[], wanted: number): string | undefined {
  const whole = IPv4CidrRange.fromCidr(underlay)
  const values = nodes.map((address) => IPv4.fromString(address).getValue())
  const bits = Math.max(4, Math.ceil(Math.log2(wanted + 2)))
  const size = 2n ** BigInt(bits)
  const [first, last] = [whole.getFirst().getValue(), whole.getLast().getValue()]
  for (let start = last - size + 1n; start > first; start -= size) {
    if (values.some((value) => value >= start && value < start + size)) continue
    return new IPv4CidrRange(IPv4.fromNumber(start), IPv4Prefix.fromNumber(BigInt(32 - bits))).toCidrString()
  }
  return undefined
}
