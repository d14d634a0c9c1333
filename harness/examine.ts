// A running lab, looked at: every pair probed, the facts read, and what both come to. What cannot be explained is looked at
// once more before it is told: a busy machine loses an answer now and then.
import {withAnswers} from './asking.ts'
import {diagnose} from './diagnose/diagnose.ts'
import type {Observed} from './diagnose/observed.ts'
import {failingWays} from './diagnose/prediction.ts'
import type {Fleet} from './driver.ts'
import type {Facts} from './facts/facts.ts'
import {readFullMtu} from './facts/interfaces.ts'
import {forgetNeighbours} from './facts/neighbours.ts'
import {readFacts} from './facts/read.ts'
import type {Diagnosis, Pair, Place, Probe} from './model.ts'
import {probePairs} from './probe/probe.ts'

export interface Examined {
  readonly probes: readonly Probe[]
  readonly facts: Facts
  readonly diagnoses: readonly Diagnosis[]
  /** The size of a full packet, in bytes. */
  readonly mtu: number
}

export interface ExamineOptions extends Pick<Observed, 'history'> {
  /** The facts when the lab worked. */
  readonly before?: Facts | undefined
  /** Bytes of a full packet, where that is not the underlay's MTU. */
  readonly mtu?: number | undefined
  /** Milliseconds; what is lost in a lab is lost at once. */
  readonly patience?: number
}

const PATIENCE = 200

export async function examine(fleet: Fleet, places: readonly Place[], pairs: readonly Pair[], options: ExamineOptions): Promise<Examined> {
  const {history, before, patience = PATIENCE} = options
  const mtu = await readFullMtu(fleet, options, places)
  const look = async (again = patience): Promise<Examined> => {
    // Probes first: what they leave in the neighbour tables is part of what is looked at.
    const probes = await probePairs(fleet, places, pairs, {mtu, patience: again})
    const read = await readFacts(fleet, places)
    const facts = await withAnswers(fleet, places, read, failingWays({places, mtu}, probes))
    return {probes, facts, mtu, diagnoses: diagnose({places, facts, probes, mtu, history, ...(before && {before})})}
  }
  let seen = await look()
  if (seen.probes.every(({answered}) => answered === true) && seen.diagnoses.length === 0) {
    // What neighbours remember of one another may hide that they could not find one another again.
    await forgetNeighbours(fleet, places)
    seen = await look()
  }
  return seen.diagnoses.some(({cause}) => cause === 'unknown') ? look(Math.max(1000, patience)) : seen
}
