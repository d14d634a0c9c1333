// What a scenario file is written with. Everything here makes plain data; nothing starts, and nothing is checked yet:
// scenario/validate.ts does that when the file is loaded, so that all mistakes are told at once, each with its line.
import {fileURLToPath} from 'node:url'
import type {Cause, Claim, ClaimedFormat, PacketSize, PairClaim, Protocol, SourceLine} from './model.ts'

/** One address, or one of each family, without prefix lengths. */
export type Addresses = string | readonly string[]

/** A node or pod name as a key, its declaration as the value. */
export interface Declaration {
  /** One sentence. */
  readonly title: string
  /** The documents' statements that this shows, in their words. */
  readonly shows?: readonly string[]
  /** The ready network whose datapath this is. */
  readonly solution?: string
  /** The network that joins the nodes, in CIDR notation. */
  readonly underlay: string
  /** command: the Debian package, or Go module, that brings it; for commands that not every node has. Without one the scenario is not run. */
  readonly needs?: Readonly<Record<string, string>>
  /** Device files that lines and daemons open: '/dev/net/tun'. */
  readonly devices?: readonly string[]
  /** Why it takes root of the machine itself, where an ordinary user's namespaces do not do: in one sentence. */
  readonly root?: string
  /** Bytes of a full packet between places, where a tunnel takes some of the underlay's MTU. */
  readonly mtu?: number
  /** name: its address on the underlay, which it starts with; then others that it should answer at, which steps give it */
  readonly nodes: Readonly<Record<string, Addresses>>
  /** name: the node it is on and the address that it should answer at. Its namespace has its name. */
  readonly pods: Readonly<Record<string, {readonly node: string; readonly address: Addresses}>>
  /** Machines that are no nodes of the cluster: name: address on the underlay; or the machine whose namespace it is, and its address. */
  readonly hosts?: Readonly<Record<string, Addresses | {readonly node: string; readonly address: Addresses}>>
  /** Path on the machines, below /run: the file to copy there, seen from the scenario's own folder. */
  readonly files?: Readonly<Record<string, string>>
  readonly steps: readonly (DeclaredStep | DeclaredClaim)[]
  readonly checks: readonly DeclaredClaim[]
}

export type DeclaredStep =
  | {readonly kind: 'stage'; readonly title: string; readonly sentence?: string}
  | {readonly kind: 'step'; readonly node: string; readonly command: string; readonly source: SourceLine}
  | {readonly kind: 'address'; readonly place: string; readonly address: Addresses; readonly source: SourceLine}
  | DeclaredDaemon

/** A command that stays until the lab goes, and how one knows that it is ready. */
export interface DeclaredDaemon {
  readonly kind: 'daemon'
  readonly place: string
  readonly name: string
  readonly command: string
  readonly ready?: string
  readonly source: SourceLine
}

/** A claim as it is written: what is claimed, and how to say that it should not hold. */
export interface DeclaredClaim {
  readonly kind: 'claim'
  readonly claim: Claim
}

/** A claim that need not hold at once. */
export interface TimedClaim extends DeclaredClaim {
  /**
   * It holds so many milliseconds after the last line of its stage began, at the latest; looked at again and again until it
   * does, and the time is told. Among `steps` alone.
   */
  within(milliseconds: number): DeclaredClaim
}

export interface FailingClaim extends TimedClaim {
  /** It holds: what a claim says when nothing is added. */
  holds(): TimedClaim
  /**
   * It does not hold here, and for this reason; a failure for another reason is not what is claimed.
   * @param cause what a diagnosis would name: 'no-route', 'forwarding-off', ...
   * @param at the place where the cause is; for `reach` alone, where packets are followed
   */
  fails(cause: Cause | (string & {}), at?: string): TimedClaim
}

/** A claim about packets between pairs of places. */
export interface PacketClaim extends FailingClaim {
  /**
   * Of these packets alone, where others fare otherwise: 'icmp', 'tcp' or 'udp', in both sizes; 'small' or 'full', in every
   * protocol.
   */
  only(packets: Protocol | PacketSize): FailingClaim
}

/** What a scenario file exports by default. */
export interface DeclaredScenario extends Declaration {
  readonly kind: 'scenario'
}

/** Declares a scenario: nodes, pods, the literal steps that wire them, and what should hold on the way and afterwards. */
export function scenario(declaration: Declaration): DeclaredScenario {
  return {kind: 'scenario', ...declaration}
}

/** Begins a stage. All nodes finish a stage before the next begins. `sentence` is what the document says of it, in its words. */
export function stage(title: string, sentence?: string): DeclaredStep[] {
  return [{kind: 'stage', title, ...(sentence !== undefined && {sentence})}]
}

/**
 * Literal shell lines for one node, as a person would type them there; a line ending in `\` goes on in the next.
 * Empty lines and lines that begin with # are left out. Nothing can be filled in: a step is written out.
 *
 *     ...on('node1')`
 *       ip link add v-net-0 type bridge
 *     `
 */
