// How the machines' tables grow with pods: a lab with one pod a node is counted, given more pods by its own recipe's lines, and
// counted again. Before each count the first pod of every node has talked to every other pod, so that what is learned from
// packets has been learned; pods that are not reached make the growth unknown. Nodes have spoken too: what is learned of them
// would else come at some time or other and pass for a pod's.
import PQueue from 'p-queue'
import {familyOf} from '../address.ts'
import {readInterfaces} from '../facts/interfaces.ts'
import {readNeighbourTable} from '../facts/neighbour-table.ts'
import type {Lab} from '../lab.ts'
import {type Pair, type Place, type PodSpec, placesOf, type Scenario, type Step} from '../model.ts'
import {probePairs} from '../probe/probe.ts'
import {type AnotherPod, anotherPod, linesOf} from './another-pod.ts'
import {type Growth, type Measured, measured, STATE_KINDS, type State, unknown} from './measured.ts'
import {readState} from './state.ts'

/** Pods on each node in the end. */
const PODS = 10
/** Neighbour entries that all this may take: pods that talk on one segment know one another. The kernel's table is one for all labs. */
const NEIGHBOURS = 400
/** Counts at most, and milliseconds between two. */
const [LOOKS, PAUSE] = [20, 400]
/** Bytes: smaller than any MTU. */
const SMALL = 576
/** Milliseconds for a line. */
const LIMIT = 20_000
/** Milliseconds an answer is waited for, first and again: whoever has just been told of a pod may have to tell others. */
const PATIENCES = [250, 1_000, 2_000, 4_000, 8_000]

/** A recipe need not be one for fewer pods than it has, or for more. */
export const IRREDUCIBLE = 'the scenario does not lend itself to being reduced to a pod a node and grown again'

/**
 * @param lab with one pod a node (onePodANode), whole
 * @param scenario the same with all of its pods: what is in no line of another pod is a pod's own
 */
export async function measureGrowth(lab: Lab, scenario: Scenario): Promise<Measured<Growth>> {
  const {pods} = lab.scenario
  if (pods.some(({addresses}) => addresses.length !== 1 || familyOf(addresses[0] ?? '') !== 4))
    return unknown('its pods have other addresses than one of IPv4, and their lines are not understood')
  if (
    pods.some((pod) =>
      linesOf(pod, scenario)
        .flat()
        .some(({daemon}) => daemon),
    )
  )
    return unknown('its pods have daemons of their own, and one pod more would have none')
  const table = readNeighbourTable()
  if (table && table.used + NEIGHBOURS > table.limit)
    return unknown(`the kernel’s neighbour table has ${table.used} of ${table.limit} entries in use, and this may need ${NEIGHBOURS}`)
  await nodesSpeak(lab)
  const few = await countedAfterTalk(lab, pods, pods)
  if (typeof few === 'string') return unknown(few)
  const more = podsToAdd(pods, scenario)
  const refusal = await wire(lab, more)
  if (refusal !== undefined) return unknown(refusal)
  const all = [...pods, ...(await asAddressed(lab, more))]
  const many = await countedAfterTalk(lab, pods, all)
  if (typeof many === 'string') return unknown(many)
  return measured(growthOf(few, many, [pods.length, all.length]))
}

export function growthOf(few: State, many: State, pods: readonly [number, number]): Growth {
  const added = pods[1] - pods[0]
  const state = STATE_KINDS.map((kind) => [kind, {few: few[kind], many: many[kind], each: (many[kind] - few[kind]) / added}] as const)
  return {pods, state: Object.fromEntries(state) as unknown as Growth['state']}
}

/** New names are the old ones with other numbers, so that no device's name becomes too long (IFNAMSIZ). */
function podsToAdd(pods: readonly PodSpec[], scenario: Scenario): AnotherPod[] {
  const taken = new Set(placesOf(scenario).map(({name}) => name))
  let number = 0
  const nameAfter = (name: string): string => {
    const next = `${name.replace(/\d+$/, '')}${++number}`
    return taken.has(next) ? nameAfter(name) : next
  }
  return pods.flatMap((pod) => Array.from({length: PODS - 1}, (_, index) => anotherPod(pod, scenario, index, nameAfter(pod.name))))
}

