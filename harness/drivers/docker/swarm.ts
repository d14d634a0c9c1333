// Engines that are to hold one lab must be nodes of one swarm: an overlay network spans a swarm (docs.docker.com, "Overlay
// network driver"). podwire uses the swarm that is there. Only when it is told to does it make one, or let engines join one,
// and then they leave it with the lab.
import {MachineError} from '../../driver.ts'
import {type Engine, gone, statusOf, within} from './engine.ts'
import {LAB_LABEL, labelsFor} from './labels.ts'
import type {Membership} from './membership.ts'

export interface SwarmInfo {
  /** inactive, pending, active, error, locked (Docker Engine API, LocalNodeState). */
  readonly LocalNodeState: string
  readonly NodeID: string
  readonly ControlAvailable: boolean
  readonly Error: string
  readonly RemoteManagers: readonly {readonly Addr: string}[] | null
}

interface SwarmNode {
  readonly ID: string
  readonly Status: {readonly State: string; readonly Message?: string}
}

const GWBRIDGE = 'docker_gwbridge'
/** Milliseconds for a swarm to be made or joined; it takes some 600. */
const JOIN_LIMIT = 30_000

export async function swarmOf({docker, where}: Engine): Promise<SwarmInfo> {
  return ((await within(docker.info(), where)) as {Swarm: SwarmInfo}).Swarm
}

/** @returns false when it is not, or does not answer */
export async function isManager(engine: Engine): Promise<boolean> {
  try {
    return (await swarmOf(engine)).ControlAvailable
  } catch {
    return false
  }
}

/**
 * Holds that the engines are different nodes of one swarm, one of them a manager at least.
 * @returns the managers
 * @throws MachineError not-in-swarm, other-swarm, no-manager, engine-twice, node-not-ready
 */
export async function requireSwarm(engines: readonly Engine[]): Promise<readonly Engine[]> {
  const members = await Promise.all(engines.map(async (engine) => ({engine, swarm: await swarmOf(engine)})))
  const outside = members.filter(({swarm}) => swarm.LocalNodeState !== 'active')
  if (outside.length > 0) throw notInSwarm(outside)
  for (const [index, {engine, swarm}] of members.entries()) {
    const same = members.slice(0, index).find((other) => other.swarm.NodeID === swarm.NodeID)
    if (same)
      throw new MachineError('engine-twice', `${same.engine.where} and ${engine.where} are one engine`, [
        'give each engine once: nodes may share one without being told to',
      ])
  }
  const managers = members.filter(({swarm}) => swarm.ControlAvailable)
  const [first] = managers
  if (!first)
    throw new MachineError('no-manager', `none of these engines is a manager of its swarm: ${engines.map(({where}) => where).join(', ')}`, [
      'a manager makes the underlay: name one too (docker node ls says who is), or docker node promote one of these',
    ])
  const nodes = (await within(first.engine.docker.listNodes(), first.engine.where)) as SwarmNode[]
  for (const {engine, swarm} of members) {
    const node = nodes.find(({ID}) => ID === swarm.NodeID)
    if (!node)
      throw new MachineError('other-swarm', `${engine.where} is in another swarm than ${first.engine.where}`, [
        'an underlay spans one swarm: leave one of them out, or have it join the other’s (docker swarm leave, docker swarm join)',
      ])
    if (node.Status.State !== 'ready')
      throw new MachineError('node-not-ready', `${engine.where} answers, but its swarm holds it to be ${node.Status.State}`, [
        'can the engines reach each other (tcp 2377, tcp and udp 7946, udp 4789)? docker node ls at a manager says more',
      ])
  }
  return managers.map(({engine}) => engine)
}

function notInSwarm(outside: readonly {engine: Engine; swarm: SwarmInfo}[]): MachineError {
  const words = outside.map(({engine, swarm}) =>
    swarm.LocalNodeState === 'inactive'
      ? `${engine.where} is in no swarm`
      : `${engine.where} is in a swarm that is ${swarm.LocalNodeState}${swarm.Error ? `: ${swarm.Error}` : ''}`,
  )
  return new MachineError('not-in-swarm', words.join('; '), [
    'have it join: docker swarm join-token worker, at a manager, prints the line; where there is no swarm, docker swarm init makes one',
    'or let podwire do so for as long as the lab lasts: --swarm-init',
  ])
}

/**
 * Makes a swarm of the engines that are in none, or has them join the one that others of them are in.
 * @param remember is told of each before it joins, so that it leaves again whatever happens
 * @throws MachineError swarm-join
 */
