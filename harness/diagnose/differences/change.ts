// What each family of differences is given, and what it gives. Pure.
import type {DrawnFacts} from '../../facts/drawing.ts'
import type {Facts, NamespaceFacts, RouteFacts, RuleFacts, SessionFacts} from '../../facts/facts.ts'
import type {Rule} from '../../facts/ruleset.ts'
import type {Cause, Place} from '../../model.ts'

/** Something of one place that changed. */
export interface Difference {
  readonly place: string
  readonly kind:
    | ('namespace' | 'link' | 'address' | 'route' | 'rule' | 'neighbour' | 'fdb' | 'filter' | 'setting' | 'traffic-control')
    | ('program' | 'policy' | 'drawn' | 'switch' | 'daemon')
  /** What it is a fault by, when it is one. */
  readonly cause: Cause
  /** In the kernel's own words. */
  readonly object: string
  readonly device?: string
  /** A route as it was, and as it is now: of one that is gone, and of a new one, there is but one of them. */
  readonly route?: {readonly was?: RouteFacts; readonly is?: RouteFacts}
  /** A rule that is there now. */
  readonly rule?: RuleFacts
  /** An address that is there now and was not. */
  readonly address?: string
  /** The addresses that a map's entry is for, in CIDR notation, where it is for addresses. */
  readonly network?: string
  /** Where a device is that was here. */
  readonly elsewhere?: string
  /** A BGP session that is gone, by its ends' addresses, and with it this route. */
  readonly session?: SessionFacts
  /** A route that a daemon took back though it runs: where it is not told any more. */
  readonly withheld?: string
  /** What a process made and took along: no line brings it back. */
  readonly process?: true
  /** What is drawn otherwise: as it was, and as it is where it is there. */
  readonly drawn?: readonly DrawnFacts[]
  /** The port of a drawn network that a device was. */
  readonly logical?: string
  /** A neighbour entry that is gone: it goes with its device. */
  readonly lost?: true
  /** A device, or a namespace, is not there any more. */
  readonly missing?: true
  /** Devices at other places that went with it, and took their routes along. */
  readonly took?: readonly {readonly place: string; readonly device: string}[]
  readonly evidence: string
  /** It keeps back what routers say of packets that are too large (RFC 1191). */
  readonly silences?: true
  /** A table that is new and has several purposes, a change each; the line that removes it once all are undone. */
  readonly table?: {readonly node: string; readonly purposes: number; readonly remove: string}
  /** Typed at the place's machine, in order; empty where only the recipe's own lines bring it back. */
  readonly undo: readonly string[]
  /** The facts without the change and what went with it. */
  readonly revert: (now: Facts) => Facts
}

/** A difference inside of one namespace. */
export type Change = Omit<Difference, 'place' | 'revert'> & {readonly revert: (now: NamespaceFacts) => NamespaceFacts}

/** One place before and now. */
export interface Scene {
  readonly was: NamespaceFacts
  readonly is: NamespaceFacts
  readonly place: Place
  readonly places: readonly Place[]
  /** `-n NETNS ` for ip, where the place is a pod. */
  readonly inside: string
  /** `ip netns exec NETNS ` for the other tools, where the place is a pod. */
  readonly run: string
  /** Of every device in the lab but bridges. */
  readonly macs: readonly string[]
  /** Somebody has them in an entry that nobody learns anew. */
  readonly fixedMacs: ReadonlySet<string>
  /** New rules that are no part of what is wrong. */
  readonly idleRules: ReadonlySet<Rule>
  /** Its machine has flow switches: who has which MAC address is told them. */
  readonly drawn: boolean
  /** Another place has this address. */
  readonly heldElsewhere: (address: string) => boolean
}
