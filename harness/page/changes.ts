// What became another in the kernels from one stage to the next, a line each: devices, addresses, ports, routes, rules. Pure.
import type {Facts, LinkFacts, NamespaceFacts} from '../facts/facts.ts'
import {routeWords} from '../facts/routes.ts'
import {ruleWords} from '../trace/routing.ts'

export interface Change {
  readonly place: string
  readonly sign: '+' | '-'
  readonly text: string
  /** The device that it is about. */
  readonly dev?: string
}

export function changesBetween(before: Facts | undefined, after: Facts): Change[] {
  return [...after].flatMap(([place, here]) => {
    const was = before?.get(place)
    const [old, now] = [linesOf(was), linesOf(here)]
    if (here && !was) return [{place, sign: '+' as const, text: 'is there'}, ...told(place, '+', now)]
    if (!here && was) return [{place, sign: '-' as const, text: 'is gone, or cannot be asked'}]
    return [...told(place, '-', without(old, now)), ...told(place, '+', without(now, old))]
  })
}

interface Line {
  readonly text: string
  readonly dev?: string
}

function without(lines: readonly Line[], others: readonly Line[]): Line[] {
  const texts = new Set(others.map(({text}) => text))
  return lines.filter(({text}) => !texts.has(text))
}

function told(place: string, sign: Change['sign'], lines: readonly Line[]): Change[] {
  return lines.map((line) => ({place, sign, ...line}))
}

/** Not what every namespace has, and not what the kernel learns and forgets by itself. */
function linesOf(here: NamespaceFacts | undefined): Line[] {
  if (!here) return []
  const links = here.links.filter(({name}) => name !== 'lo')
  const plain = [
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
  ]
  return [...links.flatMap((link) => deviceLines(link).map((text) => ({text, dev: link.name}))), ...plain.map((text) => ({text}))]
}

function deviceLines({name, kind, up, mtu, master, addresses}: LinkFacts): string[] {
  return [
    `device ${name}${kind === '' ? '' : ` (${kind})`}, mtu ${mtu}`,
    ...(up ? [`${name} is up`] : []),
    ...(master === undefined ? [] : [`${name} is a port of ${master}`]),
    ...addresses.filter(({scope}) => scope === 'global').map(({address, prefixLength}) => `${address}/${prefixLength} on ${name}`),
  ]
}
