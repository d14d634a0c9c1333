// Measures one network beside the plain recipe's, which stands all the while. Two labs one after the other: one with a pod a
// node, whose tables are counted while it grows, and one as the scenario has it, which is measured, broken and mended.
import type {Baselines} from '../checks/baseline.ts'
import {checkStage} from '../checks/check.ts'
import {CommandError, endingOf} from '../command.ts'
import {type Driver, MachineError} from '../driver.ts'
import {carryOut, type Lab, lastBegun, startLab} from '../lab.ts'
import type {Scenario, Stage, StageResult} from '../model.ts'
import {onePodANode} from './another-pod.ts'
import {convergenceOf, failuresFirst} from './convergence.ts'
import {awaitFirstPing} from './first-ping.ts'
import {IRREDUCIBLE, measureGrowth} from './growth.ts'
import {measureHops} from './hops.ts'
import {measureLatency} from './latency.ts'
import {type Compared, type Measured, type Measures, measured, type Spread, unknown} from './measured.ts'
import {measureMemory} from './memory.ts'
import {measureMtu} from './mtu.ts'
import {type Network, networkOf, type Standing, wholeOnly} from './network.ts'
import {measureOverhead} from './overhead.ts'
import {spreadOf} from './spread.ts'
import {measureThroughput} from './throughput.ts'

export interface CompareOptions {
  readonly driver: Driver
  /** Begins the labs' names. */
  readonly name: string
  /** Is given every lab as soon as it stands; what it returns is called when the lab is gone. */
  readonly hold: (lab: Lab) => {release(): void}
  /** Learns what is under way, in a word or two. */
  readonly follow?: (what: string) => void
}

/** Stands until it is disposed: the plain recipe, with which all others are compared. */
export interface Plain extends Standing, AsyncDisposable {}

/** @throws MachineError, CommandError when this machine cannot even do that */
export async function startPlain(scenario: Scenario, {driver, name, hold}: CompareOptions): Promise<Plain> {
  const network = networkOf(scenario)
  if (typeof network === 'string') throw new RangeError(`${scenario.name}: ${network}`)
  const lab = await startLab(`${name}-plain`, wholeOnly(network), driver)
  const held = hold(lab)
  const dispose = async () => {
    await lab[Symbol.asyncDispose]()
    held.release()
  }
  try {
    await carryOut(lab)
  } catch (error) {
    await dispose()
    throw error
  }
  return {lab, network, [Symbol.asyncDispose]: dispose}
}

/**
 * What could not be measured says why; it rejects for a mistake in podwire alone.
 * @param seen is filled as it goes on, so that something is there when it is cut short
 */
export async function compareOne(scenario: Scenario, plain: Standing, options: CompareOptions, seen: Filling): Promise<Compared> {
  const {name, title, solution = null} = scenario
  const network = networkOf(scenario)
  const base = {name, title, solution, measures: seen}
  if (typeof network === 'string') return {...base, pair: null, problem: {kind: 'skipped', why: network}}
  const told = {...base, pair: [network.from.name, network.to.name] as const}
  try {
    const first = await inSmall(network, options, seen)
    await inFull(network, plain, options, seen, first)
    return {...told, problem: null}
  } catch (error) {
    return {...told, problem: problemOf(error)}
  }
}

function problemOf(error: unknown): NonNullable<Compared['problem']> {
  if (error instanceof MachineError) return {kind: 'skipped', why: [error.message, ...error.help].join('; ')}
  if (!(error instanceof CommandError)) throw error
  const {node, command, stderr} = error.result
  return {kind: 'failed', why: `${node}# ${command}: ${endingOf(error.result)}; ${stderr.toString().trim().split('\n')[0]}`}
}

type Filling = {-readonly [Name in keyof Measures]?: Measures[Name]}

