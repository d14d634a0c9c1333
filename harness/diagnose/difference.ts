// What is other than it was when the lab worked: one item for each thing that changed, with the cause that it is a fault
// by, and the literal command that undoes it. Pure.
import {familyOf, networkOf} from '../address.ts'
import type {Facts, FdbFacts, LinkFacts, NamespaceFacts, NeighbourFacts, RouteFacts, RuleFacts} from '../facts/facts.ts'
import type {Rule, Ruleset} from '../facts/ruleset.ts'
import type {Cause, Place} from '../model.ts'
import {rulingOf} from '../trace/nftables.ts'
import {routeWords, ruleWords} from '../trace/routing.ts'

/** Something of one place that changed. */
export interface Difference {
  readonly place: string
  readonly kind: 'namespace' | 'link' | 'address' | 'route' | 'rule' | 'neighbour' | 'fdb' | 'filter' | 'setting' | 'traffic-control'
  /** What it is a fault by, when it is one. */
  readonly cause: Cause
  /** In the kernel's own words. */
  readonly object: string
  readonly device?: string
  /** A route's next hop as it is now. */
  readonly via?: string
  /** Where a device is that was here. */
  readonly elsewhere?: string
  readonly evidence: string
  /** Typed at the place's machine, in order; empty where only the recipe's own lines bring it back. */
  readonly undo: readonly string[]
  /** The facts without the change and what went with it. */
  readonly revert: (now: Facts) => Facts
}

type Change = Omit<Difference, 'place' | 'revert'> & {readonly revert: (now: NamespaceFacts) => NamespaceFacts}

/** In an order in which undoing works: links before addresses before routes. */
export function differences(before: Facts, now: Facts, places: readonly Place[]): Difference[] {
  const macs = [...now.values()].flatMap((here) => here?.links.flatMap(({mac, kind}) => (kind === 'bridge' ? [] : [mac])) ?? [])
  const found = places.flatMap((place): Difference[] => {
    const [was, is] = [before.get(place.name), now.get(place.name)]
    if (!was) return []
    if (!is) return [{place: place.name, ...missingNamespace(place), revert: (facts) => withEnds(before, facts, places, place.name)}]
    const inside = place.netns === undefined ? '' : `-n ${place.netns} `
    const run = place.netns === undefined ? '' : `ip netns exec ${place.netns} `
    const changes = [
      ...linkChanges(was, is, inside, run, macs),
      ...addressChanges(was, is, inside, place, places),
      ...routeChanges(was, is, inside),
      ...ruleChanges(was, is, inside),
      ...neighbourChanges(was, is, inside),
      ...fdbChanges(was, is, run),
      ...filterChanges(was, is, run),
      ...settingChanges(was, is, run),
      ...trafficControlChanges(was, is, run),
    ]
    return changes.map(({revert, ...change}): Difference => {
      const here = (facts: Facts) => {
        const own = facts.get(place.name)
        if (!own) return facts
        const reverted = revert(own)
        const whole = change.kind === 'link' || change.kind === 'address' ? withBelongings(was, reverted, change.device) : reverted
        return new Map(facts).set(place.name, whole)
      }
      if (change.kind !== 'link' || change.undo.length > 0) return {place: place.name, ...change, revert: here}
      const elsewhere = whereIs(change.object, place, before, now, places)
      const moved = elsewhere === undefined ? {} : {elsewhere, cause: 'wrong-namespace' as const}
      return {place: place.name, ...change, ...moved, revert: (facts) => here(withEnds(before, facts, places, place.name))}
    })
  })
  return found.filter((difference) => !isOtherEnd(difference, found, before, places))
}

/** A device's addresses and routes as they were: they come and go with it. */
function withBelongings(was: NamespaceFacts, now: NamespaceFacts, device: string | undefined): NamespaceFacts {
  const old = was.links.find(({name}) => name === device)
  const routes = was.routes.filter((route) => route.dev === device)
  return {
    ...now,
    links: now.links.map((link) => (old && link.name === device ? {...link, addresses: old.addresses} : link)),
    routes: [...now.routes.filter((route) => route.dev !== device), ...routes],
  }
}

