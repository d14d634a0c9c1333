// IPv6 that was switched off on a device: its IPv6 addresses and the routes by it go with it (ip-sysctl, disable_ipv6). Pure.
import {familyOf} from '../../address.ts'
import type {LinkFacts, NamespaceFacts, RouteFacts} from '../../facts/facts.ts'
import {routeWords} from '../../trace/routing.ts'
import type {Change, Scene} from './change.ts'

const SWITCH = /^ipv6\.conf\.(.+)\.disable_ipv6$/

/** One change for each switch that somebody turned; what went with it is part of it. */
export function ipv6Changes({was, is, run, inside}: Scene): Change[] {
  const off = switchedOff(was, is)
  const all = off.includes('all')
  return off
    .filter((device) => !all || device === 'all')
    .map((device) => {
      const links = was.links.filter(({name}) => all || name === device)
      const names = links.map(({name}) => name)
      const routes = was.routes.filter((route) => isLost(route, names))
      const name = `net.ipv6.conf.${device}.disable_ipv6`
      return {
        kind: 'setting',
        cause: 'ipv6-disabled',
        object: name,
        evidence: `${name} was 0, and is 1`,
        undo: [
          `${run}sysctl -w ${name}=0`,
          ...links.flatMap((link) => addressesOf(link).map((text) => `ip ${inside}addr add ${text} dev ${link.name} nodad`)),
          ...routes.filter(({via}) => via !== undefined).map((route) => `ip ${inside}-6 route add ${routeWords(route)}`),
        ],
        revert: (now) => withIpv6(now, was, names),
      }
    })
}

/** How it was, less what went with IPv6: no fault of its own. */
export function withoutIpv6(was: NamespaceFacts, is: NamespaceFacts): NamespaceFacts {
  const off = switchedOff(was, is)
  if (off.length === 0) return was
  const isOff = (device: string | undefined) => device !== undefined && (off.includes('all') || off.includes(device))
  return {
    ...was,
    links: was.links.map((link) =>
      isOff(link.name) ? {...link, addresses: link.addresses.filter(({address}) => familyOf(address) === 4)} : link,
    ),
    routes: was.routes.filter(({family, dev}) => family === 4 || !isOff(dev)),
  }
}

/** Devices, or `all`. */
function switchedOff(was: NamespaceFacts, is: NamespaceFacts): string[] {
  return [...is.sysctls].flatMap(([name, value]) => {
    const device = SWITCH.exec(name)?.[1]
    return device !== undefined && value === '1' && was.sysctls.get(name) === '0' ? [device] : []
  })
}

function addressesOf({addresses}: LinkFacts): string[] {
  return addresses
    .filter(({address, scope}) => familyOf(address) === 6 && scope === 'global')
    .map(({address, prefixLength}) => `${address}/${prefixLength}`)
}

/** Link-local ones come back by themselves. */
function isLost({family, dev, to}: RouteFacts, names: readonly string[]): boolean {
  return family === 6 && dev !== undefined && names.includes(dev) && !/^(fe80|ff00):/.test(to)
}

function withIpv6(now: NamespaceFacts, was: NamespaceFacts, names: readonly string[]): NamespaceFacts {
  const sysctls = new Map(now.sysctls)
  for (const [name, value] of was.sysctls) if (SWITCH.test(name)) sysctls.set(name, value)
  const isBack = (route: RouteFacts) => route.family === 6 && route.dev !== undefined && names.includes(route.dev)
  return {
    ...now,
    sysctls,
    links: now.links.map((link) => {
      const old = was.links.find(({name}) => name === link.name)
      return old && names.includes(link.name) ? {...link, addresses: old.addresses} : link
    }),
    routes: [...now.routes.filter((route) => !isBack(route)), ...was.routes.filter(isBack)],
  }
}
