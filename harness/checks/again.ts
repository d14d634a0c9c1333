// Pairs that are asked once more before they are told of: what one round of probes cannot tell from a machine that is busy, or
// from neighbours that remember one another.
import type {Fleet} from '../driver.ts'
import {forgetNeighbours} from '../facts/neighbours.ts'
import type {Claim, MatrixRow, Place, Probe} from '../model.ts'
import {type ProbeOptions, probePairs} from '../probe/probe.ts'
import {distinct, isMeant, pairKey, pairsOf, probesOf} from './pairs.ts'

/**
 * A pair of which some packets were answered and others were not is asked once more: a switch in user space can lose the first
 * packet of a flow, and TCP sends its own again only after a second (RFC 6298 2.1), when it is no longer waited for.
 */
export async function silentInPart(
  fleet: Fleet,
  places: readonly Place[],
  probes: readonly Probe[],
  options: ProbeOptions,
): Promise<Probe[]> {
  const answered = new Set(probes.flatMap((probe) => (probe.answered === true ? [pairKey(probe)] : [])))
  const silent = probes.filter((probe) => probe.error === 'no-answer' && answered.has(pairKey(probe)))
  if (silent.length === 0) return [...probes]
  const again = await probePairs(fleet, places, distinct(silent), options)
  return replaced(probes, again)
}

function replaced(probes: readonly Probe[], again: readonly Probe[]): Probe[] {
  const keys = new Set(again.map(pairKey))
  return [...probes.filter((probe) => !keys.has(pairKey(probe))), ...again]
}

/**
 * What neighbours remember of one another can hide for a while that they could not find one another again. Pairs that should
 * fail and were answered are asked once more when all of that is forgotten.
 */
export async function remembering(
  fleet: Fleet,
  places: readonly Place[],
  claims: readonly Claim[],
  probes: readonly Probe[],
  options: ProbeOptions,
): Promise<readonly Probe[]> {
  const held = claims
    .filter((claim) => claim.check === 'reach' && claim.fails)
    .flatMap((claim) => probesOf(probes, pairsOf(claim, places)).filter((probe) => isMeant(claim, probe) && probe.answered === true))
  if (held.length === 0) return probes
  await forgetNeighbours(fleet, places)
  return replaced(probes, await probePairs(fleet, places, distinct(held), options))
}

/**
 * A busy machine can keep a short patience from being enough. A pair that reached before, and every pair at the end, is not
 * told as lost for silence alone: it is asked once more, with all the patience there is.
 */
export async function askedAgain(
  fleet: Fleet,
  places: readonly Place[],
  probes: readonly Probe[],
  {mtu, before, last}: {readonly mtu: number; readonly before: readonly MatrixRow[] | undefined; readonly last: boolean},
): Promise<Probe[]> {
  const reached = new Set(before?.filter(({verdict}) => verdict === 'pass').map(({from, to}) => `${from} ${to}`))
  const silent = probes.filter(({from, to, error}) => error === 'no-answer' && (last || reached.has(`${from} ${to}`)))
  if (silent.length === 0) return [...probes]
  return replaced(probes, await probePairs(fleet, places, distinct(silent), {mtu, sizes: ['small']}))
}
