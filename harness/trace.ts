// The way of a packet as Linux takes it, from facts alone: at each place the rules and the longest matching route, the
// filters in the order of their hooks, the neighbour, the segment that it crosses, and how it ended. Pure. What it does not
// know of (programs on a device, rules that it cannot read) it does not judge but tells as a doubt.
import {familyOf, networkOf, sameHost} from './address.ts'
import type {Facts, LinkFacts, NamespaceFacts, RouteFacts} from './facts/facts.ts'
import type {Cause, Family, Place, Protocol} from './model.ts'
import {type Hook, type Packet, runHook, type Translation} from './trace/nftables.ts'
import {inTable, lookUp, routeWords, ruleWords, sourceFor} from './trace/routing.ts'
import {type Block, blockIn, holderLink, holds, isHostEnd, type Passage, type Port, peerOf, segmentOf, type World} from './trace/segment.ts'

/** What is sent. Everything but the addresses has a default: a small echo request. */
export interface Journey {
  readonly protocol?: Protocol
  readonly reply?: boolean
  /** Bytes, with the IP header; Don't Fragment is set. */
  readonly length?: number
  readonly source?: string | undefined
  readonly sourcePort?: number
  readonly destinationPort?: number
}

/** One place that a packet passes, and what it is handed to there. */
export interface Hop {
  readonly place: string
  /** The route taken, as ip-route(8) writes it; absent where the packet has arrived. */
  readonly route?: string
  /** The rule that led to that route, where it is not one of the kernel's own. */
  readonly rule?: string
  readonly dev?: string
  readonly nextHop?: string
}

/** How a path ended: `delivered` at a place that holds the address, or stopped by a cause. `unknown` when facts are missing. */
export interface Disposition {
  readonly ended: 'delivered' | Cause
  readonly at: string
  /** The device, route, rule or setting at which it ended, in the kernel's words; empty where there is none. */
  readonly object: string
  /** What was seen there, in a sentence. */
  readonly evidence: string
}

export interface Trace extends Disposition {
  readonly hops: readonly Hop[]
  /** The source that it left with, where one could be told. */
  readonly source?: string
  /** What filters made of its addresses on the way. */
  readonly translated: readonly (Translation & {readonly at: string})[]
  /** What might have stopped it and cannot be judged from facts. */
  readonly doubts: readonly Block[]
}

/** More than any packet that leaves with a time to live of 64 can pass (RFC 791). */
const MOST_HOPS = 64

/** An echo request with fping's usual payload. */
const SMALL = 84

/** The way from a place to an address. */
export function traceTo(facts: Facts, places: readonly Place[], from: string, address: string, journey: Journey = {}): Trace {
  return new Walk({facts, places}, from, address, journey).run()
}

/** The address that a place sends from to another; undefined where it has no route. */
export function sourceTo(facts: Facts, from: string, address: string): string | undefined {
  const here = facts.get(from)
  const {route} = here ? lookUp(here, {family: familyOf(address) ?? 4, destination: address}) : {}
  return here && route && sourceFor(here, route)
}

/** A walk that has stopped. */
class Stopped extends Error {
  readonly disposition: Disposition

  constructor(disposition: Disposition) {
    super(disposition.evidence)
    this.disposition = disposition
  }
}

class Walk {
  readonly #world: World
  readonly #from: string
  readonly #family: Family
  readonly #journey: Required<Omit<Journey, 'source'>>
  readonly #hops: Hop[] = []
  readonly #translated: (Translation & {at: string})[] = []
  readonly #doubts: Block[] = []
  #source: string | undefined
  #destination: string

  constructor(world: World, from: string, destination: string, journey: Journey) {
    this.#world = world
    this.#from = from
    this.#destination = destination
    this.#family = familyOf(destination) ?? 4
    this.#source = journey.source
    this.#journey = {protocol: 'icmp', reply: false, length: SMALL, sourcePort: 40_000, destinationPort: 20_790, ...journey}
  }

