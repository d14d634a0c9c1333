// What becomes of a frame on its way along the devices of a segment: their sizes, programs, filters and forwarding entries.
// What keeps a device from taking part at all is in segment.ts. Pure.
import type {LinkFacts, NamespaceFacts, TrafficControlFacts} from '../facts/facts.ts'
import type {Packet} from './nftables/packet.ts'
import type {Ruling} from './nftables/words.ts'
import {type Hook, runHook} from './nftables.ts'
import {programName, programStop, sends} from './programs.ts'
import type {Block, Passage, Port, World} from './segment.ts'
import {carriageBlock, isCarriedBetween} from './tunnel.ts'

export interface FrameResult {
  readonly block?: Block
  /** What might have stopped it and cannot be judged. */
  readonly doubts: readonly Block[]
}

/** A frame lets so many bytes pass beyond a device's MTU: room for a VLAN header (is_skb_forwardable). */
const VLAN_HEADER = 4

/** A frame that carries this packet, along these devices, to the last of them. */
export function carried(world: World, way: Passage, packet: Packet, destination: string): FrameResult {
  const doubts: Block[] = []
  const frame: Packet = {...packet, ether: {source: way.ports[0]?.link.mac ?? '', destination}}
  for (const [index, port] of way.ports.entries()) {
    const here = world.facts.get(port.place)
    if (!here) continue
    doubts.push(...programsOn(port, here))
    const block =
      (packet.arp ? undefined : programStop(world, way.ports[index - 1], port, packet.destination)) ??
      tooLarge(port, index, packet) ??
      (port.link.kind === 'bridge' ? bridged(way, index, here, frame, doubts) : undefined) ??
      onDevice(way, index, here, frame, doubts) ??
      tunnelled(world, way, index, frame)
    if (block) return {block, doubts}
  }
  return {doubts}
}

function tunnelled(world: World, {ports}: Passage, index: number, frame: Packet): Block | undefined {
  const [port, next] = [ports[index] as Port, ports[index + 1]]
  if (!isCarriedBetween(port, next)) return undefined
  return carriageBlock(world, port, next, frame.ether?.destination ?? '', frame, index === 0)
}

function tooLarge({place, link}: Port, index: number, {length, arp}: Packet): Block | undefined {
  // A bridge's own MTU is no limit to what it forwards; the first device's has been looked at by IP.
  if (arp || index === 0 || link.kind === 'bridge' || link.mtu + VLAN_HEADER >= length) return undefined
  return {
    cause: 'mtu-blackhole',
    at: place,
    object: link.name,
    evidence: `${link.name} at ${place} takes ${link.mtu} bytes, the packet has ${length}`,
  }
}

function programsOn({place, link}: Port, here: NamespaceFacts): Block[] {
  const controls = here.trafficControl
    .filter((each) => each.dev === link.name && each.side !== 'none' && !isAmple(each))
    .map(
      ({dev, side, kind, text}): Block => ({
        cause: 'tc-drop',
        at: place,
        object: `${kind} dev ${dev} ${side}`,
        evidence: `${link.name} at ${place} ${programName(text) ?? `has ${text}`}`,
      }),
    )
  if (link.xdp === undefined) return controls
  return [...controls, {cause: 'xdp-drop', at: place, object: link.name, evidence: `${link.name} at ${place} has XDP program ${link.xdp}`}]
}

/** A plain queue that holds what a path holds back for a moment: a few dozen packets of any size. */
export function isAmple({kind, text}: TrafficControlFacts): boolean {
  const limit = Number(/"limit":(\d+)/.exec(text)?.[1] ?? 0)
  return (kind.startsWith('pfifo') && limit >= 32) || (kind === 'bfifo' && limit >= 65_536)
}

/** The chains of the device itself: it sends where the frame begins or comes from its bridge, and takes in otherwise. */
function onDevice({ports}: Passage, index: number, here: NamespaceFacts, frame: Packet, doubts: Block[]): Block | undefined {
  const {place, link} = ports[index] as Port
  const before = ports[index - 1]
  // What a bridge hands from port to port does not come to the bridge's own device.
  if (link.kind === 'bridge' && before && ports[index + 1]) return undefined
  const [hook, names] = sends(before, {place, link}) ? (['egress', {oif: link.name}] as const) : (['ingress', {iif: link.name}] as const)
  const at = {...frame, ...names}
  const families = hook === 'ingress' ? ['netdev', 'inet'] : ['netdev']
  return judged(here, hook, at, families, place, doubts, (object) => ({
    cause: 'filter-drop',
    at: place,
    object,
    evidence: `${object} at ${place} drops frames on ${link.name}`,
  }))
}