/** All of a machine's namespaces with the devices that are missing somewhere as they were. */
function withEnds(before: Facts, now: Facts, places: readonly Place[], name: string): Facts {
  const machine = places.find((each) => each.name === name)?.node ?? name
  const here = [...now.keys()].filter(
    (key) => key.split('/')[0] === machine || places.some((place) => place.name === key && place.node === machine),
  )
  const missing = here.flatMap((key) =>
    (before.get(key)?.links ?? []).filter((old) => !now.get(key)?.links.some((link) => link.name === old.name)),
  )
  const names = new Set(missing.map((link) => link.name))
  const facts = new Map(now)
  for (const key of here) {
    const [was, is] = [before.get(key), facts.get(key)]
    if (!is) {
      if (was) facts.set(key, was)
      continue
    }
    // What is missing elsewhere and was not here has been moved here.
    const kept = is.links.filter((link) => !names.has(link.name) || was?.links.some((old) => old.name === link.name))
    const back = (was?.links ?? []).filter((old) => !is.links.some((link) => link.name === old.name))
    const ports = kept.map((link) => {
      const old = was?.links.find((each) => each.name === link.name)
      return old?.master !== undefined && names.has(old.master) ? withMaster(link, old) : link
    })
    facts.set(key, {
      ...is,
      links: [...ports, ...back],
      routes: back.length > 0 && was ? was.routes : is.routes,
      netnsNames: was?.netnsNames ?? is.netnsNames,
    })
  }
  // What others remember of a device that came back is of the one that went.
  const held = new Set(missing.flatMap(({addresses}) => addresses.map(({address}) => address)))
  for (const [key, here] of facts)
    if (here) facts.set(key, {...here, neighbours: here.neighbours.filter((entry) => isFixed(entry) || !held.has(entry.address))})
  return facts
}

/** Where on the same machine a device is that is missing where it was. */
function whereIs(device: string, place: Place, before: Facts, now: Facts, places: readonly Place[]): string | undefined {
  const here = [...now.keys()].filter(
    (key) => key.split('/')[0] === place.node || places.some((each) => each.name === key && each.node === place.node),
  )
  return here.find(
    (key) =>
      key !== place.name &&
      now.get(key)?.links.some(({name}) => name === device) &&
      !before.get(key)?.links.some(({name}) => name === device),
  )
}

/** The machine's end of a cable whose other end is what is missing: one fault, told at the pod. */
function isOtherEnd(
  {place, kind, undo, object, elsewhere}: Difference,
  all: readonly Difference[],
  before: Facts,
  places: readonly Place[],
): boolean {
  const was = before.get(place)
  const link = was?.links.find(({name}) => name === object)
  if (kind !== 'link' || undo.length > 0 || elsewhere !== undefined || !was || link?.peer?.netnsId === undefined) return false
  const netns = was.netnsNames.get(link.peer.netnsId)
  const pod = netns !== undefined && places.find((each) => each.node === place && each.netns === netns)
  return pod
    ? all.some((other) => other.place === pod.name && (other.kind === 'namespace' || (other.kind === 'link' && other.undo.length === 0)))
    : false
}

function missingNamespace({name, netns = name}: Place): Change {
  return {
    kind: 'namespace',
    cause: 'pod-missing',
    object: netns,
    evidence: `there was a network namespace ${netns}`,
    undo: [],
    revert: (now) => now,
  }
}

