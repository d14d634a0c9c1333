// A fault: a change that breaks a lab that works, the change that mends it, and what a diagnosis should name.
import type {Cause, Family, FixCommand, PacketSize, Protocol} from '../model.ts'
import type {Pod, Site, Wired} from './wired.ts'

/** Everything that goes by one cause. */
export interface Fault {
  readonly cause: Cause
  /** The ways in which it can be brought about, the plainest first. */
  readonly variants: readonly Variant[]
}

interface Way {
  /** What is done, in a sentence's words. */
  readonly title: string
}

/** One way to break a lab, at a place of the kind that it is about. */
export type Variant =
  | (Way & {readonly kind: 'pod'; readonly make: (lab: Wired, at: Pod) => Injection})
  | (Way & {readonly kind: 'node'; readonly make: (lab: Wired, at: Site) => Injection})

/** A fault at one place of one lab: what is typed, and what puts everything back as it was. */
export interface Injection {
  readonly inject: readonly FixCommand[]
  readonly heal: readonly FixCommand[]
  readonly expect: Expected
  readonly breaks: Broken
}

/** What a diagnosis should say of it. */
export interface Expected {
  readonly cause: Cause
  /** Other codes that say the same of some of the pairs, seen from their side. */
  readonly alike?: readonly Cause[]
  readonly where: {readonly node: string; readonly netns: string | null; readonly object: RegExp}
}

/** What must be seen to fail. */
export interface Broken {
  /** `reach` unless it is said: a translation need not cost a packet. */
  readonly check?: 'reach' | 'no-nat'
  /** Each is broken, `pod1 -> pod3`; there may be more. */
  readonly pairs: readonly string[]
  /** IPv4 unless it is said. */
  readonly family?: Family
  /** Only this protocol, where others pass. */
  readonly protocol?: Protocol
  /** Only full packets, where small ones pass. */
  readonly size?: PacketSize
}

/** Literal lines on one machine, in order. */
export function on(node: string, ...lines: readonly string[]): FixCommand[] {
  return lines.map((command) => ({where: node, command}))
}

/** Where something of a place is. */
export function spot({node, netns}: Pick<Site, 'node' | 'netns'>, object: RegExp): Expected['where'] {
  return {node, netns: netns ?? null, object}
}

/** A text that may stand anywhere in an object's words. */
export function having(...texts: readonly string[]): RegExp {
  return new RegExp(texts.map((text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('.*'))
}

/** `pod1 -> pod3`, for pairs of places. */
export function pairs(...of: readonly (readonly [{readonly name: string}, {readonly name: string}])[]): string[] {
  return of.map(([from, to]) => `${from.name} -> ${to.name}`)
}

/** A variant at a pod. */
export function atPod(title: string, make: (lab: Wired, at: Pod) => Injection): Variant {
  return {title, kind: 'pod', make}
}

/** A variant at a node. */
export function atNode(title: string, make: (lab: Wired, at: Site) => Injection): Variant {
  return {title, kind: 'node', make}
}
