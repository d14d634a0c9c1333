// The rows that agents print, and what they leave unobserved. Pure.
import type {Place, Protocol} from '../model.ts'

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

/** Why an exchange between two places says nothing, or undefined when it was observed. */
export type Unobservable = (from: Place, to: Place, protocol: Protocol) => string | undefined

/** An agent that was lost, a namespace that is not there, a listener that could not listen. */
export function unobservableIn(rows: readonly Row[]): Unobservable {
  const lost = new Map(rows.filter(({kind}) => kind === 'lost').map(({node, fields}) => [node, `${node}: ${fields[0]}`]))
  const absent = new Map(fieldsOf(rows, 'absent').map(([place, error]) => [place, `${place} has no namespace (${error})`]))
  const deaf = new Map(
    fieldsOf(rows, 'deaf').map(([place, protocol, error]) => [`${place} ${protocol}`, `nothing could listen at ${place} (${error})`]),
  )
  const unpinged = new Map(fieldsOf(rows, 'unpinged').map(([place, error]) => [place, `nothing could ping from ${place} (${error})`]))
  return (from, to, protocol) =>
    lost.get(from.node) ??
    lost.get(to.node) ??
    absent.get(from.name) ??
    absent.get(to.name) ??
    deaf.get(`${to.name} ${protocol}`) ??
    (protocol === 'icmp' ? unpinged.get(from.name) : undefined)
}
