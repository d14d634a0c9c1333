// The nouns. Everything else in harness/ is made of these; start reading here.
// Declared things (…Spec) come from a scenario file; the others exist once a lab runs.

/** A machine of the cluster with its own network stack, as a scenario declares it. */
export interface NodeSpec {
  readonly name: string
  /** Its address on the underlay, dotted quad, without a prefix length. The driver gives it this one. */
  readonly address: string
  /** Every address that it should answer at, `address` first. The others are given by steps. */
  readonly addresses: readonly string[]
}

/** A pod, as a scenario declares it: a network namespace on a node, and the addresses it should answer at. */
export interface PodSpec {
  readonly name: string
  readonly node: string
  /** The first of its addresses. */
  readonly address: string
  readonly addresses: readonly string[]
}

/** A machine that is no node of the cluster: a laptop, a router. On the underlay, or in a namespace of a machine that is. */
export interface HostSpec {
  readonly name: string
  /** The machine on the underlay: the host itself, or the one whose namespace it is. */
  readonly node: string
  readonly address: string
  readonly addresses: readonly string[]
}

/** A line of a file, 1-based. Errors point at it. */
export interface SourceLine {
  readonly file: string
  readonly line: number
}

/** One literal command on one node. The line that runs is this line, to the letter. */
export interface Step {
  readonly node: string
  readonly command: string
  readonly source: SourceLine
  /** The command stays: it belongs to the lab, beside everything that comes later. */
  readonly daemon?: DaemonSpec
}

/** A process that a step starts and the lab ends. */
export interface DaemonSpec {
  /** /run/podwire/NAME.pid on its machine holds its process id, /run/podwire/NAME.log what it says. */
  readonly name: string
  readonly place: string
  /** The namespace it runs in; absent for the machine's own. */
  readonly netns?: string
  /** It is ready when this succeeds there; without it, once it runs. */
  readonly ready?: string
}

/** A command that a scenario needs on its machines beyond what every node has. */
export interface Need {
  /** A name that is looked for in PATH, or an absolute path. */
  readonly tool: string
  /** The Debian package that brings it, or the Go module, which has a slash in its name. */
  readonly package: string
}

/** Steps that belong together, and the sentence of the document that they carry out. All nodes finish a stage before the next begins. */
export interface Stage {
  readonly title: string
  readonly sentence?: string
  readonly steps: readonly Step[]
  /** Addresses that places should answer at from this stage on, where they are others than before. */
  readonly readdressed: Readonly<Record<string, readonly string[]>>
  /** What is claimed once the steps of this stage have run. */
  readonly claims: readonly Claim[]
}

/** A file that is put on machines before the first step: a script, a plug-in, a configuration. */
export interface FileSpec {
  /** Where it goes: an absolute path below /run, which is each machine's own. */
  readonly path: string
  /** The file on podwire's side that it is a copy of. */
  readonly from: string
  /** Which machines get it. */
  readonly nodes: readonly string[]
}

/** The causes that a failure can be named by. Each is one fault, whatever command brought it about. */
export const CAUSES = [
  ...['node-down', 'pod-missing', 'interface-missing', 'interface-down', 'peer-down', 'wrong-namespace', 'bridge-missing', 'bridge-down'],
  ...['port-not-enslaved', 'port-isolated', 'hairpin-off', 'fdb-wrong', 'stp-listening'],
  ...['address-missing', 'wrong-prefix-length', 'address-outside-subnet', 'duplicate-address', 'duplicate-mac', 'overlapping-subnets'],
  ...['neighbour-unresolved', 'neighbour-wrong', 'proxy-arp-missing', 'arp-suppressed', 'neighbour-table-full'],
  ...['gateway-missing', 'no-route', 'no-return-route', 'wrong-next-hop', 'next-hop-unreachable', 'wrong-device', 'wrong-source'],
  ...['more-specific-route', 'blackhole-route', 'unreachable-route', 'prohibit-route', 'policy-rule', 'routing-loop', 'leaves-lab'],
  ...['forwarding-off', 'reverse-path-filter', 'martian-source', 'ipv6-disabled'],
  ...['filter-drop', 'filter-reject', 'bridge-filter-drop', 'tc-drop', 'xdp-drop', 'source-nat', 'destination-nat', 'conntrack-full'],
  ...['mtu-too-small', 'mtu-blackhole', 'bad-checksum'],
  ...['vtep-fdb-missing', 'vtep-fdb-wrong', 'vtep-neighbour-missing', 'vni-mismatch', 'tunnel-port-mismatch', 'tunnel-endpoint-down'],
  ...['bgp-session-down', 'flow-missing', 'no-listener', 'echo-ignored', 'unknown'],
] as const

