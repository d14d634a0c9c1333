// A picture of many pods without most of them: what is hidden is left out, and the room that it took is taken away. All else keeps
// its place from left to right and its order from top to bottom, so nothing is laid out anew. Pure.
import type {PlainLayout} from '../report/view.ts'
import {type Box, spaceId} from '../topology/boxes.ts'
import type {Topology} from '../topology/topology.ts'

/** Pixels that a gap keeps. */
const GAP = 14
/** Of a machine's box: its title, and its lower edge. */
const TITLE = 30
const EDGE = 12

/** Names of the namespaces that stay: these, and of every machine the first few where none is asked for. */
export function shownSpaces({spaces}: Topology, asked: ReadonlySet<string>): ReadonlySet<string> {
  const inner = spaces.filter(({name, machine}) => name !== machine)
  if (inner.some(({name}) => asked.has(name))) return new Set(inner.map(({name}) => name).filter((name) => asked.has(name)))
  return new Set([...Map.groupBy(inner, ({machine}) => machine).values()].flatMap((own) => own.slice(0, 2).map(({name}) => name)))
}

/** @param shown namespaces that stay; machines do */
export function folded(topology: Topology, layout: PlainLayout, shown: ReadonlySet<string>): PlainLayout {
  const hidden = hiddenIn(topology, shown)
  const boxes = layout.boxes.filter(([id]) => !hidden.has(id))
  const machines = new Set(topology.spaces.filter(({name, machine}) => name === machine).map(({name}) => spaceId(name)))
  const kept = boxes.flatMap(([id, box]): [number, number][] => {
    if (!machines.has(id)) return [[box.y, box.y + Math.min(box.height, 90)]]
    return [
      [box.y, box.y + TITLE],
      [box.y + box.height - EDGE, box.y + box.height],
    ]
  })
  const down = pulledUp(kept)
  const moved = ({x, y, width, height}: Box): Box => ({x, y: down(y), width, height: down(y + height) - down(y)})
  return {
    width: layout.width,
    height: down(layout.height) + GAP,
    boxes: boxes.map(([id, box]) => [id, moved(box)]),
    lines: layout.lines
      .filter(([index]) => {
        const {from = '', to = ''} = topology.connections[index] ?? {}
        return !hidden.has(from) && !hidden.has(to)
      })
      .map(([index, all]) => [index, all.map((points) => points.map(({x, y}) => ({x, y: down(y)})))]),
  }
}

/** Ids of the boxes of namespaces that go, of their devices, and of what is plugged into these alone. */
function hiddenIn({spaces, connections}: Topology, shown: ReadonlySet<string>): Set<string> {
  const gone = spaces.filter(({name, machine}) => name !== machine && !shown.has(name))
  const hidden = new Set(gone.flatMap(({name, devices}) => [spaceId(name), ...devices.map(({id}) => id)]))
  for (const {kind, from, to} of connections) {
    if (kind !== 'veth') continue
    if (hidden.has(from)) hidden.add(to)
    else if (hidden.has(to)) hidden.add(from)
  }
  return hidden
}

/** Where each height comes to, once the gaps between what is kept are no wider than GAP. */
function pulledUp(kept: readonly (readonly [number, number])[]): (y: number) => number {
  const sorted = kept.toSorted(([a], [b]) => a - b)
  const gaps: {readonly from: number; readonly to: number}[] = []
  let end = 0
  for (const [from, to] of sorted) {
    if (from - end > GAP) gaps.push({from: end + GAP / 2, to: from - GAP / 2})
    end = Math.max(end, to)
  }
  gaps.push({from: end + GAP / 2, to: Number.POSITIVE_INFINITY})
  return (y) => y - gaps.reduce((sum, gap) => sum + Math.max(0, Math.min(y, gap.to) - gap.from), 0)
}
