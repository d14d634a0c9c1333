// What is otherwise in a lab than it was: everything that somebody set, and nothing that comes and goes by itself (numbers of
// devices and rules, counters, neighbours that were learned, link-local addresses). Pure.
import type {Facts, LinkFacts, NamespaceFacts} from '../facts/facts.ts'
import type {RulesetItem} from '../facts/ruleset.ts'

/** `pod1: links: -… +…`, a line each; none where all is as it was. */
export function differences(before: Facts, after: Facts): string[] {
  const places = [...new Set([...before.keys(), ...after.keys()])]
  return places.flatMap((place) => {
    const [old, now] = [linesOf(before.get(place)), linesOf(after.get(place))]
    return [...old.difference(now)]
      .map((line) => `${place}: - ${line}`)
      .concat([...now.difference(old)].map((line) => `${place}: + ${line}`))
  })
}

function linesOf(facts: NamespaceFacts | undefined): Set<string> {
  if (!facts) return new Set(['could not be asked'])
  const {links, routes, rules, neighbours, fdb, ruleset, trafficControl, sysctls} = facts
  const lines: [string, readonly unknown[]][] = [
    ['link', links.map(settled)],
    ['route', routes.filter(({to}) => !/^(fe80|ff00)::/.test(to))],
    ['rule', [...rules[4], ...rules[6]]],
    ['neighbour', neighbours.filter(({state, proxy}) => state === 'PERMANENT' || proxy)],
    ['fdb', fdb.filter(({permanent, mac, master, dev}) => permanent && !isOwn(links, mac, master, dev))],
    ['nft', ruleset.filter((item) => !isKeptByOld(item)).map(anonymous)],
    ['tc', trafficControl],
    ['sysctl', [...sysctls].filter(([name]) => !name.endsWith('nf_conntrack_count'))],
  ]
  return new Set(lines.flatMap(([kind, items]) => items.map((item) => `${kind} ${JSON.stringify(item)}`)))
}

function settled({index: _, peer, addresses, xdp, ...link}: LinkFacts): object {
  return {
    ...link,
    peer: peer !== undefined,
    xdp: xdp !== undefined,
    addresses: addresses
      .filter(({scope}) => scope !== 'link')
      .map((address) => JSON.stringify(address))
      .sort(),
  }
}

/** Every bridge and port has entries of its own, and multicast ones. */
function isOwn(links: readonly LinkFacts[], mac: string, master: string | undefined, dev: string): boolean {
  const own = links.find(({name}) => name === dev)
  return (
    Number.parseInt(mac.slice(0, 2), 16) % 2 === 1 || own?.mac === mac || links.some((link) => link.name === master && link.mac === mac)
  )
}

/** The old iptables keeps its chains in a namespace once it was used there; empty ones that accept do nothing. */
function isKeptByOld({table, chain}: RulesetItem): boolean {
  const name = table?.name ?? chain?.table ?? ''
  return name.startsWith('iptables-legacy') && (chain?.policy ?? 'accept') === 'accept'
}

/** Numbers that nft(8) gives and counts. */
function anonymous(item: unknown): unknown {
  return JSON.parse(
    JSON.stringify(item, (key, value: unknown) => (['handle', 'packets', 'bytes', 'metainfo'].includes(key) ? undefined : value)),
  )
}
