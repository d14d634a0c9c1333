// A line from box to box that passes no other box, where there is such a way. Pure.
import type {Box, Point} from '../topology/boxes.ts'

/** Between a line and what it goes round. */
const GAP = 7

/** From side to side: straight, or round what stands between; straight, too, where there is no way round. */
export function lineBetween(a: Box, b: Box, boxes: Iterable<Box>): Point[] {
  // What both are in is not in the way; a box that only one of them is in is not either: the line has to leave it.
  const inTheWay = [...boxes].filter((box) => !holdsBox(box, a) && !holdsBox(box, b))
  const [first = [], ...others] = waysBetween(a, b, inTheWay)
  const isFree = (way: readonly Point[]) => !inTheWay.some((box) => crosses(way, box))
  return [first, ...others].find(isFree) ?? first
}

function waysBetween(a: Box, b: Box, inTheWay: readonly Box[]): Point[][] {
  const [left, right] = a.x <= b.x ? [a, b] : [b, a]
  const [from, to] = [left, right].map((box) => box.y + box.height / 2) as [number, number]
  const edge = left.x + left.width
  const end = right.x + right.width
  if (edge > right.x) {
    // One is above the other.
    const [near, far] = [Math.min(left.x, right.x) - GAP, Math.max(edge, end) + 12]
    const by = (x: number, start: number, stop: number) => [at(start, from), at(x, from), at(x, to), at(stop, to)]
    return [by(far, edge, end), by(near, left.x, right.x)]
  }
  const straight = [at(edge, from), at(right.x, to)]
  const passed = inTheWay.filter((box) => crosses(straight, box))
  // Above all that it crosses, or below; then above or below more that stands between the two.
  const between = inTheWay.filter((box) => box.x < right.x && box.x + box.width > edge)
  const heights = [passed, between].flatMap((some) =>
    some.length === 0 ? [] : [Math.min(...some.map(({y}) => y)) - GAP, Math.max(...some.map(({y, height}) => y + height)) + GAP],
  )
  const nearest = heights.toSorted(
    (one, other) => Math.abs(one - from) + Math.abs(one - to) - Math.abs(other - from) - Math.abs(other - to),
  )
  const [out, into] = [edge + GAP, right.x - GAP]
  return [straight, ...nearest.map((y) => [at(edge, from), at(out, from), at(out, y), at(into, y), at(into, to), at(right.x, to)])]
}

function at(x: number, y: number): Point {
  return {x, y}
}

function holdsBox(outer: Box, inner: Box): boolean {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    outer.x + outer.width >= inner.x + inner.width &&
    outer.y + outer.height >= inner.y + inner.height
  )
}

/** A part of the way is within the box, be it for a moment. */
export function crosses(way: readonly Point[], box: Box): boolean {
  return way.some((point, index) => {
    const before = way[index - 1]
    return before !== undefined && segmentCrosses(before, point, box)
  })
}

/** The part of the segment that is within the box's columns, and within its rows: whether they have anything in common. */
function segmentCrosses(a: Point, b: Point, {x, y, width, height}: Box): boolean {
  const columns = within(a.x, b.x, x, x + width)
  const rows = within(a.y, b.y, y, y + height)
  return Math.max(columns[0], rows[0]) < Math.min(columns[1], rows[1])
}

/** From which part of the segment to which, of 0 to 1, it is between the two; nothing where the second is smaller. */
function within(from: number, to: number, low: number, high: number): readonly [number, number] {
  if (from === to) return from > low && from < high ? [0, 1] : [1, 0]
  const [one, other] = [(low - from) / (to - from), (high - from) / (to - from)]
  return [Math.max(0, Math.min(one, other)), Math.min(1, Math.max(one, other))]
}
