// The kernel's own routes, one for each network that a device has an address of. Pure.
import {networkOf} from '../../address.ts'
import type {NamespaceFacts, RouteFacts} from '../../facts/facts.ts'

/** The kernel's own, by which the hosts of a device's network are reached. */
export function isConnected({to, via, dev, table, details = ''}: RouteFacts, {links}: NamespaceFacts): boolean {
  return (
    via === undefined &&
    table === 'main' &&
    (details === '' || details.startsWith('proto kernel')) &&
    links.some(({name, addresses}) => name === dev && addresses.some(({address, prefixLength}) => networkOf(address, prefixLength) === to))
  )
}
