// Where packets are caught: the devices of a place, or of every place on a path. Pure.
import type {BothWays} from '../both-ways.ts'
import type {Facts, LinkFacts, NamespaceFacts} from '../facts/facts.ts'
import type {Place} from '../model.ts'
import {everyHop} from '../trace/path.ts'

/** A device at a place. tcpdump runs in the place's network namespace, on its machine. */
export interface Tap {
  readonly place: string
  readonly node: string
  readonly netns: string | undefined
  readonly device: string
}

/** Where taps are set, and what had to be left out, in words. */
export interface Taps {
  readonly taps: readonly Tap[]
  readonly left: readonly string[]
}

type Spot = Pick<Tap, 'place' | 'node' | 'netns'>

/** Every device of one place. */
export function tapsAt(spot: Spot, facts: Facts): Taps {
  return tapsOn(spot, facts.get(spot.place), () => true)
}

/** The places that the request and its reply pass, as far as they get, and the one that was meant. */
export function tapsAlong({from, to, forward, back}: BothWays, facts: Facts, places: readonly Place[]): Taps {
  // A way that ends at a device that is down ends at a place that it did not get to.
  const ways = back ? [forward, back] : [forward]
  const names = new Set([from, ...ways.flatMap((way) => [...everyHop(way).map(({place}) => place), way.at]), to])
  const on = places.filter(({name}) => names.has(name))
  const order = [...names]
  const found = on
    .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
    .map((place) => {
      const here = facts.get(place.name)
      // A machine's loopback is on no path; of its cables to pods, those to other pods are not.
      const others = places.filter(({node, netns, name}) => node === place.name && netns !== undefined && !names.has(name))
      const aside = new Set(others.map(({netns}) => netns))
      return tapsOn({...place, place: place.name}, here, (link) => link.name !== 'lo' && !leadsTo(link, here, aside))
    })
  return {taps: found.flatMap(({taps}) => taps), left: found.flatMap(({left}) => left)}
}

function leadsTo({peer}: LinkFacts, here: NamespaceFacts | undefined, namespaces: ReadonlySet<string | undefined>): boolean {
  return peer?.netnsId !== undefined && namespaces.has(here?.netnsNames.get(peer.netnsId))
}

function tapsOn(spot: Spot, here: NamespaceFacts | undefined, wanted: (link: LinkFacts) => boolean): Taps {
  const {place, node, netns} = spot
  if (!here) return {taps: [], left: [`${place} could not be asked for its devices`]}
  const links = here.links.filter(wanted)
  const taps = links.filter(({up}) => up).map(({name}): Tap => ({place, node, netns, device: name}))
  return {taps, left: links.filter(({up, name}) => !up && name !== 'lo').map(({name}) => `${place}/${name} is down`)}
}

/** As Wireshark shows it. */
export function tapName({place, device}: Tap): string {
  return `${place}/${device}`
}
