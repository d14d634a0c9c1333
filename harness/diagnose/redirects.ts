// Routers tell senders of a nearer gateway when they send on by the device that a packet came in by (RFC 1122 3.2.2.2), and
// senders remember it for minutes: what a wrong route has told them has to be forgotten with it. Pure.
import {familyOf} from '../address.ts'
import type {Facts} from '../facts/facts.ts'
import type {FixCommand, Place} from '../model.ts'
import type {Trace} from '../trace/path.ts'
import {holderLink} from '../trace/segment.ts'

/** @param ways the predicted paths of what the route has led astray */
export function redirectsForgotten(ways: readonly Trace[], facts: Facts, places: readonly Place[]): FixCommand[] {
  const lines = ways.flatMap((way): FixCommand[] => {
    const place = places.find(({name}) => name === way.hops[0]?.place)
    if (!place || !isRedirected(way, facts)) return []
    const six = familyOf(way.hops[0]?.nextHop ?? '') === 6 ? '-6 ' : ''
    return [{where: place.node, command: `ip ${place.netns === undefined ? '' : `-n ${place.netns} `}${six}route flush cache`}]
  })
  return [...new Map(lines.map((line) => [`${line.where} ${line.command}`, line])).values()]
}

/** The sender's own gateway sends it on by the device that it came in by. */
function isRedirected({hops: [first, second]}: Trace, facts: Facts): boolean {
  const came = holderLink(facts.get(second?.place ?? ''), first?.nextHop ?? '')
  return came !== undefined && came.name === second?.dev
}