export function on(node: string): (lines: TemplateStringsArray, ...filled: never[]) => DeclaredStep[] {
  return (template, ...filled) => {
    const source = callSite()
    return literalLines(template, filled, source).map(({command, line}) => ({
      kind: 'step',
      node,
      command,
      source: {file: source.file, line},
    }))
  }
}

/**
 * A daemon of the lab: a literal command that stays until the lab goes, in its turn among the lines of its machine. What it
 * says is in /run/podwire/NAME.log there, and in the folder of --out at the end; its process id in /run/podwire/NAME.pid.
 *
 *     daemon('node1', 'bird')`bird -f -c /run/bird.conf -s /run/bird.ctl`.readyWhen`birdc -s /run/bird.ctl show status`,
 *
 * @param place a node, a host or a pod, in whose namespace it runs
 */
export function daemon(place: string, name: string): (lines: TemplateStringsArray, ...filled: never[]) => StartedDaemon {
  return (template, ...filled) => {
    const source = callSite()
    const lines = literalLines(template, filled, source)
    const command = lines.map((line) => line.command).join('\n')
    const declared: DeclaredDaemon = {kind: 'daemon', place, name, command, source: {...source, line: lines[0]?.line ?? source.line}}
    return {
      ...declared,
      readyWhen: (condition, ...more) => ({
        ...declared,
        ready: literalLines(condition, more, source)
          .map((line) => line.command)
          .join('\n'),
      }),
    }
  }
}

export interface StartedDaemon extends DeclaredDaemon {
  /** The next line of its machine waits until this command succeeds there. */
  readyWhen(lines: TemplateStringsArray, ...filled: never[]): DeclaredDaemon
}

/** From this stage on a place should answer at another address: a pod that was made again, a subnet that was moved. */
export function answersAt(place: string, address: Addresses): DeclaredStep {
  return {kind: 'address', place, address, source: callSite()}
}

/**
 * Packets of one place reach another and are answered: ICMP, TCP and UDP, in a small packet and at the full MTU with
 * Don't Fragment set. Among `steps` it is claimed after the stage in which it stands.
 * @param to a place, or an address that no place is meant to have; one of a place's several addresses only where it fails
 */
export function reach(from: string, to: string): PacketClaim {
  return ofPackets({check: 'reach', from: [from], to: [to], source: callSite()})
}
/** Every place of the cluster, pod or node, reaches every other. */
reach.all = (): PacketClaim => ofPackets({check: 'reach', source: callSite()})
/** Each of these reaches each other. */
reach.among = (...places: readonly string[]): PacketClaim => ofPackets({check: 'reach', from: places, to: places, source: callSite()})

/** Nothing translates an address or port on the way, in either direction, by what the receivers saw. */
export function noNat(from: string, to: string): PacketClaim {
  return ofPackets({check: 'no-nat', from: [from], to: [to], source: callSite()})
}
noNat.all = (): PacketClaim => ofPackets({check: 'no-nat', source: callSite()})
noNat.among = (...places: readonly string[]): PacketClaim => ofPackets({check: 'no-nat', from: places, to: places, source: callSite()})

/** No two places hold the same address, and every one holds its own. */
export const uniqueAddress = {
  all: (): FailingClaim => mayFail({check: 'unique-address', source: callSite()}),
  among: (...places: readonly string[]): FailingClaim => mayFail({check: 'unique-address', places, source: callSite()}),
}

/** The networks that the nodes' pods are attached to do not overlap: each node has a subnet of its own. */
export const ownSubnet = {all: (): FailingClaim => mayFail({check: 'own-subnet', source: callSite()})}

/** How many routers a packet crosses: what is gone of its time to live when it arrives (RFC 791, RFC 8200). */
export function hops(from: string, to: string): {are(routers: number): DeclaredClaim} {
  const source = callSite()
  const claim = {check: 'hops', from, to, source} as const
  // Without a number it is no claim. That it was written is kept, so that its line can be told.
  return {kind: 'claim', claim, are: (routers) => ({kind: 'claim', claim: {...claim, routers}})} as {are(routers: number): DeclaredClaim}
}

/**
 * A literal command at a place, run when the stage's steps have, and what it comes to.
 *
 *     runs('laptop')`ssh 192.168.1.2 hostname`.prints('node1')
 */
export function runs(place: string): (lines: TemplateStringsArray, ...filled: never[]) => CommandOutcome {
  return (template, ...filled) => {
    const source = callSite()
    const lines = literalLines(template, filled, source)
    const command = lines.map((line) => line.command).join('\n')
    const claim = (exit: 'success' | 'failure', prints: readonly string[]): TimedClaim =>
      timed({check: 'command', place, command, exit, prints, source: {file: source.file, line: lines[0]?.line ?? source.line}})
    return {
      ...claim('success', []),
      holds: () => claim('success', []),
      // No words are not the same as none claimed: they are refused when the file is loaded.
      prints: (...texts: readonly string[]) => claim('success', texts.length === 0 ? [''] : texts),
      fails: (...texts) => claim('failure', texts),
    }
  }
}

