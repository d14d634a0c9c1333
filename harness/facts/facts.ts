// The kernel's state at every place as plain data: the nouns. read.ts and reading.sh ask for it, parse.ts makes it of what
// they print.
import type {Family} from '../model.ts'
import type {DrawnFacts} from './drawing.ts'
import type {PolicyFacts} from './policies.ts'
import type {ProgramFacts} from './programs.ts'
import type {Ruleset} from './ruleset.ts'
import type {SwitchFacts} from './switches.ts'

export interface LinkFacts {
  readonly index: number
  readonly name: string
  /** The driver's name for its kind: veth, bridge, vxlan ... (ip-link(8)); empty for a device without one. */
  readonly kind: string
  /** Administratively up. */
  readonly up: boolean
  /** There is somebody at the other end. */
  readonly carrier: boolean
  readonly mtu: number
  /** Lower-case, with colons. */
  readonly mac: string
  /** It asks and answers ARP. */
  readonly arp: boolean
  /** The bridge it is a port of. */
  readonly master?: string
  /** The device that it stands on, in the same namespace: what it sends leaves by that one (ip-link(8), macvlan). */
  readonly lower?: string
  /** The macvlan that takes over whatever comes in by it (mode passthru). */
  readonly upper?: string
  /** A veth's other end: the index it has there, and the namespace, absent where it is in this same one. */
  readonly peer?: {readonly index: number; readonly netnsId?: number}
  readonly addresses: readonly {readonly address: string; readonly prefixLength: number; readonly scope: string}[]
  /** What it is as a port of a bridge. */
  readonly port?: {
    readonly state: string
    readonly isolated: boolean
    readonly hairpin: boolean
    readonly learning: boolean
    readonly flood: boolean
    /** Frames for everybody are flooded to it, and those for a group. */
    readonly broadcast: boolean
    readonly multicast: boolean
    /** Its bridge answers ARP for whom it knows, instead of flooding the question to it (bridge(8), neigh_suppress). */
    readonly suppress?: true
  }
  /** A bridge's own settings. */
  readonly bridge?: {readonly stp: boolean; readonly vlanFiltering: boolean; readonly forwardDelay?: number}
  readonly vxlan?: VxlanFacts
  /** An XDP program is attached: its id. */
  readonly xdp?: number
  /** It runs in the stack rather than in the driver. */
  readonly xdpMode?: 'generic'
}

export interface VxlanFacts {
  readonly id: number
  readonly port: number
  readonly learning: boolean
  readonly local?: string
  /** The one other end, or the group. */
  readonly remote?: string
  readonly dev?: string
  /** A program, or a route, says for each packet where it goes: it has no identifier of its own (ip-link(8), external). */
  readonly external?: true
}

export interface RouteFacts {
  readonly family: Family
  /** In CIDR notation; 0.0.0.0/0 or ::/0 for the default route. */
  readonly to: string
  readonly via?: string
  readonly dev?: string
  readonly source?: string
  readonly metric: number
  /** unicast, unreachable, blackhole, prohibit ... */
  readonly type: string
  readonly table: string
  /** `via` is taken to be on the link, whatever the link's networks are. */
  readonly onlink?: boolean
  /** Where there are several, `via` and `dev` are in here and not beside it. */
  readonly nextHops?: readonly NextHopFacts[]
  /** Bytes: what goes this way may have no more, whatever the device takes. */
  readonly mtu?: number
  /** The rest that somebody may have set, as ip-route(8) takes it: `proto kernel scope link`. */
  readonly details?: string
  /** The kind of daemon that brought it by BGP: bird, bgp (FRR) ... */
  readonly daemon?: string
}

export interface NextHopFacts {
  readonly via?: string
  readonly dev?: string
  readonly weight: number
  readonly onlink?: boolean
}

/** A rule of the routing policy database (ip-rule(8)). */
export interface RuleFacts {
  readonly priority: number
  readonly not: boolean
  /** In CIDR notation; absent for all. */
  readonly from?: string
  readonly to?: string
  readonly iif?: string
  readonly oif?: string
  readonly mark?: number
  /** Which bits of the mark count; all where it is absent. */
  readonly markMask?: number
  readonly protocol?: string
  /** First and last. */
  readonly sourcePorts?: readonly [number, number]
  readonly destinationPorts?: readonly [number, number]
  readonly tos?: number
  /** Selectors that are not told apart here, as ip-rule(8) prints their keys: uid_start, l3mdev ... */
  readonly others?: readonly string[]
  /** lookup, nop, goto, or how it refuses: unreachable, blackhole, prohibit. */
  readonly action: string
  readonly table?: string
  /** A route of this prefix length or a shorter one does not count. */
  readonly suppressPrefixLength?: number
  /** The priority at which `goto` goes on. */
  readonly target?: number
}

