// The way of a packet as the trace tells it: what is sent, the places that it passes, who the next hop is taken for at each, the
// tunnels that carry it, and how it ended.
import type {Cause, Protocol} from '../model.ts'
import type {Translation} from './nftables.ts'
import type {Question, SwitchPassage} from './switches.ts'
import type {Block} from './world.ts'

/** What is sent. Everything but the addresses has a default: a small echo request. */
export interface Journey {
  readonly protocol?: Protocol
  readonly reply?: boolean
  /** A later packet of a flow whose first one was answered. */
  readonly established?: boolean
  /** Bytes, with the IP header; Don't Fragment is set, except for the kernel's own replies to an echo request. */
  readonly length?: number
  readonly source?: string | undefined
  readonly sourcePort?: number
  readonly destinationPort?: number
  /** Which next hop is taken where a route has several, from 0. */
  readonly branch?: number
}

/** One place that a packet passes, and what it is handed to there. */
export interface Hop {
  readonly place: string
  /** The route taken, as ip-route(8) writes it; absent where the packet has arrived. */
  readonly route?: string
  /** The rule that led to that route, where it is not one of the kernel's own. */
  readonly rule?: string
  readonly dev?: string
  readonly nextHop?: string
  /** Who the next hop is taken for; absent where the packet got no further than the device. */
  readonly neighbour?: Neighbour
  /** The tunnels that carry it from here to the next place, without being routed between them. */
  readonly tunnels?: readonly Carriage[]
  /** What a flow switch of the place does with it: `br-int: veth-pod1 -> eth0, routed (ttl 63)`. */
  readonly flow?: string
  /** The devices to the first of the flow switches that it is handed to from here, and on from each. */
  readonly switched?: readonly SwitchPassage[]
}

/** The next hop's MAC address: by an entry (ip-neighbour(8)), or by asking. */
export interface Neighbour {
  readonly address: string
  /** Absent where nobody answers. */
  readonly mac?: string
  /** The entry's own: REACHABLE, PERMANENT ...; absent where there is none, or none with a MAC address: it is asked for. */
  readonly state?: string
}

/** What a tunnel does to a frame: it puts it into UDP packets to the machine of its other end. */
export interface Carriage {
  readonly from: {readonly place: string; readonly dev: string}
  readonly to: {readonly place: string; readonly dev: string}
  /** The address that the UDP packets are sent to. */
  readonly destination: string
  /** Why to that one: the entry of the forwarding database, as bridge(8) writes it, or the device's own remote. */
  readonly entry?: string
  /** Their way. */
  readonly outer: Trace
}

/** How a path ended: `delivered` at a place that holds the address, or stopped by a cause. `unknown` when facts are missing. */
export interface Disposition {
  readonly ended: 'delivered' | Cause
  readonly at: string
  /** The device, route, rule or setting at which it ended, in the kernel's words; empty where there is none. */
  readonly object: string
  /** What was seen there, in a sentence. */
  readonly evidence: string
}

export interface Trace extends Disposition {
  readonly hops: readonly Hop[]
  /** The source that it left with, where one could be told. */
  readonly source?: string
  /** What filters made of its addresses on the way. */
  readonly translated: readonly (Translation & {readonly at: string})[]
  /** What might have stopped it and cannot be judged from facts. */
  readonly doubts: readonly Block[]
  /** The time to live that it has left where it ended, of 64. */
  readonly ttl: number
  /** What a switch on the way has to be asked before more can be told. */
  readonly questions: readonly Question[]
}

/** All hops in their order, those within tunnels after the one that hands it to them. */
export function everyHop({hops}: Pick<Trace, 'hops'>): Hop[] {
  return hops.flatMap((hop) => [hop, ...(hop.tunnels ?? []).flatMap(({outer}) => everyHop(outer))])
}
