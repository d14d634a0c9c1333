// All faults by cause, and the causes that cannot be brought about here, each with the reason.
import type {Cause} from '../model.ts'
import {ADDRESS_FAULTS} from './addresses.ts'
import {BRIDGE_FAULTS} from './bridges.ts'
import {CONTROL_FAULTS} from './control.ts'
import {DETOUR_FAULTS} from './detours.ts'
import {END_FAULTS} from './ends.ts'
import type {Fault, Injection, Variant} from './fault.ts'
import {FILTER_FAULTS} from './filters.ts'
import {LINK_FAULTS} from './links.ts'
import {NEIGHBOUR_FAULTS} from './neighbours.ts'
import {POLICY_FAULTS} from './policy.ts'
import {ROUTE_FAULTS} from './routes.ts'
import {SIZE_FAULTS} from './sizes.ts'
import {SWITCH_FAULTS} from './switches.ts'
import {TRANSLATION_FAULTS} from './translation.ts'
import {TUNNEL_FAULTS} from './tunnels.ts'
import {Unfit, type Wired} from './wired.ts'

export const FAULTS: readonly Fault[] = [
  ...LINK_FAULTS,
  ...BRIDGE_FAULTS,
  ...ADDRESS_FAULTS,
  ...NEIGHBOUR_FAULTS,
  ...ROUTE_FAULTS,
  ...DETOUR_FAULTS,
  ...POLICY_FAULTS,
  ...SWITCH_FAULTS,
  ...FILTER_FAULTS,
  ...TRANSLATION_FAULTS,
  ...SIZE_FAULTS,
  ...END_FAULTS,
  ...TUNNEL_FAULTS,
  ...CONTROL_FAULTS,
]

/** Why a cause has no fault. */
export const ABSENT: Readonly<Partial<Record<Cause, string>>> = {
  'node-down': 'a node is the affair of its driver: a line on it cannot end it and start it again',
  'hairpin-off': 'nothing in the scenarios has to leave by the port of the bridge that it came in on',
  'neighbour-table-full': "the limit is the machine's own, one for all labs (arp(7), gc_thresh3)",
  'conntrack-full': "nf_conntrack_max is the machine's own, one for all labs, and read-only in theirs",
  'xdp-drop': 'a program has to be compiled first, and nothing here can',
  'bad-checksum': 'veth pairs hand packets over with their checksums still to be made, so no wrong one is ever looked at',
  'no-listener': 'probes bring their own listeners, and no scenario keeps a service of its own running',
  unknown: 'it is what a diagnosis says when none of the causes fits',
}

export function faultOf(cause: string): Fault | undefined {
  return FAULTS.find((fault) => fault.cause === cause)
}

/** A variant at a place; why it cannot be, where it cannot. */
export function injectionAt(variant: Variant, lab: Wired, place: string): Injection | Unfit {
  try {
    if (variant.kind === 'pod') {
      const pod = lab.pods.find(({name}) => name === place)
      return pod ? variant.make(lab, pod) : new Unfit(`${place} is no pod on a bridge`)
    }
    const node = lab.nodes.find(({name}) => name === place)
    return node ? variant.make(lab, node) : new Unfit(`${place} is no node`)
  } catch (error) {
    if (error instanceof Unfit) return error
    throw error
  }
}

/** The first place that a variant fits. */
export function firstPlace(variant: Variant, lab: Wired): string | undefined {
  const places = variant.kind === 'pod' ? lab.pods : lab.nodes
  return places.map(({name}) => name).find((name) => !(injectionAt(variant, lab, name) instanceof Unfit))
}
