// Fixes, tried: the lab is built again from what was typed in it, in fresh namespaces of this machine whatever driver the lab
// itself has, the fixes are typed there, and every pair is probed before and after. The copy is gone when this returns.

import {setTimeout} from 'node:timers/promises'
import {awaitClaims} from './checks/check.ts'
import {pairsToReach} from './checks/pairs.ts'
import type {Driver} from './driver.ts'
import type {Facts} from './facts/facts.ts'
import {readFullMtu} from './facts/interfaces.ts'
import {forgetUnresolved} from './facts/neighbours.ts'
import {readFacts} from './facts/read.ts'
import {carryOut, type Lab, startLab} from './lab.ts'
import {type Diagnosis, type FixCommand, type Place, type Probe, placesAfter, type Scenario, type Trial} from './model.ts'
import {probePairs} from './probe/probe.ts'

/** Something typed at a machine after the scenario's own lines. */
export interface Line {
  readonly node: string
  readonly command: string
}

export interface TrialSpec {
  /** Of namespaces on this machine. */
  readonly driver: Driver
  readonly scenario: Scenario
  /** What was typed once the lab was up, in order. */
  readonly typed: readonly Line[]
  /** All are typed on one copy, in this order: two faults at once need both. */
  readonly diagnoses: readonly Mended[]
  /** Of the lab that the fixes are for. */
  readonly facts: Facts
  /** Somebody typed at a shell, and nobody wrote down what: the copy may lack it. */
  readonly unrecorded?: boolean
}

/** What is to be mended of a diagnosis, and by what. */
export type Mended = Pick<Diagnosis, 'fix' | 'pairs'>

/** What the copy made of the fixes: pairs as `pod1 -> pod3`, and of each fix the lines that were refused. */
export interface Tried {
  readonly all: ReadonlySet<string>
  readonly failing: ReadonlySet<string>
  readonly still: ReadonlySet<string>
  readonly refused: readonly (readonly string[])[]
}

const LOOKS = 5
/** Milliseconds. */
export const BETWEEN = 500
/** Milliseconds, longer than a TCP connection takes whose first packet was lost (RFC 6298). */
const SLOW = 1_500

/** Milliseconds: what is lost between namespaces of one machine is lost at once. */
const PATIENCE = 200

/** One for each diagnosis. Never rejects: a copy that cannot be made is a trial without a result. */
export async function tryFixes({driver, scenario, typed, diagnoses, facts, unrecorded}: TrialSpec): Promise<Trial[]> {
  try {
    await using lab = await startLab(`trial-${process.pid}`, scenario, driver)
    // A daemon's routes come by waiting, here as there.
    await carryOut(lab, {ended: (_, number) => awaitClaims(lab.fleet, scenario, number)})
    await type(lab, typed)
    // Full packets before as well: what is learned of a path's size is learned here as it was there.
    const before = await probeLab(lab)
    const refused: string[][] = []
    for (const {fix} of diagnoses) refused.push(await type(lab, await inTheCopy(lab, fix, facts)))
    const after = await probedOnceSettled(lab)
    const [failing, still] = [before, after].map((probes) => pairsOf(probes, (answered) => answered !== true)) as [Set<string>, Set<string>]
    const tried: Tried = {all: new Set(after.map(pairOf)), failing, still, refused}
    const lacking = unrecorded ? ['what was typed at a shell is not in the copy'] : []
    return diagnoses.map((mended, index) => trialOf(mended, index, tried, lacking))
  } catch (error) {
    const nothing = {turned: 0, failing: 0, passing: 0, total: 0}
    return diagnoses.map(() => ({verdict: 'unknown', ...nothing, evidence: [error instanceof Error ? error.message : String(error)]}))
  }
}

/** Still failing pairs that are named. */
const MOST_PAIRS = 8

/**
 * What one of the fixes did. It is credited with its own diagnosis's pairs alone, and with none where every line of it was refused:
 * what turned was then turned by another.
 * @param index of the fix
 * @param lacking why the copy may be unlike the lab
 */
