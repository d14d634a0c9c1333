// TCP and UDP: the sender's own socket and the receiver's own socket say what each used and saw. Pure.
import type {FlowTuple, PacketSize, Place, Probe} from '../model.ts'
import {fieldsOf, PROBE_PORT, type Row, type Unobservable} from './rows.ts'

/** IP and TCP headers without options, and the timestamp option that Linux puts into every segment (RFC 7323). */
const SEGMENT_OVERHEAD = 20 + 20 + 12

/** @returns a function that gives the probe of a pair in one size */
export function socketReader(
  rows: readonly Row[],
  unobservable: Unobservable,
  mtu: number,
): (protocol: 'tcp' | 'udp', from: Place, to: Place, size: PacketSize) => Probe {
  // heard: heard-at protocol from to size seen-address seen-port local-address local-port
  const heardBy = new Map(fieldsOf(rows, 'heard').map((fields) => [fields.slice(1, 5).join(' '), fields]))
  // tcp, udp: from to size outcome rtt used-address used-port answered-by mss
  const results = new Map(
    rows.filter(({kind}) => kind === 'tcp' || kind === 'udp').map(({kind, fields}) => [[kind, ...fields.slice(0, 3)].join(' '), fields]),
  )

  return (protocol, from, to, size) => {
    const base = {from: from.name, to: to.name, address: to.address, family: 4 as const, protocol, size}
    const key = [protocol, from.name, to.name, size].join(' ')
    const blind = unobservable(from, to, protocol)
    const result = results.get(key)
    if (!result) return {...base, answered: null, error: blind ?? 'no result', request: {}, reply: {}}
    const [, , , outcome = '', rtt, usedAddress = '-', usedPort, by, mss] = result
    const [at = '', , , , , seenAddress = '', seenPort, localAddress = '', localPort] = heardBy.get(key) ?? []
    const seen: FlowTuple | undefined =
      at === ''
        ? undefined
        : {source: seenAddress, sourcePort: Number(seenPort), destination: localAddress, destinationPort: Number(localPort)}
    const sent: FlowTuple | undefined =
      usedAddress === '-'
        ? undefined
        : {source: usedAddress, sourcePort: Number(usedPort), destination: to.address, destinationPort: PROBE_PORT}
    const answeredAtAll = outcome === 'ok'
    const evidence = {
      ...base,
      ...(answeredAtAll && {rtt: Number(rtt)}),
      request: {...(sent && {sent}), ...(seen && {seen, seenAt: at})},
      // The sender's socket is connected: it takes a reply from nowhere but where it sent to (udp(7), tcp(7)).
      reply: {...(seen && {sent: reversed(seen)}), ...(answeredAtAll && sent && {seen: reversed(sent), seenAt: from.name})},
    }
    if (!answeredAtAll) return {...evidence, answered: blind === undefined ? false : null, error: blind ?? outcome}
    if (by !== to.name) return {...evidence, answered: false, error: `answered by ${by}`}
    if (protocol === 'tcp' && size === 'full' && Number(mss) < mtu - SEGMENT_OVERHEAD) {
      return {
        ...evidence,
        answered: false,
        error: `segments of at most ${mss} bytes, where ${mtu - SEGMENT_OVERHEAD} fit the MTU of ${mtu}`,
      }
    }
    return {...evidence, answered: true}
  }
}

function reversed(flow: FlowTuple): FlowTuple {
  return {source: flow.destination, sourcePort: flow.destinationPort, destination: flow.source, destinationPort: flow.sourcePort}
}
