// Networks side by side, as text on screens of any width, and as CSV that a spreadsheet reads (RFC 4180).
import test from 'ava'
import fc from 'fast-check'
import {codeOf} from '../../harness/cli/compare.ts'
import {type Compared, type Measures, measured, unknown} from '../../harness/compare/measured.ts'
import {type Comparison, comparisonText} from '../../harness/report/comparison.ts'
import {comparisonCsv, field} from '../../harness/report/comparison-csv.ts'
import {COMPARED, COMPARISON} from '../tools/comparison.ts'

const plain = (_: string, text: string) => text
const of = (...networks: readonly Compared[]): Comparison => ({...COMPARISON, networks})

test('every figure stands in its network’s row', (t) => {
  const row = comparisonText(COMPARISON, plain)
    .split('\n')
    .find((line) => line.includes('weave'))
  const cells = row?.split('│').map((cell) => cell.trim())
  t.deepEqual(cells?.slice(1, -1), [
    ...['weave', '312 ms', '0 (ttl 64)', '1450', '50 B', '6.5', '0.90 (0.80-1.00)', '0.12', '1.20 (1.10-1.30)', '0.044 ms'],
    ...['1.25 (1.20-1.40)', '34 MB', '1 neigh, 5.11 fdb', '≤667 ms', '1.4 s'],
  ])
})

test('what was not measured is ? and never 0, with its reason below, once for all whom it concerns', (t) => {
  const measures: Partial<Measures> = {...COMPARED.measures, growth: unknown('no way'), processor: unknown('too dark')}
  const text = comparisonText(of({...COMPARED, name: 'a', measures}, {...COMPARED, name: 'b', measures}), plain)
  const row = text.split('\n').find((line) => /^│ a /.test(line)) ?? ''
  t.is(row.split('?').length - 1, 3, row)
  t.true(text.includes('? a, b: entries a pod: no way'))
  t.true(text.includes('? a, b: CPU: too dark'))
  t.false(comparisonText(of(COMPARED), plain).includes('?'))
})

test('a network that was skipped, and those that were not come to, are told and have no row', (t) => {
  const skipped: Compared = {...COMPARED, name: 'calico', measures: {}, problem: {kind: 'skipped', why: 'calico needs bird'}}
  const text = comparisonText({...of(COMPARED, skipped), left: ['nsx-ovn']}, plain)
  t.true(text.includes('skipped calico: calico needs bird'))
  t.true(text.includes('not come to: nsx-ovn'))
  t.notRegex(text, /│ calico/)
})

test('a network that was cut short shows what was measured', (t) => {
  const {firstPing = unknown(''), hops = unknown('')} = COMPARED.measures
  const text = comparisonText(of({...COMPARED, measures: {firstPing, hops}, problem: {kind: 'interrupted', why: 'x'}}), plain)
  t.regex(text, /│ weave +│ +312 ms │ 0 \(ttl 64\) │( +\? +│){12}\n/)
  t.is(text.match(/\? /g)?.length, 12, 'why is told with the network alone')
  t.true(text.includes('interrupted weave: x'))
})

test('which failure was timed is said below, of each network that has one', (t) => {
  const without: Compared = {...COMPARED, name: 'three-nodes', measures: {...COMPARED.measures, convergence: unknown('it breaks nothing')}}
  const text = comparisonText(of(without, COMPARED), plain)
  t.regex(text, /\nbroken in, mended in: .*\n {2}weave: “stage 3”; “stage 5”\nload /)
  t.notRegex(comparisonText(of(without), plain), /broken in, mended in:|≤/)
})

test('of two networks’ ratios each says of what it is', (t) => {
  const heads = comparisonText(COMPARISON, plain)
    .split('\n')
    .find((line) => line.includes('network'))
  for (const head of ['TCP × plain', 'CPU × plain', 'round trip × plain']) t.true(heads?.includes(` ${head} `), head)
})