/** The hooks of a bridge: from port to port, from a port to the machine, from the machine to a port. */
function bridged(way: Passage, index: number, here: NamespaceFacts, frame: Packet, doubts: Block[]): Block | undefined {
  const {place, link} = way.ports[index] as Port
  const [inPort, outPort] = [way.ports[index - 1]?.link, way.ports[index + 1]?.link]
  const from = inPort?.master === link.name ? inPort : undefined
  const to = outPort?.master === link.name ? outPort : undefined
  const hooks: readonly Hook[] = from
    ? ['prerouting', ...(to ? (['forward', 'postrouting'] as const) : (['input'] as const))]
    : ['output', 'postrouting']
  const wrong = from || to ? misdirected(place, here, link, frame, from, to) : undefined
  if (wrong) return wrong
  for (const hook of hooks) {
    const at = {...frame, ...(from && hook !== 'postrouting' && {iif: from.name}), ...(to && hook !== 'prerouting' && {oif: to.name})}
    const block = judged(here, hook, at, ['bridge'], place, doubts, (object) => ({
      cause: 'bridge-filter-drop',
      at: place,
      object,
      evidence: `${object} at ${place} drops frames ${from ? `from ${from.name}` : ''}${to ? ` to ${to.name}` : ''}`.replace('  ', ' '),
    }))
    if (block) return block
    if (!from || !to || frame.arp || here.sysctls.get('bridge.bridge-nf-call-iptables') !== '1') continue
    // br_netfilter: rules of IP see bridged packets too, as if they came and left by the bridge.
    const routed = {...frame, iif: link.name, ...(hook !== 'prerouting' && {oif: link.name})}
    const other = judged(here, hook, routed, undefined, place, doubts, (object) => ({
      cause: 'bridge-filter-drop',
      at: place,
      object,
      evidence: `${object} at ${place} drops bridged packets`,
    }))
    if (other) return other
  }
  return undefined
}

/** The forwarding database sends the frame elsewhere, or the port is not told of it. */
function misdirected(
  place: string,
  here: NamespaceFacts,
  bridge: LinkFacts,
  frame: Packet,
  from: LinkFacts | undefined,
  to: LinkFacts | undefined,
): Block | undefined {
  const mac = frame.ether?.destination ?? ''
  if (frame.arp?.operation === 'request') return unasked(place, bridge, to)
  const entry = here.fdb.find((each) => each.master === bridge.name && each.mac === mac && each.permanent)
  // What comes in for a port's own MAC is the machine's; what the machine itself sends to it leaves by that port (br_dev_xmit).
  const right = entry && (entry.local && from ? !to : to && entry.dev === to.name)
  if (entry && !right)
    return {
      cause: 'fdb-wrong',
      at: place,
      object: `${mac} dev ${entry.dev} master ${bridge.name}`,
      evidence: `${bridge.name} at ${place} sends ${mac} to ${entry.local ? 'itself' : entry.dev}, and it is behind ${to?.name ?? bridge.name}`,
    }
  if (entry || !to?.port || to.port.learning || to.port.flood) return undefined
  return {
    cause: 'fdb-wrong',
    at: place,
    object: to.name,
    evidence: `${to.name} at ${place} neither learns addresses nor is flooded, and ${bridge.name} has no entry for ${mac}`,
  }
}

/** A question for everybody that is not flooded to the one who could answer it. */
function unasked(place: string, bridge: LinkFacts, to: LinkFacts | undefined): Block | undefined {
  if (to?.port?.broadcast !== false) return undefined
  const evidence = `${bridge.name} at ${place} does not flood ${to.name} with questions for everybody`
  return {cause: 'neighbour-unresolved', at: place, object: to.name, evidence}
}

function judged(
  here: NamespaceFacts,
  hook: Hook,
  packet: Packet,
  families: readonly string[] | undefined,
  at: string,
  doubts: Block[],
  block: (object: string) => Block,
): Block | undefined {
  const {verdict, by, doubts: unsure} = runHook(here.ruleset, hook, packet, families)
  for (const ruling of unsure) {
    const doubt = doubtOf(ruling, at)
    doubts.push(doubt.cause === 'filter-drop' ? {...doubt, cause: block(doubt.object).cause} : doubt)
  }
  return verdict === 'accept' || !by ? undefined : block(rulingWords(by))
}

export function doubtOf(ruling: Ruling, at: string): Block {
  const object = rulingWords(ruling)
  if (/checksum set/.test(ruling.text))
    return {cause: 'bad-checksum', at, object, evidence: `${object} at ${at} writes a checksum that need not be right`}
  return {cause: 'filter-drop', at, object, evidence: `${object} at ${at} is not understood`}
}

export function rulingWords({family, table, chain, handle, text}: Ruling): string {
  return `${family} ${table} ${chain}${handle === undefined ? '' : ` handle ${handle}`}: ${text}`
}