  run(): Trace {
    try {
      return this.#trace(this.#walk())
    } catch (error) {
      if (error instanceof Stopped) return this.#trace(error.disposition)
      throw error
    }
  }

  #trace(disposition: Disposition): Trace {
    const source = this.#source === undefined ? {} : {source: this.#source}
    return {hops: this.#hops, ...source, translated: this.#translated, doubts: this.#doubts, ...disposition}
  }

  #walk(): Disposition {
    const passed = new Set<string>()
    let at = this.#from
    let iif: LinkFacts | undefined
    while (this.#hops.length < MOST_HOPS) {
      const here = this.#namespace(at)
      if (iif) this.#hook('prerouting', at, here, iif.name)
      if (holds(here, this.#destination)) return this.#deliver(at, here, iif)
      if (passed.has(at))
        throw this.#stop('routing-loop', at, this.#hops.find(({place}) => place === at)?.route ?? '', `${at} has passed it on before`)
      passed.add(at)
      const next = this.#forward(at, here, iif)
      at = next.place
      iif = next.link
    }
    throw this.#stop('routing-loop', at, '', `still on its way after ${MOST_HOPS} routers`)
  }

  #namespace(at: string): NamespaceFacts {
    const here = this.#world.facts.get(at)
    if (here) return here
    const place = this.#world.places.find(({name}) => name === at)
    const machine = place && this.#world.facts.get(place.node)
    if (place?.netns !== undefined && machine)
      throw this.#stop('pod-missing', at, place.netns, `${place.node} has no network namespace ${place.netns}`)
    throw this.#stop('unknown', at, '', `${at} could not be asked`)
  }

