// Whether a change in a drawn network has to do with an exchange: the ports of its ends, what a router is told of their addresses, and
// the ports of the switches that they are on. What the switches would say without it nobody knows, so more is not known either. Pure.
import {contains, sameHost} from '../address.ts'
import type {DrawnFacts} from '../facts/drawing.ts'
import type {Probe} from '../model.ts'
import type {Difference} from './differences/change.ts'
import type {World} from './prediction.ts'

type Ends = Pick<Probe, 'from' | 'to'>

/** True for whatever is none. */
export function concerns({facts, places}: World, {from, to}: Ends, {kind, place, drawn = [], logical}: Difference): boolean {
  // A port of the drawn network is at the machine of whoever is behind it.
  if (logical !== undefined) return places.some(({name, node}) => node === place && (name === from || name === to))
  if (kind !== 'drawn') return true
  const links = [from, to].flatMap((name) => facts.get(name)?.links ?? [])
  const declared = places.filter(({name}) => name === from || name === to).flatMap(({addresses}) => addresses)
  const addresses = [...declared, ...links.flatMap((link) => link.addresses.map(({address}) => address))]
  const isEnds = (each: DrawnFacts) =>
    words(each).some((word) => links.some(({mac}) => mac === word) || addresses.some((own) => leadsTo(word, own)))
  if (drawn.some(isEnds)) return true
  const switches = new Set([...(facts.get(place)?.drawn ?? []), ...drawn].filter(isEnds).map(switchOf))
  // A port with no host's address is everybody's on its switch: to a router, to what is outside.
  return drawn.some((each) => !words(each).some((word) => MAC.test(word)) && switches.has(switchOf(each)))
}

const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/

function words({object, settings}: DrawnFacts): string[] {
  return `${object} ${settings}`.split(/[\s']+/)
}

/** An address, or the prefix of a route. */
function leadsTo(word: string, address: string): boolean {
  return word.includes('/') ? contains(word, address) : sameHost(word, address)
}

function switchOf({object}: DrawnFacts): string {
  return object.split(' ')[0] ?? object
}