/** Devices that come with their other half, or are the kernel's own. */
function linkChanges(was: NamespaceFacts, is: NamespaceFacts, inside: string, run: string, macs: readonly string[]): Change[] {
  return was.links.flatMap((old): Change[] => {
    const link = is.links.find(({name}) => name === old.name)
    if (!link) {
      return [
        {
          kind: 'link',
          cause: old.kind === 'bridge' ? 'bridge-missing' : 'interface-missing',
          object: old.name,
          device: old.name,
          evidence: `there was a device ${old.name}`,
          undo: [],
          revert: (now) => ({...now, links: [...now.links, old]}),
        },
      ]
    }
    const change = (cause: Cause, evidence: string, undo: string, part: Partial<LinkFacts>, bridges?: NamespaceFacts): Change => ({
      kind: 'link',
      cause,
      object: old.name,
      device: old.name,
      evidence,
      undo: [undo],
      revert: (now) => withBridgeMtu(withLink(old.name, part)(now), old, bridges),
    })
    const found: Change[] = []
    if (old.up && !link.up) {
      const cause = old.kind === 'bridge' ? 'bridge-down' : old.port ? 'peer-down' : 'interface-down'
      found.push(change(cause, `${old.name} was up`, `ip ${inside}link set dev ${old.name} up`, {up: true, carrier: old.carrier}))
    }
    // A bridge that is gone has let its ports go.
    if (old.master !== link.master && (old.master === undefined || is.links.some(({name}) => name === old.master)))
      found.push({
        ...change(
          'port-not-enslaved',
          `${old.name} was on ${old.master ?? 'no bridge'}`,
          old.master === undefined
            ? `ip ${inside}link set dev ${old.name} nomaster`
            : `ip ${inside}link set dev ${old.name} master ${old.master}`,
          {},
        ),
        revert: (now) => ({...now, links: now.links.map((each) => (each.name === old.name ? withMaster(each, old) : each))}),
      })
    // A bridge takes the smallest MTU of its ports.
    const follows =
      old.kind === 'bridge' &&
      is.links.some(
        ({master, mtu, name}) =>
          master === old.name && mtu === link.mtu && was.links.some((port) => port.name === name && port.mtu !== mtu),
      )
    if (link.mtu < old.mtu && !follows)
      found.push(
        change(
          'mtu-too-small',
          `the MTU of ${old.name} was ${old.mtu}`,
          `ip ${inside}link set dev ${old.name} mtu ${old.mtu}`,
          {mtu: old.mtu},
          was,
        ),
      )
    // A bridge without a fixed address takes one of its ports'.
    if (old.mac !== link.mac && old.kind !== 'bridge' && macs.filter((mac) => mac === link.mac).length > 1)
      found.push({
        ...change('duplicate-mac', `${old.name} had ${old.mac}`, `ip ${inside}link set dev ${old.name} address ${old.mac}`, {mac: old.mac}),
        object: `${old.name} ${link.mac}`,
      })
    if (old.arp && !link.arp)
      found.push(change('arp-suppressed', `${old.name} asked and answered ARP`, `ip ${inside}link set dev ${old.name} arp on`, {arp: true}))
    if (link.port?.isolated && old.port && !old.port.isolated)
      found.push(
        change('port-isolated', `${old.name} was not isolated`, `${run}bridge link set dev ${old.name} isolated off`, {port: old.port}),
      )
    if (
      link.port &&
      old.port?.state === 'forwarding' &&
      (['listening', 'learning', 'blocking'].includes(link.port.state) ||
        (link.port.state === 'disabled' && link.carrier && is.links.some(({name, up}) => name === link.master && up))) &&
      !is.links.some(({bridge}) => bridge?.stp)
    )
      found.push(change('stp-listening', `${old.name} was forwarding`, `${run}bridge link set dev ${old.name} state 3`, {port: old.port}))
    if (link.port && old.port?.hairpin && !link.port.hairpin)
      found.push(
        change('hairpin-off', `hairpin was on at ${old.name}`, `${run}bridge link set dev ${old.name} hairpin on`, {port: old.port}),
      )
    if (old.bridge && link.bridge && !old.bridge.stp && link.bridge.stp)
      found.push({
        ...change('stp-listening', `${old.name} had no spanning tree`, `ip ${inside}link set dev ${old.name} type bridge stp_state 0`, {
          bridge: old.bridge,
        }),
        revert: (now) => ({...now, links: now.links.map((each) => unblocked(each, old))}),
      })
    if (link.xdp !== undefined && old.xdp === undefined)
      found.push({
        ...change('xdp-drop', `${old.name} had no XDP program`, `ip ${inside}link set dev ${old.name} xdp off`, {}),
        revert: withoutXdp(old.name),
      })
    return found
  })
}

