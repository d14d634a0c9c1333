// Translation as its receivers saw it: an address or port that arrived is other than the one that was sent.
import {sameHost} from '../address.ts'
import type {Cause, Probe} from '../model.ts'

/** Which end of an exchange was translated, by what its receivers saw; undefined when nothing was. */
export function translationOf({request, reply}: Probe): Cause | undefined {
  for (const {sent, seen} of [request, reply]) {
    if (!sent || !seen) continue
    if (!sameHost(sent.source, seen.source) || sent.sourcePort !== seen.sourcePort) return 'source-nat'
    if (!sameHost(sent.destination, seen.destination) || sent.destinationPort !== seen.destinationPort) return 'destination-nat'
  }
  return undefined
}
