// Who reached whom, as a square of small numbers: 200 pods are 40,000 pairs in three protocols, and no objects. Pure.
import {type MatrixRow, type Place, PROTOCOLS, type Probe, type Protocol, type Verdict} from '../model.ts'
import {differingIn, type Rows, valuesOf} from '../report/rows.ts'

/** What a cell says of one protocol. The order is that of weight: of two addresses of a place the heavier word counts. */
export const MARKS = ['none', 'pass', 'small', 'nat', 'unknown', 'fail'] as const
export type Mark = (typeof MARKS)[number]

/** As podwire prints them. */
export const SIGNS: Readonly<Record<Mark, string>> = {none: '·', pass: '✓', small: 's', nat: 'n', unknown: '?', fail: '✗'}

export const WORDS: Readonly<Record<Mark, string>> = {
  none: 'not asked',
  pass: 'reaches',
  small: 'reaches with small packets only',
  nat: 'reaches, but is translated',
  unknown: 'not observed',
  fail: 'does not reach',
}

/** As layers are named, and in this order. */
export const FAMILIES = ['IPv4', 'IPv6'] as const
/** What is shown of a pair: a protocol of three at the end, a family at a stage, where all protocols are asked together. */
export type Layer = Protocol | (typeof FAMILIES)[number] | 'all'

export interface Matrix {
  readonly places: readonly string[]
  readonly layers: readonly Layer[]
  /** By places' positions. */
  mark(from: number, to: number, layer: Layer): Mark
  /** The heaviest of all layers. */
  worst(from: number, to: number): Mark
}

const WEIGHT: Readonly<Record<Mark, number>> = {none: 0, pass: 1, small: 2, nat: 3, unknown: 4, fail: 5}

function matrixOver(places: readonly string[], layers: readonly Layer[], marks: readonly Uint8Array[]): Matrix {
  const size = places.length
  const at = (layer: number, from: number, to: number) => marks[layer]?.[from * size + to] ?? 0
  const worst = (from: number, to: number) => MARKS[Math.max(...layers.map((_, layer) => at(layer, from, to)))] ?? 'none'
  return {
    places,
    layers,
    worst,
    mark: (from, to, layer) => (layers.includes(layer) ? (MARKS[at(layers.indexOf(layer), from, to)] ?? 'none') : worst(from, to)),
  }
}

/** All probes of a run, as they are told of. */
export interface End {
  /** By protocol; small and full packets of a pair are one mark. */
  readonly matrix: Matrix
  /** By family, all protocols and both sizes together. */
  readonly families: Matrix
  /** By family, in small packets: what stages ask. */
  readonly small: Matrix
}

export function endOf(places: readonly Place[], probes: Rows<Probe>): End {
  const names = places.map(({name}) => name)
  const position = new Map(names.map((name, index) => [name, index]))
  const size = names.length
  const [from, to, family, protocol, packet, answered] = [
    valuesOf(probes, 'from'),
    valuesOf(probes, 'to'),
    valuesOf(probes, 'family'),
    valuesOf(probes, 'protocol'),
    valuesOf(probes, 'size'),
    valuesOf(probes, 'answered'),
  ]
  // Small and full apart first: `s` is small answered and full not.
  const sides = [0, 1].map(() => PROTOCOLS.map(() => new Uint8Array(size * size)))
  const [families, smallOnes] = [0, 1].map(() => FAMILIES.map(() => new Uint8Array(size * size))) as [Uint8Array[], Uint8Array[]]
  const translated = translatedIn(probes)
  for (let index = 0; index < probes.length; index++) {
    const [row, column] = [position.get(from[index] ?? ''), position.get(to[index] ?? '')]
    const marks = sides[packet[index] === 'full' ? 1 : 0]?.[PROTOCOLS.indexOf(protocol[index] ?? 'icmp')]
    if (row === undefined || column === undefined || !marks) continue
    const cell = row * size + column
    const weight = WEIGHT[markOf(answered[index], translated[index] === 1)]
    weigh(marks, cell, weight)
    const own = family[index] === 6 ? 1 : 0
    weigh(families[own], cell, weight)
    if (packet[index] === 'small') weigh(smallOnes[own], cell, weight)
  }
  const marks = PROTOCOLS.map((_, layer) => merged(sides[0]?.[layer] as Uint8Array, sides[1]?.[layer] as Uint8Array))
  return {
    matrix: matrixOver(names, PROTOCOLS, marks),
    families: matrixOfFamilies(names, families),
    small: matrixOfFamilies(names, smallOnes),
  }
}

