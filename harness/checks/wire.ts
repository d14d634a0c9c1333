// The claim of what an exchange is on the wire: one echo request and its answer, marked by what they carry, captured on the
// underlay and decoded by tshark(1). What is claimed is held against the decoder's fields, never against its words.
import {randomBytes} from 'node:crypto'
import {familyOf} from '../address.ts'
import {startCapture} from '../capture/capture.ts'
import type {TappedPacket} from '../capture/merge.ts'
import {pcapngHeader, pcapngPacket} from '../capture/pcapng.ts'
import type {Tap} from '../capture/taps.ts'
import {tapName} from '../capture/taps.ts'
import {type Fleet, MachineError} from '../driver.ts'
import type {CheckResult, ClaimedFormat, Place, Verdict, WireClaim, WireFormat, WireFrame} from '../model.ts'
import {type DecodedFrame, decodeArguments, framesFrom} from './decode.ts'

/** ping fills its payload with up to 16 bytes that it is given, again and again (ping(8), -p). */
const MARK_LENGTH = 16
/** The first packet to a tunnel's other end may be lost while that is looked for. */
const TRIES = 3
/** Milliseconds for what was answered to be seen; a busy machine takes some. */
const SEEN_LIMIT = 3_000
const FILE = '/run/podwire/wire.pcapng'

type Judged = Omit<CheckResult, 'claim'>

export async function checkWire(fleet: Fleet, places: readonly Place[], claim: WireClaim): Promise<Judged> {
  const {check, source} = claim
  const tap = tapOf(claim, places)
  const told = (verdict: Verdict, evidence: readonly string[], frames: readonly WireFrame[] = []): Judged => ({
    check,
    source,
    verdict,
    evidence,
    pairs: [],
    wire: {at: tapName(tap), frames},
  })
  try {
    const {packets, linkType, answered} = await exchange(fleet, tap, claim, places)
    if (packets.length === 0)
      return told('fail', [`nothing of it passed ${tapName(tap)}`, ...(answered ? [] : [`${claim.to} did not answer`])])
    const frames = await decode(fleet, tap, packets, linkType, claim.carries)
    const evidence = differences(frames, claim, tap)
    const strange = frames.some((frame) => typeof frame === 'string')
    return told(evidence.length === 0 ? 'pass' : strange ? 'unknown' : 'fail', evidence, known(frames).map(plain))
  } catch (error) {
    if (!(error instanceof MachineError)) throw error
    return told('unknown', [error.message])
  }
}

function tapOf({from, at}: WireClaim, places: readonly Place[]): Tap {
  const sender = placeIn(places, from)
  const {node, netns} = at ? placeIn(places, at.place) : {node: sender.node, netns: undefined}
  return {place: at?.place ?? sender.node, node, netns, device: at?.device ?? 'eth0'}
}

function placeIn(places: readonly Place[], name: string): Place {
  const found = places.find((place) => place.name === name)
  if (!found) throw new RangeError(`no place ${name}`)
  return found
}

/**
 * Sends an echo request while the tap listens, again where it is not answered.
 * @returns what was seen of it; of its answer too, where the tap is the sender's machine's
 * @throws MachineError when nobody can listen
 */
export async function exchange(
  fleet: Fleet,
  tap: Tap,
  {from, to, at}: Pick<WireClaim, 'from' | 'to' | 'at'>,
  places: readonly Place[],
): Promise<{packets: TappedPacket[]; linkType: number; answered: boolean}> {
  const [sender, target] = [placeIn(places, from), placeIn(places, to)]
  const mark = randomBytes(MARK_LENGTH)
  const address = target.addresses.find((each) => familyOf(each) === 4) ?? target.address
  const inside = sender.netns === undefined ? '' : `ip netns exec ${sender.netns} `
  const ping = `${inside}ping -n -c 1 -W 1 -p ${mark.toString('hex')} ${address}`
  const capture = await startCapture(fleet, [tap])
  let answered = false
  for (let tried = 0; tried < TRIES && !answered; tried++)
    answered = (await fleet.run(sender.node, ping, {shell: 'observer'})).exitCode === 0
  // What has passed the device has not always come out of the tap yet; what a signal overtakes there is lost.
  const patience = setTimeout(capture.stop, answered ? SEEN_LIMIT : 0)
  const packets: TappedPacket[] = []
  for await (const packet of capture.packets) {
    if (!packet.bytes.includes(mark)) continue
    packets.push(packet)
    if (packets.length === (at ? 1 : 2)) capture.stop()
  }
  clearTimeout(patience)
  return {packets, linkType: capture.linkTypes[0] ?? 1, answered}
}

