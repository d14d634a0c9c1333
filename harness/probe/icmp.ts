// ICMP: fping says who was answered, the audits say what was sent and what was seen. Pure.
import type {FlowTuple, PacketSize, Place, Probe} from '../model.ts'
import {type Echo, type IcmpAudit, readAudit} from './audit.ts'
import {fieldsOf, type Row, type Unobservable} from './rows.ts'

interface Ping {
  readonly id: number
  readonly output: string
  readonly complaints: string
}

interface Sighting {
  readonly place: string
  readonly echo: Echo
}

/** @returns a function that gives the probe of a pair in one size */
export function icmpReader(rows: readonly Row[], unobservable: Unobservable): (from: Place, to: Place, size: PacketSize) => Probe {
  const pings = new Map(
    fieldsOf(rows, 'icmp').map(([place, size, id, output = '', complaints = '']): [string, Ping] => [
      `${place} ${size}`,
      {id: Number(id), output, complaints},
    ]),
  )
  const audits = new Map(
    fieldsOf(rows, 'audit').flatMap(([place = '', json = '']): [string, IcmpAudit][] => {
      const audit = readAudit(json)
      return audit ? [[place, audit]] : []
    }),
  )
  const unaudited = new Map(
    fieldsOf(rows, 'unaudited').map(([place, reason]) => [place, `what passed ${place} was not recorded: ${reason}`]),
  )
  const seenAnywhere = Map.groupBy(
    [...audits].flatMap(([place, {requestsSeen}]) => requestsSeen.map((echo): Sighting => ({place, echo}))),
    ({echo}) => echo.id,
  )

  return (from, to, size) => {
    const base = {from: from.name, to: to.name, address: to.address, family: 4 as const, protocol: 'icmp' as const, size}
    const blind = unobservable(from, to, 'icmp')
    const ping = pings.get(`${from.name} ${size}`)
    if (!ping) return {...base, answered: null, error: blind ?? 'no result', request: {}, reply: {}}
    const own = audits.get(from.name)
    const sent = own?.requestsSent.find(({id, destination}) => id === ping.id && destination === to.address)
    const seen = sent && sighting(sent, to, seenAnywhere.get(ping.id) ?? [], own?.requestsSent ?? [])
    const answer = seen && audits.get(seen.place)?.repliesSent.find((echo) => isReplyTo(echo, seen.echo))
    const rtt = roundTrip(ping.output, to.address)
    const back =
      own?.repliesSeen.find(({id, source}) => id === ping.id && source === to.address) ??
      (rtt === undefined ? undefined : foreignReply(own, ping.id))
    const evidence = {
      ...base,
      ...(seen?.echo.ttl !== undefined && {ttl: seen.echo.ttl}),
      request: {...(sent && {sent: tuple(sent)}), ...(seen && {seen: tuple(seen.echo), seenAt: seen.place})},
      reply: {...(answer && {sent: tuple(answer)}), ...(back && {seen: tuple(back), seenAt: from.name})},
    }
    if (rtt === undefined) {
      const error = blind ?? complaintAbout(ping.complaints, to.address) ?? 'no-answer'
      return {...evidence, answered: blind === undefined ? false : null, error}
    }
    // A reply alone does not say who gave it: a namespace that was deleted a moment ago still answers.
    if (!seen && blind !== undefined) return {...evidence, rtt, answered: null, error: blind}
    if (seen && seen.place !== to.name) return {...evidence, rtt, answered: false, error: `answered by ${seen.place}`}
    const unrecorded = unaudited.get(from.name) ?? unaudited.get(to.name)
    if (unrecorded !== undefined) return {...evidence, rtt, answered: true, error: unrecorded}
    if (sent && !seen && audits.has(to.name)) return {...evidence, rtt, answered: false, error: `answered, but ${to.name} saw no request`}
    return {...evidence, rtt, answered: true}
  }
}

/**
 * Where a request arrived: as it was sent, at the place that was meant or at another with its address; else with its
 * source translated, where it was meant to go; else with its destination translated.
 */
function sighting(sent: Echo, to: Place, sameId: readonly Sighting[], asked: readonly Echo[]): Sighting | undefined {
  const here = ({place}: Sighting) => place === to.name
  const asSent = sameId.filter(({echo}) => echo.source === sent.source && echo.destination === sent.destination)
  const sourceChanged = sameId.filter(({echo}) => echo.source !== sent.source && echo.destination === sent.destination)
  // One fping asks every place with one identifier: an echo whose destination changed looks like one that was sent to
  // where it arrived, except where nothing was sent there, which is all that can be told apart.
  const wasAsked = ({echo}: Sighting) => asked.some(({id, destination}) => id === sent.id && destination === echo.destination)
  const destinationChanged = sameId.filter((found) => found.echo.source === sent.source && here(found) && !wasAsked(found))
  return asSent.find(here) ?? asSent[0] ?? sourceChanged.find(here) ?? destinationChanged[0]
}

function isReplyTo(reply: Echo, request: Echo): boolean {
  return reply.id === request.id && reply.source === request.destination && reply.destination === request.source
}

/** The answer that fping took by its number, under an address that was never asked: the only one, or nobody knows which. */
function foreignReply(own: IcmpAudit | undefined, id: number): Echo | undefined {
  const asked = new Set(own?.requestsSent.filter((echo) => echo.id === id).map(({destination}) => destination))
  const foreign = own?.repliesSeen.filter((echo) => echo.id === id && !asked.has(echo.source)) ?? []
  return new Set(foreign.map(({source}) => source)).size === 1 ? foreign[0] : undefined
}

function tuple({source, destination, id}: Echo): FlowTuple {
  return {source, sourcePort: id, destination, destinationPort: id}
}

/** Milliseconds. fping -e prints `10.244.1.2 is alive (0.042 ms)`. */
function roundTrip(output: string, address: string): number | undefined {
  for (const line of output.split('|')) {
    const [host, , word, time] = line.split(' ')
    if (host === address && word === 'alive') return Number(time?.slice(1))
  }
  return undefined
}

/** What fping said of one address on its standard error: the kernel's refusal, or an ICMP error that came back. */
function complaintAbout(complaints: string, address: string): string | undefined {
  return complaints.split('|').find((line) => line.split(/[ :]/).includes(address))
}