/** The heavier word counts. */
function weigh(marks: Uint8Array | undefined, cell: number, weight: number): void {
  if (marks) marks[cell] = Math.max(marks[cell] ?? 0, weight)
}

/** Layers of the families that somebody was asked in. */
function matrixOfFamilies(names: readonly string[], marks: readonly Uint8Array[]): Matrix {
  const asked = marks.map((own) => own.some((mark) => mark !== WEIGHT.none))
  const isAsked = (_: unknown, family: number) => asked[family]
  return matrixOver(names, FAMILIES.filter(isAsked), marks.filter(isAsked))
}

/** 1 where a receiver saw another source or destination than was sent, there or back (../probe/translated.ts says the same of one). */
function translatedIn(probes: Rows<Probe>): Uint8Array {
  const found = new Uint8Array(probes.length)
  for (const way of ['request', 'reply'])
    for (const field of ['source', 'sourcePort', 'destination', 'destinationPort'])
      for (const index of differingIn(probes, [way, 'sent', field], [way, 'seen', field])) found[index] = 1
  return found
}

function markOf(answered: boolean | null | undefined, translated: boolean): Mark {
  return answered === true ? (translated ? 'nat' : 'pass') : answered === false ? 'fail' : 'unknown'
}

function merged(small: Uint8Array, full: Uint8Array): Uint8Array {
  // Translated or not, the small ones arrived.
  const arrived = (mark: number) => mark === WEIGHT.pass || mark === WEIGHT.nat
  return small.map((mark, cell) => (arrived(mark) && full[cell] === WEIGHT.fail ? WEIGHT.small : Math.max(mark, full[cell] ?? 0)))
}

/** Of one round after a stage: all protocols together, in small packets, each family for itself. */
export function matrixOfRows(places: readonly Place[], rows: Rows<MatrixRow>): Matrix {
  const names = places.map(({name}) => name)
  const position = new Map(names.map((name, index) => [name, index]))
  const marks = FAMILIES.map(() => new Uint8Array(names.length * names.length))
  const [from, to, family] = [valuesOf(rows, 'from'), valuesOf(rows, 'to'), valuesOf(rows, 'family')]
  const [verdict, translated] = [valuesOf(rows, 'verdict'), valuesOf(rows, 'translated')]
  for (let index = 0; index < rows.length; index++) {
    const [row, column] = [position.get(from[index] ?? ''), position.get(to[index] ?? '')]
    if (row === undefined || column === undefined) continue
    const found = verdict[index] ?? 'unknown'
    weigh(marks[family[index] === 6 ? 1 : 0], row * names.length + column, WEIGHT[found === 'pass' && translated[index] ? 'nat' : found])
  }
  return matrixOfFamilies(names, marks)
}

/** Whether it reaches, translated or not. */
export function isReached(mark: Mark): boolean {
  return mark === 'pass' || mark === 'nat'
}

/** What a cell is coloured by: of two families that differ the heavier alone would hide that the other reaches. */
export function shadeOf(matrix: Matrix, from: number, to: number, layer: Layer): Mark | 'partly' {
  const mark = matrix.mark(from, to, layer)
  if (isReached(mark) || matrix.layers[0] !== 'IPv4' || matrix.layers.includes(layer)) return mark
  return matrix.layers.some((family) => isReached(matrix.mark(from, to, family))) ? 'partly' : mark
}

type Counts = Readonly<Record<Mark, number>>

/** Several parts of the page ask for the same. */
const COUNTED = new WeakMap<Matrix, Map<Layer, Counts>>()

/** Numbers of the pairs with each mark. */
export function countsOf(matrix: Matrix, layer: Layer): Counts {
  const known = COUNTED.get(matrix) ?? new Map<Layer, Counts>()
  COUNTED.set(matrix, known)
  const counts = known.get(layer) ?? countedIn(matrix, layer)
  known.set(layer, counts)
  return counts
}

function countedIn(matrix: Matrix, layer: Layer): Counts {
  const counts = {none: 0, pass: 0, small: 0, nat: 0, unknown: 0, fail: 0}
  for (let from = 0; from < matrix.places.length; from++)
    for (let to = 0; to < matrix.places.length; to++) if (from !== to) counts[matrix.mark(from, to, layer)]++
  return counts
}

const PARTLY: readonly Mark[] = ['small', 'nat']

/** Whether a filter for a verdict lets a mark pass: `small` and `nat` have failed in part. */
export function isOf(mark: Mark, verdict: Verdict | 'all'): boolean {
  return verdict === 'all' || mark === verdict || (PARTLY.includes(mark) && verdict === 'fail')
}
