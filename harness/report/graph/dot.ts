// A topology in Graphviz' language (graphviz.org, "DOT Language"): a cluster a machine, one in it for each namespace.
import {connectionWords, deviceLines, spaceTitle} from '../../topology/labels.ts'
import {type Connection, type Device, type Space, type Topology, UNDERLAY} from '../../topology/topology.ts'
import {visibleLine} from '../visible.ts'

export function dotOf(topology: Topology, title: string): string {
  const {spaces, connections, underlay, outside} = topology
  const machines = spaces.filter(({name, machine}) => name === machine)
  return [
    `graph ${quoted([title])} {`,
    '  rankdir=LR',
    '  node [shape=box, fontname="monospace"]',
    '  edge [fontname="monospace"]',
    ...machines.flatMap((machine) =>
      cluster(
        machine,
        '  ',
        spaces.filter((space) => space !== machine && space.machine === machine.name),
      ),
    ),
    `  ${quoted([UNDERLAY])} [label=${quoted(['underlay', underlay])}]`,
    ...outside.map((address) => `  ${quoted([address])} [label=${quoted([address, 'outside'])}]`),
    ...connections.map((connection) => `  ${quoted([connection.from])} -- ${quoted([connection.to])}${edgeLook(connection)}`),
    '}',
    '',
  ].join('\n')
}

function cluster(space: Space, indent: string, inner: readonly Space[]): string[] {
  return [
    `${indent}subgraph ${quoted([`cluster ${space.name}`])} {`,
    `${indent}  label=${quoted([spaceTitle(space)])}${space.seen ? '' : '; style=dashed'}`,
    // A cluster without a node in it is not drawn.
    ...(space.devices.length + inner.length > 0 ? [] : [`${indent}  ${quoted([`empty ${space.name}`])} [style=invis]`]),
    ...inner.flatMap((each) => cluster(each, `${indent}  `, [])),
    ...space.devices.map((device) => `${indent}  ${quoted([device.id])} [label=${quoted(deviceLines(device))}${deviceLook(device)}]`),
    `${indent}}`,
  ]
}

function deviceLook({state}: Device): string {
  return state === 'up' ? '' : ', style=dashed, color=red'
}

function edgeLook(connection: Connection): string {
  const words = connectionWords(connection)
  const look = [
    ...(words === '' ? [] : [`label=${quoted([words])}`]),
    ...(connection.up ? (connection.kind === 'tunnel' ? ['style=dotted'] : []) : ['style=dashed', 'color=red']),
  ]
  return look.length === 0 ? '' : ` [${look.join(', ')}]`
}

/** A quoted string of lines; `\n` is Graphviz' own word for another line. */
function quoted(lines: readonly string[]): string {
  return `"${lines.map((line) => visibleLine(line).replaceAll('\\', '\\\\').replaceAll('"', '\\"')).join('\\n')}"`
}