export type Cause = (typeof CAUSES)[number]

/** How a claim fails that is meant to fail: by this cause and, where it is said, at this place. Another failure is not what was claimed. */
export interface ExpectedFailure {
  readonly cause: Cause
  readonly at?: string
}

/**
 * `within` of a claim: it need not hold at once, but so many milliseconds after the last line of its stage began at the latest,
 * and how long it took is told.
 */

/** A claim over pairs of places. Without `from` and `to` it is of every place of the cluster and every other one. */
export interface PairClaim {
  readonly check: 'reach' | 'no-nat'
  /** Names of places. */
  readonly from?: readonly string[]
  /** Names of places, or addresses that no place is meant to have. */
  readonly to?: readonly string[]
  /** Of these packets alone: of one protocol in both sizes, or of one size in every protocol. */
  readonly only?: Protocol | PacketSize
  readonly fails?: ExpectedFailure
  readonly within?: number
  readonly source: SourceLine
}

/** A claim over the addresses of the cluster's places. Without `places` it is of all of them. */
export interface AddressClaim {
  readonly check: 'unique-address' | 'own-subnet'
  readonly places?: readonly string[]
  readonly fails?: ExpectedFailure
  readonly source: SourceLine
}

/** A claim of how many routers packets of one place cross on the way to another. */
export interface HopsClaim {
  readonly check: 'hops'
  readonly from: string
  readonly to: string
  readonly routers: number
  readonly source: SourceLine
}

/** A claim of what a literal command at a place comes to. */
export interface CommandClaim {
  readonly check: 'command'
  readonly place: string
  readonly command: string
  /** All of these stand in its output; with `exit: 'failure'` also in what it says on standard error. */
  readonly prints: readonly string[]
  readonly exit: 'success' | 'failure'
  readonly within?: number
  readonly source: SourceLine
}

/** What a packet travels in: nothing, or a tunnel's header of this kind; `udp` is a whole IP packet as UDP's payload. */
export const ENCAPSULATIONS = ['none', 'vxlan', 'geneve', 'udp'] as const
export type Encapsulation = (typeof ENCAPSULATIONS)[number]

/** A packet as it is on the wire. */
export interface WireFormat {
  readonly encapsulation: Encapsulation
  /** Source and destination of the packet that was sent. */
  readonly inner: readonly [string, string]
  /** Source and destination of the packet that carries it. */
  readonly outer?: readonly [string, string]
  /** The tunnel's UDP port. */
  readonly port?: number
  /** The network identifier of VXLAN (RFC 7348) or Geneve (RFC 8926). */
  readonly vni?: number
}

/** What is claimed of a request and its answer. */
export interface ClaimedFormat extends WireFormat {
  /** The answer's own `vni`, where each way is in another network: its destination's. */
  readonly answerVni?: number
}

/** A claim of what an echo request of one place to another, and its answer, are on the wire between them. */
export interface WireClaim {
  readonly check: 'wire'
  readonly from: string
  readonly to: string
  /** Where it is looked at; without it at eth0 of the machine of `from`, where the answer comes by too. */
  readonly at?: {readonly place: string; readonly device: string}
  /** As the request is; the answer is the same with its addresses exchanged. */
  readonly carries: ClaimedFormat
  readonly source: SourceLine
}

/** What a scenario claims of its lab, at the stage where it stands. */
export type Claim = PairClaim | AddressClaim | HopsClaim | CommandClaim | WireClaim

