// Prefix lengths by what the others of a lab have: pods and their bridges among themselves, and machines on the underlay. Pure.
import {contains, familyOf, networkOf} from '../address.ts'
import type {Facts, LinkFacts, NamespaceFacts, RouteFacts} from '../facts/facts.ts'
import type {Family, Place} from '../model.ts'
import {isConnected} from './differences/connected.ts'

type Address = LinkFacts['addresses'][number]

/** An address that has another length than most of its kind. */
export interface Askew {
  readonly device: string
  readonly address: Address
  readonly length: number
}

/** @returns the addresses of a place that are of another length than most in the lab */
export function askewAt(facts: Facts, places: readonly Place[], name: string): Askew[] {
  return heldAt(facts, places, name).flatMap(({device, address, inner}) => {
    const family = familyOf(address.address)
    const all = places.flatMap((place) => heldAt(facts, places, place.name)).filter((each) => each.inner === inner)
    const lengths = all.map((each) => each.address).filter((each) => familyOf(each.address) === family)
    const [length, holders] = mostCommon(lengths.map(({prefixLength}) => prefixLength))
    const usual = length !== undefined && length !== address.prefixLength && holders * 2 > lengths.length
    return usual ? [{device, address, length}] : []
  })
}

/** What pods and bridges hold is `inner`, what machines hold on the underlay is not. */
function heldAt(facts: Facts, places: readonly Place[], name: string): {device: string; address: Address; inner: boolean}[] {
  const place = places.find((each) => each.name === name)
  return (facts.get(name)?.links ?? []).flatMap((link) => {
    const inner = place?.kind === 'pod' || link.kind === 'bridge'
    if (link.name === 'lo' || (!inner && link.name !== 'eth0')) return []
    return link.addresses.filter(({scope}) => scope === 'global').map((address) => ({device: link.name, address, inner}))
  })
}

function mostCommon(values: readonly number[]): [number | undefined, number] {
  const counts = [...Map.groupBy(values, (value) => value)].sort(([, a], [, b]) => b.length - a.length)
  return [counts[0]?.[0], counts[0]?.[1].length ?? 0]
}

/** A place with one of its addresses of another length, or without it, and the kernel's own routes by that. */
export function withLength(
  here: NamespaceFacts,
  {device, address}: Pick<Askew, 'device' | 'address'>,
  length: number | undefined,
): NamespaceFacts {
  const changed = length === undefined ? [] : [{...address, prefixLength: length}]
  const links = here.links.map((link) =>
    link.name === device ? {...link, addresses: link.addresses.flatMap((each) => (each === address ? changed : [each]))} : link,
  )
  const now = {...here, links}
  const family: Family = familyOf(address.address) ?? 4
  const to = length === undefined ? undefined : networkOf(address.address, length)
  const own: RouteFacts[] =
    to === undefined ? [] : [{family, to, dev: device, metric: family === 6 ? 256 : 0, type: 'unicast', table: 'main'}]
  return {
    ...now,
    routes: [...own, ...here.routes.filter((route) => route.dev !== device || !isConnected(route, here) || isConnected(route, now))],
  }
}

/** Addresses of a machine's bridges whose networks hold pods of other machines, and none of its own. */
export function strayNetworks(facts: Facts, places: readonly Place[], name: string): Omit<Askew, 'length'>[] {
  const node = places.find((each) => each.name === name)?.node
  const pods = places.filter(({kind}) => kind === 'pod')
  return heldAt(facts, places, name)
    .filter(({inner}) => inner && places.some((each) => each.name === name && each.kind === 'node'))
    .filter(({address}) => {
      const network = networkOf(address.address, address.prefixLength) ?? ''
      const near = pods.filter(({addresses}) => addresses.some((each) => contains(network, each)))
      return near.length > 0 && near.every((pod) => pod.node !== node)
    })
}
