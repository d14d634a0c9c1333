// Networks side by side, for people: one table, in as many parts as the screen is narrow. What was not measured is `?`, and why
// stands below. Data in, text out.
import Table from 'cli-table3'
import type {Beside, Compared, Growth, Measures, Settled, Spread} from '../compare/measured.ts'
import {isAtMost, STATE_KINDS} from '../compare/measured.ts'
import {milliseconds} from './duration.ts'
import type {Paint} from './text.ts'
import {visibleLine} from './visible.ts'

/** A comparison, whole or cut short. */
export interface Comparison {
  readonly driver: {readonly name: string; readonly reason: string; readonly description: string}
  /** The scenario that all others are compared with. */
  readonly plain: string
  /** How many the machine has, and how busy it was (getloadavg(3), of the last minute), when it began and when it ended. */
  readonly processors: number
  readonly load: {readonly before: number; readonly after: number}
  /** Milliseconds that the first answer may be told too late. */
  readonly resolution: number
  readonly networks: readonly Compared[]
  /** Those that it did not come to. */
  readonly left: readonly string[]
  /** Milliseconds. */
  readonly duration: number
}

interface Column {
  readonly head: string
  readonly of: keyof Measures
  /** Only of what was measured. */
  readonly cell: (measures: Known) => string
}

/** Values alone; a column is asked only where its own is there. */
type Known = {readonly [Name in keyof Measures]: NonNullable<Measures[Name]['value']>}

const COLUMNS: readonly Column[] = [
  {head: 'first ping', of: 'firstPing', cell: ({firstPing}) => time(firstPing.median)},
  {head: 'routers', of: 'hops', cell: ({hops}) => `${hops.routers} (ttl ${hops.ttl})`},
  {head: 'MTU', of: 'mtu', cell: ({mtu}) => String(mtu)},
  {head: 'overhead', of: 'overhead', cell: ({overhead}) => `${overhead.bytes} B`},
  {head: 'TCP Gbit/s', of: 'throughput', cell: ({throughput}) => figure(throughput.network.median)},
  {head: 'TCP × plain', of: 'throughput', cell: ({throughput}) => ratio(throughput)},
  {head: 'CPU s/Gbit', of: 'processor', cell: ({processor}) => figure(processor.network.median)},
  {head: 'CPU × plain', of: 'processor', cell: ({processor}) => ratio(processor)},
  {head: 'round trip', of: 'latency', cell: ({latency}) => `${figure(latency.network.median)} ms`},
  {head: 'round trip × plain', of: 'latency', cell: ({latency}) => ratio(latency)},
  {head: 'daemons', of: 'memory', cell: ({memory}) => (memory.bytes === 0 ? 'none' : `${(memory.bytes / 2 ** 20).toFixed(0)} MB`)},
  {head: 'entries a pod', of: 'growth', cell: ({growth}) => entriesText(growth)},
  {head: 'broken in', of: 'convergence', cell: ({convergence}) => settledText(convergence.failure)},
  {head: 'mended in', of: 'convergence', cell: ({convergence}) => settledText(convergence.mending)},
]

/** Why something is not known, once for each why. */
const NAMES: Readonly<Record<keyof Measures, string>> = {
  firstPing: 'first ping',
  hops: 'routers',
  mtu: 'MTU',
  overhead: 'overhead',
  throughput: 'TCP',
  processor: 'CPU',
  latency: 'round trip',
  memory: 'daemons',
  growth: 'entries a pod',
  convergence: 'broken, mended',
}

export function comparisonText(comparison: Comparison, paint: Paint, width = Number.POSITIVE_INFINITY): string {
  const {networks} = comparison
  const shown = networks.filter(({measures}) => Object.keys(measures).length > 0)
  const rows = shown.map(({name, measures}) => [name, ...COLUMNS.map((column) => cellText(column, measures, paint))])
  const tables = shown.length === 0 ? [] : parts(rows, width).map((columns) => tableOf(rows, columns, paint))
  return [...tables, ...notes(comparison, paint)].join('\n')
}

/** What was not come to is not known either; why is told with the network's problem. */
function cellText({of, cell}: Column, measures: Partial<Measures>, paint: Paint): string {
  if (measures[of]?.value == null) return paint('yellow', '?')
  return cell(Object.fromEntries(Object.entries(measures).map(([name, {value}]) => [name, value])) as unknown as Known)
}

/** Which columns each part has, by their numbers; the first, the name, stands in all. */
function parts(rows: readonly (readonly string[])[], width: number): number[][] {
  const widthOf = (column: number) => Math.max(headOf(column).length, ...rows.map((row) => plainLength(row[column] ?? ''))) + 3
  const all: number[][] = [[]]
  let used = 1 + widthOf(0)
  for (let column = 1; column <= COLUMNS.length; column++) {
    const part = all.at(-1) ?? []
    if (part.length > 0 && used + widthOf(column) > width) {
      all.push([column])
      used = 1 + widthOf(0) + widthOf(column)
    } else {
      part.push(column)
      used += widthOf(column)
    }
  }
  return all
}

