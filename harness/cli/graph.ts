// podwire graph: the topology of a running lab as a picture, drawn from what its kernels hold.
import {extname} from 'node:path'
import {readFacts} from '../facts/read.ts'
import {FORMAT} from '../report/format.ts'
import {suggestion} from '../scenario/problem.ts'
import {topologyOf} from '../topology/build.ts'
import type {Topology} from '../topology/topology.ts'
import {EXIT, UsageError} from './exit.ts'
import {prepareFile, writeWhole} from './reports.ts'
import {runningLab} from './running.ts'
import {complain, printJson} from './terminal.ts'
import {placesNow} from './trace.ts'

const FORMATS = {svg: 'svg', png: 'png', mermaid: 'mmd', dot: 'dot'} as const
type Format = keyof typeof FORMATS
const ENDINGS: Readonly<Record<string, Format>> = {
  '.svg': 'svg',
  '.png': 'png',
  '.mmd': 'mermaid',
  '.mermaid': 'mermaid',
  '.dot': 'dot',
  '.gv': 'dot',
}

export interface GraphOptions {
  readonly lab?: string
  readonly format?: string
  readonly write?: string
  readonly json?: boolean
}

export async function graph(name: string | undefined, options: GraphOptions): Promise<number> {
  const {write, json} = options
  const format = formatOf(options)
  if (format === 'png' && write === undefined && process.stdout.isTTY)
    throw new UsageError('a PNG is nothing for a terminal', ['podwire graph --write lab.png', 'podwire graph --format mermaid'])
  if (write !== undefined) prepareFile(write)
  const {kept, fleet} = await runningLab(name)
  await using _ = fleet
  const places = placesNow(kept.scenario)
  const topology = topologyOf({facts: await readFacts(fleet, places), places}, kept.scenario.underlay)
  const picture = json && write === undefined ? '' : await drawn(topology, format, `lab ${kept.lab}`)
  if (write !== undefined) {
    writeWhole(write, picture)
    complain(`wrote ${write}`)
  }
  if (json) printJson({format: FORMAT, kind: 'topology', lab: kept.lab, ...topology})
  else if (write === undefined) process.stdout.write(picture)
  return EXIT.asClaimed
}

/** What is asked for, else what the file's name ends in, else what can be pasted into Markdown. */
function formatOf({format, write}: GraphOptions): Format {
  if (format !== undefined) {
    if (!isFormat(format)) throw new UsageError(`no picture ${format}`, [suggestion(format, Object.keys(FORMATS))])
    const named = write === undefined ? undefined : ENDINGS[extname(write).toLowerCase()]
    if (named !== undefined && named !== format)
      throw new UsageError(`${write} is the name of a ${named}, and --format asks for ${format}`, [
        'leave --format out, or name it otherwise',
      ])
    return format
  }
  if (write === undefined) return 'mermaid'
  const found = ENDINGS[extname(write).toLowerCase()]
  if (!found) throw new UsageError(`${write} does not say which picture it is to be`, [`add --format ${Object.keys(FORMATS).join(', ')}`])
  return found
}

function isFormat(text: string): text is Format {
  return Object.hasOwn(FORMATS, text)
}

/** Each is loaded when it is asked for: a layout, an XML library and a renderer take longer to load than a lab to read. */
async function drawn(topology: Topology, format: Format, title: string): Promise<string | Uint8Array> {
  if (format === 'dot') return (await import('../report/graph/dot.ts')).dotOf(topology, title)
  if (format === 'mermaid') return (await import('../report/graph/mermaid.ts')).mermaidOf(topology, title)
  const {layoutOf} = await import('../topology/layout.ts')
  const {svgOf} = await import('../report/graph/svg.ts')
  const svg = svgOf(topology, await layoutOf(topology), title)
  return format === 'svg' ? svg : (await import('../report/graph/png.ts')).pngOf(svg)
}