  #stop(ended: Cause, at: string, object: string, evidence: string): Stopped {
    return new Stopped({ended, at, object, evidence})
  }

  #deliver(at: string, here: NamespaceFacts, iif: LinkFacts | undefined): Disposition {
    this.#hops.push({place: at})
    if (iif) {
      this.#checkSource(at, here, iif)
      this.#hook('input', at, here, iif.name)
    }
    const ignored = this.#family === 4 ? 'ipv4.icmp_echo_ignore_all' : 'ipv6.icmp.echo_ignore_all'
    if (this.#journey.protocol === 'icmp' && !this.#journey.reply && here.sysctls.get(ignored) === '1')
      throw this.#stop('echo-ignored', at, `net.${ignored}`, `net.${ignored} is 1 at ${at}`)
    return {ended: 'delivered', at, object: '', evidence: `${at} holds ${this.#destination}`}
  }

  /** Where the packet goes from here. */
  #forward(at: string, here: NamespaceFacts, iif: LinkFacts | undefined): Port {
    if (iif) {
      this.#checkSource(at, here, iif)
      this.#checkForwarding(at, here, iif)
    }
    const {route, rule} = lookUp(here, {
      family: this.#family,
      source: this.#source,
      destination: this.#destination,
      iif: iif?.name,
      protocol: this.#journey.protocol,
    })
    if (!route) {
      this.#hops.push({place: at})
      if (rule) throw this.#stop('policy-rule', at, ruleWords(rule), `${at} has the rule ${ruleWords(rule)}`)
      throw this.#noRoute(at, here)
    }
    const hop: Hop = {
      place: at,
      route: routeWords(route),
      ...(rule && {rule: ruleWords(rule)}),
      ...(route.dev !== undefined && {dev: route.dev}),
      nextHop: route.via ?? this.#destination,
    }
    this.#hops.push(hop)
    const sent = rule
      ? (cause: Cause, object: string, evidence: string) => this.#byRule(at, here, route, cause, object, evidence)
      : undefined
    const stop = (cause: Cause, object: string, evidence: string) =>
      sent?.(cause, object, evidence) ?? this.#stop(cause, at, object, evidence)
    if (route.type === 'unreachable' || route.type === 'blackhole' || route.type === 'prohibit')
      throw stop(`${route.type}-route`, routeWords(route), `${at} has the route ${routeWords(route)}`)
    const link = here.links.find(({name}) => name === route.dev)
    if (!link) throw stop('unknown', route.dev ?? '', `${at} has no device ${route.dev}`)
    if (!iif) this.#source ??= sourceFor(here, route)
    if (this.#family === 6 && here.sysctls.get(`ipv6.conf.${link.name}.disable_ipv6`) === '1')
      throw stop('ipv6-disabled', `net.ipv6.conf.${link.name}.disable_ipv6`, `IPv6 is off on ${link.name} at ${at}`)
    this.#hook(iif ? 'forward' : 'output', at, here, iif?.name, link.name)
    this.#hook('postrouting', at, here, iif?.name, link.name)
    if (link.mtu < this.#journey.length)
      throw stop('mtu-too-small', link.name, `${link.name} at ${at} takes ${link.mtu} bytes, the packet has ${this.#journey.length}`)
    return this.#cross(at, here, link, route, stop)
  }

  /** A rule that is not the kernel's own led here: it is the cause where the main table would have had another way. */
  #byRule(at: string, here: NamespaceFacts, route: RouteFacts, cause: Cause, object: string, evidence: string): Stopped {
    const main = inTable(here, 'main', {family: this.#family, destination: this.#destination})
    const {rule} = this.#hops.at(-1) ?? {}
    if (!main || routeWords(main) === routeWords(route)) return this.#stop(cause, at, object, evidence)
    return this.#stop('policy-rule', at, rule ?? '', `${at} takes ${routeWords(route)} by the rule ${rule}: ${evidence}`)
  }

  /** No table has a route: it may have gone with its device or address. */
  #noRoute(at: string, here: NamespaceFacts): Stopped {
    const place = this.#world.places.find(({name}) => name === at)
    const words = `${at} has no route to ${this.#destination}`
    const lost = place && this.#lostEnd(place, here)
    if (lost) return new Stopped({ended: lost.cause, at: lost.at, object: lost.object, evidence: `${words}: ${lost.evidence}`})
    const gatewayless =
      place?.kind === 'pod' && !here.routes.some(({to, family}) => family === this.#family && (to === '0.0.0.0/0' || to === '::/0'))
    if (gatewayless) return this.#stop('gateway-missing', at, 'default', `${at} has no default route`)
    return this.#stop('no-route', at, this.#destination, words)
  }

  /** What a place lacks that its routes hang on: its device, the device being up, its address. */
  #lostEnd(place: Place, here: NamespaceFacts): Block | undefined {
    const address = place.addresses.find((each) => familyOf(each) === this.#family)
    if (address === undefined || holds(here, address)) {
      const holder = address === undefined ? undefined : holderLink(here, address)
      if (holder && !holder.up && holder.name !== 'lo')
        return {cause: 'interface-down', at: place.name, object: holder.name, evidence: `${holder.name} is down at ${place.name}`}
      return undefined
    }
    const devices = here.links.filter(({name}) => name !== 'lo')
    const [only] = devices
    if (!only) return this.#missingDevice(place)
    if (place.netns === undefined)
      return {cause: 'address-missing', at: place.name, object: address, evidence: `${place.name} does not hold ${address}`}
    return wrongAddress(this.#world, place, only, address)
  }

  #missingDevice(place: Place): Block {
    return missingDevice(this.#world, place)
  }

  #checkForwarding(at: string, here: NamespaceFacts, iif: LinkFacts): void {
    const name = this.#family === 4 ? 'ipv4.ip_forward' : 'ipv6.conf.all.forwarding'
    const device = `ipv${this.#family}.conf.${iif.name}.forwarding`
    const off = (setting: string) => {
      this.#hops.push({place: at})
      return this.#stop('forwarding-off', at, `net.${setting}`, `net.${setting} is 0 at ${at}`)
    }
    if (this.#family === 4 && here.sysctls.has(device) ? here.sysctls.get(device) === '0' : !here.forwarding[this.#family])
      throw off(here.forwarding[this.#family] ? device : name)
  }

  /** Reverse path filter and martian sources (networking/ip-sysctl.rst, rp_filter and accept_local). */
  #checkSource(at: string, here: NamespaceFacts, iif: LinkFacts): void {
    const source = this.#source
    if (source === undefined || this.#family !== 4) return
    const setting = (name: string) =>
      Math.max(Number(here.sysctls.get(`ipv4.conf.all.${name}`) ?? 0), Number(here.sysctls.get(`ipv4.conf.${iif.name}.${name}`) ?? 0))
    if (holds(here, source) && setting('accept_local') === 0) {
      this.#hops.push({place: at})
      throw this.#stop('martian-source', at, source, `${at} refuses ${source}, which is its own, as a source on ${iif.name}`)
    }
    const mode = setting('rp_filter')
    if (mode === 0) return
    const {route} = lookUp(here, {family: 4, destination: source, source: this.#destination})
    if (route && route.type === 'unicast' && (mode === 2 || route.dev === iif.name)) return
    const name = Number(here.sysctls.get(`ipv4.conf.${iif.name}.rp_filter`) ?? 0) === mode ? iif.name : 'all'
    this.#hops.push({place: at})
    throw this.#stop(
      'reverse-path-filter',
      at,
      `net.ipv4.conf.${name}.rp_filter`,
      `net.ipv4.conf.${name}.rp_filter is ${mode} at ${at}, and ${source} ${route ? `is reached by ${route.dev}` : 'has no route'}, not by ${iif.name}`,
    )
  }

  #packet(iif?: string, oif?: string): Packet {
    const {protocol, reply, sourcePort, destinationPort, length} = this.#journey
    return {
      family: this.#family,
      source: this.#source ?? '0.0.0.0',
      destination: this.#destination,
      protocol,
      reply,
      sourcePort,
      destinationPort,
      length,
      ...(iif !== undefined && {iif}),
      ...(oif !== undefined && {oif}),
    }
  }

  #hook(hook: Hook, at: string, here: NamespaceFacts, iif?: string, oif?: string): void {
    const {verdict, by, translated, doubts} = runHook(here.ruleset, hook, this.#packet(iif, oif))
    for (const doubt of doubts)
      this.#doubts.push({
        cause: 'filter-drop',
        at,
        object: rulingWords(doubt),
        evidence: `${rulingWords(doubt)} at ${at} is not understood`,
      })
    if (translated) {
      this.#translated.push({...translated, at})
      if (translated.cause === 'destination-nat' && translated.address !== undefined && hook !== 'postrouting')
        this.#destination = translated.address
    }
    if (verdict === 'accept' || !by) return
    const object = rulingWords(by)
    const echo = this.#journey.protocol === 'icmp' && /icmp(v6)? type [^ ]*echo-(request|reply)/.test(by.text)
    const cause = echo ? 'echo-ignored' : verdict === 'drop' ? 'filter-drop' : 'filter-reject'
    if (hook === 'input' || hook === 'forward') if (this.#hops.at(-1)?.place !== at) this.#hops.push({place: at})
    throw this.#stop(cause, at, object, `${object} at ${at} ${verdict}s it`)
  }

  /** Over the segment to the next hop. */
  #cross(
    at: string,
    here: NamespaceFacts,
    link: LinkFacts,
    route: RouteFacts,
    stop: (cause: Cause, object: string, evidence: string) => Stopped,
  ): Port {
    const from: Port = {place: at, link}
    const nextHop = route.via ?? this.#destination
    if (!link.up) throw stop(link.kind === 'bridge' ? 'bridge-down' : 'interface-down', link.name, `${link.name} is down at ${at}`)
    // The other end is out of sight, or podwire would say which one it is.
    if (!link.carrier && link.kind !== 'bridge' && !peerOf(this.#world, from))
      throw stop('peer-down', link.name, `${link.name} has no carrier at ${at}`)
    const ways = segmentOf(this.#world, from).filter((way) => holdsThere(this.#world, way, nextHop))
    const holders = new Map(ways.map((way) => [endOf(way).place, way]))
    const [way, ...others] = holders.values()
    if (!way) throw this.#whyNotThere(from, nextHop, route, stop)
    if (others.length > 0) throw this.#stop('duplicate-address', at, nextHop, `${[...holders.keys()].join(' and ')} both hold ${nextHop}`)
    this.#checkNeighbour(from, here, way, nextHop)
    this.#checkWay(way)
    const end =
      way.ports.findLast(({place, link: each}) => place === endOf(way).place && (each.master === undefined || each.kind === 'bridge')) ??
      endOf(way)
    return holdsOn(this.#world, end, nextHop)
  }

  /** What does not show in the shape of the segment: sizes, programs, bridge filters, forwarding entries. */
  #checkWay(way: Passage): void {
    const target = endOf(way)
    for (const [index, port] of way.ports.entries()) {
      const {place, link} = port
      const here = this.#world.facts.get(place)
      if (index > 0 && link.mtu < this.#journey.length)
        throw this.#stop(
          'mtu-blackhole',
          place,
          link.name,
          `${link.name} at ${place} takes ${link.mtu} bytes, the packet has ${this.#journey.length}, and nothing says so`,
        )
      for (const control of here?.trafficControl.filter(({dev}) => dev === link.name) ?? [])
        this.#doubts.push({
          cause: 'tc-drop',
          at: place,
          object: `${control.dev} ${control.side} ${control.kind}`,
          evidence: `${link.name} at ${place} has ${control.text}`,
        })
      if (link.xdp !== undefined)
        this.#doubts.push({
          cause: 'xdp-drop',
          at: place,
          object: link.name,
          evidence: `${link.name} at ${place} has XDP program ${link.xdp}`,
        })
      if (link.kind !== 'bridge' || !here) continue
      const [inPort, outPort] = [way.ports[index - 1], way.ports[index + 1]]
      const wrong = here.fdb.find(
        (entry) =>
          entry.master === link.name &&
          entry.mac === target.link.mac &&
          entry.permanent &&
          outPort &&
          entry.dev !== outPort.link.name &&
          entry.dev !== link.name,
      )
      if (wrong)
        throw this.#stop(
          'fdb-wrong',
          place,
          `${wrong.mac} dev ${wrong.dev} master ${link.name}`,
          `${link.name} at ${place} sends ${wrong.mac} to ${wrong.dev}, and it is behind ${outPort?.link.name}`,
        )
      if (inPort?.link.port && outPort?.link.port) this.#bridged(place, here, inPort.link.name, outPort.link.name)
    }
  }

  #bridged(at: string, here: NamespaceFacts, iif: string, oif: string): void {
    for (const hook of ['prerouting', 'forward', 'postrouting'] as const) {
      const {verdict, by} = runHook(here.ruleset, hook, this.#packet(iif, oif), ['bridge'])
      if (verdict !== 'accept' && by)
        throw this.#stop('bridge-filter-drop', at, rulingWords(by), `${rulingWords(by)} at ${at} drops frames from ${iif} to ${oif}`)
    }
    if (here.sysctls.get('bridge.bridge-nf-call-iptables') !== '1') return
    const {verdict, by} = runHook(here.ruleset, 'forward', this.#packet(iif, oif))
    if (verdict !== 'accept' && by)
      throw this.#stop('bridge-filter-drop', at, rulingWords(by), `${rulingWords(by)} at ${at} drops bridged packets`)
  }

  #checkNeighbour(from: Port, here: NamespaceFacts, way: Passage, nextHop: string): void {
    const holder = holderLink(this.#world.facts.get(endOf(way).place), nextHop) ?? endOf(way).link
    const entry = here.neighbours.find(({address, dev, proxy}) => !proxy && dev === from.link.name && sameHost(address, nextHop))
    const fixed = entry?.mac !== undefined && !['FAILED', 'INCOMPLETE', 'NONE'].includes(entry.state)
    if (fixed && entry.mac !== holder.mac)
      throw this.#stop(
        'neighbour-wrong',
        from.place,
        `${nextHop} dev ${from.link.name} lladdr ${entry.mac}`,
        `${from.place} holds ${entry.mac} for ${nextHop} (${entry.state}), which has ${holder.mac}`,
      )
    const twin = segmentOf(this.#world, from).find(({ports}) => {
      const port = ports.at(-1) as Port
      return port.link.mac === holder.mac && port.place !== endOf(way).place && port.link.addresses.some(({scope}) => scope === 'global')
    })
    if (twin)
      throw this.#stop(
        'duplicate-mac',
        endOf(way).place,
        `${holder.name} ${holder.mac}`,
        `${endOf(way).place} and ${endOf(twin).place} both have ${holder.mac}`,
      )
    if (fixed && entry.state === 'PERMANENT') return
    this.#checkResolution(from, here, {place: endOf(way).place, link: holder}, nextHop)
  }

  #checkResolution(from: Port, here: NamespaceFacts, holder: Port, nextHop: string): void {
    const there = this.#world.facts.get(holder.place)
    for (const {place, link} of [from, holder])
      if (!link.arp) throw this.#stop('arp-suppressed', place, link.name, `${link.name} at ${place} is set to NOARP`)
    if (this.#family !== 4) return
    const mode = (name: string) =>
      Math.max(
        Number(there?.sysctls.get(`ipv4.conf.all.${name}`) ?? 0),
        Number(there?.sysctls.get(`ipv4.conf.${holder.link.name}.${name}`) ?? 0),
      )
    if (mode('arp_ignore') >= 3)
      throw this.#stop(
        'arp-suppressed',
        holder.place,
        `net.ipv4.conf.${holder.link.name}.arp_ignore`,
        `arp_ignore is ${mode('arp_ignore')} at ${holder.place}: it does not answer for ${nextHop}`,
      )
    for (const [place, facts, hook] of [
      [from.place, here, 'output'],
      [holder.place, there, 'input'],
      [holder.place, there, 'output'],
      [from.place, here, 'input'],
    ] as const) {
      if (!facts) continue
      const {verdict, by} = runHook(facts.ruleset, hook, this.#packet(), ['arp'])
      if (verdict !== 'accept' && by) throw this.#stop('arp-suppressed', place, rulingWords(by), `${rulingWords(by)} at ${place} drops ARP`)
    }
  }

  /** Nobody on the segment holds the next hop's address: what keeps whoever should from being there. */
  #whyNotThere(from: Port, nextHop: string, route: RouteFacts, stop: (cause: Cause, object: string, evidence: string) => Stopped): Stopped {
    const blocked = segmentOf(this.#world, from, true).find((way) => holdsThere(this.#world, way, nextHop))
    const block = blocked && blockIn(this.#world, blocked.ports)
    if (block) return new Stopped({ended: block.cause, at: block.at, object: block.object, evidence: block.evidence})
    const meant = this.#world.places.find(({addresses}) => addresses.some((address) => sameHost(address, nextHop)))
    const holder = [...this.#world.facts].find(([, facts]) => holds(facts, nextHop))
    if (holder) return this.#elsewhere(from, nextHop, route, holder[0], stop)
    if (meant) {
      const there = this.#world.facts.get(meant.name)
      if (!there) return this.#stop('pod-missing', meant.name, meant.netns ?? meant.name, `${meant.name} is not there`)
      const lost = this.#lostEnd(meant, there)
      if (lost) return new Stopped({ended: lost.cause, at: lost.at, object: lost.object, evidence: lost.evidence})
    }
    const own = route.via === undefined ? undefined : bridgeAddressLost(this.#world, from, nextHop)
    if (own) return new Stopped({ended: own.cause, at: own.at, object: own.object, evidence: own.evidence})
    if (route.to === '0.0.0.0/0' || route.to === '::/0') {
      const kind = this.#world.places.find(({name}) => name === from.place)?.kind
      if (kind !== 'pod')
        return stop(
          'leaves-lab',
          routeWords(route),
          `${from.place} sends it to ${nextHop} by ${routeWords(route)}, and nobody in the lab is there`,
        )
    }
    if (route.via !== undefined)
      return stop('next-hop-unreachable', routeWords(route), `nobody on ${from.link.name} of ${from.place} holds ${nextHop}`)
    return stop('neighbour-unresolved', nextHop, `nobody on ${from.link.name} of ${from.place} holds ${nextHop}`)
  }

  /** Somebody holds it, on another segment. */
  #elsewhere(
    from: Port,
    nextHop: string,
    route: RouteFacts,
    place: string,
    stop: (cause: Cause, object: string, evidence: string) => Stopped,
  ): Stopped {
    const there = holderLink(this.#world.facts.get(place), nextHop) as LinkFacts
    const end = {place, link: there}
    const near = this.#world.facts
      .get(from.place)
      ?.links.find(
        (link) =>
          link.name !== from.link.name &&
          link.name !== 'lo' &&
          segmentOf(this.#world, {place: from.place, link}, true).some((way) => holdsThere(this.#world, way, nextHop)),
      )
    // Its veth pair may be broken rather than the route wrong: on no bridge, or without a carrier.
    const loose = near ? undefined : looseEnd(this.#world, end, from)
    if (loose) return new Stopped({ended: loose.cause, at: loose.at, object: loose.object, evidence: loose.evidence})
    if (near)
      return stop(
        'wrong-device',
        routeWords(route),
        `${from.place} looks for ${nextHop} on ${from.link.name}, and ${place} is on ${near.name}`,
      )
    return stop(
      route.via === undefined ? 'wrong-device' : 'next-hop-unreachable',
      routeWords(route),
      `${nextHop} is ${place}, which is not on ${from.link.name} of ${from.place}`,
    )
  }
}

function endOf({ports}: Passage): Port {
  return ports.at(-1) as Port
}

function holdsThere(world: World, way: Passage, address: string): boolean {
  const {place, link} = endOf(way)
  // Linux answers for an address on whatever device asks (arp_ignore 0, the weak host model), but a port of a bridge is no device of its own.
  return holds(world.facts.get(place), address) && link.master === undefined
}

/** The device by which a place that holds an address takes the packet in. */
function holdsOn(world: World, end: Port, address: string): Port {
  const own = holderLink(world.facts.get(end.place), address)
  return own && own.name === end.link.name ? {place: end.place, link: own} : end
}

function rulingWords({
  family,
  table,
  chain,
  handle,
  text,
}: {
  family: string
  table: string
  chain: string
  handle?: number
  text: string
}): string {
  return `${family} ${table} ${chain}${handle === undefined ? '' : ` handle ${handle}`}: ${text}`
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
function bridgeAddressLost(world: World, from: Port, nextHop: string): Block | undefined {
  const place = world.places.find(({name}) => name === from.place)
  if (place?.netns === undefined) return undefined
  const node = world.facts.get(place.node)
  const host = peerOf(world, from)
  if (!node || !host || !isHostEnd(world, host)) return undefined
  const bridge = node.links.find(({name}) => name === host.link.master)
  const bridges = node.links.filter(({kind}) => kind === 'bridge')
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
function looseEnd(world: World, end: Port, from: Port): Block | undefined {
  const pod = isHostEnd(world, from) || world.places.find(({name}) => name === from.place)?.netns !== undefined ? [from, end] : [end, from]
  for (const port of pod) {
    const host = peerOf(world, port)
    if (!host || !isHostEnd(world, host)) continue
    if (!host.link.up)
      return {cause: 'peer-down', at: host.place, object: host.link.name, evidence: `${host.link.name} is down at ${host.place}`}
    if (host.link.master === undefined)
      return {
        cause: 'port-not-enslaved',
        at: host.place,
        object: host.link.name,
        evidence: `${host.link.name} at ${host.place} is on no bridge`,
      }
    const bridge = world.facts.get(host.place)?.links.find(({name}) => name === host.link.master)
    if (bridge && !bridge.addresses.some(({scope}) => scope === 'global'))
      return {
        cause: 'port-not-enslaved',
        at: host.place,
        object: host.link.name,
        evidence: `${host.link.name} at ${host.place} is on ${bridge.name}, which is not the bridge of the pods`,
      }
  }
  return undefined
}
