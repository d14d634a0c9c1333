// Why somebody is not where a packet looks for it: its device is gone, elsewhere, loose, or has another address. Pure.
import {contains, familyOf, networkOf} from '../address.ts'
import type {LinkFacts, NamespaceFacts} from '../facts/facts.ts'
import type {Family, Place} from '../model.ts'
import {type Block, holderLink, holds, isHostEnd, type Port, peerOf, type World} from './segment.ts'

/** What a place lacks that its routes hang on: its device, the device being up, its address. */
export function lostEnd(world: World, place: Place, here: NamespaceFacts, family: Family): Block | undefined {
  const address = place.addresses.find((each) => familyOf(each) === family)
  if (address === undefined || holds(here, address)) {
    const holder = address === undefined ? undefined : holderLink(here, address)
    if (holder && !holder.up && holder.name !== 'lo')
      return {cause: 'interface-down', at: place.name, object: holder.name, evidence: `${holder.name} is down at ${place.name}`}
    return undefined
  }
  const [only] = here.links.filter(({name}) => name !== 'lo')
  if (!only) return missingDevice(world, place)
  if (place.netns === undefined)
    return {cause: 'address-missing', at: place.name, object: address, evidence: `${place.name} does not hold ${address}`}
  return wrongAddress(world, place, only, address)
}

/** A namespace with nothing in it but lo: its end of the cable is gone, or somewhere else. */
function missingDevice(world: World, place: Place): Block {
  for (const [elsewhere, facts] of world.facts) {
    const link = facts?.links.find(({name}) => name === `veth-${place.name}`)
    if (link && elsewhere !== place.name)
      return {cause: 'wrong-namespace', at: elsewhere, object: link.name, evidence: `${link.name} is at ${elsewhere}, not at ${place.name}`}
  }
  return {cause: 'interface-missing', at: place.name, object: `veth-${place.name}`, evidence: `${place.name} has no device but lo`}
}

/** A pod that has a device and not its address. */
function wrongAddress(world: World, place: Place, link: LinkFacts, address: string): Block {
  const gateway = world.facts.get(place.node)
  const [held] = link.addresses.filter((each) => familyOf(each.address) === familyOf(address) && each.scope === 'global')
  if (!held)
    return {
      cause: 'address-missing',
      at: place.name,
      object: link.name,
      evidence: `${link.name} at ${place.name} has no address, and should have ${address}`,
    }
  const near = gateway?.links.some(({addresses}) =>
    addresses.some((own) => networkOf(own.address, own.prefixLength) === networkOf(held.address, own.prefixLength)),
  )
  const cause = near ? 'address-missing' : 'address-outside-subnet'
  return {
    cause,
    at: place.name,
    object: `${held.address}/${held.prefixLength} dev ${link.name}`,
    evidence: `${place.name} holds ${held.address}, not ${address}`,
  }
}

/** The gateway of a pod is an address of its node's bridge: the bridge may be gone, or its address. */
export function bridgeAddressLost(world: World, from: Port, nextHop: string): Block | undefined {
  const place = world.places.find(({name}) => name === from.place)
  if (place?.netns === undefined) return undefined
  const node = world.facts.get(place.node)
  const host = peerOf(world, from)
  if (!node || !host || !isHostEnd(world, host)) return undefined
  const bridge = node.links.find(({name}) => name === host.link.master)
  const bridges = node.links.filter(({kind}) => kind === 'bridge')
  const setting = `net.ipv4.conf.${host.link.name}.proxy_arp`
  // The pods' host ends are routes of their own: nobody holds the gateway, and the node should answer for it.
  if (!bridge && node.routes.some(({dev, to}) => dev === host.link.name && place.addresses.some((address) => contains(to, address))))
    return {
      cause: 'proxy-arp-missing',
      at: place.node,
      object: setting,
      evidence: `${host.link.name} at ${place.node} does not answer for ${nextHop}, which nobody holds`,
    }
  if (!bridge && bridges.length === 0)
    return {
      cause: 'bridge-missing',
      at: place.node,
      object: host.link.name,
      evidence: `${place.node} has no bridge, and ${host.link.name} is on none`,
    }
  if (!bridge)
    return {
      cause: 'port-not-enslaved',
      at: place.node,
      object: host.link.name,
      evidence: `${host.link.name} at ${place.node} is on no bridge`,
    }
  return {
    cause: 'address-missing',
    at: place.node,
    object: bridge.name,
    evidence: `${bridge.name} at ${place.node} does not hold ${nextHop}`,
  }
}

/** A veth pair whose host end is on no bridge, or on another one than the packet comes from. */
export function looseEnd(world: World, end: Port, from: Port): Block | undefined {
  const pod = isHostEnd(world, from) || world.places.find(({name}) => name === from.place)?.netns !== undefined ? [from, end] : [end, from]
  for (const port of pod) {
    const host = peerOf(world, port)
    if (!host || !isHostEnd(world, host)) continue
    if (!host.link.up)
      return {cause: 'peer-down', at: host.place, object: host.link.name, evidence: `${host.link.name} is down at ${host.place}`}
    // Where pods are routed to, each by its own cable, none of these is meant to be on a bridge.
    if (host.link.master === undefined && world.facts.get(host.place)?.routes.some(({dev}) => dev === host.link.name)) continue
    if (host.link.master === undefined)
      return {
        cause: 'port-not-enslaved',
        at: host.place,
        object: host.link.name,
        evidence: `${host.link.name} at ${host.place} is on no bridge`,
      }
    const bridges = world.facts.get(host.place)?.links.filter(({kind}) => kind === 'bridge') ?? []
    const numbered = ({addresses}: LinkFacts) => addresses.some(({scope}) => scope === 'global')
    const bridge = bridges.find(({name}) => name === host.link.master)
    // Where no bridge has an address none is the pods' gateway.
    if (bridge && !numbered(bridge) && bridges.some(numbered))
      return {
        cause: 'port-not-enslaved',
        at: host.place,
        object: host.link.name,
        evidence: `${host.link.name} at ${host.place} is on ${bridge.name}, which is not the bridge of the pods`,
      }
  }
  return undefined
}
