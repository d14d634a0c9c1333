// The claim that every place has an address of its own: no two hold the same one, and each holds the one it was declared with.

import {sameHost} from '../address.ts'
import type {Interfaces} from '../facts/interfaces.ts'
import type {PairVerdict, Place} from '../model.ts'

/** One verdict for each unordered pair of places; a place that lacks its own address fails every pair that it is in. */
export function uniqueAddressVerdicts(places: readonly Place[], interfaces: Interfaces): PairVerdict[] {
  const held = new Map(
    places.map(({name}) => [name, interfaces.get(name)?.flatMap(({addresses}) => addresses.map(({address}) => address))]),
  )
  const pairs: PairVerdict[] = []
  for (const [index, a] of places.entries()) {
    for (const b of places.slice(index + 1)) pairs.push(compare(a, b, held))
  }
  return pairs
}

function compare(a: Place, b: Place, held: ReadonlyMap<string, readonly string[] | undefined>): PairVerdict {
  const pair = {from: a.name, to: b.name}
  const unread = [a, b].filter(({name}) => held.get(name) === undefined)
  if (unread.length > 0) return {...pair, verdict: 'unknown', evidence: unread.map(({name}) => `${name}: its addresses could not be read`)}
  const [ofA = [], ofB = []] = [held.get(a.name), held.get(b.name)]
  const evidence = ofA
    .filter((address) => ofB.some((other) => sameHost(address, other)))
    .map((address) => `${a.name} and ${b.name} both hold ${address}`)
  for (const place of [a, b]) {
    const own = held.get(place.name) ?? []
    for (const address of place.addresses)
      if (!own.some((held) => sameHost(held, address)))
        evidence.push(`${place.name} holds ${own.join(', ') || 'no address'}, not ${address}`)
  }
  return {...pair, verdict: evidence.length > 0 ? 'fail' : 'pass', evidence}
}
