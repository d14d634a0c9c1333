// What reading.sh prints, as facts. Pure. A namespace that gave half an answer has none: a guess would be worse.
import {drawnFrom} from './drawing.ts'
import type {
  DaemonFacts,
  FdbFacts,
  LinkFacts,
  ListenerFacts,
  NamespaceFacts,
  NeighbourFacts,
  PathSizeFacts,
  RuleFacts,
  SessionFacts,
  TrafficControlFacts,
} from './facts.ts'
import {rulesetOfLegacy, withModules} from './legacy.ts'
import {policiesFrom} from './policies.ts'
import {programsFrom} from './programs.ts'
import {type IpRoute, routeFrom} from './routes.ts'
import type {Ruleset} from './ruleset.ts'
import {switchesFrom} from './switches.ts'

/** @returns by namespace, `-` for the machine's own; undefined for one that could not be asked */
export function parseMachine(text: string): Map<string, NamespaceFacts | undefined> {
  const lines = text.split('\n')
  const at = lines.indexOf('netns')
  const names = at < 0 ? '' : (lines[at + 1] ?? '')
  const found = new Map<string, NamespaceFacts | undefined>()
  for (const [index, line] of lines.entries()) {
    const [word, name] = line.split('\t')
    if (word === 'namespace' && name !== undefined)
      found.set(name, parseFacts(lines.slice(index + 1, index + 1 + PARTS), name === '-' ? names : ''))
  }
  return found
}

/** How many lines reading.sh prints for a namespace, after its name. */
const PARTS = 25

