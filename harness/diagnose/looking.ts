// Faults that break no pair, or none yet: two places with one address, a node's subnet that is another's too, a route that
// hands packets to the wrong node which then sends them on. Found by looking at the facts. Pure.
import {contains, familyOf, isUnicast, networkOf, prefixLengthOf, sameHost} from '../address.ts'
import type {LinkFacts, NamespaceFacts} from '../facts/facts.ts'
import {routeWords} from '../facts/routes.ts'
import type {Cause, Diagnosis, Place} from '../model.ts'
import {segmentOf} from '../trace/segment.ts'
import {differences} from './difference.ts'
import type {Difference} from './differences/change.ts'
import {fixFor} from './fix.ts'
import type {Observed} from './observed.ts'

/** @param told what is diagnosed already: nothing is told of twice */
export function seenByLooking(observed: Observed, told: readonly Diagnosis[]): Diagnosis[] {
  const {places, facts} = observed
  const found: Diagnosis[] = []
  for (const [index, a] of places.entries()) {
    for (const b of places.slice(index + 1)) found.push(...shared(observed, a, b))
  }
  for (const node of places.filter(({kind}) => kind === 'node')) {
    const here = facts.get(node.name)
    if (here && !told.some(({cause}) => cause === 'routing-loop')) found.push(...detours(observed, node, here))
  }
  if (!told.some(({cause}) => cause === 'duplicate-mac')) found.push(...twins(observed))
  found.push(...overlaps(observed))
  const all: Diagnosis[] = [...told]
  for (const diagnosis of found) if (!all.some((other) => isSame(diagnosis, other))) all.push(diagnosis)
  return all.slice(told.length)
}

/** One thing at one place is not told twice, though it may go by two names. */
function isSame(a: Diagnosis, b: Diagnosis): boolean {
  const [one, other] = [a, b].map(({where: {object}}) => object.split(/[ /]/)[0])
  if (a.where.node !== b.where.node || a.where.netns !== b.where.netns) return false
  return (
    one === other ||
    ADDRESSES.some((causes) => causes.includes(a.cause) && causes.includes(b.cause)) ||
    (a.cause === b.cause && a.cause !== 'wrong-next-hop')
  )
}

/** Names for an address that is another's. */
const ADDRESSES: readonly (readonly Cause[])[] = [['duplicate-address', 'overlapping-subnets']]

/** A bridge took the subnet of another node's pods for its own, and no packet has been lost by it yet. */
function overlaps(observed: Observed): Diagnosis[] {
  return changesOf(observed)
    .filter(({kind, cause, address}) => kind === 'address' && address !== undefined && cause === 'overlapping-subnets')
    .flatMap(({place: name, object, evidence}) => {
      const place = observed.places.find((each) => each.name === name)
      const network = networkOf(...hostOf(object)) ?? ''
      const other = observed.places.find(
        ({kind, node, addresses}) => kind === 'pod' && node !== place?.node && addresses.some((address) => contains(network, address)),
      )
      return place && other
        ? [diagnosisOf(observed, 'overlapping-subnets', place, object, [evidence, `${network} holds ${other.name}, too`], other)]
        : []
    })
}

function hostOf(object: string): [string, number] {
  const [address = '', length] = (object.split(' ')[0] ?? '').split('/')
  return [address, Number(length)]
}

function changesOf({before, facts, places}: Observed): Difference[] {
  return before ? differences(before, facts, places) : []
}

/** Two devices on one segment with one MAC address: told of the one that had another before, where that is known. */
function twins(observed: Observed): Diagnosis[] {
  const {places, facts, before} = observed
  const world = {facts, places}
  const had = (place: Place, {name, mac}: LinkFacts) =>
    before?.get(place.name)?.links.some((link) => link.name === name && link.mac === mac)
  return places.flatMap((place): Diagnosis[] => {
    const own = (facts.get(place.name)?.links ?? []).filter(
      ({name, mac, master, addresses}) => name !== 'lo' && mac !== '' && master === undefined && addresses.length > 0,
    )
    return own.flatMap((link): Diagnosis[] => {
      if (had(place, link)) return []
      const other = segmentOf(world, {place: place.name, link}, true)
        .map((way) => way.ports.at(-1))
        .find(
          (port) =>
            port && port.place !== place.name && port.link.mac === link.mac && port.link.master === undefined && !shares(port.link, link),
        )
      const there = places.find(({name}) => name === other?.place)
      if (!there || (before === undefined && there.name < place.name)) return []
      return [
        diagnosisOf(
          observed,
          'duplicate-mac',
          place,
          `${link.name} ${link.mac}`,
          [`${place.name} and ${there.name} both have ${link.mac}`],
          there,
        ),
      ]
    })
  })
}

/** One gateway at several places has one address there, and one MAC address. */
function shares(a: LinkFacts, b: LinkFacts): boolean {
  return a.kind === 'bridge' && a.addresses.some(({address}) => b.addresses.some((other) => sameHost(address, other.address)))
}

interface Held {
  readonly device: string
  readonly bridge: boolean
  readonly address: string
  readonly prefixLength: number
}