function withLink(name: string, part: Partial<LinkFacts>) {
  return (now: NamespaceFacts): NamespaceFacts => ({
    ...now,
    links: now.links.map((each) => (each.name === name ? {...each, ...part} : each)),
  })
}

function withBridgeMtu(now: NamespaceFacts, {master}: LinkFacts, was: NamespaceFacts | undefined): NamespaceFacts {
  const bridge = was?.links.find(({name}) => name === master)
  return bridge ? withLink(bridge.name, {mtu: bridge.mtu})(now) : now
}

function withMaster({master: _, port: __, ...link}: LinkFacts, {master, port}: LinkFacts): LinkFacts {
  return {...link, ...(master !== undefined && {master}), ...(port && {port})}
}

function unblocked(link: LinkFacts, bridge: LinkFacts): LinkFacts {
  if (link.name === bridge.name && bridge.bridge) return {...link, bridge: bridge.bridge}
  return link.master === bridge.name && link.port ? {...link, port: {...link.port, state: 'forwarding'}} : link
}

function withoutXdp(name: string) {
  return (now: NamespaceFacts): NamespaceFacts => ({
    ...now,
    links: now.links.map((each) => {
      const {xdp: _, ...rest} = each
      return each.name === name ? rest : each
    }),
  })
}

function addressChanges(was: NamespaceFacts, is: NamespaceFacts, inside: string, place: Place, places: readonly Place[]): Change[] {
  return is.links.flatMap((link): Change[] => {
    const old = was.links.find(({name}) => name === link.name)
    if (!old) return []
    const global = (of: LinkFacts) =>
      of.addresses.filter(({scope, address}) => scope !== 'link' && !address.startsWith('127.') && address !== '::1')
    const text = ({address, prefixLength}: {address: string; prefixLength: number}) => `${address}/${prefixLength}`
    const gone = global(old).filter((each) => !global(link).some((other) => text(other) === text(each)))
    const added = global(link).filter((each) => !global(old).some((other) => text(other) === text(each)))
    const set = (addresses: LinkFacts['addresses']) => withLink(link.name, {addresses})
    const changes = gone.map((each): Change => {
      const same = added.find(({address}) => address === each.address)
      const other = added.find(({address}) => familyOf(address) === familyOf(each.address))
      const stranger = other && networkOf(other.address, other.prefixLength) !== networkOf(each.address, each.prefixLength)
      const cause = same ? 'wrong-prefix-length' : stranger ? 'address-outside-subnet' : 'address-missing'
      const remove =
        (same ?? other) && `ip ${inside}addr del ${text((same ?? other) as {address: string; prefixLength: number})} dev ${link.name}`
      return {
        kind: 'address',
        cause,
        object: same ? `${text(same)} dev ${link.name}` : other ? `${text(other)} dev ${link.name}` : link.name,
        device: link.name,
        evidence: `${link.name} at ${place.name} held ${text(each)}`,
        // The right one first: with its last address a device loses its routes.
        undo: [`ip ${inside}addr add ${text(each)} dev ${link.name}`, ...(remove === undefined ? [] : [remove])],
        revert: set(old.addresses),
      }
    })
    const taken = changes.length > 0
    const extra = taken ? [] : added
    return [
      ...changes,
      ...extra.map((each): Change => {
        const network = networkOf(each.address, each.prefixLength) ?? ''
        const overlapping =
          old.kind === 'bridge' &&
          each.prefixLength < 32 &&
          places.some(
            (other) =>
              other.node !== place.node &&
              other.kind === 'pod' &&
              other.addresses.some((address) => networkOf(address, each.prefixLength) === network),
          )
        return {
          kind: 'address',
          cause: overlapping ? 'overlapping-subnets' : 'duplicate-address',
          object: `${text(each)} dev ${link.name}`,
          device: link.name,
          evidence: `${link.name} at ${place.name} did not hold ${text(each)}`,
          undo: [`ip ${inside}addr del ${text(each)} dev ${link.name}`],
          revert: set(old.addresses),
        }
      }),
    ]
  })
}

