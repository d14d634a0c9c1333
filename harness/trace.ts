// The way of a packet as Linux takes it, from facts alone: at each place the rules and the longest matching route, the
// filters in the order of their hooks, the neighbour, the segment that it crosses, and how it ended. Pure. What it does not
// know of (programs on a device, rules that it cannot read) it does not judge but tells as a doubt.
import {familyOf, lastOf, sameHost} from './address.ts'
import type {Facts, LinkFacts, NamespaceFacts, RouteFacts} from './facts/facts.ts'
import {routeWords} from './facts/routes.ts'
import type {Cause, Family, Place} from './model.ts'
import {lostEnd} from './trace/absence.ts'
import {carried, doubtOf, rulingWords} from './trace/frames.ts'
import {type Asking, answering, takenFor} from './trace/neighbours.ts'
import type {Packet} from './trace/nftables/packet.ts'
import {type Hook, runHook, type Translation} from './trace/nftables.ts'
import type {Carriage, Disposition, Hop, Journey, Trace} from './trace/path.ts'
import {programStop} from './trace/programs.ts'
import {rememberedOf} from './trace/remembered.ts'
import {endOf, neighbourIn} from './trace/resolution.ts'
import {inTable, lookUp, type Routing, ruleWords, sourceFor} from './trace/routing.ts'
import {type Block, holds, type Passage, type Port, peerOf, type World} from './trace/segment.ts'
import {refusedSource} from './trace/source.ts'
import {type Crossing, type Frame, type Question, switchBehind, throughSwitches} from './trace/switches.ts'
import {entryFor, isCarriedBetween, outerOf, vxlanHeaders} from './trace/tunnel.ts'
import {nodeDown} from './trace/unanswered.ts'

/** More than any packet that leaves with a time to live of 64 can pass (RFC 791). */
const MOST_HOPS = 64

/** Deeper than anybody's. */
const MOST_TUNNELS = 3

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

