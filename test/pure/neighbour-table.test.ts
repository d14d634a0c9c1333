import test from 'ava'
import {MachineError} from '../../harness/driver.ts'
import {assertNeighboursFit, neighboursNeeded} from '../../harness/facts/neighbour-table.ts'
import {RECORDED} from '../tools/recorded.ts'

/** So many nodes, with so many pods on each. */
function lab(nodes: number, pods: number) {
  const names = Array.from({length: nodes}, (_, index) => `node${index + 1}`)
  return {
    nodes: names.map((name) => ({name, address: '192.168.1.1', addresses: ['192.168.1.1']})),
    pods: names.flatMap((node) =>
      Array.from({length: pods}, (_, index) => ({name: `${node}-${index}`, node, address: '10.244.1.2', addresses: ['10.244.1.2']})),
    ),
  }
}

test('a lab needs an entry each way between all that share a segment', (t) => {
  t.is(neighboursNeeded(lab(1, 0)), 0)
  t.is(neighboursNeeded(lab(2, 0)), 2)
  t.is(neighboursNeeded(lab(1, 3)), 4 * 3) // three pods and their bridge
  t.is(neighboursNeeded(lab(3, 10)), 3 * 2 + 3 * 11 * 10)
  t.is(neighboursNeeded(RECORDED), 3 * 2 + 3 * 2 + 2 + 2) // pods on another node share no segment
})

test('a lab that fits may start, to the last entry', (t) => {
  t.notThrows(() => assertNeighboursFit(lab(2, 0), {used: 1022, limit: 1024}))
  t.notThrows(() => assertNeighboursFit(lab(1, 0), {used: 1024, limit: 1024}))
})

test('a lab that would overflow the table is refused, and told which limit would do', (t) => {
  const error = t.throws(() => assertNeighboursFit(lab(2, 0), {used: 1023, limit: 1024}), {instanceOf: MachineError})
  t.is(error?.code, 'neighbour-table')
  t.regex(error?.message ?? '', /\b2\b.*\b1023 of 1024\b/)
  const wanted = Number(/gc_thresh3=(\d+)/.exec(error?.help.join(' ') ?? '')?.[1])
  t.notThrows(() => assertNeighboursFit(lab(2, 0), {used: 1023, limit: wanted}))
})
