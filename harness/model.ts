// The nouns. Everything else in harness/ is made of these; start reading here.
// Declared things (…Spec) come from a scenario file; the others exist once a lab runs.

/** A host with its own network stack, as a scenario declares it. */
export interface NodeSpec {
  readonly name: string
  /** Its address on the underlay, dotted quad, without a prefix length. */
  readonly address: string
}

/** A pod, as a scenario declares it: a network namespace on a node, and the address it should answer at. */
export interface PodSpec {
  readonly name: string
  readonly node: string
  readonly address: string
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
}

/** Steps that belong together, and the sentence of the document that they carry out. All nodes finish a stage before the next begins. */
export interface Stage {
  readonly title: string
  readonly sentence?: string
  readonly steps: readonly Step[]
}

/** A claim that a scenario makes about its lab. */
export type Claim = {readonly check: 'reach'} | {readonly check: 'no-nat'} | {readonly check: 'unique-address'}

/** A whole experiment as one value, already validated. */
export interface Scenario {
  readonly name: string
  readonly file: string
  readonly title: string
  /** The network that joins the nodes, in CIDR notation: 192.168.1.0/24 in the documents. */
  readonly underlay: string
  readonly nodes: readonly NodeSpec[]
  readonly pods: readonly PodSpec[]
  readonly stages: readonly Stage[]
  readonly claims: readonly Claim[]
}

/** Somewhere a packet can start or end: a node itself, or a pod on it. */
export interface Place {
  readonly name: string
  readonly kind: 'node' | 'pod'
  readonly node: string
  readonly address: string
}

/** The places of a scenario in the order in which people list them: pods, then nodes. A pod's namespace carries the pod's name. */
export function placesOf(scenario: Pick<Scenario, 'nodes' | 'pods'>): Place[] {
  return [
    ...scenario.pods.map((pod): Place => ({...pod, kind: 'pod'})),
    ...scenario.nodes.map((node): Place => ({...node, kind: 'node', node: node.name})),
  ]
}

export type Protocol = 'icmp' | 'tcp' | 'udp'
export const PROTOCOLS: readonly Protocol[] = ['icmp', 'tcp', 'udp']

/** `small` is a packet of some 60 bytes; `full` fills the underlay's MTU with Don't Fragment set. */
export type PacketSize = 'small' | 'full'
export const PACKET_SIZES: readonly PacketSize[] = ['small', 'full']

/** Source and destination as one side knew them. For ICMP the port is the echo identifier on both ends. */
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

/** One packet exchange from a place to a place, with what each receiver saw. */
export interface Probe {
  readonly from: string
  readonly to: string
  readonly protocol: Protocol
  readonly size: PacketSize
  /** null: could not be observed. */
  readonly answered: boolean | null
  /** The kernel's error number by name (ENETUNREACH ...), or what stopped the observation. */
  readonly error?: string
  /** Round trip in milliseconds, where it was measured. */
  readonly rtt?: number
  /** Time to live left when the request arrived, where it was seen. */
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
  readonly protocol?: Protocol
  readonly size?: PacketSize
  readonly verdict: Verdict
  /** Why, in the kernel's own words and values. Empty for a pass. */
  readonly evidence: readonly string[]
}

/** A claim's result over all its pairs. */
export interface CheckResult {
  readonly check: Claim['check']
  readonly verdict: Verdict
  readonly pairs: readonly PairVerdict[]
}

/** A sentence of the documents (or of Kubernetes) with the pairs that stand behind its verdict. */
export interface Requirement {
  readonly id: string
  readonly sentence: string
  /** Whose words: the documents' own, or those that Kubernetes uses today. */
  readonly by: 'documents' | 'kubernetes'
  readonly verdict: Verdict
  readonly passed: number
  readonly total: number
}
