// The network that joins the nodes of a lab on several machines, and what is seen of the machines before it is made.
import {overlap} from '../../address.ts'
import {type Fleet, type FleetSpec, MachineError} from '../../driver.ts'
import {whereIs} from './handle.ts'
import type {Machine} from './machine.ts'

/** How a node's eth0 is on the underlay: a tunnel among the machines, or an address of its own in their own network. */
export type Attachment = 'vxlan' | 'macvlan'

/** A machine, before anything is changed on it. */
export interface Surveyed {
  readonly machine: Machine
  /** The scenario's address for its node. */
  readonly address: string
  /** Where the other machines reach it. */
  readonly local: string
  /** The device that podwire comes in by. */
  readonly device: string
  readonly mtu: number
  /** It holds the scenario's address already. */
  readonly own: boolean
}

export interface Underlay {
  /** What holder.pl is told for a node. */
  lines(node: string): string[]
  /** For the report's first line. */
  readonly description: string
  readonly kind: Attachment | 'own'
}

/** RFC 7348: outer Ethernet, IP, UDP and VXLAN headers: 50 bytes over IPv4, 70 over IPv6. */
const OVERHEAD = {4: 50, 6: 70} as const
const VXLAN_PORT = 4789

/** @throws MachineError when a machine lacks a command, or two nodes are on one machine */
export async function survey(spec: FleetSpec, machines: readonly Machine[], bare: boolean): Promise<Surveyed[]> {
  const seen = new Map<string, string>()
  return Promise.all(
    machines.map(async (machine, index): Promise<Surveyed> => {
      const about = await machine.about()
      const where = `${machine.node} (${whereIs(machine.target)})`
      const missing = (about.get('missing') ?? '').split(' ').filter((tool) => NEEDED.includes(tool))
      if (missing.length > 0)
        throw new MachineError('missing-tool', `${where} lacks ${missing.join(', ')}`, [
          'podwire doctor --driver ssh, with the same inventory, names the packages',
        ])
      const identity = `${about.get('boot')} ${about.get('netns')}`
      const twin = seen.get(identity)
      if (twin !== undefined)
        throw new MachineError('one-machine', `${machine.node} and ${twin} are the same machine, ${whereIs(machine.target)}`, [
          'each node needs a machine of its own; --driver local runs all of them on this one',
        ])
      seen.set(identity, machine.node)
      const local = machine.target.underlay ?? about.get('server') ?? ''
      const address = spec.nodes[index]?.address ?? ''
      const held = (about.get('addresses') ?? '').split(' ').filter((each) => each !== '')
      const own = held.some((each) => each.split('/')[0] === address)
      const clash = held.find((each) => overlap(spec.underlay, each))
      if (bare && !own && clash !== undefined)
        throw new MachineError('underlay-overlap', `${where} is on ${clash} itself, and the scenario’s ${spec.underlay} would hide it`, [
          `give it ${address}, or leave out --bare: in a namespace of its own a node may have any address`,
        ])
      return {machine, address, local, device: about.get('device') ?? '', mtu: Number(about.get('mtu')) || 1500, own}
    }),
  )
}

const NEEDED: readonly string[] = ['unshare', 'bash', 'ip', 'hostname', 'perl']

/** @param id tells this lab's network from others on the same machines (the VXLAN network identifier) */
export function underlayFor(spec: FleetSpec, machines: readonly Surveyed[], attachment: Attachment, bare: boolean, id: number): Underlay {
  const where = machines.map(({machine}) => `${machine.node} ${whereIs(machine.target)}`).join(', ')
  const how = bare ? 'the machines themselves over SSH' : 'a namespace on each machine over SSH'
  if (bare && machines.every(({own}) => own))
    return {kind: 'own', description: `${how} (${where}), on their own network`, lines: () => ['underlay\town']}
  if (attachment === 'macvlan' && !bare)
    return {
      kind: 'macvlan',
      description: `${how} (${where}); underlay ${spec.underlay} by macvlan in their own network`,
      lines: (node) => ['underlay\tmacvlan', `device\t${machines.find(({machine}) => machine.node === node)?.device ?? ''}`],
    }
  const mtu = Math.min(...machines.map((each) => each.mtu - OVERHEAD[each.local.includes(':') ? 6 : 4]))
  const locals = machines.map(({local, address}) => `${address} at ${local}`).join(', ')
  return {
    kind: 'vxlan',
    description: `${how} (${where}); underlay ${spec.underlay} by VXLAN ${id} among them (${locals}), MTU ${mtu}`,
    lines: (node) => [
      'underlay\tvxlan',
      `vni\t${id}`,
      `port\t${VXLAN_PORT}`,
      `mtu\t${mtu}`,
      `local\t${machines.find(({machine}) => machine.node === node)?.local ?? ''}`,
      ...machines.filter(({machine}) => machine.node !== node).map(({local}) => `peer\t${local}`),
    ],
  }
}

/**
 * Each node reaches the next one: a firewall between the machines is better told of now.
 * @throws MachineError that names the pair
 */
export async function assertUnderlay(fleet: Fleet, spec: FleetSpec, machines: readonly Surveyed[], {kind}: Underlay): Promise<void> {
  if (machines.length < 2) return
  await Promise.all(
    machines.map(async ({machine, local}, index) => {
      const next = machines[(index + 1) % machines.length] as Surveyed
      const {exitCode} = await fleet.run(machine.node, `ping -n -q -c 1 -i 0.2 -w 5 ${next.address}`, {shell: 'observer'})
      if (exitCode === 0) return
      const [from, to] = [`${machine.node} (${local})`, `${next.machine.node} (${next.local})`]
      const help = {
        vxlan: [
          `let UDP ${VXLAN_PORT} pass between the machines`,
          'if they reach each other by other addresses, say which: underlay: in the inventory',
        ],
        macvlan: ['a hypervisor or access point may let only known MAC addresses pass: use VXLAN, the default'],
        own: [`do the machines hold addresses of ${spec.underlay}?`],
      }[kind]
      throw new MachineError('underlay', `${from} does not reach ${to} over the underlay, ${next.address}`, help)
    }),
  )
}
