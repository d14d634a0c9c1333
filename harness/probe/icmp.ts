// ICMP: the raw sockets of sender and receiver say what each saw; who saw the request is who answered it. Pure.
import type {Probe} from '../model.ts'
import type {Exchange, Results} from './results.ts'
import {type Ends, reversed, type Unobservable} from './rows.ts'

/** @returns a function that gives the probe of a pair in one size */
export function icmpReader(results: Results, unobservable: Unobservable): (exchange: Exchange, ends: Ends) => Probe {
  return ({pair, number, size}, ends) => {
    const base = {...pair, family: ends.family, protocol: 'icmp' as const, size}
    const blind = unobservable(ends, 'icmp')
    const result = results.result(number, 'icmp', size)
    if (!result) return {...base, answered: null, error: blind ?? 'no result', request: {}, reply: {}}
    const {outcome, rtt, sent} = result
    const [seen] = results.heard(number, 'icmp', size)
    const echoes = results.echoed(number, size)
    const back = echoes.find(({place}) => place === pair.from) ?? echoes[0]
    const probe = {
      ...base,
      ...(outcome === 'ok' && {rtt}),
      ...(seen?.ttl !== undefined && {ttl: seen.ttl}),
      request: {...(sent && {sent}), ...(seen && {seen: seen.flow, seenAt: seen.place})},
      // The kernel answers from where it was asked to where that came from (icmp_reply). That it did so, the reply says.
      reply: {...(seen && back && {sent: reversed(seen.flow)}), ...(back && {seen: back.flow, seenAt: back.place})},
    }
    if (outcome !== 'ok') return {...probe, answered: blind === undefined ? false : null, error: blind ?? outcome}
    if (seen) return seen.place === pair.to ? {...probe, answered: true} : {...probe, answered: false, error: `answered by ${seen.place}`}
    // A reply alone does not say who gave it: a namespace that was deleted a moment ago still answers.
    if (blind !== undefined) return {...probe, answered: null, error: blind}
    const [deafened] = ends.to ? [ends.to.name].filter((name) => results.overrun.has(name)) : results.overrun
    if (deafened !== undefined) return {...probe, answered: null, error: `${deafened} could not take in all that it heard`}
    return {
      ...probe,
      answered: false,
      error: ends.to ? `answered, but ${pair.to} saw no request` : 'answered, but no place saw the request',
    }
  }
}
