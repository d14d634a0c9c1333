// The nouns of a comparison: what is measured of a network, and why something is not. Nothing here is guessed: a figure that was
// not measured is null, with its reason.

/** What was measured; null where it was not, and why not in `unknown`. */
export type Measured<T> = {readonly value: T; readonly unknown: null} | {readonly value: null; readonly unknown: string}

/** Repeated measures of one thing. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
  readonly samples: number
}

/** What the network does, what the plain recipe did in the same minute, and the one by the other, round for round. */
export interface Beside {
  readonly network: Spread
  readonly plain: Spread
  readonly ratio: Spread
}

export interface Hops {
  /** Time to live that the receiver saw (RFC 791); it was sent with 64. */
  readonly ttl: number
  readonly routers: number
}

export interface Overhead {
  /** Bytes that a frame on the wire has more than the frame that the pod sent. */
  readonly bytes: number
  /** Where it was captured: `node1/eth0`. */
  readonly at: string
  /** Bytes of the frames on the wire, and of the pod's, with their Ethernet headers. */
  readonly frame: number
  readonly sent: number
}

export interface Memory {
  /** Bytes of all daemons on all machines, pages that several processes share counted once (proc_pid_smaps(5), Pss). */
  readonly bytes: number
  readonly machines: Readonly<Record<string, {readonly bytes: number; readonly processes: number}>>
}

/** Tables that a packet is looked up in outside of the pods, on all machines of a lab together. */
export const STATE_KINDS = ['routes', 'neighbours', 'fdb', 'flows', 'maps'] as const
export type StateKind = (typeof STATE_KINDS)[number]
export type State = Readonly<Record<StateKind, number>>

export interface Growth {
  /** How many pods there were at the two counts. */
  readonly pods: readonly [few: number, many: number]
  /** `each` is what one pod more brings. */
  readonly state: Readonly<Record<StateKind, {readonly few: number; readonly many: number; readonly each: number}>>
}

/** How long after a stage's last line those of its claims that tell of it, and take a time, were all seen to hold. */
export interface Settled {
  readonly stage: number
  readonly title: string
  readonly milliseconds: number
  readonly claims: readonly {readonly claim: string; readonly milliseconds: number; readonly looks: number}[]
}

/** It held when it was first looked at, and may have before. */
export function isAtMost({claims}: Settled): boolean {
  return claims.every(({looks}) => looks === 1)
}

export interface Convergence {
  readonly failure: Settled
  readonly mending: Settled
}

/** All that is measured of one network, in the order in which it is told. */
export interface Measures {
  /** Milliseconds from the first line to the first answered ping. */
  readonly firstPing: Measured<Spread>
  readonly hops: Measured<Hops>
  /** Bytes of the largest packet that is carried whole, either way. */
  readonly mtu: Measured<number>
  readonly overhead: Measured<Overhead>
  /** TCP, Gbit/s. */
  readonly throughput: Measured<Beside>
  /** Seconds for a Gbit of that. */
  readonly processor: Measured<Beside>
  /** Round trip in milliseconds. */
  readonly latency: Measured<Beside>
  readonly memory: Measured<Memory>
  readonly growth: Measured<Growth>
  readonly convergence: Measured<Convergence>
}

export const MEASURE_NAMES: readonly (keyof Measures)[] = [
  'firstPing',
  'hops',
  'mtu',
  'overhead',
  'throughput',
  'processor',
  'latency',
  'memory',
  'growth',
  'convergence',
]

/** A network, and what was measured of it. */
export interface Compared {
  readonly name: string
  readonly title: string
  readonly solution: string | null
  /** Between whom it was measured: pods on different nodes. */
  readonly pair: readonly [from: string, to: string] | null
  /** Why nothing or no more was measured of it: a tool that is missing, a line that was refused. */
  readonly problem: {readonly kind: 'skipped' | 'failed' | 'interrupted'; readonly why: string} | null
  readonly measures: Partial<Measures>
}

export function measured<T>(value: T): Measured<T> {
  return {value, unknown: null}
}

export function unknown(why: string): Measured<never> {
  return {value: null, unknown: why}
}
