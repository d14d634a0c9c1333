// Which pairs of places a claim is about, and which probes are of them.
import {familyOf} from '../address.ts'
import type {Claim, Pair, PairClaim, PairVerdict, Place, Probe, Scenario} from '../model.ts'
import {allPairs} from '../probe/probe.ts'

export function isPairClaim(claim: Claim): claim is PairClaim {
  return claim.check === 'reach' || claim.check === 'no-nat'
}

/** The claim is about packets of this protocol and size. */
export function isMeant(claim: Claim, {protocol, size}: Pick<Probe, 'protocol' | 'size'>): boolean {
  return !isPairClaim(claim) || claim.only === undefined || claim.only === protocol || claim.only === size
}

export function clusterOf(places: readonly Place[]): Place[] {
  return places.filter(({kind}) => kind !== 'host')
}

/** The pairs that a claim sends packets between; none for one that sends none. */
export function pairsOf(claim: Claim, places: readonly Place[]): Pair[] {
  if (claim.check === 'hops') return pairsBetween([claim.from], [claim.to], places)
  if (!isPairClaim(claim)) return []
  return claim.from && claim.to ? pairsBetween(claim.from, claim.to, places) : allPairs(clusterOf(places))
}

/** One for each address of the second that is of a family that the first has an address of. */
function pairsBetween(from: readonly string[], to: readonly string[], places: readonly Place[]): Pair[] {
  const byName = new Map(places.map((place) => [place.name, place]))
  return from.flatMap((sender) => {
    const families = new Set(byName.get(sender)?.addresses.map(familyOf))
    return to
      .filter((target) => target !== sender)
      .flatMap((target) => {
        const place = byName.get(target)
        if (!place) return [{from: sender, to: target, address: target}]
        return place.addresses.filter((address) => families.has(familyOf(address))).map((address) => ({from: sender, to: target, address}))
      })
  })
}

/** Every two places of the cluster, and whoever else was last said to reach another: hosts are in no claim but their own. */
export function pairsToReach({stages, claims}: Pick<Scenario, 'stages' | 'claims'>, places: readonly Place[]): Pair[] {
  const names = new Set(places.map(({name}) => name))
  const last = new Map<string, Pair | undefined>()
  for (const claim of [...stages.flatMap((stage) => stage.claims), ...claims]) {
    if (claim.check !== 'reach' || claim.only !== undefined) continue
    for (const pair of pairsOf(claim, places)) last.set(pairKey(pair), claim.fails ? undefined : pair)
  }
  return distinct([...allPairs(clusterOf(places)), ...[...last.values()].flatMap((pair) => (pair && names.has(pair.to) ? [pair] : []))])
}

export function pairKey({from, to, address}: Pair): string {
  return `${from} ${to} ${address}`
}

export function verdictKey({from, to, address, protocol, size}: Omit<PairVerdict, 'verdict' | 'evidence'>): string {
  return `${from} ${to} ${address} ${protocol} ${size}`
}

export function distinct(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map(({from, to, address}) => [pairKey({from, to, address}), {from, to, address}])).values()]
}

export function probesOf(probes: readonly Probe[], pairs: readonly Pair[]): Probe[] {
  const wanted = new Set(pairs.map(pairKey))
  return probes.filter((probe) => wanted.has(pairKey(probe)))
}
