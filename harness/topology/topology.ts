// A lab as a picture has it: what is where and what is plugged into what, as plain data. Made of facts alone (build.ts), so it
// shows what the kernels hold and not what a scenario meant. It knows neither positions (layout.ts) nor colours.

/** A network device, as the kernel names it. */
export interface Device {
  /** `PLACE NAME`; no other device of the topology has it. */
  readonly id: string
  readonly name: string
  /** The driver's name for its kind: veth, bridge, vxlan ...; empty for a device without one (ip-link(8)). */
  readonly kind: string
  /** `no-carrier`: it is up, and there is nobody at the other end. */
  readonly state: 'up' | 'down' | 'no-carrier'
  readonly mtu: number
  readonly mac: string
  /** In CIDR notation, without those that every namespace has. */
  readonly addresses: readonly string[]
  /** A tunnel's identifier. */
  readonly vni?: number
}

/** A network namespace: a machine's own, a pod's, or one that no place is declared for. */
export interface Space {
  /** The place's name, or `MACHINE/NETNS`. */
  readonly name: string
  readonly kind: 'node' | 'pod' | 'host' | 'namespace'
  readonly machine: string
  /** False where nobody could look, or nothing is there. */
  readonly seen: boolean
  readonly forwards: boolean
  readonly devices: readonly Device[]
}

/** Two things that are plugged into one another. */
export interface Connection {
  /** A veth pair; a port of a bridge or a flow switch; a machine on the underlay; two ends of a tunnel. */
  readonly kind: 'veth' | 'port' | 'underlay' | 'tunnel'
  /** Ids of devices, a flow switch being one. The nearer to a pod first; of a tunnel the one whose machine is named first. */
  readonly from: string
  /** UNDERLAY, an id, or an address that nobody in the lab holds. */
  readonly to: string
  readonly up: boolean
  /** What else is to be said: why it is down, what keeps frames back. */
  readonly note?: string
}

export interface Topology {
  /** The network that joins the machines, in CIDR notation; several with a comma between them. */
  readonly underlay: string
  /** Machines in the order of the scenario, each followed by the namespaces on it. */
  readonly spaces: readonly Space[]
  readonly connections: readonly Connection[]
  /** Tunnels' far ends that nobody in the lab holds. */
  readonly outside: readonly string[]
}

/** The kind of a flow switch, as the kernel's own are called (ip-link(8)). */
export const SWITCH = 'openvswitch'

/** What machines' eth0 are connected to. */
export const UNDERLAY = 'underlay'

export function idOf(place: string, device: string): string {
  return `${place} ${device}`
}
