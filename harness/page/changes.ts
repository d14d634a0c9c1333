// What became another in the kernels from one stage to the next, a line each: devices, addresses, ports, routes, rules. Pure.
import type {Facts, NamespaceFacts} from '../facts/facts.ts'
import {routeWords} from '../facts/routes.ts'
import {ruleWords} from '../trace/routing.ts'

export interface Change {
  readonly place: string
  readonly sign: '+' | '-'
  readonly text: string
}

export function changesBetween(before: Facts | undefined, after: Facts): Change[] {
  return [...after].flatMap(([place, here]) => {
    const [old, now] = [linesOf(before?.get(place)), linesOf(here)]
    if (here && !before?.get(place)) return [{place, sign: '+' as const, text: 'is there'}, ...told(place, '+', now)]
    if (!here && before?.get(place)) return [{place, sign: '-' as const, text: 'is gone, or cannot be asked'}]
    return [...told(place, '-', old.difference(now)), ...told(place, '+', now.difference(old))]
  })
}

function told(place: string, sign: Change['sign'], lines: ReadonlySet<string>): Change[] {
  return [...lines].map((text) => ({place, sign, text}))
}

/** Not what every namespace has, and not what the kernel learns and forgets by itself. */
function linesOf(here: NamespaceFacts | undefined): Set<string> {
  if (!here) return new Set()
  const links = here.links.filter(({name}) => name !== 'lo')
  return new Set([
    ...links.flatMap(({name, kind, up, mtu, master, addresses}) => [
      `device ${name}${kind === '' ? '' : ` (${kind})`}, mtu ${mtu}`,
      ...(up ? [`${name} is up`] : []),
      ...(master === undefined ? [] : [`${name} is a port of ${master}`]),
      ...addresses.filter(({scope}) => scope === 'global').map(({address, prefixLength}) => `${address}/${prefixLength} on ${name}`),
    ]),
    ...here.routes.filter(({family, to}) => family === 4 || !/^(fe80|ff00)/.test(to)).map((route) => `route ${routeWords(route)}`),
    ...([4, 6] as const).flatMap((family) => here.rules[family].map((rule) => `rule ${ruleWords(rule)}`)),
    ...([4, 6] as const).flatMap((family) => (here.forwarding[family] ? [`forwards IPv${family}`] : [])),
    ...here.neighbours
      .filter(({state}) => state === 'PERMANENT')
      .map(({address, mac, dev}) => `neighbour ${address} ${mac ?? ''} dev ${dev}, permanent`),
    ...here.fdb.flatMap(({mac, dev, remote, permanent}) =>
      remote === undefined || !permanent ? [] : [`forwarding entry ${mac} dev ${dev} to ${remote}`],
    ),
    ...here.trafficControl.map(({dev, text}) => `traffic control on ${dev}: ${text}`),
  ])
}
