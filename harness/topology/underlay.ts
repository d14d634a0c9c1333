// Which network the machines are on, by the addresses that they have there. Pure.
import {familyOf, isUnicast, networkOf} from '../address.ts'
import type {LinkFacts} from '../facts/facts.ts'
import {switchOf} from '../facts/switches.ts'
import {isUnderlay, type Port, type World} from '../trace/segment.ts'

/**
 * @param declared told where no machine has an address of its family there
 * @returns in CIDR notation; several with a comma between them
 */
export function underlayOf(world: World, ports: readonly Port[], declared: string): string {
  const family = familyOf(declared.split('/')[0] ?? '') ?? 4
  const held = ports
    .filter((port) => isUnderlay(world, port))
    .flatMap((port) => holding(world, port).addresses)
    .filter(({address, scope}) => scope === 'global' && familyOf(address) === family && isUnicast(address))
  // An address alone is on no network.
  const networks = held.flatMap(({address, prefixLength}) =>
    prefixLength < (family === 6 ? 128 : 32) ? (networkOf(address, prefixLength) ?? []) : [],
  )
  return networks.length === 0 ? declared : [...new Set(networks)].join(', ')
}

/** A port of a bridge, or of a flow switch, leaves the addresses to that one's own device. */
function holding({facts}: World, {place, link}: Port): LinkFacts {
  const here = facts.get(place)
  const over = link.master ?? switchOf(here?.switches, link.name)?.bridge
  return (link.addresses.some(({scope}) => scope === 'global') ? undefined : here?.links.find(({name}) => name === over)) ?? link
}
