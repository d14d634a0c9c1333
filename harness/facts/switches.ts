// The flow switches of Open vSwitch on a machine, as its database has them (ovs-vswitchd.conf.db(5)). Which flows they have is
// not in it: they are asked what they do with a packet (trace/flows.ts).
export interface SwitchFacts {
  readonly bridge: string
  /** What it does with packets that nobody has told it of: `secure` drops them, otherwise it learns as a plain switch does. */
  readonly secure: boolean
  readonly ports: readonly SwitchPortFacts[]
  readonly controllers: readonly {readonly target: string; readonly connected: boolean}[]
}

export interface SwitchPortFacts {
  readonly name: string
  /** `internal` is a device of the machine's own, `geneve` and `vxlan` are tunnels of the switch's; empty for a device that is there. */
  readonly type: string
  /** A tunnel's other end. */
  readonly remote?: string
  /** The port of a drawn network that it is (Open_vSwitch, external_ids:iface-id). */
  readonly drawn?: string
}

interface Table {
  readonly headings: readonly string[]
  readonly data: readonly (readonly unknown[])[]
}

/** @param texts the tables Bridge, Port, Interface and Controller, each as `ovs-vsctl -f json list` prints it */
export function switchesFrom(texts: readonly string[]): SwitchFacts[] {
  const [bridges = [], ports = [], interfaces = [], controllers = []] = texts.map(rowsOf)
  const named = <Row extends {readonly id: string}>(rows: readonly Row[], ids: readonly string[]) => rows.filter(({id}) => ids.includes(id))
  const ofPorts = ports.map(({_uuid, interfaces: own}) => ({id: idsIn(_uuid)[0] ?? '', interfaces: idsIn(own)}))
  const ofInterfaces = interfaces.map((row) => ({id: idsIn(row._uuid)[0] ?? '', port: portOf(row)}))
  const ofControllers = controllers.map(({_uuid, target, is_connected}) => ({
    id: idsIn(_uuid)[0] ?? '',
    controller: {target: String(target), connected: is_connected === true},
  }))
  return bridges.map((row) => ({
    bridge: String(row.name),
    secure: row.fail_mode === 'secure',
    ports: named(ofPorts, idsIn(row.ports)).flatMap((each) => named(ofInterfaces, each.interfaces).map(({port}) => port)),
    controllers: named(ofControllers, idsIn(row.controller)).map(({controller}) => controller),
  }))
}

/** @param text a table as `ovs-vsctl -f json list` and `ovn-nbctl -f json list` print it */
export function rowsOf(text: string): Readonly<Record<string, unknown>>[] {
  try {
    const {headings, data} = JSON.parse(text) as Table
    return data.map((row) => Object.fromEntries(headings.map((heading, index) => [heading, row[index]])))
  } catch {
    return []
  }
}

/** `["uuid", ID]`, or a set of such (RFC 7047 5.1). */
export function idsIn(value: unknown): string[] {
  if (!Array.isArray(value)) return []
  return value[0] === 'uuid' ? [String(value[1])] : (value[1] as unknown[]).flatMap(idsIn)
}

function portOf({name, type, options, external_ids}: Readonly<Record<string, unknown>>): SwitchPortFacts {
  const [remote, drawn] = [valueIn(options, 'remote_ip'), valueIn(external_ids, 'iface-id')]
  return {name: String(name), type: String(type), ...(remote !== undefined && {remote}), ...(drawn !== undefined && {drawn})}
}

/** Of `["map", [[KEY, VALUE], ...]]` (RFC 7047 5.1). */
function valueIn(map: unknown, key: string): string | undefined {
  const [, pairs = []] = Array.isArray(map) ? (map as [string, [string, string][]]) : []
  return pairs.find(([own]) => own === key)?.[1]
}

/** The switch that a device of a machine is a port of. */
export function switchOf(switches: readonly SwitchFacts[] | undefined, device: string): SwitchFacts | undefined {
  return switches?.find(({ports}) => ports.some(({name}) => name === device))
}
