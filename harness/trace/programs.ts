// Programs of tc-bpf(8) on the devices that a frame passes. A program may send a packet anywhere (bpf-helpers(7), bpf_redirect), so
// what stands behind it is not known; but one that looks destinations up in maps, and has this one in none, is taken to leave it
// to the stack. Pure.
import type {NamespaceFacts, TrafficControlFacts} from '../facts/facts.ts'
import {entryFor, type ProgramFacts} from '../facts/programs.ts'
import type {Block, Port, World} from './world.ts'

/**
 * A program on a device that may take the packet elsewhere.
 * @param before the device that the frame comes from; absent where it begins here
 */
export function programStop({facts}: World, before: Port | undefined, port: Port, destination: string): Block | undefined {
  const {place, link} = port
  const here = facts.get(place)
  const side = sends(before, port) ? 'egress' : 'ingress'
  const run = here?.trafficControl.find(({dev, kind, side: at}) => dev === link.name && kind === 'bpf' && at === side)
  const said = here && run && knows(here, run, destination)
  if (said === undefined) return undefined
  return {cause: 'unknown', at: place, object: `bpf dev ${link.name} ${side}`, evidence: `${link.name} at ${place} runs ${said}`}
}

/** A device sends where the frame begins, and where it comes from the bridge or the device that stands on it; it takes in otherwise. */
export function sends(before: Port | undefined, {place, link}: Port): boolean {
  return !before || (before.place === place && (before.link.kind === 'bridge' || before.link.lower === link.name))
}

/** What the program is and why it may take the packet; undefined where it has a map and no entry for it. */
function knows(here: NamespaceFacts, {text}: TrafficControlFacts, destination: string): string | undefined {
  const id = Number(/"prog":\{"id":(\d+)/.exec(text)?.[1] ?? Number.NaN)
  const program = here.programs?.find((each) => each.id === id)
  const name = program?.name ?? /"bpf_name":"([^":]+)/.exec(text)?.[1] ?? 'a program'
  if (!program || program.maps.length === 0) return `the program ${name}, and what that does with a packet is not seen`
  const map = mapWith(program, destination)
  return map && `the program ${name}, whose map ${map} has an entry for ${destination}: what it does with that is not seen`
}

/** `runs the program from_pod`, of a classifier that tc(8) calls so; undefined of any other. */
export function programName(text: string): string | undefined {
  const name = /"bpf_name":"([^":]+)/.exec(text)?.[1]
  return name && `runs the program ${name}`
}

function mapWith({maps}: ProgramFacts, destination: string): string | undefined {
  return maps.find((map) => entryFor(map, destination) !== undefined)?.name
}