function routeKey({to, table, metric, family}: RouteFacts): string {
  return `${family} ${to} ${table} ${metric}`
}

function isConnected({to, via, table}: RouteFacts, {links}: NamespaceFacts): boolean {
  return (
    via === undefined &&
    table === 'main' &&
    links.some(({addresses}) => addresses.some(({address, prefixLength}) => networkOf(address, prefixLength) === to))
  )
}

function routeChanges(was: NamespaceFacts, is: NamespaceFacts, inside: string): Change[] {
  const ip = (route: RouteFacts) => `ip ${inside}${route.family === 6 ? '-6 ' : ''}route`
  const linkLocal = ({to}: RouteFacts) => to.startsWith('fe80:') || to.startsWith('ff00:')
  const changes: Change[] = []
  for (const old of was.routes.filter((route) => !linkLocal(route))) {
    const same = is.routes.find((route) => routeWords(route) === routeWords(old) && routeKey(route) === routeKey(old))
    if (same) continue
    const replaced = is.routes.find((route) => routeKey(route) === routeKey(old))
    // A network's own route comes and goes with the address and the device.
    if (!replaced && isConnected(old, was)) {
      const link = is.links.find(({name}) => name === old.dev)
      if (!link?.up || !isConnected(old, is)) continue
    }
    changes.push({
      kind: 'route',
      cause: replaced ? replacedCause(old, replaced) : old.to === '0.0.0.0/0' || old.to === '::/0' ? 'gateway-missing' : 'no-route',
      object: replaced ? routeWords(replaced) : routeWords(old),
      ...(old.dev !== undefined && {device: old.dev}),
      ...(replaced?.via !== undefined && {via: replaced.via}),
      evidence: `there was ${routeWords(old)}`,
      undo: [`${ip(old)} ${replaced ? 'replace' : 'add'} ${routeWords(old)}`],
      revert: (now) => ({...now, routes: [...now.routes.filter((route) => routeKey(route) !== routeKey(old)), old]}),
    })
  }
  for (const route of is.routes.filter((each) => !linkLocal(each))) {
    if (was.routes.some((old) => routeKey(old) === routeKey(route)) || isConnected(route, is)) continue
    changes.push({
      kind: 'route',
      cause: typedCause(route) ?? (route.to === '0.0.0.0/0' ? 'leaves-lab' : 'more-specific-route'),
      object: routeWords(route),
      ...(route.dev !== undefined && {device: route.dev}),
      evidence: `there was no ${routeWords(route)}`,
      undo: [`${ip(route)} del ${routeWords(route)}`],
      revert: (now) => ({
        ...now,
        routes: now.routes.filter((each) => routeWords(each) !== routeWords(route) || each.table !== route.table),
      }),
    })
  }
  return changes
}

function typedCause({type}: RouteFacts): Cause | undefined {
  return type === 'blackhole' || type === 'unreachable' || type === 'prohibit' ? `${type}-route` : undefined
}

function replacedCause(old: RouteFacts, route: RouteFacts): Cause {
  const typed = typedCause(route)
  if (typed) return typed
  if (route.type === 'throw') return 'no-route'
  if (route.via === undefined && old.dev !== route.dev) return 'wrong-device'
  if (old.via !== route.via) return 'wrong-next-hop'
  if (old.dev !== route.dev) return 'wrong-device'
  return 'wrong-source'
}

