// The rows that agents print, and what they leave unobserved. Pure.
import type {Family, FlowTuple, Protocol} from '../model.ts'

/** Where the agents listen; below the range from which the kernel takes a sender's port (ip_local_port_range, ip-sysctl.rst). */
export const PROBE_PORT = 20_790

/** One tab-separated line that an agent printed; agent.pl says what the kinds hold. */
export interface Row {
  readonly node: string
  readonly kind: string
  readonly fields: readonly string[]
}

/** The fields of all rows of one kind. */
export function fieldsOf(rows: readonly Row[], kind: string): (readonly string[])[] {
  return rows.filter((row) => row.kind === kind).map(({fields}) => fields)
}

/** Fields that begin with source, port, destination, port. Undefined where the agent did not know them. */
export function flowOf([source = '-', sourcePort, destination = '-', destinationPort]: readonly string[]): FlowTuple | undefined {
  if (source === '-' || destination === '-') return undefined
  return {source, sourcePort: Number(sourcePort), destination, destinationPort: Number(destinationPort)}
}

export function reversed(flow: FlowTuple): FlowTuple {
  return {source: flow.destination, sourcePort: flow.destinationPort, destination: flow.source, destinationPort: flow.sourcePort}
}

/** What an exchange is about: the places by name and machine. `to` is undefined where nobody is meant to have the address. */
export interface Ends {
  readonly from: {readonly name: string; readonly node: string}
  readonly to: {readonly name: string; readonly node: string} | undefined
  readonly family: Family
}

/** Why an exchange says nothing, or undefined when it was observed. */
export type Unobservable = (ends: Ends, protocol: Protocol) => string | undefined

/** An agent that was lost, a namespace that is not there, a place that could not listen. */
export function unobservableIn(rows: readonly Row[]): Unobservable {
  const lost = new Map(rows.filter(({kind}) => kind === 'lost').map(({node, fields}) => [node, `${node}: ${fields[0]}`]))
  const absent = new Map(fieldsOf(rows, 'absent').map(([place, error]) => [place, `${place} has no namespace: pod-missing (${error})`]))
  const deaf = new Map(
    fieldsOf(rows, 'deaf').map(([place, protocol, family, error]) => [
      `${place} ${protocol} ${family}`,
      `nothing could listen at ${place} (${error})`,
    ]),
  )
  return ({from, to, family}, protocol) =>
    lost.get(from.node) ??
    (to && lost.get(to.node)) ??
    absent.get(from.name) ??
    (to && absent.get(to.name)) ??
    (to && deaf.get(`${to.name} ${protocol} ${family}`)) ??
    // One raw socket hears and sends.
    (protocol === 'icmp' ? deaf.get(`${from.name} icmp ${family}`) : undefined)
}