/** What a tool would have told of. */
const UNREAD: Readonly<Record<string, Cause>> = {
  nft: 'filter-drop',
  'iptables-legacy-save': 'filter-drop',
  'ip6tables-legacy-save': 'filter-drop',
  tc: 'tc-drop',
  bridge: 'fdb-wrong',
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
  readonly #questions: Question[] = []
  #source: string | undefined
  #destination: string
  #ttl = 64
  #length: number
  #mark = 0
  /** A neighbour entry that has led it elsewhere than to the next hop: should it not arrive, that is why. */
  #astray: Disposition | undefined

  /** How many tunnels it is in. */
  readonly #depth: number

  constructor(world: World, from: string, destination: string, journey: Journey, depth = 0) {
    this.#depth = depth
    this.#world = world
    this.#from = from
    this.#destination = destination
    this.#family = familyOf(destination) ?? 4
    this.#source = journey.source
    this.#journey = {
      protocol: 'icmp',
      reply: false,
      established: false,
      length: SMALL,
      sourcePort: 40_000,
      destinationPort: 20_790,
      branch: 0,
      ...journey,
    }
    this.#length = this.#journey.length
  }

  run(): Trace {
    try {
      return this.#trace(this.#walk())
    } catch (error) {
      if (!(error instanceof Stopped)) throw error
      return this.#trace(error.disposition.ended === 'unknown' ? error.disposition : (this.#astray ?? error.disposition))
    }
  }

  #trace(disposition: Disposition): Trace {
    const source = this.#source === undefined ? {} : {source: this.#source}
    return {
      hops: this.#hops,
      ...source,
      translated: this.#translated,
      doubts: this.#doubts,
      ttl: this.#ttl,
      questions: this.#questions,
      ...disposition,
    }
  }

  #walk(): Disposition {
    const passed = new Set<string>()
    let at = this.#from
    let iif: LinkFacts | undefined
    while (this.#hops.length < MOST_HOPS) {
      const here = this.#namespace(at)
      this.#untold(at, here)
      if (iif) this.#hook('prerouting', at, here, iif.name)
      if (holds(here, this.#destination)) return this.#deliver(at, here, iif)
      if (iif) this.#meantFor(at, here)
      if (iif) this.#ttl--
      if (passed.has(at))
        throw this.#stop('routing-loop', at, this.#hops.find(({place}) => place === at)?.route ?? '', `${at} has passed it on before`)
      passed.add(at)
      const next = this.#forward(at, here, iif)
      at = next.place
      iif = next.link
    }
    throw this.#stop('routing-loop', at, '', `still on its way after ${MOST_HOPS} routers`)
  }

  /** What could not be read there, or was another when it had been read, may have decided otherwise. */
  #untold(at: string, here: NamespaceFacts): void {
    for (const tool of here.unread) {
      const cause = UNREAD[tool]
      if (cause) this.#doubts.push({cause, at, object: tool, evidence: `${tool} could not be asked at ${at}`})
    }
    for (const what of here.changed)
      this.#doubts.push({cause: 'unknown', at, object: what, evidence: `the ${what} of ${at} changed while they were read`})
  }

  /** It came to the place that should have the address, and has not. */
  #meantFor(at: string, here: NamespaceFacts): void {
    const meant = this.#world.places.find(({name, addresses}) => name === at && addresses.some((each) => sameHost(each, this.#destination)))
    const lost = meant && lostEnd(this.#world, meant, here, this.#family)
    if (!lost) return
    this.#hops.push({place: at})
    throw this.#blocked(lost)
  }

  #namespace(at: string): NamespaceFacts {
    const here = this.#world.facts.get(at)
    if (here) return here
    const place = this.#world.places.find(({name}) => name === at)
    const machine = place && this.#world.facts.get(place.node)
    if (place && !machine) throw this.#blocked(nodeDown(place))
    if (place?.netns !== undefined)
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

  /** Where the packet goes from here. The kernel asks in this order: forwarding, route, source, size, filters. */
  #forward(at: string, here: NamespaceFacts, iif: LinkFacts | undefined): Port {
    if (iif) this.#checkForwarding(at, here, iif)
    if (iif || this.#journey.protocol !== 'icmp' || !this.#journey.reply) this.#checkBroadcast(at, here)
    const {route, rule, doubt} = this.#route(here, iif)
    if (doubt)
      this.#doubts.push({cause: 'policy-rule', at, object: ruleWords(doubt), evidence: `${ruleWords(doubt)} at ${at} is not understood`})
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
      nextHop: this.#nextHop(here, route),
    }
    this.#hops.push(hop)
    if (route.via !== undefined && holds(here, route.via))
      this.#doubts.push({
        cause: 'wrong-next-hop',
        at,
        object: routeWords(route),
        evidence: `${route.via} is ${at}'s own address: a gateway only if the route is older than the address`,
      })
    const sent = rule
      ? (cause: Cause, object: string, evidence: string) => this.#byRule(at, here, route, cause, object, evidence)
      : undefined
    const stop = (cause: Cause, object: string, evidence: string) =>
      sent?.(cause, object, evidence) ?? this.#stop(cause, at, object, evidence)
    if (route.type === 'unreachable' || route.type === 'blackhole' || route.type === 'prohibit')
      throw stop(`${route.type}-route`, routeWords(route), `${at} has the route ${routeWords(route)}`)
    if (iif) this.#checkSource(at, here, iif)
    const link = here.links.find(({name}) => name === route.dev)
    if (!link) throw stop('unknown', route.dev ?? '', `${at} has no device ${route.dev}`)
    if (!iif) this.#source ??= sourceFor(here, route)
    if (this.#source === undefined && this.#family === 4)
      throw stop('address-missing', link.name, `${at} has no address to send from by ${link.name}`)
    if (this.#family === 6 && here.sysctls.get(`ipv6.conf.${link.name}.disable_ipv6`) === '1')
      throw stop('ipv6-disabled', `net.ipv6.conf.${link.name}.disable_ipv6`, `IPv6 is off on ${link.name} at ${at}`)
    this.#fit(at, link, route, stop)
    this.#hook(iif ? 'forward' : 'output', at, here, iif?.name, link.name)
    this.#hook('postrouting', at, here, iif?.name, link.name)
    return this.#cross(at, here, link, route, stop)
  }

  /** The last address of a network of one's own is everybody's there, and no host's (fib_add_ifaddr). */
  #checkBroadcast(at: string, here: NamespaceFacts): void {
    if (this.#family !== 4) return
    const object = broadcastOf(here, this.#destination)
    if (object === undefined) return
    if (this.#hops.at(-1)?.place !== at) this.#hops.push({place: at})
    throw this.#stop('wrong-prefix-length', at, object, `${this.#destination} is the broadcast address of ${object} at ${at}`)
  }

  /** A gateway that is one's own address is none: whoever is meant is asked for himself (fib_check_nh). */
  #nextHop(here: NamespaceFacts, {via}: RouteFacts): string {
    return via === undefined || holds(here, via) ? this.#destination : via
  }

  /** What is too large is refused, or goes on in fragments. */
  #fit(at: string, link: LinkFacts, route: RouteFacts, stop: (cause: Cause, object: string, evidence: string) => Stopped): void {
    const mtu = Math.min(link.mtu, route.mtu ?? link.mtu)
    if (mtu >= this.#length) return
    const object = mtu === link.mtu ? link.name : routeWords(route)
    if (!this.#mayBeFragmented())
      throw stop('mtu-too-small', object, `${object} at ${at} takes ${mtu} bytes, the packet has ${this.#length}`)
    this.#length = mtu
  }

  /** The kernel's own echo replies (icmp_sk_init), and what a tunnel makes (ip-link(8), vxlan df unset). */
  #mayBeFragmented(): boolean {
    const {protocol, reply} = this.#journey
    return this.#family === 4 && (this.#depth > 0 || (protocol === 'icmp' && reply))
  }

  /** A socket of TCP or UDP is connected: its kernel looks twice, the second time with the source that the first gave (ip_route_connect). */
  #route(here: NamespaceFacts, iif: LinkFacts | undefined): Routing {
    const {protocol, sourcePort, destinationPort, branch} = this.#journey
    const ask = (source: string | undefined) =>
      lookUp(here, {
        family: this.#family,
        source,
        destination: this.#destination,
        iif: iif?.name,
        protocol,
        sourcePort,
        destinationPort,
        mark: this.#mark,
        branch,
      })
    const first = ask(this.#source)
    if (iif || this.#source !== undefined || protocol === 'icmp' || first.route?.type !== 'unicast') return first
    this.#source = sourceFor(here, first.route)
    return ask(this.#source)
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
    const lost = place && lostEnd(this.#world, place, here, this.#family)
    if (lost) return this.#blocked({...lost, evidence: `${words}: ${lost.evidence}`})
    const gatewayless =
      place?.kind === 'pod' && !here.routes.some(({to, family}) => family === this.#family && (to === '0.0.0.0/0' || to === '::/0'))
    if (gatewayless) return this.#stop('gateway-missing', at, 'default', `${at} has no default route`)
    return this.#stop('no-route', at, this.#destination, words)
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

  #checkSource(at: string, here: NamespaceFacts, iif: LinkFacts): void {
    const source = this.#source
    if (source === undefined || this.#family !== 4) return
    const refused = refusedSource(at, here, iif, {source, destination: this.#destination, protocol: this.#journey.protocol})
    if (!refused) return
    if (this.#hops.at(-1)?.place !== at) this.#hops.push({place: at})
    throw this.#stop(refused.cause, at, refused.object, refused.evidence)
  }

  #packet(here?: NamespaceFacts, iif?: string, oif?: string): Packet {
    const {protocol, reply, established, sourcePort, destinationPort} = this.#journey
    return {
      family: this.#family,
      source: this.#source ?? '0.0.0.0',
      destination: this.#destination,
      protocol,
      reply,
      established,
      sourcePort,
      destinationPort,
      length: this.#length,
      ttl: this.#ttl,
      mark: this.#mark,
      ...(here && {typeOf: (address: string) => this.#typeOf(here, address)}),
      ...(iif !== undefined && {iif}),
      ...(oif !== undefined && {oif}),
    }
  }

  /** What nft(8) calls the type of an address. */
  #typeOf(here: NamespaceFacts, address: string): string {
    if (holds(here, address)) return 'local'
    return lookUp(here, {family: this.#family, destination: address}).route?.type ?? 'unspec'
  }

  #hook(hook: Hook, at: string, here: NamespaceFacts, iif?: string, oif?: string): void {
    const {verdict, by, translated, mark, doubts} = runHook(here.ruleset, hook, this.#packet(here, iif, oif))
    this.#mark = mark
    for (const doubt of doubts) this.#doubts.push(doubtOf(doubt, at))
    if (translated) {
      this.#translated.push({...translated, at})
      if (translated.cause === 'destination-nat' && translated.address !== undefined && hook !== 'postrouting')
        this.#destination = translated.address
    }
    if (verdict === 'accept' || !by) return
    const object = rulingWords(by)
    const echo = this.#journey.protocol === 'icmp' && /icmp(v6)? type (\{[^}]*|\S*)echo-(request|reply)/.test(by.text)
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
    const nextHop = this.#nextHop(here, route)
    if (!link.up) throw stop(link.kind === 'bridge' ? 'bridge-down' : 'interface-down', link.name, `${link.name} is down at ${at}`)
    // The other end is out of sight, or podwire would say which one it is.
    if (!link.carrier && link.kind !== 'bridge' && !peerOf(this.#world, from))
      throw stop('peer-down', link.name, `${link.name} has no carrier at ${at}`)
    // Behind a program somebody may be who is not asked for.
    const peer = peerOf(this.#world, from)
    const program =
      programStop(this.#world, undefined, from, this.#destination) ?? (peer && programStop(this.#world, from, peer, this.#destination))
    if (program) throw this.#blocked(program)
    const switched = switchBehind(this.#world, from)
    const asking: Asking = {from, nextHop, route, packet: this.#packet(), source: this.#source}
    if (switched && answering(this.#world, asking).length === 0) return this.#switched(from, here, nextHop, switched)
    if (link.kind === 'tun' || link.kind === 'tap')
      throw this.#stop('unknown', at, link.name, `${link.name} at ${at} hands it to a process, and what that does is not seen`)
    const entry = neighbourIn(here, link.name, nextHop)
    const known = entry?.mac === undefined ? {address: nextHop} : {address: nextHop, mac: entry.mac, state: entry.state}
    this.#note({neighbour: known})
    const way = this.#takenFor(here, asking, stop)
    const port = endOf(way)
    if (known.mac === undefined) this.#note({neighbour: {...known, mac: port.link.mac}})
    this.#along(way, port.link.mac)
    this.#mark = 0 // it is the namespace's own
    return port
  }

  #takenFor(here: NamespaceFacts, asking: Asking, stop: (cause: Cause, object: string, evidence: string) => Stopped): Passage {
    const {found, astray, doubts} = takenFor(this.#world, here, asking)
    this.#doubts.push(...doubts)
    if (astray) this.#astray ??= dispositionOf(astray)
    if (!('cause' in found)) return found
    throw found.byRoute ? stop(found.cause, found.object, found.evidence) : this.#blocked(found)
  }

  /** In a frame for this MAC address, along all the devices of the way, and what carries it in tunnels on theirs. */
  #along(way: Passage, mac: string): void {
    const {block, doubts} = carried(this.#world, way, this.#packet(), mac)
    this.#doubts.push(...doubts)
    if (block) throw this.#blocked(block)
    this.#carryAlong(way, mac)
  }

  #carryAlong({ports}: Passage, mac: string): void {
    for (const [index, end] of ports.entries()) this.#carry(end, ports[index + 1], mac)
  }

  /** What has become known of the hop that it is at. */
  #note(more: Partial<Hop>): void {
    const last = this.#hops.pop()
    if (last) this.#hops.push({...last, ...more})
  }

  /** By flow switches, to whoever has the next hop's MAC address, or answers with one when it is asked for. */
  #switched(from: Port, here: NamespaceFacts, nextHop: string, to: Passage): Port {
    const known = neighbourIn(here, from.link.name, nextHop)
    const {place, link} = endOf(to)
    const frame = {source: from.link.mac, packet: this.#packet(), branch: this.#journey.branch}
    const enter = (asked: Frame) => this.#entered(throughSwitches(this.#world, place, link.name, asked), to, asked.arp)
    const request = (): string => {
      const arp = {...frame.packet, destination: nextHop}
      const {answer, port} = enter({...frame, packet: arp, destination: 'ff:ff:ff:ff:ff:ff', arp: true})
      return answer ?? port?.link.mac ?? ''
    }
    this.#note({neighbour: {address: nextHop, ...(known && {mac: known.mac as string, state: known.state})}})
    const mac = known?.mac ?? request()
    if (!known && mac !== '') this.#note({neighbour: {address: nextHop, mac}})
    this.#along(to, mac)
    const {port, ttl} = enter({...frame, destination: mac})
    if (ttl !== undefined) this.#ttl = ttl
    this.#mark = 0
    return port as Port
  }

  /** @throws Stopped where it does not get through */
  #entered(crossing: Crossing, to: Passage, asking?: true): Crossing {
    const {hops, ways, stop, question} = crossing
    if (question) this.#questions.push(question)
    if (!asking || stop) {
      this.#note({switched: [to, ...ways]})
      this.#hops.push(...hops.map(({place, words}) => ({place, flow: words})))
    }
    if (stop) throw this.#blocked(stop)
    for (const way of ways) this.#carryAlong(way, endOf(way).link.mac)
    return crossing
  }

  /** The UDP packet between the ends of a tunnel has a way of its own, and what stops it stops what it carries. */
  #carry(end: Port, next: Port | undefined, mac: string): void {
    if (!isCarriedBetween(end, next)) return
    const outer = outerOf(this.#world, end, next)
    if (!outer) return
    if (this.#depth === MOST_TUNNELS) throw this.#stop('unknown', end.place, end.link.name, 'a tunnel in a tunnel in a tunnel')
    const {source, destination, port} = outer
    const length = this.#length + vxlanHeaders(destination)
    const journey: Journey = {protocol: 'udp', source, destinationPort: port, length}
    const way = new Walk(this.#world, end.place, destination, journey, this.#depth + 1).run()
    const entry = entryFor(this.#world, end, mac, destination)
    const carriage: Carriage = {from: nameOf(end), to: nameOf(next), destination, ...(entry !== undefined && {entry}), outer: way}
    this.#note({tunnels: [...(this.#hops.at(-1)?.tunnels ?? []), carriage]})
    this.#doubts.push(...way.doubts)
    this.#questions.push(...way.questions)
    const short = end.link.master !== undefined && !this.#mayBeFragmented() && tooShort(this.#world, way, length)
    if (short) throw this.#stop('mtu-too-small', end.place, short.name, `${short.words} in ${end.link.name}`)
    const {ended, at, object, evidence} = way
    if (ended !== 'delivered') throw this.#stop(ended, at, object, evidence)
  }

  #blocked(block: Block): Stopped {
    return new Stopped(dispositionOf(block))
  }
}

/** The interface address, and its device, whose network has this last address. */
const broadcastOf = rememberedOf((here: NamespaceFacts, address): string | undefined => {
  for (const {name, up, addresses} of here.links) {
    const own = up && addresses.find((each) => lastOf(each.address, each.prefixLength) === address)
    if (own) return `${own.address}/${own.prefixLength} dev ${name}`
  }
  return undefined
})

function dispositionOf({cause, at, object, evidence}: Block): Disposition {
  return {ended: cause, at, object, evidence}
}

/**
 * The device by which a tunnel's packets leave, where it does not take such a one whole. What is bridged into a tunnel is answered
 * for by that, in the name of its destination, with the size that would do (skb_tunnel_check_pmtu).
 */
function tooShort({facts}: World, {hops: [first]}: Trace, length: number): {name: string; words: string} | undefined {
  const link = first && facts.get(first.place)?.links.find(({name}) => name === first.dev)
  if (!link || link.mtu >= length) return undefined
  return {name: link.name, words: `${link.name} at ${first.place} takes ${link.mtu} bytes, the packet has ${length}`}
}

function nameOf({place, link}: Port): Carriage['from'] {
  return {place, dev: link.name}
}