function ruleChanges(was: NamespaceFacts, is: NamespaceFacts, inside: string): Change[] {
  return ([4, 6] as const).flatMap((family) => {
    const ip = `ip ${inside}${family === 6 ? '-6 ' : ''}rule`
    const change = (rule: RuleFacts, there: boolean): Change => ({
      kind: 'rule',
      cause: 'policy-rule',
      object: ruleWords(rule),
      evidence: there ? `there was no rule ${ruleWords(rule)}` : `there was the rule ${ruleWords(rule)}`,
      undo: [`${ip} ${there ? 'del' : 'add'} ${ruleWords(rule).replace(/^(\d+):/, 'priority $1')}`],
      revert: (now) => ({
        ...now,
        rules: {
          ...now.rules,
          [family]: there ? now.rules[family].filter((each) => ruleWords(each) !== ruleWords(rule)) : [...now.rules[family], rule],
        },
      }),
    })
    const has = (rules: readonly RuleFacts[], rule: RuleFacts) => rules.some((each) => ruleWords(each) === ruleWords(rule))
    return [
      ...is.rules[family].filter((rule) => !has(was.rules[family], rule)).map((rule) => change(rule, true)),
      ...was.rules[family].filter((rule) => !has(is.rules[family], rule)).map((rule) => change(rule, false)),
    ]
  })
}

function isFixed({state}: NeighbourFacts): boolean {
  return state === 'PERMANENT' || state === 'NOARP'
}

function neighbourChanges(was: NamespaceFacts, is: NamespaceFacts, inside: string): Change[] {
  return is.neighbours
    .filter(
      (entry) =>
        isFixed(entry) &&
        !was.neighbours.some((old) => isFixed(old) && old.address === entry.address && old.dev === entry.dev && old.mac === entry.mac),
    )
    .map((entry) => ({
      kind: 'neighbour',
      cause: 'neighbour-wrong',
      object: `${entry.address} dev ${entry.dev}${entry.mac === undefined ? '' : ` lladdr ${entry.mac}`}`,
      device: entry.dev,
      evidence: `there was no fixed entry for ${entry.address}`,
      undo: [`ip ${inside}neigh del ${entry.address} dev ${entry.dev}`],
      revert: (now) => ({...now, neighbours: now.neighbours.filter(({address, dev}) => address !== entry.address || dev !== entry.dev)}),
    }))
}

function fdbKey({mac, dev, master, remote}: FdbFacts): string {
  return `${mac} ${dev} ${master} ${remote}`
}

/** Only unicast addresses that stay: the rest is learned, or the kernel's own. */
function fdbChanges(was: NamespaceFacts, is: NamespaceFacts, run: string): Change[] {
  const own = new Set(is.links.map(({mac}) => mac))
  return is.fdb
    .filter(({mac, permanent, master}) => permanent && master !== undefined && !own.has(mac) && !/^(33:33|01:)/.test(mac))
    .filter((entry) => !was.fdb.some((old) => old.permanent && fdbKey(old) === fdbKey(entry)))
    .map((entry) => ({
      kind: 'fdb',
      cause: 'fdb-wrong',
      object: `${entry.mac} dev ${entry.dev} master ${entry.master}`,
      device: entry.dev,
      evidence: `there was no fixed entry for ${entry.mac}`,
      undo: [`${run}bridge fdb del ${entry.mac} dev ${entry.dev} master`],
      revert: (now) => ({...now, fdb: now.fdb.filter((each) => fdbKey(each) !== fdbKey(entry))}),
    }))
}