test('no table is wider than the screen, and no column is lost on a narrow one', (t) => {
  const heads = (text: string) =>
    new Set(
      text
        .split('\n')
        .filter((line) => line.includes('network '))
        .flatMap((line) => line.split('│').map((cell) => cell.trim())),
    )
  const all = heads(comparisonText(COMPARISON, plain))
  for (const width of [60, 80, 100, 140, 250]) {
    const text = comparisonText(COMPARISON, plain, width)
    const table = text.split('\n').filter((line) => /^[┌│├└]/.test(line))
    t.true(
      table.every((line) => line.length <= width),
      `${width}\n${text}`,
    )
    t.deepEqual(heads(text), all, String(width))
  }
})

test('a field is quoted where it has to be, and says the same', (t) => {
  t.is(field('plain'), 'plain')
  t.is(field('a,b'), '"a,b"')
  t.is(field('say "x"'), '"say ""x"""')
  t.is(field(undefined), '')
  t.is(field(0), '0')
})

test('CSV read by the rules of RFC 4180 gives back what was written', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.string({unit: fc.constantFrom('a', '"', ',', '\r', '\n', ' ', 'é')}), {minLength: 2, maxLength: 5}),
      (cells) => {
        t.deepEqual(readCsv(`${cells.map(field).join(',')}\r\n`), [cells])
      },
    ),
  )
})

test('the CSV has a line a network, as many fields in each as heads, and an empty one for what is unknown', (t) => {
  const measures = {...COMPARED.measures, memory: unknown('no, "why"'), mtu: measured(1450)}
  const [heads = [], whole = [], dark = []] = readCsv(comparisonCsv({networks: [COMPARED, {...COMPARED, measures}]}))
  t.is(new Set(heads).size, heads.length)
  t.deepEqual([whole.length, dark.length], [heads.length, heads.length])
  const cell = (row: readonly string[], head: string) => row[heads.indexOf(head)]
  t.is(cell(whole, 'daemons_pss_bytes'), String(34 * 2 ** 20))
  t.is(cell(whole, 'unknown'), '')
  t.is(cell(dark, 'daemons_pss_bytes'), '')
  t.is(cell(dark, 'unknown'), 'memory: no, "why"')
  t.deepEqual([cell(whole, 'broken_ms'), cell(whole, 'broken_at_most'), cell(whole, 'broken_by')], ['667', 'true', 'stage 3'])
  t.deepEqual([cell(whole, 'mended_at_most'), cell(whole, 'mended_by')], ['false', 'stage 5'])
  t.is(cell(whole, 'mtu_bytes'), '1450')
  t.is(cell(whole, 'round_trip_ms_ratio_low'), '1.2')
})

test('a network that was cut short says in the CSV of each figure that it was not come to', (t) => {
  const {firstPing = unknown(''), hops = unknown('')} = COMPARED.measures
  const problem = {kind: 'interrupted', why: 'podwire was interrupted'} as const
  const [heads = [], row = []] = readCsv(
    comparisonCsv({networks: [{...COMPARED, measures: {firstPing, hops, mtu: unknown('too dark')}, problem}]}),
  )
  t.is(
    row[heads.indexOf('unknown')],
    'mtu: too dark; overhead, throughput, processor, latency, memory, growth, convergence: podwire was interrupted',
  )
  t.is(row[heads.indexOf('broken_at_most')], '')
  t.is(row[heads.indexOf('first_ping_ms')], '312')
})

/** RFC 4180, section 2, as its grammar has it. */
function readCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [whole, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    if (whole === '') continue
    row.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'))
    if (end === '\r\n') {
      rows.push(row)
      row = []
    }
  }
  return rows
}

test('a refused line ends with 1, what this machine could not do with 3, what a network has not with neither', (t) => {
  const withOnly = (measures: Partial<Measures>): Compared => ({...COMPARED, measures: {...COMPARED.measures, ...measures}})
  const problem = (kind: 'failed' | 'skipped'): Compared => ({...COMPARED, problem: {kind, why: 'x'}})
  t.is(codeOf([COMPARED]), 0)
  t.is(codeOf([COMPARED, withOnly({growth: unknown('x'), convergence: unknown('x')})]), 0)
  t.is(codeOf([COMPARED, withOnly({throughput: unknown('x')})]), 3)
  t.is(codeOf([COMPARED, problem('skipped')]), 3)
  t.is(codeOf([problem('skipped'), problem('failed'), COMPARED]), 1)
})