export async function joinSwarm(lab: string, engines: readonly Engine[], remember: (membership: Membership) => void): Promise<void> {
  const members = await Promise.all(engines.map(async (engine, index) => ({engine, index, swarm: await swarmOf(engine)})))
  const outside = members.filter(({swarm}) => swarm.LocalNodeState === 'inactive')
  if (outside.length === 0) return
  const note = async (engine: Engine, index: number) => remember({engine: index, bridged: await hasGwbridge(engine)})
  let manager = members.find(({swarm}) => swarm.ControlAvailable)?.engine
  if (!manager) {
    const first = outside.shift()
    // Members of a swarm without a manager among them: requireSwarm says so.
    if (!first || outside.length + 1 < members.length) return
    await note(first.engine, first.index)
    await joining(first.engine, first.engine.docker.swarmInit({ListenAddr: '0.0.0.0:2377', Spec: {Labels: labelsFor(lab)}}))
    manager = first.engine
  }
  const {JoinTokens} = (await within(manager.docker.swarmInspect(), manager.where)) as {JoinTokens: {Worker: string}}
  const addresses = (await swarmOf(manager)).RemoteManagers?.map(({Addr}) => Addr) ?? []
  for (const {engine, index} of outside) {
    // One that was given twice is in by now: requireSwarm says so.
    if ((await swarmOf(engine)).LocalNodeState !== 'inactive') continue
    await note(engine, index)
    await joining(engine, engine.docker.swarmJoin({ListenAddr: '0.0.0.0:2377', RemoteAddrs: addresses, JoinToken: JoinTokens.Worker}))
  }
}

async function joining({where}: Engine, answer: Promise<unknown>): Promise<void> {
  try {
    await within(answer, where, JOIN_LIMIT)
  } catch (error) {
    const words = error instanceof Error ? error.message.trim() : String(error)
    throw new MachineError('swarm-join', `${where} cannot be made part of a swarm: ${words}`, [
      'make the swarm by hand, where you can say more (docker swarm init --advertise-addr ADDRESS), and leave out --swarm-init',
    ])
  }
}

/**
 * Takes engines out of the swarm that podwire had them join, the manager of one that podwire made last. One that is in no
 * swarm any more is not touched.
 */
export async function leaveSwarm(engines: readonly Engine[], memberships: readonly Membership[]): Promise<void> {
  const joined = memberships.flatMap(({engine, bridged}) => (engines[engine] ? [{engine: engines[engine], bridged}] : []))
  const members = await Promise.all(joined.map(async (each) => ({...each, swarm: await swarmOf(each.engine)})))
  const inside = members.filter(({swarm}) => swarm.LocalNodeState !== 'inactive')
  const others = engines.filter((engine) => !joined.some((each) => each.engine === engine))
  const left = inside.filter(({swarm}) => !swarm.ControlAvailable)
  await Promise.all(left.map(({engine}) => leave(engine, false)))
  await Promise.all(left.map(({swarm}) => forgetNode(others, swarm.NodeID)))
  // A manager is one that podwire made a swarm on. Somebody may have made another there since: that one has no label.
  for (const {engine} of inside.filter(({swarm}) => swarm.ControlAvailable)) if (await isOwnSwarm(engine)) await leave(engine, true)
  for (const {engine, bridged} of inside) if (!bridged) await within(removeGwbridge(engine), engine.where)
}

/**
 * A busy engine gives up before it has stopped its part of the swarm: then it has to be asked again, and may have left meanwhile.
 * @throws Error of the engine's
 */
export async function leave(engine: Engine, force: boolean): Promise<void> {
  const {docker, where} = engine
  for (let left = MOST_LEAVING; ; left--) {
    try {
      await within(docker.swarmLeave({force}), where, JOIN_LIMIT)
      return
    } catch (error) {
      if (statusOf(error) !== 500 || left <= 1) throw error
      if ((await swarmOf(engine)).LocalNodeState === 'inactive') return
    }
  }
}

const MOST_LEAVING = 4

/** A swarm keeps nodes that left in its list. A manager, where there is one that podwire did not make, strikes it off. */
async function forgetNode(engines: readonly Engine[], id: string): Promise<void> {
  for (const engine of engines) {
    if (!(await swarmOf(engine)).ControlAvailable) continue
    await gone(within(engine.docker.getNode(id).remove({force: true}), engine.where))
    return
  }
}

async function isOwnSwarm({docker, where}: Engine): Promise<boolean> {
  const {Spec} = (await within(docker.swarmInspect(), where)) as {Spec: {Labels?: Record<string, string>}}
  return Spec.Labels?.[LAB_LABEL] !== undefined
}

async function hasGwbridge({docker, where}: Engine): Promise<boolean> {
  return (await within(docker.listNetworks({filters: {name: [GWBRIDGE]}}), where)).some(({Name}) => Name === GWBRIDGE)
}

async function removeGwbridge({docker}: Engine): Promise<void> {
  try {
    await gone(docker.getNetwork(GWBRIDGE).remove())
  } catch (error) {
    if (statusOf(error) !== 403) throw error // in use, by somebody else
  }
}