export interface CommandOutcome extends TimedClaim {
  /** It ends with 0: what is claimed when nothing is added. */
  holds(): TimedClaim
  /** It ends with 0, and all of these stand in its output. */
  prints(...texts: readonly [string, ...string[]]): TimedClaim
  /** It ends with another code, and all of these stand in what it says: the kernel's or the tool's own words. */
  fails(...texts: readonly [string, ...string[]]): TimedClaim
}

/**
 * What an echo request of one place to another is on the wire, and its answer: captured at the machine of the first, and
 * decoded by tshark.
 *
 *     wire('pod1', 'pod3').carries({
 *       encapsulation: 'vxlan', vni: 1, port: 8472,
 *       outer: ['192.168.1.11', '192.168.1.12'], inner: ['10.244.1.2', '10.244.2.2'],
 *     })
 *
 * @param at a place and a device of it, where it is looked at elsewhere than at eth0 of the machine of `from`: 'spine1/eth1'
 */
export function wire(from: string, to: string, at?: string): {carries(format: ClaimedFormat): DeclaredClaim} {
  const source = callSite()
  const [place, device] = at?.split('/') ?? []
  const claim = {check: 'wire', from, to, ...(at !== undefined && {at: {place, device}}), source} as const
  // Without a format it is no claim. That it was written is kept, so that its line can be told.
  return {kind: 'claim', claim, carries: (format: ClaimedFormat) => ({kind: 'claim', claim: {...claim, carries: format}})} as unknown as {
    carries(format: ClaimedFormat): DeclaredClaim
  }
}

function ofPackets(claim: PairClaim): PacketClaim {
  return {...mayFail(claim), only: (packets) => mayFail({...claim, only: packets})}
}

function mayFail(claim: Extract<Claim, {fails?: unknown}>): FailingClaim {
  return {
    ...timed(claim),
    holds: () => timed(claim),
    // 'no route' is as good as 'no-route'; whether there is such a cause is seen when the file is loaded.
    fails: (cause, at) => timed({...claim, fails: {cause: causeIn(cause), ...(at !== undefined && {at})}}),
  }
}

/** Whether a claim of its kind can take a time is seen when the file is loaded. */
function timed(claim: Claim): TimedClaim {
  return {kind: 'claim', claim, within: (milliseconds) => ({kind: 'claim', claim: {...claim, within: milliseconds} as Claim})}
}

/** What is no text, or an empty one, is told when the file is loaded. */
function causeIn(words: unknown): Cause {
  const text = typeof words === 'string' ? words.trim().replaceAll(' ', '-') : words
  return (text === '' ? undefined : text) as Cause
}

/**
 * The commands in a template, each with its line. Template literals know `\`` and `\${` as the only way to write ` and ${;
 * every other backslash belongs to the shell.
 * @throws LiteralError when a value is filled in
 */
function literalLines(
  template: TemplateStringsArray,
  filled: readonly never[],
  {file, line}: SourceLine,
): {command: string; line: number}[] {
  if (filled.length > 0) throw new LiteralError({file, line})
  const found: {command: string; line: number}[] = []
  let unfinished: {command: string; line: number} | undefined
  for (const [index, raw] of (template.raw[0] ?? '').split('\n').entries()) {
    const text = raw.trim().replace(/\\(`|\$\{)/g, '$1')
    const begun = unfinished ?? {command: '', line: line + index}
    unfinished = undefined
    if (begun.command === '' && (text === '' || text.startsWith('#'))) continue
    if (text.endsWith('\\')) unfinished = {command: `${begun.command}${text.slice(0, -1)}`, line: begun.line}
    else found.push({command: begun.command + text, line: begun.line})
  }
  if (unfinished) found.push({...unfinished, command: `${unfinished.command}\\`})
  return found
}

/** A step was built from parts. */
export class LiteralError extends Error {
  override readonly name = 'LiteralError'
  readonly source: SourceLine

  constructor(source: SourceLine) {
    super('a step is literal: nothing can be filled in')
    this.source = source
  }
}

/**
 * The line of the scenario file that used the tag. Read from the stack's text, not from V8's frames: only the text goes
 * through source maps, where the file was transpiled on the way (tsx) and not merely stripped of its types.
 */
function callSite(): SourceLine {
  const frame = new Error('where').stack?.split('\n')[3] ?? ''
  // `at file:///mine.ts:3:5` or `at name (file:///mine.ts:3:5)`; the path may have blanks and brackets of its own.
  const [, where, line] = /(?:^\s*at |\()((?:file:\/\/)?\/.*):(\d+):\d+\)?$/.exec(frame) ?? []
  if (where === undefined) return {file: '', line: 0}
  return {file: where.startsWith('file:') ? fileURLToPath(where) : where, line: Number(line)}
}
