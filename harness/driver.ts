// The contract between a lab and the way its nodes are started and reached. Everything else is above it, and
// test/contract/ holds every driver to it. A Driver starts (or finds again) nodes; a Fleet is those nodes, running.
import type {Readable, Writable} from 'node:stream'
import type {CommandResult} from './command.ts'
import type {Machine} from './model.ts'

export type DriverName = 'local' | 'docker' | 'ssh'

/** What a driver needs to know of a scenario. */
export interface FleetSpec {
  /** The lab's name: lower-case letters, digits and dashes, at most 40. */
  readonly lab: string
  readonly underlay: string
  readonly nodes: readonly Machine[]
  /** Commands that are wanted beyond what every node has. A driver that makes its nodes' file systems chooses one that has them. */
  readonly tools?: readonly string[]
  /** Device files of this machine that the nodes are to be able to open. */
  readonly devices?: readonly string[]
}

/** Plain data with which another process finds a kept fleet again. Its content is the driver's own affair. */
export type FleetHandle = Readonly<Record<string, unknown>>

export interface Driver {
  readonly name: DriverName
  /**
   * Starts the nodes on their underlay. They begin alike under every driver: lo and eth0 up, eth0 holding the node's
   * address, no default route, the settings of NODE_SYSCTLS, nothing else. If podwire dies, however it dies, they go.
   * @throws MachineError when this machine cannot do it
   */
  start(spec: FleetSpec): Promise<Fleet>
  /** Finds a kept fleet again; the fleet's dispose then only lets go of it. Undefined when it is gone. */
  find(handle: FleetHandle): Promise<Fleet | undefined>
  /**
   * Removes a kept fleet, and what is left of one. Removing one that is gone is not an error.
   * @throws MachineError when it is not gone afterwards, or nobody can tell
   */
  remove(handle: FleetHandle): Promise<void>
}

export interface RunOptions {
  /** Milliseconds after which the command, and what it started, is killed. Default: DEFAULT_TIME_LIMIT. */
  readonly timeLimit?: number
  /** `observer` is a second shell for podwire's own questions, so that a line's background output cannot get between them. */
  readonly shell?: 'steps' | 'observer'
}

export interface StreamOptions {
  /** `inherit` hands over podwire's own terminal; `pipe` (the default) gives streams. */
  readonly stdio?: 'pipe' | 'inherit'
}

/** A command that runs beside the others, with its own standard streams. */
export interface CommandStream {
  /** null when the streams were inherited. */
  readonly stdin: Writable | null
  readonly stdout: Readable | null
  readonly stderr: Readable | null
  /** The exit code; 128 + n where signal n ended it; null when the node went away under it. */
  readonly exit: Promise<number | null>
  /** Sends a signal to the command and its process group, SIGKILL where none is said. Stopped ones continue, to hear it. */
  kill(signal?: NodeJS.Signals): void
}

export interface Fleet extends AsyncDisposable {
  /** How the nodes run, for the report's first line: 'namespaces of this machine, as root'. */
  readonly description: string
  /** Nodes that went away under the lab, and why, where nodes can go one by one: the report is then of the others. */
  readonly lost?: ReadonlyMap<string, string>
  /** Runs a shell line and waits. Lines of one node and shell run in the order in which they were given. Never rejects. */
  run(node: string, command: string, options?: RunOptions): Promise<CommandResult>
  /** Starts argv (no shell in between) beside everything else. */
  stream(node: string, argv: readonly string[], options?: StreamOptions): Promise<CommandStream>
  /** Writes a file on a node, with its folders, readable and executable by its owner. */
  copy(node: string, content: Buffer, path: string): Promise<void>
  /**
   * Lets the fleet outlive this process, until the driver's remove(). Dispose then only lets go of it.
   * @param remember writes the handle down first, so that no fleet is kept that nobody can find; when it throws, it is not kept
   */
  keep(remember?: (handle: FleetHandle) => void): Promise<FleetHandle>
}

export const DEFAULT_TIME_LIMIT = 30_000

/**
 * What every node starts with. A new network namespace copies its IPv4 settings from the machine's first one
 * (net.core.devconf_inherit_init_net, networking/ip-sysctl.rst), and Docker sets others: a lab must not depend on either.
 * Without icmp_ratelimit (and its like) a node tells of one refused packet a second and is silent about the rest, which then look lost.
 */
export const NODE_SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '0',
  'net.ipv4.icmp_ratelimit': '0',
  'net.ipv4.icmp_msgs_per_sec': '10000',
  'net.ipv4.icmp_msgs_burst': '10000',
  'net.ipv6.icmp.ratelimit': '0',
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.conf.default.rp_filter': '0',
  'net.ipv6.conf.all.disable_ipv6': '0',
  'net.ipv6.conf.default.disable_ipv6': '0',
}

/** A node that is no more, or runs no more: its name, in an error that says so. */
export function nodeDown(node: string, what: string): MachineError {
  return new MachineError('node-down', `${node} is not running: ${what}`, [
    'podwire diagnose tells what hangs on it; podwire down, and up again, bring it back',
  ])
}

/** This machine cannot run it: exit code 3. `help` says what to do, a line each. */
export class MachineError extends Error {
  override readonly name = 'MachineError'
  readonly code: string
  readonly help: readonly string[]

  constructor(code: string, message: string, help: readonly string[] = []) {
    super(message)
    this.code = code
    this.help = help
  }
}