export function trialOf({fix, pairs}: Mended, index: number, {all, failing, still, refused}: Tried, lacking: readonly string[]): Trial {
  const own = refused[index] ?? []
  const failed = pairs.filter((pair) => failing.has(pair))
  const total = all.size
  return {
    verdict: still.size === 0 && own.length === 0 ? 'pass' : 'fail',
    turned: own.length === fix.length ? 0 : failed.filter((pair) => !still.has(pair)).length,
    failing: failed.length,
    passing: total - still.size,
    total,
    ...(own.length > 0 && {refused: own}),
    evidence: [...[...still].slice(0, MOST_PAIRS).map((pair) => `${pair} still fails`), ...lacking],
  }
}

/** The copy had the fault, and the fix turned nothing of it. What was not tried, or could not be, is not known to. */
export function mendsNothing({fix, tried}: Pick<Diagnosis, 'fix' | 'tried'>): boolean {
  if (fix.length === 0 || tried?.verdict !== 'fail') return false
  return tried.refused?.length === fix.length || (tried.failing > 0 && tried.turned === 0)
}

/** A device has another MAC address in the copy than in the lab that was looked at. */
async function inTheCopy({fleet, scenario}: Lab, fix: readonly FixCommand[], facts: Facts): Promise<Line[]> {
  const lines = fix.map(({where, command}): Line => ({node: where, command}))
  const named = [...facts].flatMap(([place, here]) => (here?.links ?? []).map(({name, mac}) => ({place, name, mac})))
  const meant = named.filter(({mac}) => mac !== '' && lines.some(({command}) => command.includes(mac)))
  if (meant.length === 0) return lines
  const copy = await readFacts(fleet, placesAfter(scenario, scenario.stages.length))
  const own = new Map(meant.map(({place, name, mac}) => [mac, copy.get(place)?.links.find((link) => link.name === name)?.mac ?? mac]))
  return lines.map(({node, command}) => ({node, command: [...own].reduce((line, [mac, its]) => line.replaceAll(mac, its), command)}))
}

/** What was refused, a line each. A line that was refused in the lab is refused here too, and that is as it was. */
async function type({fleet}: Lab, lines: readonly Line[]): Promise<string[]> {
  const refused: string[] = []
  for (const {node, command} of lines) {
    const {exitCode, stderr} = await fleet.run(node, command)
    if (exitCode !== 0) refused.push(`${node}# ${command}: ${stderr.toString().trim().split('\n')[0]}`)
  }
  return refused
}

/** How often a lab is looked at after a fix, BETWEEN each: what a fix leaves to daemons, they do in a moment. */
export function looksAfterFix({stages}: Scenario): number {
  return stages.some(({steps}) => steps.some(({daemon}) => daemon)) ? LOOKS : 1
}

async function probedOnceSettled(lab: Lab): Promise<Probe[]> {
  const {fleet, scenario} = lab
  const looks = looksAfterFix(scenario)
  let probes: Probe[] = []
  for (let look = 0; look < looks; look++) {
    if (look > 0) await setTimeout(BETWEEN)
    await forgetUnresolved(fleet, placesAfter(scenario, scenario.stages.length))
    // The first packet of a connection a switch in user space may take its time for, or lose: TCP sends it again after a second.
    probes = await probeLab(lab, look === 0 ? PATIENCE : SLOW)
    if (probes.every(({answered}) => answered === true)) break
  }
  return probes
}

async function probeLab({fleet, scenario}: Lab, patience = PATIENCE): Promise<Probe[]> {
  const places: Place[] = placesAfter(scenario, scenario.stages.length)
  const mtu = await readFullMtu(fleet, scenario, places)
  return probePairs(fleet, places, pairsToReach(scenario, places), {mtu, patience})
}

function pairOf({from, to}: Probe): string {
  return `${from} -> ${to}`
}

function pairsOf(probes: readonly Probe[], wanted: (answered: boolean | null) => boolean): Set<string> {
  return new Set(probes.filter(({answered}) => wanted(answered)).map(pairOf))
}
