// IPv6 switched off takes a device's addresses and routes with it, and switched on again it gives none of them back (addrconf_ifdown). Pure.
import {familyOf} from '../../address.ts'
import type {NamespaceFacts, RouteFacts} from '../../facts/facts.ts'
import {routeLine} from '../../facts/routes.ts'
import {isConnected} from './connected.ts'
import {isKernels} from './restoring.ts'

/** The switch is on for the device now, and was not. */
export function isIpv6Off(was: NamespaceFacts, is: NamespaceFacts, device: string | undefined): boolean {
  const off = ({sysctls}: NamespaceFacts) => sysctls.get(`ipv6.conf.${device}.disable_ipv6`) === '1'
  return off(is) && !off(was)
}

function routesOf({routes}: NamespaceFacts, devices: readonly string[]): RouteFacts[] {
  return routes.filter(
    ({family, dev = '', nextHops = []}) =>
      family === 6 && [dev, ...nextHops.map((hop) => hop.dev)].some((name) => devices.includes(name ?? '')),
  )
}

/** Lines that give devices back what went with IPv6, once it is on. */
export function ipv6Lines(was: NamespaceFacts, devices: readonly string[], inside: string): string[] {
  const addresses = was.links
    .filter(({name}) => devices.includes(name) && name !== 'lo')
    .flatMap(({name, mac, addresses}) =>
      addresses
        .filter(({address}) => familyOf(address) === 6 && !isKernels(address, mac))
        .map(({address, prefixLength}) => `ip ${inside}addr add ${address}/${prefixLength} dev ${name} nodad`),
    )
  const routes = routesOf(was, devices).filter((route) => !isConnected(route, was) && !/^(fe80|ff00):/.test(route.to))
  return [...addresses, ...routes.map((route) => `ip ${inside}-6 route add ${routeLine(route)}`)]
}

/** The facts with what went with IPv6. */
export function withIpv6(was: NamespaceFacts, now: NamespaceFacts, devices: readonly string[]): NamespaceFacts {
  const links = now.links.map((link) => {
    const old = devices.includes(link.name) && was.links.find(({name}) => name === link.name)
    return old
      ? {
          ...link,
          addresses: [
            ...link.addresses.filter(({address}) => familyOf(address) === 4),
            ...old.addresses.filter(({address}) => familyOf(address) === 6),
          ],
        }
      : link
  })
  const back = routesOf(was, devices)
  return {...now, links, routes: [...now.routes.filter((route) => !back.includes(route)), ...back]}
}
