// Devices of a tunnel (VXLAN, ip-link(8)) with another identifier, UDP port or other end than they had. None of these can be set on
// a device that is there: it has been made anew, and what else is other about it went with that. Pure.
import type {LinkFacts, NamespaceFacts, VxlanFacts} from '../../facts/facts.ts'
import type {Cause} from '../../model.ts'
import type {Change, Scene} from './change.ts'
import {madeAnew} from './restoring.ts'

/** @returns undefined for a device that is the tunnel it was, or none */
export function tunnelChange({was, is, place, places}: Scene, old: LinkFacts, link: LinkFacts): Change | undefined {
  const found = old.vxlan && link.vxlan && otherwise(old.name, old.vxlan, link.vxlan)
  if (!found) return undefined
  const before = new Map([[place.name, was]])
  const lost = {place, link: old, before, now: new Map([[place.name, is]]), places}
  return {
    kind: 'link',
    ...found,
    object: old.name,
    device: old.name,
    undo: [`ip ${place.netns === undefined ? '' : `-n ${place.netns} `}link del ${old.name}`, ...madeAnew(lost)],
    revert: (now) => asBefore(now, was, old),
  }
}

function otherwise(name: string, old: VxlanFacts, now: VxlanFacts): {cause: Cause; evidence: string} | undefined {
  if (old.external !== now.external)
    return {cause: 'vni-mismatch', evidence: old.external ? `${name} had no VNI of its own` : `${name} had VNI ${old.id}`}
  if (old.id !== now.id) return {cause: 'vni-mismatch', evidence: `${name} had VNI ${old.id}, and has ${now.id}`}
  if (old.port !== now.port) return {cause: 'tunnel-port-mismatch', evidence: `${name} had UDP port ${old.port}, and has ${now.port}`}
  if (old.remote !== now.remote)
    return {
      cause: 'vtep-fdb-wrong',
      evidence: `${name} led to ${old.remote ?? 'nowhere by itself'}, and leads to ${now.remote ?? 'nowhere'}`,
    }
  return undefined
}

/** The device, and the entries that went with it. What others know of its place is theirs. */
function asBefore(now: NamespaceFacts, was: NamespaceFacts, old: LinkFacts): NamespaceFacts {
  const others = ({dev}: {readonly dev: string}) => dev !== old.name
  const own = ({dev}: {readonly dev: string}) => dev === old.name
  return {
    ...now,
    links: now.links.map((each) => (each.name === old.name ? {...old, addresses: each.addresses} : each)),
    fdb: [...now.fdb.filter(others), ...was.fdb.filter(own)],
    neighbours: [...now.neighbours.filter(others), ...was.neighbours.filter(own)],
  }
}