/** On the machine that captured them: tshark is there, as the scenario needs it. What somebody prefers in Wireshark is left aside. */
async function decode(
  fleet: Fleet,
  {node}: Tap,
  packets: readonly TappedPacket[],
  linkType: number,
  carries: WireFormat,
): Promise<(DecodedFrame | string)[]> {
  const file = Buffer.concat([pcapngHeader([{name: 'wire', linkType}]), ...packets.map((packet) => pcapngPacket(0, packet))])
  await fleet.copy(node, file, FILE)
  const {exitCode, stdout, stderr} = await fleet.run(node, `HOME=/run/podwire tshark ${decodeArguments(FILE, carries).join(' ')}`, {
    shell: 'observer',
  })
  if (exitCode !== 0) throw new MachineError('decode', `tshark could not decode it: ${stderr.toString().trim().split('\n').at(-1)}`)
  return framesFrom(stdout.toString())
}

/** What was seen and is not as claimed, in words; empty where all is. */
function differences(frames: readonly (DecodedFrame | string)[], {carries, at, to}: WireClaim, tap: Tap): string[] {
  const found: string[] = []
  for (const frame of frames) {
    if (typeof frame === 'string') found.push(`${tapName(tap)} saw ${frame}, which is not understood`)
    else {
      const wanted = frame.reply ? turned(carries) : carries
      const amiss = amissIn(frame, wanted)
      if (amiss.length > 0) found.push(`${tapName(tap)} saw ${frame.reply ? 'the answer' : 'the request'} otherwise: ${amiss.join('; ')}`)
    }
  }
  if (!frames.some((frame) => typeof frame !== 'string' && !frame.reply)) found.push(`no request passed ${tapName(tap)}`)
  // Elsewhere the answer may come by another way.
  if (!at && !frames.some((frame) => typeof frame !== 'string' && frame.reply)) found.push(`no answer of ${to} passed ${tapName(tap)}`)
  return [...new Set(found)]
}

function amissIn(frame: DecodedFrame, wanted: WireFormat): string[] {
  if (frame.encapsulation !== wanted.encapsulation) return [`encapsulation ${frame.encapsulation}, not ${wanted.encapsulation}`]
  const number = (name: 'vni' | 'port') =>
    wanted[name] === undefined || frame[name] === wanted[name] ? [] : [`${name} ${frame[name]}, not ${wanted[name]}`]
  const ends = (name: 'outer' | 'inner') =>
    wanted[name] === undefined || frame[name]?.join() === wanted[name].join()
      ? []
      : [`${name} ${frame[name]?.join(' > ')}, not ${wanted[name].join(' > ')}`]
  return [...number('vni'), ...number('port'), ...ends('outer'), ...ends('inner')]
}

function turned({inner, outer, answerVni, ...rest}: ClaimedFormat): WireFormat {
  return {
    ...rest,
    ...(answerVni !== undefined && {vni: answerVni}),
    inner: [inner[1], inner[0]],
    ...(outer && {outer: [outer[1], outer[0]]}),
  }
}

function known(frames: readonly (DecodedFrame | string)[]): DecodedFrame[] {
  return frames.filter((frame) => typeof frame !== 'string')
}

function plain({reply: _, ...frame}: DecodedFrame): WireFrame {
  return frame
}