export interface NeighbourFacts {
  readonly address: string
  readonly dev: string
  readonly mac?: string
  /** REACHABLE, PERMANENT, FAILED ... (ip-neighbour(8)) */
  readonly state: string
  readonly proxy: boolean
}

/** An entry of a bridge's or a tunnel's forwarding database (bridge(8)). */
export interface FdbFacts {
  readonly mac: string
  readonly dev: string
  /** The bridge it belongs to, where it is a bridge's. */
  readonly master?: string
  /** A tunnel's other end. */
  readonly remote?: string
  /** It was not learned and does not age. */
  readonly permanent: boolean
  /** A daemon has put it there (bridge(8), extern_learn). */
  readonly external?: true
  /** The address of the bridge itself, or of a port of it: frames for it are the machine's own. */
  readonly local: boolean
}

/** A queueing discipline other than the default, or a classifier (tc(8)). */
export interface TrafficControlFacts {
  readonly dev: string
  readonly kind: string
  /** Where it stands: root, ingress, egress; `none` for what only holds classifiers. */
  readonly side: string
  readonly text: string
}

/** Somebody who listens (ss(8)). */
export interface ListenerFacts {
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
}

/** An established BGP session, by its ends' addresses. */
export interface SessionFacts {
  readonly local: string
  readonly remote: string
}

/** A daemon that the recipe has started. */
export interface DaemonFacts {
  readonly name: string
  /** Its process, in the machine's own numbers. */
  readonly pid: number
  readonly runs: boolean
}

/** A path's size as a router has told it (RFC 1191), remembered for some minutes. */
export interface PathSizeFacts {
  readonly to: string
  readonly mtu: number
}

export interface NamespaceFacts {
  readonly links: readonly LinkFacts[]
  /** All tables but the kernel's own, `local`. */
  readonly routes: readonly RouteFacts[]
  readonly rules: Readonly<Record<Family, readonly RuleFacts[]>>
  readonly neighbours: readonly NeighbourFacts[]
  readonly fdb: readonly FdbFacts[]
  /** With the rules of the old iptables, whose tables are called `iptables-legacy filter` here (legacy.ts). */
  readonly ruleset: Ruleset
  /** The tables of the old iptables, which nft(8) does not show. */
  readonly legacyTables: readonly string[]
  /** Tools that are not there or refused, as `nft`: of what they would have told nothing is known. */
  readonly unread: readonly string[]
  /** What was another when it had been read: routes, rules. */
  readonly changed: readonly string[]
  readonly trafficControl: readonly TrafficControlFacts[]
  readonly listeners: readonly ListenerFacts[]
  /** Only a machine's own. */
  readonly sessions: readonly SessionFacts[]
  /** Path below /proc/sys/net, with dots: ipv4.conf.eth0.rp_filter. */
  readonly sysctls: ReadonlyMap<string, string>
  readonly forwarding: Readonly<Record<Family, boolean>>
  /** The names of the namespaces that this one knows by a number (ip netns list-id). Only a machine's own. */
  readonly netnsNames: ReadonlyMap<number, string>
  /** The flow switches of Open vSwitch, where one runs. Only a machine's own. */
  readonly switches?: readonly SwitchFacts[]
  /** The programs of tc-bpf(8), and what their maps hold. Only a machine's own. */
  readonly programs?: readonly ProgramFacts[]
  /** Rules of a drawn network that drop packets (OVN), where its central database is. Only a machine's own. */
  readonly policies?: readonly PolicyFacts[]
  /** What it has learned of the sizes of IPv4 paths, where it has. */
  readonly pathSizes?: readonly PathSizeFacts[]
  /** Ports and routes of a drawn network, where its central database is. Only a machine's own. */
  readonly drawn?: readonly DrawnFacts[]
  /** The daemons that the recipe has started, where there are some. Only a machine's own. */
  readonly daemons?: readonly DaemonFacts[]
  /** What its switches said they do with a packet, by the question: they are asked about the packets that are looked at alone. */
  readonly answers?: ReadonlyMap<string, string>
}

/**
 * By place; undefined where the place, or its machine, could not be asked. A namespace that no place is declared for is
 * there too, as `node1/NAME`.
 */
export type Facts = ReadonlyMap<string, NamespaceFacts | undefined>