/** A table that was not there goes as a whole; in one that was, each rule that was not, and a policy goes back. */
function filterChanges(was: NamespaceFacts, is: NamespaceFacts, run: string): Change[] {
  const tables = is.ruleset.flatMap(({table}) => (table ? [table] : []))
  return tables.flatMap(({family, name}): Change[] => {
    const of = (ruleset: Ruleset) =>
      ruleset.filter(
        ({table, chain, rule, set, map}) =>
          [chain, rule, set, map].some((part) => part?.table === name && part.family === family) ||
          (table?.name === name && table.family === family),
      )
    const without = (now: NamespaceFacts) => ({...now, ruleset: now.ruleset.filter((item) => !of(now.ruleset).includes(item))})
    const rules = of(is.ruleset).flatMap(({rule}) => (rule ? [rule] : []))
    // The old iptables' rules are read by a tool of their own, and their handles are their numbers in the chain.
    const legacy = name.startsWith('iptables-legacy ')
    if (!was.ruleset.some(({table}) => table?.name === name && table.family === family)) {
      return [
        {
          kind: 'filter',
          cause: causeOfRules(rules, family),
          object: objectOf(family, name, rules),
          evidence: `there was no table ${family} ${name}`,
          undo: legacy
            ? rules.map(({chain, handle}) => `${run}iptables-legacy -t ${name.split(' ').at(-1)} -D ${chain} ${handle}`).reverse()
            : [`${run}nft delete table ${family} ${name}`],
          revert: without,
        },
      ]
    }
    const key = ({chain, expr}: Rule) =>
      `${chain} ${JSON.stringify(expr, (field, value) => (field === 'packets' || field === 'bytes' ? 0 : value))}`
    const old = new Set(of(was.ruleset).flatMap(({rule}) => (rule ? [key(rule)] : [])))
    const added = rules.filter((rule) => !old.has(key(rule)))
    const chains = of(is.ruleset).flatMap(({chain}) => {
      const before = of(was.ruleset).find((item) => item.chain?.name === chain?.name)?.chain
      return chain && chain.policy === 'drop' && before?.policy === 'accept' ? [chain] : []
    })
    return [
      ...added.map(
        (rule): Change => ({
          kind: 'filter',
          cause: causeOfRules([rule], family),
          object: `${family} ${name} ${rule.chain} handle ${rule.handle}`,
          evidence: `there was no such rule in ${family} ${name} ${rule.chain}`,
          undo: [`${run}nft delete rule ${family} ${name} ${rule.chain} handle ${rule.handle}`],
          revert: (now) => ({
            ...now,
            ruleset: now.ruleset.filter(
              (item) => item.rule?.handle !== rule.handle || item.rule.table !== name || item.rule.family !== family,
            ),
          }),
        }),
      ),
      ...chains.map(
        (chain): Change => ({
          kind: 'filter',
          cause: 'filter-drop',
          object: `${family} ${name} ${chain.name}`,
          evidence: `the policy of ${family} ${name} ${chain.name} was accept`,
          undo: [`${run}nft chain ${family} ${name} ${chain.name} '{ policy accept; }'`],
          revert: (now) => ({
            ...now,
            ruleset: now.ruleset.map((item) =>
              item.chain?.name === chain.name && item.chain.table === name ? {...item, chain: {...item.chain, policy: 'accept'}} : item,
            ),
          }),
        }),
      ),
    ]
  })
}

/** The rule that acts, where there is one alone; else the table. */
function objectOf(family: string, name: string, rules: readonly Rule[]): string {
  const [only, ...others] = rules
  if (!only || others.length > 0) return `${family} ${name}`
  const {chain, handle, text} = rulingOf(only)
  return `${family} ${name} ${chain} handle ${handle}: ${text}`
}

function causeOfRules(rules: readonly Rule[], family: string): Cause {
  const named = rules.flatMap(({expr}) => expr.map((each) => (each.xt as {name?: string} | undefined)?.name?.toLowerCase()))
  const words = new Set<string | undefined>([...rules.flatMap(({expr}) => expr.flatMap((each) => Object.keys(each))), ...named])
  if (family === 'bridge') return 'bridge-filter-drop'
  if (family === 'arp') return 'arp-suppressed'
  if (words.has('masquerade') || words.has('snat')) return 'source-nat'
  if (words.has('dnat') || words.has('redirect')) return 'destination-nat'
  const mangled = JSON.stringify(rules.map(({expr}) => expr.filter((each) => 'mangle' in each)))
  if (mangled.includes('checksum')) return 'bad-checksum'
  if (mangled.includes('saddr') || mangled.includes('sport')) return 'source-nat'
  if (mangled.includes('daddr') || mangled.includes('dport')) return 'destination-nat'
  return words.has('reject') ? 'filter-reject' : 'filter-drop'
}

