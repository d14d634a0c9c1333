// The ports and routes of a network that is drawn in OVN's northbound database (ovn-nb(5)): every node's flows come of them.
import {idsIn, rowsOf} from './switches.ts'

export interface DrawnFacts {
  /** A logical switch and its port, or a logical router, a prefix and its next hop. */
  readonly object: string
  /** A port's addresses, its kind and its options, in ovn-nbctl(8)'s own words; empty for a route. */
  readonly settings: string
  /** The line that draws it, whether it is there otherwise or not at all. */
  readonly line: string
}

/** @param texts Logical_Switch, Logical_Switch_Port, Logical_Router and its static routes, as `ovn-nbctl -f json list` prints them */
export function drawnFrom(texts: readonly string[]): DrawnFacts[] {
  const [switches = [], ports = [], routers = [], routes = []] = texts.map(rowsOf)
  const named = (rows: typeof ports, ids: unknown) => rows.filter(({_uuid}) => idsIn(ids).includes(idsIn(_uuid)[0] ?? ''))
  return [
    ...switches.flatMap(({name: on, ports: own}) =>
      named(ports, own).map(({name, ...port}): DrawnFacts => {
        const settings = settingsOf(String(name), port)
        return {object: `${on} ${name}`, settings, line: `ovn-nbctl --may-exist lsp-add ${on} ${name}${settings}`}
      }),
    ),
    ...routers.flatMap(({name: on, static_routes}) =>
      named(routes, static_routes).map(({ip_prefix, nexthop}): DrawnFacts => {
        const object = `${on} ${ip_prefix} ${nexthop}`
        return {object, settings: '', line: `ovn-nbctl --may-exist lr-route-add ${object}`}
      }),
    ),
  ]
}

function settingsOf(name: string, {type, addresses, options}: Readonly<Record<string, unknown>>): string {
  const own = Array.isArray(addresses) ? (addresses[1] as string[]) : [String(addresses)]
  const pairs = (Array.isArray(options) ? (options[1] as [string, string][]) : []).map(([key, value]) => `${key}=${value}`)
  return [
    ...(type === '' ? [] : [` -- lsp-set-type ${name} ${type}`]),
    ` -- lsp-set-addresses ${name}${own.map((each) => ` '${each}'`).join('')}`,
    ...(pairs.length === 0 ? [] : [` -- lsp-set-options ${name} ${pairs.toSorted().join(' ')}`]),
  ].join('')
}