/** A whole experiment as one value, already validated. */
export interface Scenario {
  readonly name: string
  readonly file: string
  readonly title: string
  /** The documents' statements that this shows, in their words. */
  readonly shows: readonly string[]
  /** The ready network whose datapath this is: `Flannel, vxlan`. */
  readonly solution?: string
  /** What its machines need beyond what every node has. */
  readonly needs: readonly Need[]
  /** Device files that its machines have to be able to open: /dev/net/tun. */
  readonly devices: readonly string[]
  /** Why an ordinary user's namespaces do not do, where they do not. */
  readonly root?: string
  /** The size in bytes of full packets between its places, where that is not the underlay's MTU. */
  readonly mtu?: number
  /** The network that joins the nodes, in CIDR notation: 192.168.1.0/24 in the documents. */
  readonly underlay: string
  readonly nodes: readonly NodeSpec[]
  readonly pods: readonly PodSpec[]
  readonly hosts: readonly HostSpec[]
  readonly files: readonly FileSpec[]
  readonly stages: readonly Stage[]
  /** What is claimed at the end. */
  readonly claims: readonly Claim[]
}

/** Somewhere a packet can start or end: a machine itself, or a network namespace on it. */
export interface Place {
  readonly name: string
  /** `host` is a machine that is no node of the cluster. */
  readonly kind: 'node' | 'pod' | 'host'
  /** The machine on the underlay through which it is reached; its own name, unless it is a namespace there. */
  readonly node: string
  /** Its namespace's name under /run/netns on that machine; undefined for the machine's own. */
  readonly netns: string | undefined
  /** The first of its addresses. */
  readonly address: string
  readonly addresses: readonly string[]
}

/** The places of a scenario in the order in which people list them: pods, nodes, hosts. A namespace carries its place's name. */
export function placesOf(scenario: Pick<Scenario, 'nodes' | 'pods' | 'hosts'>): Place[] {
  return [
    ...scenario.pods.map((pod): Place => ({...pod, kind: 'pod', netns: pod.name})),
    ...scenario.nodes.map((node): Place => ({...node, kind: 'node', node: node.name, netns: undefined})),
    ...scenario.hosts.map((host): Place => ({...host, kind: 'host', netns: host.node === host.name ? undefined : host.name})),
  ]
}

/** The places with the addresses that they should answer at once this many stages have run. */
export function placesAfter(scenario: Pick<Scenario, 'nodes' | 'pods' | 'hosts' | 'stages'>, stages: number): Place[] {
  const moved = Object.assign({}, ...scenario.stages.slice(0, stages).map(({readdressed}) => readdressed)) as Stage['readdressed']
  return placesOf(scenario).map((place) => {
    const addresses = moved[place.name] ?? place.addresses
    return {...place, address: addresses[0] ?? place.address, addresses}
  })
}

/** The machines on the underlay, which a driver starts: the nodes, and the hosts that are not namespaces of another. */
export function machinesOf(scenario: Pick<Scenario, 'nodes' | 'hosts'>): Machine[] {
  return [...scenario.nodes, ...scenario.hosts.filter(({name, node}) => name === node)].map(({name, address}) => ({name, address}))
}

/** What a driver needs to know of a machine: its name, and its address on the underlay. */
export interface Machine {
  readonly name: string
  readonly address: string
}

export type Family = 4 | 6

export type Protocol = 'icmp' | 'tcp' | 'udp'
export const PROTOCOLS: readonly Protocol[] = ['icmp', 'tcp', 'udp']

/** `small` is a packet of some 60 bytes; `full` fills the scenario's MTU, which is the underlay's where none is said, with Don't Fragment set. */
export type PacketSize = 'small' | 'full'
export const PACKET_SIZES: readonly PacketSize[] = ['small', 'full']

/** Source and destination as one side knew them. For ICMP the port is the echo identifier (RFC 792, RFC 4443) on both ends. */
export interface FlowTuple {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
}

/** One direction of an exchange: what left the sender, and what the receiver got. Absent means that nobody saw it. */
export interface Passage {
  readonly sent?: FlowTuple
  readonly seen?: FlowTuple
  /** The place that saw it, which is not always the place that was meant. */
  readonly seenAt?: string
}

/** What to probe: from a place, to an address that a place should answer at, or to one that no place is meant to have. */
export interface Pair {
  readonly from: string
  /** A place's name; the address itself where none is meant. */
  readonly to: string
  readonly address: string
}