/** Which fault a setting is, by the end of its name. */
const SETTINGS: readonly (readonly [RegExp, Cause])[] = [
  [/^ipv4\.ip_forward$|\.forwarding$/, 'forwarding-off'],
  [/\.rp_filter$/, 'reverse-path-filter'],
  [/\.arp_(ignore|filter|announce)$/, 'arp-suppressed'],
  [/\.proxy_arp$/, 'proxy-arp-missing'],
  [/echo_ignore_all$/, 'echo-ignored'],
  [/\.disable_ipv6$/, 'ipv6-disabled'],
  [/nf_conntrack_max$/, 'conntrack-full'],
  [/bridge-nf-call/, 'bridge-filter-drop'],
  [/\.accept_local$/, 'martian-source'],
]

function settingChanges(was: NamespaceFacts, is: NamespaceFacts, run: string): Change[] {
  const changed = [...is.sysctls].filter(
    ([name, value]) => was.sysctls.has(name) && was.sysctls.get(name) !== value && !name.endsWith('nf_conntrack_count'),
  )
  const names = new Set(changed.map(([name]) => name))
  return changed.flatMap(([name, value]): Change[] => {
    // One that stands for all devices sets theirs too.
    if (/^ipv4\.conf\..*\.forwarding$/.test(name) && names.has('ipv4.ip_forward')) return []
    if (/^ipv6\.conf\.(?!all\.).*\.(forwarding|disable_ipv6)$/.test(name) && names.has(name.replace(/conf\.[^.]+\./, 'conf.all.')))
      return []
    const old = was.sysctls.get(name) ?? ''
    const cause = SETTINGS.find(([pattern]) => pattern.test(name))?.[1]
    if (cause === undefined) return []
    return [
      {
        kind: 'setting',
        cause,
        object: `net.${name}`,
        evidence: `net.${name} was ${old}, and is ${value}`,
        undo: [`${run}sysctl -w net.${name}=${old}`],
        revert: (now) => revertSettings(now, was, name),
      },
    ]
  })
}

function revertSettings(now: NamespaceFacts, was: NamespaceFacts, name: string): NamespaceFacts {
  const sysctls = new Map(now.sysctls)
  const all =
    name === 'ipv4.ip_forward'
      ? /^ipv4\.conf\..*\.forwarding$/
      : name === 'ipv6.conf.all.forwarding'
        ? /^ipv6\.conf\..*\.forwarding$/
        : undefined
  for (const [each, value] of was.sysctls) if (each === name || all?.test(each)) sysctls.set(each, value)
  return {...now, sysctls, forwarding: {4: sysctls.get('ipv4.ip_forward') === '1', 6: sysctls.get('ipv6.conf.all.forwarding') === '1'}}
}

function trafficControlChanges(was: NamespaceFacts, is: NamespaceFacts, run: string): Change[] {
  return is.trafficControl
    .filter(({dev, text}) => !was.trafficControl.some((old) => old.dev === dev && old.text === text))
    .map(({dev, side, kind}) => ({
      kind: 'traffic-control',
      cause: 'tc-drop',
      object: `${kind} dev ${dev} ${side}`,
      device: dev,
      evidence: `there was no ${kind} on ${dev}`,
      undo: [side === 'root' ? `${run}tc qdisc del dev ${dev} root` : `${run}tc filter del dev ${dev} ${side}`],
      revert: (now) => ({...now, trafficControl: now.trafficControl.filter((each) => each.dev !== dev)}),
    }))
}