/** @param parts the lines of one namespace, in reading.sh's order */
export function parseFacts(parts: readonly string[], names = ''): NamespaceFacts | undefined {
  const [
    links = '',
    routes = '',
    rules = '',
    neighbours = '',
    proxies = '',
    rules6 = '',
    fdb = '',
    nft = '',
    qdiscs = '',
    filters = '',
    listeners = '',
    sysctls = '',
    legacyNames = '',
    legacy4 = '',
    legacy6 = '',
    routesAgain = '',
    rulesAgain = '',
    modules4 = '',
    modules6 = '',
    sessions = '',
    switches = '',
    programs = '',
    policies = '',
    daemons = '',
    learned = '',
  ] = parts
  const ofLinks = listIn<IpAddr>(links)
  const ofRoutes = listIn<IpRoute>(routes)
  if (!ofLinks || !ofRoutes) return undefined
  const settings = new Map(
    sysctls.split('\v').flatMap((line): [string, string][] => {
      const [path = '', value] = line.split(':')
      return value === undefined ? [] : [[path.replace('/proc/sys/net/', '').replaceAll('/', '.'), value]]
    }),
  )
  const own = (list: readonly IpRoute[]) => list.filter(({dst, table}) => dst !== undefined && table !== 'local').map(routeFrom)
  const routesFound = own(ofRoutes)
  const isAnother = (now: readonly unknown[] | undefined, before: readonly unknown[]) =>
    now !== undefined && JSON.stringify(now) !== JSON.stringify(before)
  const laterRoutes = listIn<IpRoute>(routesAgain)
  return {
    links: withUppers(ofLinks.map((link) => linkFrom(link, ofLinks))),
    routes: routesFound,
    rules: {4: (listIn<IpRule>(rules) ?? []).map(ruleFrom), 6: (listIn<IpRule>(rules6) ?? []).map(ruleFrom)},
    neighbours: [neighbours, proxies].flatMap((text) => (listIn<IpNeigh>(text) ?? []).filter(isForOne).map(neighbourFrom)),
    fdb: (listIn<BridgeFdb>(fdb) ?? []).map(fdbFrom),
    ruleset: [
      ...withModules(rulesetFrom(nft), {ip: modules4, ip6: modules6}),
      ...rulesetOfLegacy(legacy4, 'ip'),
      ...rulesetOfLegacy(legacy6, 'ip6'),
    ],
    legacyTables: legacyNames.split('\v').filter((name) => name !== ''),
    unread: [...new Set(parts.flatMap((text) => (text.startsWith('!') ? [text.slice(1).split(' ')[0] ?? ''] : [])))],
    changed: [
      // The kernel's own table changes by itself, while IPv6 addresses are tried out.
      ...(isAnother(laterRoutes && own(laterRoutes), routesFound) ? ['routes'] : []),
      ...(isAnother(listIn<IpRule>(rulesAgain), listIn<IpRule>(rules) ?? []) ? ['rules'] : []),
    ],
    trafficControl: [...(listIn<Qdisc>(qdiscs) ?? []).flatMap(qdiscFrom), ...(listIn<Filters>(filters) ?? []).flatMap(filtersFrom)],
    listeners: listeners.split('\v').flatMap(listenerFrom),
    sessions: sessions.split('\v').flatMap(sessionFrom),
    sysctls: settings,
    forwarding: {4: settings.get('ipv4.ip_forward') === '1', 6: settings.get('ipv6.conf.all.forwarding') === '1'},
    netnsNames: new Map((listIn<IpNetns>(names) ?? []).flatMap(({name, id}) => (id === undefined ? [] : [[id, name]]))),
    ...(/^\{/.test(switches) && {switches: switchesFrom(switches.split('\v'))}),
    ...(/^\{/.test(policies) && {policies: policiesFrom(policies.split('\v')), drawn: drawnFrom(policies.split('\v').slice(1))}),
    ...(/"mtu"/.test(learned) && {pathSizes: (listIn<IpRoute>(learned) ?? []).flatMap(pathSizeFrom)}),
    ...(/^\d/.test(daemons) && {daemons: daemons.split('\v').flatMap(daemonFrom)}),
    ...(/^\{/.test(programs) && {programs: programsFrom(programs.split('\v'))}),
  }
}

/** `PID NAME.pid runs`, with tabs between. */
function daemonFrom(line: string): DaemonFacts[] {
  const [, pid, name, state] = /^(\d+)\t(.+)\.pid\t(runs|ended)$/.exec(line) ?? []
  return pid === undefined || name === undefined ? [] : [{name, pid: Number(pid), runs: state === 'runs'}]
}

/** A route of the cache with a size that a router has told; others are only redirects. */
function pathSizeFrom({dst, metrics}: IpRoute): PathSizeFacts[] {
  const mtu = metrics?.find((each) => each.mtu !== undefined)?.mtu
  return dst === undefined || mtu === undefined ? [] : [{to: dst, mtu: Number(mtu)}]
}

type Stacked = LinkFacts & {readonly passthru?: true}

/** What comes in by a device with a macvlan of mode passthru on it is that one's, whatever its MAC address. */
function withUppers(links: readonly Stacked[]): LinkFacts[] {
  return links.map(({passthru: _, ...link}) => {
    const upper = links.find((each) => each.passthru && each.lower === link.name)
    return upper ? {...link, upper: upper.name} : link
  })
}

/** Undefined when it is no list: empty, cut short, or something else. */
function listIn<T>(json: string): T[] | undefined {
  try {
    const value = JSON.parse(json) as unknown
    return Array.isArray(value) ? (value as T[]) : undefined
  } catch {
    return undefined
  }
}

interface IpAddr {
  ifindex: number
  ifname: string
  flags: string[]
  mtu: number
  address?: string
  master?: string
  /** A veth's other end in this same namespace, which has a name here; one elsewhere has `link_index`. What a macvlan stands on. */
  link?: string | null
  link_index?: number
  link_netnsid?: number
  linkinfo?: {
    info_kind?: string
    info_data?: Readonly<Record<string, unknown>>
    info_slave_kind?: string
    info_slave_data?: Readonly<Record<string, unknown>>
  }
  addr_info?: {local?: string; prefixlen?: number; scope?: string}[]
  xdp?: {mode?: number; prog?: {id?: number}; attached?: {mode?: number; prog?: {id?: number}}[]}
}

/** XDP_ATTACHED_SKB (linux/if_link.h). */
const XDP_GENERIC = 2

function linkFrom(
  {ifindex, ifname, flags, mtu, address = '', master, link, link_index, link_netnsid, linkinfo = {}, addr_info = [], xdp}: IpAddr,
  all: readonly IpAddr[],
): Stacked {
  const {info_kind: kind = '', info_data: own = {}, info_slave_data: slave = {}} = linkinfo
  const peer = link_index ?? all.find((other) => other.ifname === link)?.ifindex
  return {
    index: ifindex,
    name: ifname,
    kind,
    up: flags.includes('UP'),
    carrier: flags.includes('LOWER_UP'),
    mtu,
    mac: address,
    arp: !flags.includes('NOARP'),
    ...(master !== undefined && {master}),
    ...(kind === 'macvlan' && typeof link === 'string' && {lower: link, ...(own.mode === 'passthru' && {passthru: true as const})}),
    ...(kind === 'veth' && peer !== undefined && {peer: {index: peer, ...(link_netnsid !== undefined && {netnsId: link_netnsid})}}),
    addresses: addr_info.flatMap(({local, prefixlen = 0, scope = ''}) =>
      local === undefined ? [] : [{address: local, prefixLength: prefixlen, scope}],
    ),
    ...(linkinfo.info_slave_kind === 'bridge' && {
      port: {
        state: String(slave.state ?? ''),
        isolated: slave.isolated === true,
        hairpin: slave.hairpin === true,
        learning: slave.learning !== false,
        flood: slave.flood !== false,
        broadcast: slave.bcast_flood !== false,
        multicast: slave.mcast_flood !== false,
        ...(slave.neigh_suppress === true && {suppress: true as const}),
      },
    }),
    ...(kind === 'bridge' && {bridge: bridgeFrom(own)}),
    ...(kind === 'vxlan' && {vxlan: vxlanFrom(own)}),
    ...(xdp?.prog?.id !== undefined && {xdp: xdp.prog.id, ...(xdp.mode === XDP_GENERIC && {xdpMode: 'generic' as const})}),
  }
}

function bridgeFrom(data: Readonly<Record<string, unknown>>): NonNullable<LinkFacts['bridge']> {
  const {stp_state: stp = 0, vlan_filtering: filtering = 0, forward_delay: delay} = data
  return {stp: Number(stp) !== 0, vlanFiltering: Number(filtering) !== 0, ...(delay !== undefined && {forwardDelay: Number(delay)})}
}

function vxlanFrom(data: Readonly<Record<string, unknown>>): NonNullable<LinkFacts['vxlan']> {
  const text = (key: string) => (typeof data[key] === 'string' ? (data[key] as string) : undefined)
  const [local, remote, dev] = [text('local') ?? text('local6'), text('remote') ?? text('group') ?? text('remote6'), text('link')]
  return {
    id: Number(data.id ?? 0),
    port: Number(data.port ?? 0),
    learning: data.learning !== false,
    ...(local !== undefined && {local}),
    ...(remote !== undefined && {remote}),
    ...(dev !== undefined && {dev}),
    ...(data.external === true && {external: true as const}),
  }
}

interface IpRule {
  priority: number
  not?: null
  src?: string
  srclen?: number
  dst?: string
  dstlen?: number
  iif?: string
  oif?: string
  fwmark?: string
  fwmask?: string
  ipproto?: string
  sport?: number
  sport_start?: number
  sport_end?: number
  dport?: number
  dport_start?: number
  dport_end?: number
  tos?: string
  action?: string
  table?: string
  suppress_prefixlen?: number
  goto?: number
}

/** Keys of a rule that say nothing of whether it applies. */
const RULE_NOTES: readonly string[] = ['not', 'nop', 'protocol', 'iif_detached', 'oif_detached', 'unresolved', 'flow_from', 'flow_to']

function ruleFrom(rule: IpRule): RuleFacts {
  const {priority, src = 'all', srclen, dst = 'all', dstlen, iif, oif, fwmark, fwmask, ipproto, ...more} = rule
  const {sport, sport_start = sport, sport_end = sport, dport, dport_start = dport, dport_end = dport, ...rest} = more
  const {tos, action, table, suppress_prefixlen: suppressed, goto: target, ...unknown} = rest
  const prefix = (host: string, length?: number) => (host === 'all' ? undefined : `${host}/${length ?? (host.includes(':') ? 128 : 32)}`)
  const [from, to] = [prefix(src, srclen), prefix(dst, dstlen)]
  const others = Object.keys(unknown).filter((key) => !RULE_NOTES.includes(key))
  return {
    priority,
    not: 'not' in rule,
    ...(from !== undefined && {from}),
    ...(to !== undefined && {to}),
    ...(iif !== undefined && {iif}),
    ...(oif !== undefined && {oif}),
    ...(fwmark !== undefined && {mark: Number(fwmark)}),
    ...(fwmask !== undefined && {markMask: Number(fwmask)}),
    ...(ipproto !== undefined && {protocol: ipproto.replace('ipv6-icmp', 'icmp')}),
    ...(sport_start !== undefined && sport_end !== undefined && {sourcePorts: [sport_start, sport_end] as const}),
    ...(dport_start !== undefined && dport_end !== undefined && {destinationPorts: [dport_start, dport_end] as const}),
    ...(tos !== undefined && {tos: Number(tos)}),
    ...(others.length > 0 && {others}),
    action: action ?? ('nop' in rule ? 'nop' : target !== undefined ? 'goto' : 'lookup'),
    ...(table !== undefined && {table}),
    ...(suppressed !== undefined && {suppressPrefixLength: suppressed}),
    ...(target !== undefined && {target}),
  }
}

interface IpNeigh {
  dst: string
  dev: string
  lladdr?: string
  state?: string[]
  proxy?: null
}

/** The kernel makes entries of its own for groups and for everybody, and for what is sent by lo. */
function isForOne({dev, lladdr = '', dst, state = []}: IpNeigh): boolean {
  if (!state.includes('NOARP')) return true
  return dev !== 'lo' && Number.parseInt(lladdr.slice(0, 2), 16) % 2 === 0 && !/^(22[4-9]|23\d|255)\.|^ff/.test(dst)
}

function neighbourFrom({dst, dev, lladdr, state = [], ...rest}: IpNeigh): NeighbourFacts {
  return {address: dst, dev, ...(lladdr !== undefined && {mac: lladdr}), state: state[0] ?? '', proxy: 'proxy' in rest}
}

interface BridgeFdb {
  mac: string
  ifname?: string
  master?: string
  dst?: string
  state?: string
  flags?: string[]
}

function fdbFrom({mac, ifname = '', master, dst, state = '', flags = []}: BridgeFdb): FdbFacts {
  const permanent = state === 'permanent' || state === 'static' || flags.includes('sticky')
  const local = state === 'permanent' && master !== undefined
  return {
    mac,
    dev: ifname,
    ...(master !== undefined && {master}),
    ...(dst !== undefined && {remote: dst}),
    ...(flags.includes('extern_learn') && {external: true as const}),
    permanent,
    local,
  }
}

/** Tables with which podwire follows packets while it watches them (evidence/watch.pl): no part of the lab, and soon gone. */
const WATCHING = /^podwire_[0-9a-f]{12}$/

function rulesetFrom(json: string): Ruleset {
  try {
    const {nftables} = JSON.parse(json.replaceAll('\v', '')) as {nftables: Ruleset}
    return nftables.filter(({table, chain, rule, set}) => !WATCHING.test(table?.name ?? chain?.table ?? rule?.table ?? set?.table ?? ''))
  } catch {
    return []
  }
}

interface Qdisc {
  kind: string
  dev: string
  root?: boolean
  parent?: string
  options?: object
}

/** What every device has by itself. */
const DEFAULT_QDISCS = new Set(['noqueue', 'pfifo_fast', 'fq_codel', 'mq', 'fq'])

function qdiscFrom({kind, dev, root, options = {}}: Qdisc): TrafficControlFacts[] {
  if (DEFAULT_QDISCS.has(kind)) return []
  if (kind === 'clsact' || kind === 'ingress') return [{dev, kind, side: 'none', text: `qdisc ${kind}`}]
  return [{dev, kind, side: root ? 'root' : 'class', text: `qdisc ${kind} ${JSON.stringify(options)}`}]
}

interface Filters {
  dev: string
  side: string
  filters: {kind?: string; options?: object}[]
}

function filtersFrom({dev, side, filters}: Filters): TrafficControlFacts[] {
  return filters
    .filter(({options}) => options !== undefined && Object.keys(options).length > 0)
    .map(({kind = '', options = {}}) => ({dev, kind, side, text: JSON.stringify(options)}))
}

/** `tcp LISTEN 0 4096 0.0.0.0:22 0.0.0.0:*`; ss(8) has no JSON. */
function listenerFrom(line: string): ListenerFacts[] {
  const [protocol, , , , local = ''] = line.trim().split(/\s+/)
  if (protocol !== 'tcp' && protocol !== 'udp') return []
  const colon = local.lastIndexOf(':')
  const address = local
    .slice(0, colon)
    .replace(/%.*$/, '')
    .replace(/^\[|\]$/g, '')
  return [{protocol, address, port: Number(local.slice(colon + 1))}]
}

/** `0 0 192.168.1.11:179 192.168.1.12:36041` */
function sessionFrom(line: string): SessionFacts[] {
  const [, , local = '', remote = '', ...others] = line.trim().split(/\s+/)
  const host = (end: string) => end.slice(0, end.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  return host(local) === '' || host(remote) === '' || others.length > 0 ? [] : [{local: host(local), remote: host(remote)}]
}

interface IpNetns {
  name: string
  id?: number
}
