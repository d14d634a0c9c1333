// Where each thing of a topology stands, by ELK's layered algorithm: pods on the left, the underlay on the right, the machines
// one below the other. It knows sizes and positions, and nothing of how they are drawn.
import elk, {type ElkExtendedEdge, type ElkNode} from 'elkjs/lib/elk.bundled.js'
import {type Box, FONT, type Layout, type Point, spaceId, tunnelId, tunnelLines, underlayLines} from './boxes.ts'
import {deviceLines, spaceTitle} from './labels.ts'
import {type Connection, type Device, type Space, SWITCH, type Topology, UNDERLAY} from './topology.ts'

const PADDING = 8

/** As they are declared: each box says how far down it belongs. It does not pass from a box to those in it. */
const ORDER = {'elk.layered.crossingMinimization.semiInteractive': 'true'}

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.padding': '[top=16,left=16,bottom=16,right=16]',
  'elk.spacing.nodeNode': '14',
  'elk.layered.spacing.nodeNodeBetweenLayers': '40',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  ...ORDER,
}

export async function layoutOf(topology: Topology): Promise<Layout> {
  const graph = await new elk.default().layout(inOrder(graphOf(topology)))
  const boxes = new Map<string, Box>()
  collect(graph, 0, 0, boxes)
  const lines = new Map<number, Point[][]>()
  for (const edge of graph.edges ?? []) {
    const [index = ''] = edge.id.split(' ')
    if (index === 'order') continue
    // Coordinates of an edge are those of the box that holds both its ends.
    const {x = 0, y = 0} = boxes.get((edge as {container?: string}).container ?? '') ?? {}
    const points = (edge.sections ?? []).map(({startPoint, bendPoints = [], endPoint}) =>
      [startPoint, ...bendPoints, endPoint].map((point) => ({x: point.x + x, y: point.y + y})),
    )
    lines.set(Number(index), [...(lines.get(Number(index)) ?? []), ...points])
  }
  return {width: graph.width ?? 0, height: graph.height ?? 0, boxes, lines}
}

function collect({children = []}: ElkNode, x: number, y: number, boxes: Map<string, Box>): void {
  for (const child of children) {
    const box = {x: x + (child.x ?? 0), y: y + (child.y ?? 0), width: child.width ?? 0, height: child.height ?? 0}
    boxes.set(child.id, box)
    collect(child, box.x, box.y, boxes)
  }
}

function graphOf(topology: Topology): ElkNode {
  const {spaces, connections, outside} = topology
  const machines = spaces.filter(({name, machine}) => name === machine)
  const tunnels = connections.flatMap((connection, index) =>
    connection.kind === 'tunnel' ? [leaf(tunnelId(index), tunnelLines(connection))] : [],
  )
  const underlay = leaf(UNDERLAY, underlayLines(topology))
  return {
    id: 'root',
    layoutOptions: OPTIONS,
    children: [
      ...machines.map((machine) => {
        const inner = spaces.filter((space) => space !== machine && space.machine === machine.name)
        return spaceNode(machine, [...inner.map((space) => spaceNode(space, [])), ...machine.devices.map(deviceNode)])
      }),
      {...underlay, height: Math.max(underlay.height ?? 0, machines.length * 36)},
      ...outside.map((address) => leaf(address, [address, 'outside'])),
      ...tunnels,
    ],
    edges: [...connections.flatMap(edgesOf), ...machines.flatMap((machine) => orderIn(machine, connections))],
  }
}

function inOrder(node: ElkNode): ElkNode {
  const children = node.children?.map((child, index) => {
    const {layoutOptions, ...rest} = inOrder(child)
    return {...rest, layoutOptions: {...layoutOptions, 'elk.position': `(0,${index})`}}
  })
  return children ? {...node, children} : node
}

function edgesOf({kind, from, to}: Connection, index: number): ElkExtendedEdge[] {
  if (kind !== 'tunnel') return [{id: `${index}`, sources: [from], targets: [to]}]
  return [from, to].map((end, part) => ({id: `${index} ${part}`, sources: [end], targets: [tunnelId(index)]}))
}

/** What is not plugged together and still has an order: bridges, then tunnels, then the underlay's device. */
function orderIn({devices}: Space, connections: readonly Connection[]): ElkExtendedEdge[] {
  const rank = ({id, kind}: Device) => {
    if (connections.some(({kind: how, from}) => how === 'underlay' && from === id)) return 3
    return kind === 'vxlan' ? 2 : kind === 'bridge' || kind === SWITCH ? 1 : 0
  }
  const plugged = (a: Device, b: Device) =>
    connections.some(({from, to}) => (from === a.id && to === b.id) || (from === b.id && to === a.id))
  return devices.flatMap((a) =>
    devices
      .filter((b) => rank(a) > 0 && rank(b) > rank(a) && !plugged(a, b))
      .map((b) => ({id: `order ${a.id} ${b.id}`, sources: [a.id], targets: [b.id]})),
  )
}

function spaceNode(space: Space, children: readonly ElkNode[]): ElkNode {
  const inner = children.length > 0 ? [...children] : space.devices.map(deviceNode)
  const id = spaceId(space.name)
  const title = textWidth(spaceTitle(space)) + 2 * PADDING
  if (inner.length === 0) return {id, width: title, height: FONT.line + 2 * PADDING}
  return {
    id,
    children: inner,
    layoutOptions: {
      ...ORDER,
      'elk.padding': `[top=${FONT.line + 2 * PADDING},left=${PADDING + 4},bottom=${PADDING + 4},right=${PADDING + 4}]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${title},0)`,
    },
  }
}

function deviceNode(device: Device): ElkNode {
  return leaf(device.id, deviceLines(device))
}

function leaf(id: string, lines: readonly string[]): ElkNode & Pick<Box, 'width' | 'height'> {
  return {id, width: Math.max(...lines.map(textWidth)) + 2 * PADDING, height: lines.length * FONT.line + PADDING}
}

function textWidth(text: string): number {
  return text.length * FONT.width
}
