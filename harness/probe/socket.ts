// TCP and UDP: the sender's own socket and the receiver's own socket say what each used and saw. Pure.
import type {Family, Probe} from '../model.ts'
import type {Exchange, Results} from './results.ts'
import {type Ends, reversed, type Unobservable} from './rows.ts'

/** IP and TCP headers without options, and the timestamp option that Linux puts into every segment (RFC 7323). */
const SEGMENT_OVERHEAD: Readonly<Record<Family, number>> = {4: 20 + 20 + 12, 6: 40 + 20 + 12}

/** @returns a function that gives the probe of a pair in one size */
export function socketReader(
  results: Results,
  unobservable: Unobservable,
  mtu: number,
): (protocol: 'tcp' | 'udp', exchange: Exchange, ends: Ends) => Probe {
  return (protocol, {pair, number, size}, ends) => {
    const base = {...pair, family: ends.family, protocol, size}
    const blind = unobservable(ends, protocol)
    const result = results.result(number, protocol, size)
    if (!result) return {...base, answered: null, error: blind ?? 'no result', request: {}, reply: {}}
    const {outcome, rtt, sent, by, mss, note} = result
    const [seen] = results.heard(number, protocol, size)
    const answeredAtAll = outcome === 'ok'
    const probe = {
      ...base,
      ...(answeredAtAll && {rtt}),
      request: {...(sent && {sent}), ...(seen && {seen: seen.flow, seenAt: seen.place})},
      // The sender's socket is connected: it takes a reply from nowhere but where it sent to (udp(7), tcp(7)).
      reply: {...(seen && {sent: reversed(seen.flow)}), ...(answeredAtAll && sent && {seen: reversed(sent), seenAt: pair.from})},
    }
    if (!answeredAtAll) return {...probe, answered: blind === undefined ? false : null, error: blind ?? outcome}
    if (by !== pair.to) return {...probe, answered: false, error: `answered by ${by}`}
    const fits = mtu - SEGMENT_OVERHEAD[ends.family]
    if (protocol === 'tcp' && size === 'full' && mss < fits) {
      const because = note === undefined ? '' : ` (${note})`
      return {...probe, answered: false, error: `segments of at most ${mss} bytes, where ${fits} fit the MTU of ${mtu}${because}`}
    }
    return {...probe, answered: true}
  }
}
