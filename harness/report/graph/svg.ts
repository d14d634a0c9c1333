// A laid out topology as SVG that stands alone: no script, no font, nothing from elsewhere. What is down is dashed and says so
// in words, for whoever sees no red. Every box names what it shows (data-place, data-device), for a page that it is part of.
import {create} from 'xmlbuilder2'
import type {XMLBuilder} from 'xmlbuilder2/lib/interfaces.js'
import {type Box, FONT, type Layout, type Point, spaceId, tunnelId, tunnelLines, underlayLines} from '../../topology/boxes.ts'
import {connectionWords, deviceLines, spaceTitle} from '../../topology/labels.ts'
import {type Connection, type Topology, UNDERLAY} from '../../topology/topology.ts'
import {visibleLine} from '../visible.ts'
import {xmlText} from '../xml.ts'

const FAMILY = "'DejaVu Sans Mono','DejaVu Mono',ui-monospace,Menlo,Consolas,monospace"

const STYLE = [
  `text{font:${FONT.size}px ${FAMILY};fill:#1b1f24;white-space:pre}`,
  '.title{font-weight:700}',
  '.paper{fill:#fff}',
  '.box{fill:#fff;stroke:#57606a}',
  '.node>.box,.host>.box{fill:#eef4fb}',
  '.pod>.box{fill:#fff7e0}',
  '.namespace>.box{fill:#f3f3f3}',
  '.bridge>.box,.openvswitch>.box{fill:#e0f2e5}',
  '.underlay>.box,.outside>.box{fill:#ececf4}',
  '.tunnel>.box{fill:#f5e9fa}',
  '.line{fill:none;stroke:#57606a;stroke-width:1.5}',
  '.tunnel.line{stroke:#7b3fa0;stroke-dasharray:2 3}',
  '.down>.box,.unseen>.box{stroke:#b42318;stroke-dasharray:5 3}',
  '.line.down{stroke:#b42318;stroke-dasharray:7 5}',
  '.down>text,text.down{fill:#b42318}',
].join('')

/** @param title what the picture is of, for whoever does not see it */
export function svgOf(topology: Topology, {width, height, boxes, lines}: Layout, title: string): string {
  const [w, h] = [Math.ceil(width), Math.ceil(height)]
  const svg = create({version: '1.0', encoding: 'UTF-8'}).ele('http://www.w3.org/2000/svg', 'svg', {
    width: w,
    height: h,
    viewBox: `0 0 ${w} ${h}`,
    role: 'img',
    'aria-labelledby': 'title',
  })
  svg.ele('title', {id: 'title'}).txt(xmlText(title))
  svg.ele('style').txt(STYLE)
  svg.ele('rect', {class: 'paper', width: w, height: h})
  const at = (id: string) => boxes.get(id)
  for (const space of topology.spaces) {
    const box = at(spaceId(space.name))
    if (box)
      drawBox(svg, box, [spaceTitle(space)], {
        class: `space ${space.kind}${space.seen ? '' : ' unseen'}`,
        'data-place': xmlText(space.name),
      })
  }
  for (const [index, connection] of topology.connections.entries()) drawLines(svg, connection, lines.get(index) ?? [])
  for (const space of topology.spaces) {
    for (const device of space.devices) {
      const box = at(device.id)
      const name = {
        class: `device ${xmlText(device.kind)}${device.state === 'up' ? '' : ' down'}`,
        'data-place': xmlText(space.name),
        'data-device': xmlText(device.name),
      }
      if (box) drawBox(svg, box, deviceLines(device), name)
    }
  }
  for (const [index, connection] of topology.connections.entries()) {
    const box = connection.kind === 'tunnel' ? at(tunnelId(index)) : undefined
    if (box) drawBox(svg, box, tunnelLines(connection), {class: `tunnel${connection.up ? '' : ' down'}`})
    else drawNote(svg, connection, lines.get(index)?.[0] ?? [])
  }
  const underlay = at(UNDERLAY)
  if (underlay) drawBox(svg, underlay, underlayLines(topology), {class: 'underlay'})
  for (const address of topology.outside) {
    const box = at(address)
    if (box) drawBox(svg, box, [address, 'outside'], {class: 'outside'})
  }
  return `${svg.end({prettyPrint: true})}\n`
}

function drawBox(
  svg: XMLBuilder,
  {x, y, width, height}: Box,
  lines: readonly string[],
  attributes: Readonly<Record<string, string>>,
): void {
  const group = svg.ele('g', attributes)
  group.ele('rect', {class: 'box', x: round(x), y: round(y), width: round(width), height: round(height), rx: 4})
  const isSpace = attributes.class?.startsWith('space')
  for (const [index, line] of lines.entries()) {
    const baseline = y + (isSpace ? 4 : 0) + FONT.line * (index + 1) - 1
    group
      .ele('text', {...((index === 0 || isSpace) && {class: 'title'}), x: round(x + 8), y: round(baseline)})
      .txt(xmlText(visibleLine(line)))
  }
}

function drawLines(svg: XMLBuilder, {kind, from, to, up}: Connection, lines: readonly (readonly Point[])[]): void {
  for (const points of lines) {
    const text = points.map(({x, y}) => `${round(x)},${round(y)}`).join(' ')
    svg.ele('polyline', {class: `line ${kind}${up ? '' : ' down'}`, points: text, 'data-from': xmlText(from), 'data-to': xmlText(to)})
  }
}

/** In the middle of the line: a cross where nothing passes, and below the words that fit there. */
function drawNote(svg: XMLBuilder, connection: Connection, points: readonly Point[]): void {
  const words = connectionWords(connection)
  const middle = points[Math.floor(points.length / 2)]
  const before = points[Math.floor(points.length / 2) - 1]
  if (words === '' || !middle || !before) return
  const [x, y] = [(middle.x + before.x) / 2, (middle.y + before.y) / 2]
  const text = svg.ele('text', {class: connection.up ? 'note' : 'note down', x: round(x), y: round(y + 4), 'text-anchor': 'middle'})
  text.ele('title').txt(xmlText(words))
  text.txt(connection.up ? '!' : '✗')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
