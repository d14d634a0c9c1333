// A document packed for a page, and back: nothing is lost, whatever it holds.
import test from 'ava'
import fc from 'fast-check'
import {documentOf} from '../../harness/report/ended.ts'
import {pack} from '../../harness/report/pack.ts'
import {type Packed, Table, unpack, valuesOf} from '../../harness/report/rows.ts'
import {wholeOf} from '../tools/packed.ts'
import {RUNS} from '../tools/runs.ts'

/** As it comes out of the file. */
const throughJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown
const packed = (value: unknown) => throughJson(pack(throughJson(value))) as Packed

for (const [name, make] of Object.entries(RUNS)) {
  test(`the document of a run that ended thus comes back whole: ${name}`, (t) => {
    const document = documentOf(make())
    t.deepEqual(wholeOf(unpack(packed(document))), throughJson(document))
  })
}

test('whatever JSON holds comes back', (t) => {
  const {value, tree} = fc.letrec((tie) => ({
    value: fc.oneof({depthSize: 'small'}, fc.constantFrom(null, true, 0, 1.5, '', 'a', '$', '[]', '\0[]'), tie('tree'), tie('table')),
    tree: fc.oneof(
      fc.array(tie('value'), {maxLength: 4}),
      fc.dictionary(fc.constantFrom('a', '$', '$table', '$$', 'pairs', 'x'), tie('value')),
    ),
    table: fc.record({
      probes: fc.array(fc.dictionary(fc.constantFrom('from', 'seen', '$'), tie('value'), {maxKeys: 3}), {maxLength: 6}),
      pairs: fc.oneof(fc.array(fc.string({maxLength: 2})), fc.constant([])),
    }),
  }))
  fc.assert(
    fc.property(fc.oneof(value, tree), (any) => t.deepEqual(wholeOf(unpack(packed(any))), throughJson(any))),
    {numRuns: 500},
  )
  t.pass()
})

test('what stands many times stands once', (t) => {
  const long = {text: 'x'.repeat(1000), more: [1, 2, 3]}
  const size = JSON.stringify(packed({a: long, b: [long, {...long}], c: {d: long}})).length
  t.true(size < 1300, `${size}`)
})

test('numbers that two columns share are written in one, also where a record lacks them', (t) => {
  const probes = Array.from({length: 2000}, (_, index) => {
    const sent = {port: (index * 7919) % 60_013, from: `pod${index % 7}`}
    return index % 5 === 0
      ? {request: {sent}, reply: {}}
      : {request: {sent, seen: sent}, reply: {sent, seen: {...sent, port: index % 3 ? sent.port : 80}}}
  })
  const whole = packed({probes})
  t.deepEqual(wholeOf(unpack(whole)), {probes})
  const scattered = whole.lists.filter(({list}) => new Set(list).size > 1000)
  t.is(scattered.length, 1)
})

test('a table is read row by row and column by column, as the array that it was', (t) => {
  const probes = [{from: 'a', rtt: 1}, {from: 'b'}, {from: 'c', rtt: 3}]
  const {probes: table} = unpack(packed({probes})) as {probes: Table<{from: string; rtt?: number}>}
  t.true(table instanceof Table)
  t.deepEqual(
    [0, 1, 2, 3, -1].map((index) => table.at(index)),
    [...probes, undefined, undefined],
  )
  t.deepEqual(valuesOf(table, 'rtt'), [1, undefined, 3])
  t.deepEqual(valuesOf(table, 'from'), valuesOf(probes, 'from'))
})
