// What joins the boxes of the picture: cables, and where the chosen pair's packets are routed or stopped.
import {visibleLine} from '../../report/visible.ts'
import type {Box, Point} from '../../topology/boxes.ts'
import {connectionWords} from '../../topology/labels.ts'
import type {Connection} from '../../topology/topology.ts'
import type {Trace} from '../../trace/path.ts'
import {lineBetween} from '../detour.ts'
import type {Steps} from '../path.ts'

/** Which of the chosen pair's ways go by something. */
export interface Passing {
  readonly there: boolean
  readonly back: boolean
}

interface CableProps {
  readonly connection: Connection
  readonly lines: readonly (readonly Point[])[]
  readonly way: Passing
}

export function Cable({connection, lines, way: {there, back}}: CableProps) {
  const {kind, up} = connection
  const words = connectionWords(connection)
  const [middle, before] = middleOf(lines[0] ?? [])
  return (
    <g class={`cable ${kind}${up ? '' : ' down'}`}>
      {lines.map((points) => {
        const text = pointsText(points)
        return (
          <>
            <polyline points={text} />
            {there && <polyline class="way-there" points={text} transform="translate(-1.7 -1.7)" />}
            {back && <polyline class="way-back" points={text} transform="translate(1.7 1.7)" />}
          </>
        )
      })}
      {words !== '' && kind !== 'tunnel' && middle && before && (
        <text class="note" x={(middle.x + before.x) / 2} y={(middle.y + before.y) / 2 + 4} text-anchor="middle">
          <title>{visibleLine(words)}</title>
          {up ? '!' : '✗'}
        </text>
      )}
    </g>
  )
}

function pointsText(points: readonly Point[]): string {
  return points.map(({x, y}) => `${x},${y}`).join(' ')
}

function middleOf(points: readonly Point[]): (Point | undefined)[] {
  const half = Math.floor(points.length / 2)
  return [points[half], points[half - 1]]
}

type Boxes = ReadonlyMap<string, Box>

/** From device to device of one machine, where a route leads and no cable. */
export function RoutedLines({steps, boxes, way}: {readonly steps: Steps; readonly boxes: Boxes; readonly way: 'there' | 'back'}) {
  const shift = way === 'there' ? -1.7 : 1.7
  return (
    <g class="cable routed">
      {steps.routed.map(([from, to]) => {
        const [a, b] = [boxes.get(from), boxes.get(to)]
        if (!a || !b) return null
        const points = pointsText(lineBetween(a, b, boxes.values()))
        return <polyline key={`${from} ${to}`} class={`way-${way}`} points={points} transform={`translate(${shift} ${shift})`} />
      })}
    </g>
  )
}

/** Where a packet goes no further. */
export function Stop({steps, trace, boxes}: {readonly steps: Steps; readonly trace: Trace | undefined; readonly boxes: Boxes}) {
  const box = trace && trace.ended !== 'delivered' && steps.last !== undefined ? boxes.get(steps.last) : undefined
  if (!box || !trace) return null
  return (
    <g class="stop" transform={`translate(${box.x + box.width} ${box.y})`}>
      <circle r="9" />
      <text y="5" text-anchor="middle">
        <title>{visibleLine(`${trace.ended} at ${trace.at}: ${trace.evidence}`)}</title>✗
      </text>
    </g>
  )
}