/** One pod a node. @returns the time to its first ping */
async function inSmall(network: Network, options: CompareOptions, seen: Filling): Promise<Measured<number>> {
  const small = onePodANode(wholeOnly(network))
  try {
    return await inLab(small, 'few', options, async (lab) => {
      options.follow?.('first ping')
      const asked = await awaitFirstPing(lab, network)
      try {
        await carryOut(lab, {step: asked.step})
        const time = timeSince(lab, await asked.answered())
        options.follow?.('state')
        seen.growth = await attempt(() => measureGrowth(lab, wholeOnly(network)))
        return time
      } finally {
        asked.end()
      }
    })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    // The recipe need not be one for fewer pods than it has; the whole of it may be in order.
    const {why} = problemOf(error)
    seen.growth = unknown(`${IRREDUCIBLE}: with one pod a node its recipe is refused, ${why}`)
    return unknown(why)
  }
}

/** As its scenario has it: measured once it is whole, then broken and mended. */
function inFull(network: Network, plain: Standing, options: CompareOptions, seen: Filling, first: Measured<number>): Promise<void> {
  const {scenario, whole} = network
  return inLab(scenario, 'all', options, async (lab) => {
    options.follow?.('first ping')
    const baselines: Baselines = new Map()
    const later: StageResult[] = []
    const ordered = failuresFirst(scenario)
    const asked = await awaitFirstPing(lab, network)
    const ended = async (stage: Stage, number: number) => {
      if (number < whole) return
      const since = lastBegun(lab, stage)
      if (number === whole) seen.firstPing = both(first, timeSince(lab, await asked.answered()))
      const result = await checkStage(lab.fleet, number > whole ? ordered : scenario, number, {since, baselines})
      if (number > whole) later.push(result)
      else await measureAll({lab, network}, plain, options, seen)
      if (number === whole) options.follow?.('convergence')
    }
    try {
      await carryOut(lab, {step: asked.step, ended})
      seen.convergence = convergenceOf(later)
    } finally {
      asked.end()
    }
  })
}

async function measureAll(own: Standing, plain: Standing, {follow}: CompareOptions, seen: Filling): Promise<void> {
  follow?.('hops')
  seen.hops = await attempt(() => measureHops(own))
  follow?.('MTU')
  seen.mtu = await attempt(() => measureMtu(own))
  follow?.('overhead')
  seen.overhead = await attempt(() => measureOverhead(own))
  follow?.('memory')
  seen.memory = await attempt(() => measureMemory(own))
  follow?.('latency')
  seen.latency = await attempt(() => measureLatency(own, plain))
  follow?.('throughput')
  const {value, unknown: why} = await attempt(async () => measured(await measureThroughput(own, plain)))
  seen.throughput = value ? value.throughput : unknown(why)
  seen.processor = value ? value.processor : unknown(why)
}

/** One that cannot be made is unknown, and the others are made. */
async function attempt<T>(measure: () => Promise<Measured<T>>): Promise<Measured<T>> {
  try {
    return await measure()
  } catch (error) {
    const help = error instanceof MachineError ? error.help : []
    return unknown([error instanceof Error ? error.message : String(error), ...help].join('; '))
  }
}

async function inLab<T>(scenario: Scenario, suffix: string, options: CompareOptions, use: (lab: Lab) => Promise<T>): Promise<T> {
  await using lab = await startLab(`${options.name}-${suffix}`, scenario, options.driver)
  const held = options.hold(lab)
  try {
    return await use(lab)
  } finally {
    held.release()
  }
}

/** Milliseconds from the first line. */
function timeSince({history}: Lab, answered: number | string): Measured<number> {
  if (typeof answered === 'string') return unknown(answered)
  return measured(answered - Math.min(...history.map(({startedAt}) => startedAt)))
}

function both(first: Measured<number>, second: Measured<number>): Measured<Spread> {
  const times = [first, second].flatMap(({value}) => value ?? [])
  return second.value === null ? second : measured(spreadOf(times))
}
