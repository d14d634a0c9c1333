// What the agents said of each exchange, found again by the number of its pair. Pure.
import type {PacketSize, Pair, Passage, Protocol} from '../model.ts'
import {fieldsOf, flowOf, type Row} from './rows.ts'

/** An exchange as the one who asked saw it. */
export interface Result {
  /** `ok`, or why not. */
  readonly outcome: string
  readonly rtt: number
  /** The place whose listener answered, as it says itself; undefined for ICMP, which the kernel answers. */
  readonly by: string | undefined
  /** For TCP: the largest segment that either end takes. */
  readonly mss: number
  /** An ICMP error that came back and did not end the exchange. */
  readonly note: string | undefined
  /** The request as it was sent. */
  readonly sent: Passage['sent']
}

/** A packet as a place saw it. */
export interface Sighting {
  readonly place: string
  readonly flow: NonNullable<Passage['seen']>
  readonly ttl: number | undefined
}

export interface Results {
  result(pair: number, protocol: Protocol, size: PacketSize): Result | undefined
  /** Where the request arrived, the first one first. */
  heard(pair: number, protocol: Protocol, size: PacketSize): readonly Sighting[]
  /** Where a reply to an ICMP request arrived. */
  echoed(pair: number, size: PacketSize): readonly Sighting[]
  /** Places where ICMP messages came faster than they were read: what is not in the rows may have been there. */
  readonly overrun: ReadonlySet<string>
}

/** @param port of the destination, where it is not the ICMP identifier */
export function resultsIn(rows: readonly Row[], port: number): Results {
  const results = new Map(
    fieldsOf(rows, 'result').map(([pair, protocol, size, outcome = '', rtt, source = '-', from = '0', to = '-', by, mss, note]) => [
      `${pair} ${protocol} ${size}`,
      {
        outcome,
        rtt: Number(rtt),
        by: known(by),
        mss: Number(mss),
        note: known(note),
        sent: flowOf([source, from, to, protocol === 'icmp' ? from : String(port)]),
      },
    ]),
  )
  const heard = Map.groupBy(
    fieldsOf(rows, 'heard').flatMap(([place, protocol, pair, size, ...seen]) => sighting(`${pair} ${protocol} ${size}`, place, seen)),
    ({key}) => key,
  )
  const echoed = Map.groupBy(
    fieldsOf(rows, 'echoed').flatMap(([place, pair, size, ...seen]) => sighting(`${pair} ${size}`, place, seen)),
    ({key}) => key,
  )
  return {
    result: (pair, protocol, size) => results.get(`${pair} ${protocol} ${size}`),
    heard: (pair, protocol, size) => heard.get(`${pair} ${protocol} ${size}`) ?? [],
    echoed: (pair, size) => echoed.get(`${pair} ${size}`) ?? [],
    overrun: new Set(fieldsOf(rows, 'overrun').map(([place = '']) => place)),
  }
}

function sighting(key: string, place: string | undefined, seen: readonly string[]): (Sighting & {key: string})[] {
  const flow = flowOf(seen)
  const ttl = known(seen[4])
  return place === undefined || !flow ? [] : [{key, place, flow, ttl: ttl === undefined ? undefined : Number(ttl)}]
}

function known(field: string | undefined): string | undefined {
  return field === '-' || field === '' ? undefined : field
}

/** A pair with its place in the list and the packet that was asked for. */
export interface Exchange {
  readonly pair: Pair
  readonly number: number
  readonly size: PacketSize
}
