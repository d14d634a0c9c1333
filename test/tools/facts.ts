// Facts in few words, for tests of what is concluded from them: a namespace with links, addresses and routes.
import {familyOf} from '../../harness/address.ts'
import type {LinkFacts, NamespaceFacts, RouteFacts} from '../../harness/facts/facts.ts'

let indices = 100

/** Up, with a carrier, without addresses; an address is written with its prefix length. */
export function link(
  name: string,
  changes: Partial<Omit<LinkFacts, 'addresses'>> & {readonly addresses?: readonly string[]} = {},
): LinkFacts {
  const {addresses = [], ...rest} = changes
  return {
    index: indices++,
    name,
    kind: '',
    up: true,
    carrier: true,
    mtu: 1500,
    mac: `02:00:00:00:00:${(indices % 256).toString(16).padStart(2, '0')}`,
    arp: true,
    ...rest,
    addresses: addresses.map((text) => {
      const [address = '', length] = text.split('/')
      return {address, prefixLength: Number(length), scope: 'global'}
    }),
  }
}

/** In the main table; `to` in CIDR notation. */
export function route(to: string, changes: Partial<Omit<RouteFacts, 'to' | 'family'>> = {}): RouteFacts {
  return {family: familyOf(to.split('/')[0] ?? '') ?? 4, to, metric: 0, type: 'unicast', table: 'main', ...changes}
}

/** Forwarding is on unless it is said to be off. */
export function namespace(
  links: readonly LinkFacts[],
  routes: readonly RouteFacts[],
  changes: Partial<Omit<NamespaceFacts, 'links' | 'routes'>> = {},
): NamespaceFacts {
  return {
    links,
    routes,
    rules: {4: [], 6: []},
    neighbours: [],
    fdb: [],
    ruleset: [],
    legacyTables: [],
    unread: [],
    changed: [],
    trafficControl: [],
    listeners: [],
    sessions: [],
    sysctls: new Map(),
    forwarding: {4: true, 6: true},
    netnsNames: new Map(),
    ...changes,
  }
}