function headOf(column: number): string {
  return column === 0 ? 'network' : (COLUMNS[column - 1]?.head ?? '')
}

/** A cell's own colour is that of `?`. */
function plainLength(text: string): number {
  return text.includes('\u001b') ? 1 : text.length
}

function tableOf(rows: readonly (readonly string[])[], columns: readonly number[], paint: Paint): string {
  const numbers = [0, ...columns]
  const table = new Table({
    head: numbers.map((column) => paint('bold', headOf(column))),
    style: {head: [], border: [], compact: true},
    colAligns: numbers.map((column) => (column === 0 || COLUMNS[column - 1]?.of === 'growth' ? 'left' : 'right')),
  })
  table.push(...rows.map((row) => numbers.map((column) => row[column] ?? '')))
  return table.toString()
}

function notes({networks, left, load, processors, resolution, duration, plain}: Comparison, paint: Paint): string[] {
  const problems = networks.flatMap(({name, problem}) =>
    problem ? [`${paint('yellow', problem.kind)} ${name}: ${visibleLine(problem.why)}`] : [],
  )
  const whys = networks.flatMap(({name, measures}) =>
    Object.entries(measures).flatMap(([of, {unknown}]) => (unknown === null ? [] : [{name, of: NAMES[of as keyof Measures], unknown}])),
  )
  const unknowns = [...Map.groupBy(whys, ({of, unknown}) => `${of}: ${visibleLine(unknown)}`)].map(
    ([why, same]) => `${paint('yellow', '?')} ${same.map(({name}) => name).join(', ')}: ${why}`,
  )
  const grown = networks.find(({measures}) => measures.growth?.value)?.measures.growth?.value
  return [
    ...problems,
    ...unknowns,
    ...(left.length > 0 ? [`not come to: ${left.join(', ')}`] : []),
    ...[
      `first ping: from the first line on, to within ${resolution} ms; × plain: by ${plain}’s, measured in turns with it, lowest and highest in brackets`,
      'CPU: of the lab’s processes and the kernel’s ksoftirqd; overhead: bytes on the wire beyond the frame that the pod sent; daemons: PSS',
      ...(grown ? [`entries a pod: on all machines together, from ${grown.pods[0]} to ${grown.pods[1]} pods`] : []),
      ...failuresText(networks),
      `load ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after, on ${processors} processors; ${milliseconds(duration)} in all`,
    ].map((line) => paint('dim', line)),
  ]
}

/** Which failure was timed, of each network: they are not the same. */
function failuresText(networks: readonly Compared[]): string[] {
  const timed = networks.flatMap(({name, measures: {convergence}}) =>
    convergence?.value ? [`  ${name}: ${stageText(convergence.value.failure)}; ${stageText(convergence.value.mending)}`] : [],
  )
  if (timed.length === 0) return []
  return [
    'broken in, mended in: from the last line of these stages until it failed, and until it held again; ≤: seen at the first look',
    ...timed,
  ]
}

function stageText({title}: Settled): string {
  return `“${visibleLine(title)}”`
}

/** A line for a network that has been measured. */
export function comparedText({name, measures, problem}: Compared, paint: Paint): string {
  if (problem) return `${paint('yellow', problem.kind.padEnd(11))} ${name}: ${visibleLine(problem.why)}`
  const all = Object.values(measures)
  const missing = all.filter(({value}) => value === null).length
  const {firstPing} = measures
  const first = firstPing?.value ? `, first ping ${spreadText(firstPing.value)}` : ''
  return `${paint('green', 'measured'.padEnd(11))} ${name}${first}${missing > 0 ? `, ${missing} of ${all.length} unknown` : ''}`
}

function spreadText({median, low, high}: Spread): string {
  return `${time(median)} (${time(low)} to ${time(high)})`
}

function entriesText({state}: Growth): string {
  const words = {routes: 'route', neighbours: 'neigh', fdb: 'fdb', flows: 'flow', maps: 'map'} as const
  const grown = STATE_KINDS.filter((kind) => state[kind].each !== 0).map((kind) => `${figure(state[kind].each)} ${words[kind]}`)
  return grown.length === 0 ? 'none' : grown.join(', ')
}

function settledText(settled: Settled): string {
  return `${isAtMost(settled) ? '≤' : ''}${time(settled.milliseconds)}`
}

function ratio({ratio: {median, low, high}}: Beside): string {
  return `${times(median)} (${times(low)}-${times(high)})`
}

function times(value: number): string {
  return value < 0.01 ? value.toPrecision(1) : value.toFixed(value < 10 ? 2 : 0)
}

function time(duration: number): string {
  return duration < 1000 ? `${duration.toFixed(0)} ms` : `${(duration / 1000).toFixed(1)} s`
}

/** Three digits, as few as say it. */
function figure(value: number): string {
  return String(Number(value.toPrecision(value < 0.1 ? 2 : 3)))
}