/** One gateway at several places: they share its MAC address too (RFC 9135, 4.1: anycast). */
function isAnycast({facts}: Observed, a: Place, b: Place, [ofA, ofB]: readonly [Held, Held]): boolean {
  const mac = (place: Place, {device}: Held) => facts.get(place.name)?.links.find(({name}) => name === device)?.mac
  return a.kind === b.kind && ofA.bridge && ofB.bridge && mac(a, ofA) === mac(b, ofB)
}

function heldBy(here: NamespaceFacts | undefined): Held[] {
  return (here?.links ?? []).flatMap(({name, kind, addresses}) =>
    addresses
      .filter(({address}) => isUnicast(address))
      .map(({address, prefixLength}) => ({device: name, bridge: kind === 'bridge', address, prefixLength})),
  )
}

/** Places that are declared at one address share it as the scenario will have it. */
function shared(observed: Observed, a: Place, b: Place): Diagnosis[] {
  if (a.addresses.some((address) => b.addresses.some((other) => sameHost(address, other)))) return []
  const [ofA, ofB] = [heldBy(observed.facts.get(a.name)), heldBy(observed.facts.get(b.name))]
  const both = ofA.flatMap((held) =>
    ofB
      .filter((other) => sameHost(held.address, other.address))
      .map((other): [Held, Held] => [held, other])
      .filter((two) => !isAnycast(observed, a, b, two)),
  )
  const [first] = both
  if (!first) return []
  const [place, held, other] = stranger(observed, a, b, first)
  const network = networkOf(held.address, held.prefixLength)
  const overlapping = held.bridge && held.prefixLength < 32 && familyOf(held.address) === 4 && place.kind === 'node'
  return [
    diagnosisOf(
      observed,
      overlapping ? 'overlapping-subnets' : 'duplicate-address',
      place,
      `${held.address}/${held.prefixLength} dev ${held.device}`,
      [`${a.name} and ${b.name} both hold ${held.address}`, ...(overlapping ? [`${network} is a subnet of both`] : [])],
      other,
    ),
  ]
}

/** Which of the two is not meant to hold it. */
function stranger({places, before}: Observed, a: Place, b: Place, [ofA, ofB]: [Held, Held]): [Place, Held, Place] {
  const had = (place: Place, {address}: Held) => heldBy(before?.get(place.name)).some((held) => sameHost(held.address, address))
  if (before && had(a, ofA) !== had(b, ofB)) return had(a, ofA) ? [b, ofB, a] : [a, ofA, b]
  if (a.addresses.some((address) => sameHost(address, ofA.address))) return [b, ofB, a]
  if (b.addresses.some((address) => sameHost(address, ofB.address))) return [a, ofA, b]
  const own = (node: Place, {address, prefixLength}: Held) =>
    places.some((pod) => pod.kind === 'pod' && pod.node === node.node && contains(networkOf(address, prefixLength) ?? '', pod.address))
  return own(a, ofA) ? [b, ofB, a] : [a, ofA, b]
}

/** A node hands what is for another node's pods to a third, which is a node too and no router. */
function detours(observed: Observed, node: Place, here: NamespaceFacts): Diagnosis[] {
  return here.routes
    .filter(({via, table, type, to}) => via !== undefined && table === 'main' && type === 'unicast' && (prefixLengthOf(to) ?? 0) > 0)
    .flatMap((route) => {
      const pods = observed.places.filter(({kind, addresses}) => kind === 'pod' && addresses.some((address) => contains(route.to, address)))
      const owners = new Set(pods.map((pod) => pod.node))
      const [owner] = owners
      const next = observed.places.find(
        ({kind, addresses}) => kind === 'node' && addresses.some((address) => sameHost(address, route.via ?? '')),
      )
      if (owners.size !== 1 || !next || owner === node.name || next.name === owner) return []
      const right = observed.places.find(({name}) => name === owner)
      const change = changesOf(observed).find((each) => each.place === node.name && each.object === routeWords(route))
      return [
        diagnosisOf(
          observed,
          change?.cause === 'more-specific-route' ? change.cause : 'wrong-next-hop',
          node,
          routeWords(route),
          [`${route.to} is on ${owner}, at ${right?.address}, and ${node.name} hands it to ${next.name}`],
          pods[0] ?? node,
        ),
      ]
    })
}

function diagnosisOf(observed: Observed, cause: Cause, place: Place, object: string, evidence: readonly string[], other: Place): Diagnosis {
  const items = changesOf(observed).filter((change) => change.place === place.name && change.object === object)
  const forward = {
    hops: [{place: place.name, nextHop: other.address}],
    translated: [],
    doubts: [],
    ttl: 64,
    questions: [],
    ended: cause,
    at: place.name,
    object,
    evidence: '',
  }
  return {
    from: place.name,
    to: other.name,
    verdict: 'fail',
    cause,
    where: {node: place.node, netns: place.netns ?? null, object},
    evidence,
    fix: fixFor(
      {
        cause,
        at: place.name,
        object: cause === 'wrong-next-hop' || cause === 'more-specific-route' ? object : (object.split('/')[0] ?? object),
        evidence,
        items: items.slice(0, 1),
        forward,
      },
      {...observed},
    ),
    pairs: [`${place.name} -> ${other.name}`],
  }
}
