// A topology as a Mermaid flowchart (mermaid.js.org, "Flowcharts"), which GitHub and GitLab draw where it stands in Markdown.
import {connectionWords, deviceLines, spaceTitle} from '../../topology/labels.ts'
import {type Connection, type Space, type Topology, UNDERLAY} from '../../topology/topology.ts'
import {visibleLine} from '../visible.ts'

export function mermaidOf({spaces, connections, underlay, outside}: Topology, title: string): string {
  const names = new Map<string, string>([[UNDERLAY, 'underlay']])
  // Names of Mermaid's own: what devices are called may mean something to it.
  for (const id of [...spaces.flatMap(({devices}) => devices.map((device) => device.id)), ...outside]) names.set(id, `d${names.size}`)
  const machines = spaces.filter(({name, machine}) => name === machine)
  const down = spaces.flatMap(({devices}) => devices.filter(({state}) => state !== 'up').map(({id}) => names.get(id)))
  const broken = connections.flatMap(({up}, index) => (up ? [] : [index]))
  let count = 0
  const group = (space: Space, indent: string, inner: readonly Space[]): string[] => [
    `${indent}subgraph s${count++}[${label([spaceTitle(space)])}]`,
    ...inner.flatMap((each) => group(each, `${indent}  `, [])),
    ...space.devices.map((device) => `${indent}  ${names.get(device.id)}[${label(deviceLines(device))}]`),
    `${indent}end`,
  ]
  return [
    '---',
    `title: ${JSON.stringify(visibleLine(title))}`,
    '---',
    'flowchart LR',
    ...machines.flatMap((machine) =>
      group(
        machine,
        '  ',
        spaces.filter((space) => space !== machine && space.machine === machine.name),
      ),
    ),
    `  underlay[${label(['underlay', underlay])}]`,
    ...outside.map((address) => `  ${names.get(address)}[${label([address, 'outside'])}]`),
    ...connections.map((connection) => `  ${names.get(connection.from)} ${arrow(connection)} ${names.get(connection.to)}`),
    ...(down.length > 0 ? [`  style ${down.join(',')} stroke:#b42318,stroke-dasharray:5 3`] : []),
    ...(broken.length > 0 ? [`  linkStyle ${broken.join(',')} stroke:#b42318,stroke-dasharray:5 3`] : []),
    '',
  ].join('\n')
}

function arrow(connection: Connection): string {
  const line = connection.up && connection.kind !== 'tunnel' ? '---' : '-.-'
  const words = connectionWords(connection)
  return words === '' ? line : `${line}|${label([words])}|`
}

/** In quotes, with Mermaid's own entity codes for whatever ends them or is markup in them. */
function label(lines: readonly string[]): string {
  const escaped = lines.map((line) => visibleLine(line).replaceAll(/[#"<>&`|\\;]/g, (character) => `#${character.charCodeAt(0)};`))
  return `"${escaped.join('<br>')}"`
}