/** One packet exchange from a place to a place, with what each receiver saw. */
export interface Probe {
  readonly from: string
  readonly to: string
  /** The address that was asked. */
  readonly address: string
  readonly family: Family
  readonly protocol: Protocol
  readonly size: PacketSize
  /** null: could not be observed. */
  readonly answered: boolean | null
  /** The kernel's error number by name (ENETUNREACH ...), or what stopped the observation. */
  readonly error?: string
  /** Round trip in milliseconds, where it was measured. */
  readonly rtt?: number
  /** Time to live (IPv6: hop limit) left when the request arrived, where it was seen; it leaves with 64. */
  readonly ttl?: number
  readonly request: Passage
  readonly reply: Passage
}

/** `unknown` is a verdict: what could not be observed is never a pass and never a fail. */
export type Verdict = 'pass' | 'fail' | 'unknown'

/** What a check says of one pair. */
export interface PairVerdict {
  readonly from: string
  readonly to: string
  /** The address that was asked. */
  readonly address?: string
  readonly protocol?: Protocol
  readonly size?: PacketSize
  readonly verdict: Verdict
  /** Why, in the kernel's own words and values. Empty for a pass. */
  readonly evidence: readonly string[]
}

/** What a command of a claim came to. */
export interface CommandVerdict {
  readonly place: string
  readonly command: string
  readonly exitCode: number | null
  readonly output: string
}

/** A packet as it was seen on the wire. */
export interface WireFrame extends WireFormat {
  /** Bytes with the outermost IP header, and how many of them are not the packet that was sent. */
  readonly length: number
  readonly overhead: number
}

/** How long a claim took to hold. */
export interface Convergence {
  /** Milliseconds that were claimed. */
  readonly within: number
  /** Milliseconds from the beginning of the stage's last line to the end of the first look that found it so; null: none did. */
  readonly after: number | null
  /** How often it was looked at. */
  readonly looks: number
}

/** A claim's result over all its pairs. */
export interface CheckResult {
  readonly check: Claim['check']
  /** The claim in words: `reach`, `reach pod1 -> pod3 fails: no-route`. */
  readonly claim: string
  /** The verdict on the claim: a failure that was claimed, by its cause, is a pass. */
  readonly verdict: Verdict
  readonly fails?: ExpectedFailure
  /** What was found, pair by pair, whatever was claimed. */
  readonly pairs: readonly PairVerdict[]
  /** Why the claim does not hold or is not known to, where that is not already in the pairs. */
  readonly evidence: readonly string[]
  readonly command?: CommandVerdict
  readonly convergence?: Convergence
  /** What was seen, and where: `node1/eth0`. */
  readonly wire?: {readonly at: string; readonly frames: readonly WireFrame[]}
  readonly source?: SourceLine
}

/** What one round of probes said of the pairs of places after a stage: who reached whom, with small packets. */
export interface MatrixRow {
  readonly from: string
  readonly to: string
  readonly family: Family
  readonly verdict: Verdict
  /** A packet arrived with another address or port than it was sent with; absent where none is known to have. */
  readonly translated?: true
}

/** One stage as it was found: what was claimed there, and, where it was asked for, the matrix and what turned in it. */
export interface StageResult {
  /** 1-based. */
  readonly stage: number
  readonly title: string
  readonly checks: readonly CheckResult[]
  /** Milliseconds that the probes of the matrix took. */
  readonly probing?: number
  readonly matrix?: readonly MatrixRow[]
  /** Pairs that reach since this stage and did not before, as `pod1 -> pod3`. */
  readonly gained?: readonly string[]
  /** Pairs that reached before this stage and do no more. */
  readonly lost?: readonly string[]
  /** One of its lines was refused or hung: this is how things were then, and its claims were not looked at. */
  readonly unfinished?: true
}

/** A sentence of the documents (or of Kubernetes) with the pairs that stand behind its verdict. */
export interface Requirement {
  readonly id: string
  readonly sentence: string
  /** Whose words: the documents' own, or those that Kubernetes uses today. */
  readonly by: 'documents' | 'kubernetes'
  /** The documents ask more than Kubernetes does today. */
  readonly stronger: boolean
  readonly verdict: Verdict
  readonly passed: number
  readonly total: number
}