/** Stage by stage, the machines side by side. @returns the first refusal, in words */
async function wire({fleet}: Lab, more: readonly AnotherPod[]): Promise<string | undefined> {
  const queue = new PQueue({concurrency: 16})
  let refusal: string | undefined
  for (const [stage] of more[0]?.stages.entries() ?? []) {
    const steps = more.flatMap(({stages}): readonly Step[] => stages[stage] ?? [])
    await queue.addAll(
      [...Map.groupBy(steps, ({node}) => node).values()].map((lines) => async () => {
        for (const {node, command} of lines) {
          if (refusal !== undefined) return
          const {exitCode, stderr} = await fleet.run(node, command, {timeLimit: LIMIT})
          if (exitCode !== 0)
            refusal = `${IRREDUCIBLE}: a pod’s lines are refused for one pod more, ${node}# ${command}: ${stderr.toString().trim().split('\n')[0]}`
        }
      }),
    )
  }
  return refusal
}

/** Whether anybody answers does not matter. */
async function nodesSpeak({fleet, scenario}: Lab): Promise<void> {
  const places = placesOf(scenario)
  const pairs = scenario.nodes.flatMap((from) => scenario.pods.map((to) => ({from: from.name, to: to.name, address: to.address})))
  await probePairs(fleet, places, pairs, {mtu: SMALL, sizes: ['small'], protocols: ['icmp'], patience: PATIENCES[0] ?? 0})
}

/** A recipe that leaves addresses to somebody (host-local) gave them others than their lines say. */
async function asAddressed({fleet, scenario}: Lab, more: readonly AnotherPod[]): Promise<PodSpec[]> {
  const pods = more.map(({pod}) => pod)
  const interfaces = await readInterfaces(fleet, placesOf({...scenario, pods}))
  return pods.map((pod) => {
    const held = (interfaces.get(pod.name) ?? []).flatMap(({addresses}) => addresses.map(({address}) => address))
    const [address = pod.address] = held.filter((each) => familyOf(each) === 4)
    return {...pod, address, addresses: [address]}
  })
}

/** @returns why nothing was counted: somebody was not reached, or a machine could not be asked */
async function countedAfterTalk({fleet, scenario}: Lab, first: readonly PodSpec[], all: readonly PodSpec[]): Promise<State | string> {
  const places = placesOf({...scenario, pods: all})
  const silent = await talk(fleet, places, first, all)
  if (silent.length > 0) return `${silent.length} of ${all.length} pods, wired by the recipe’s own lines, were not reached: ${silent[0]}`
  return settledState(fleet, scenario)
}

/** What daemons tell one another of takes its time: counted until two counts agree. */
async function settledState(fleet: Lab['fleet'], scenario: Scenario): Promise<State | string> {
  let before: State | string = ''
  for (let look = 0; look < LOOKS; look++) {
    const now = await readState(fleet, scenario)
    if (typeof now === 'string') return now
    if (typeof before !== 'string' && STATE_KINDS.every((kind) => now[kind] === (before as State)[kind])) return now
    before = now
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
  return `what the machines know changed from count to count, ${LOOKS} times`
}

/** @returns the names of pods that somebody did not reach */
async function talk(fleet: Lab['fleet'], places: readonly Place[], first: readonly PodSpec[], all: readonly PodSpec[]): Promise<string[]> {
  let left: Pair[] = first.flatMap((from) =>
    all.filter(({name}) => name !== from.name).map((to) => ({from: from.name, to: to.name, address: to.address})),
  )
  for (const patience of PATIENCES) {
    const probes = await probePairs(fleet, places, left, {mtu: SMALL, sizes: ['small'], protocols: ['icmp'], patience})
    const answered = new Set(probes.filter((probe) => probe.answered).map(({from, to}) => `${from} ${to}`))
    left = left.filter(({from, to}) => !answered.has(`${from} ${to}`))
    if (left.length === 0) return []
  }
  return [...new Set(left.map(({to}) => to))]
}
