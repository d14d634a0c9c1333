// Networks side by side as CSV (RFC 4180), a line each, for spreadsheets. Names of columns hold their units. What was not
// measured is empty, and its reason is in the last column.
import {type Beside, type Compared, isAtMost, MEASURE_NAMES, type Settled, STATE_KINDS} from '../compare/measured.ts'
import type {Comparison} from './comparison.ts'

type Cell = string | number | undefined

const COLUMNS: readonly (readonly [head: string, cell: (network: Compared) => Cell])[] = [
  ['network', ({name}) => name],
  ['solution', ({solution}) => solution ?? ''],
  ['problem', ({problem}) => (problem ? `${problem.kind}: ${problem.why}` : '')],
  ['from', ({pair}) => pair?.[0]],
  ['to', ({pair}) => pair?.[1]],
  ['first_ping_ms', ({measures}) => measures.firstPing?.value?.median],
  ['first_ping_ms_low', ({measures}) => measures.firstPing?.value?.low],
  ['first_ping_ms_high', ({measures}) => measures.firstPing?.value?.high],
  ['routers', ({measures}) => measures.hops?.value?.routers],
  ['ttl', ({measures}) => measures.hops?.value?.ttl],
  ['mtu_bytes', ({measures}) => measures.mtu?.value ?? undefined],
  ['overhead_bytes', ({measures}) => measures.overhead?.value?.bytes],
  ['overhead_at', ({measures}) => measures.overhead?.value?.at],
  ...beside('tcp_gbit_per_s', ({measures}) => measures.throughput?.value),
  ...beside('cpu_s_per_gbit', ({measures}) => measures.processor?.value),
  ...beside('round_trip_ms', ({measures}) => measures.latency?.value),
  ['daemons_pss_bytes', ({measures}) => measures.memory?.value?.bytes],
  ['pods_few', ({measures}) => measures.growth?.value?.pods[0]],
  ['pods_many', ({measures}) => measures.growth?.value?.pods[1]],
  ...STATE_KINDS.flatMap((kind): [string, (network: Compared) => Cell][] => [
    [`${kind}_few`, ({measures}) => measures.growth?.value?.state[kind].few],
    [`${kind}_many`, ({measures}) => measures.growth?.value?.state[kind].many],
    [`${kind}_per_pod`, ({measures}) => measures.growth?.value?.state[kind].each],
  ]),
  ...settled('broken', ({measures}) => measures.convergence?.value?.failure),
  ...settled('mended', ({measures}) => measures.convergence?.value?.mending),
  ['unknown', unknowns],
]

/** `at_most`: it held when it was first looked at, and may have before. */
function settled(name: string, value: (network: Compared) => Settled | undefined): [string, (network: Compared) => Cell][] {
  return [
    [`${name}_ms`, (network) => value(network)?.milliseconds],
    [
      `${name}_at_most`,
      (network) => {
        const found = value(network)
        return found && String(isAtMost(found))
      },
    ],
    [`${name}_by`, (network) => value(network)?.title],
  ]
}

/** `growth: no such tool; memory, hops: podwire was interrupted`: what was not come to for whatever ended it. */
function unknowns({measures, problem}: Compared): string {
  const whys = MEASURE_NAMES.flatMap((name) => {
    const found = measures[name]
    const why = found ? found.unknown : (problem?.why ?? null)
    return why === null ? [] : [{name, why}]
  })
  return [...Map.groupBy(whys, ({why}) => why)].map(([why, same]) => `${same.map(({name}) => name).join(', ')}: ${why}`).join('; ')
}

function beside(name: string, value: (network: Compared) => Beside | null | undefined): [string, (network: Compared) => Cell][] {
  return [
    [name, (network) => value(network)?.network.median],
    [`${name}_plain`, (network) => value(network)?.plain.median],
    [`${name}_ratio`, (network) => value(network)?.ratio.median],
    [`${name}_ratio_low`, (network) => value(network)?.ratio.low],
    [`${name}_ratio_high`, (network) => value(network)?.ratio.high],
  ]
}

/** A header line, then a line a network; every line ends with CRLF. */
export function comparisonCsv({networks}: Pick<Comparison, 'networks'>): string {
  const lines = [COLUMNS.map(([head]) => head), ...networks.map((network) => COLUMNS.map(([, cell]) => cell(network)))]
  return lines.map((cells) => `${cells.map(field).join(',')}\r\n`).join('')
}

/** In quotes where a comma, a quote or the end of a line is in it; a quote is written twice. */
export function field(cell: Cell): string {
  const text = String(cell ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