/** Where a fault is. */
export interface Spot {
  readonly node: string
  /** The network namespace on that machine; null for the machine's own. */
  readonly netns: string | null
  /** The device, route, rule, setting or entry at fault, in the kernel's own words. */
  readonly object: string
}

/** A literal command that mends something, and where it is typed. */
export interface FixCommand {
  /** A machine: podwire exec's place, and a step's node. */
  readonly where: string
  readonly command: string
}

/** What became of a fix on a copy of the lab, where those of other diagnoses were typed too. */
export interface Trial {
  readonly verdict: Verdict
  /** Pairs of the diagnosis that failed on the copy before the fix and hold after it, of those of them that failed. */
  readonly turned: number
  readonly failing: number
  /** All pairs that hold after the fix, of all. */
  readonly passing: number
  readonly total: number
  /** Lines of this fix that the copy refused, each with the kernel's words; absent where there are none. */
  readonly refused?: readonly string[]
  /** Why it could not be tried, or what still fails. */
  readonly evidence: readonly string[]
}

/** A packet of a watched exchange as it passed a device: in by it, out by it, or past it to another MAC address. */
export interface Sighting {
  readonly place: string
  readonly device: string
  readonly direction: 'in' | 'out' | 'past'
  /** `error` is an ICMP error about the request or the reply. */
  readonly way: 'request' | 'reply' | 'error'
  readonly source: string
  readonly destination: string
}

/** A rule or a chain's policy that ended a watched packet's way (`nft monitor trace`). */
export interface TracedRule {
  readonly place: string
  readonly way: 'request' | 'reply'
  readonly family: string
  readonly table: string
  readonly chain: string
  /** Absent for a policy. */
  readonly handle?: number
  readonly text: string
}

/** Why the kernel dropped a watched packet (tracepoint skb:kfree_skb). */
export interface KernelDrop {
  /** enum skb_drop_reason, without its prefix. */
  readonly reason: string
  /** The kernel's function that gave it up. */
  readonly function: string
  /** The devices that it had been given to for sending, the last one last; of any namespace. */
  readonly devices: readonly string[]
}

/** What the kernel counts of what it did not pass on: how much more after a watched exchange than before. */
export interface CounterRise {
  readonly place: string
  readonly counter: string
  readonly increase: number
}

/** What could not be observed, where, and why. */
export interface Unobserved {
  readonly what: 'packets' | 'rules' | 'drops' | 'counters'
  /** Absent where it is of no place. */
  readonly place?: string
  readonly why: string
}

/** What a real packet did while it was watched, and apart from it what the facts predict. */
export interface Observation {
  readonly from: string
  readonly to: string
  readonly address: string
  readonly protocol: Protocol
  readonly size: PacketSize
  /** Where the facts end it: the request's way, or the reply's. */
  readonly predicted: {
    readonly way: 'request' | 'reply'
    readonly ended: 'delivered' | Cause
    readonly at: string
    /** The place that the request comes to, which is not always the one that is meant; absent where it comes to none. */
    readonly arrives?: string
    /** What might end it before and cannot be judged from the facts, a sentence each. */
    readonly doubts: readonly string[]
  }
  /** Of this exchange, not of the one before that was not watched. */
  readonly answered: boolean | null
  /** In the order of time, each device once a direction. */
  readonly sightings: readonly Sighting[]
  readonly rules: readonly TracedRule[]
  readonly drops: readonly KernelDrop[]
  readonly counters: readonly CounterRise[]
  readonly unobserved: readonly Unobserved[]
  /** Where prediction and observation disagree, a sentence each. */
  readonly conflicts: readonly string[]
}

/** Why pairs fail: one cause, its place, what was seen, and what mends it. */
export interface Diagnosis {
  readonly from: string
  readonly to: string
  /** Absent where it is the same for all that were probed. */
  readonly protocol?: Protocol
  readonly verdict: Verdict
  readonly cause: Cause
  readonly where: Spot
  readonly evidence: readonly string[]
  readonly fix: readonly FixCommand[]
  /** Absent where no packet was watched. */
  readonly observation?: Observation
  /** Absent until the fix was tried. */
  readonly tried?: Trial
  /** All pairs that this one cause breaks, as `pod1 -> pod3`. */
  readonly pairs: readonly string[]
}
