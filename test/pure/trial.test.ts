// What a trial says of each of several fixes that were typed on one copy.
import test from 'ava'
import {type Mended, mendsNothing, type Tried, trialOf} from '../../harness/trial.ts'

const FDB: Mended = {
  fix: [
    {where: 'node1', command: 'bridge fdb del 0a:58:0a:f4:02:00 dev flannel.1 dst 192.168.1.13 self'},
    {where: 'node1', command: 'bridge fdb replace 0a:58:0a:f4:02:00 dev flannel.1 dst 192.168.1.12 self permanent'},
  ],
  pairs: ['pod1 -> pod3', 'pod3 -> pod1'],
}
const ROUTE: Mended = {
  fix: [{where: 'node3', command: 'ip route add 10.244.1.0/24 via 192.168.1.11'}],
  pairs: ['pod1 -> pod4', 'pod4 -> pod1'],
}
const ALL = new Set([...FDB.pairs, ...ROUTE.pairs, 'pod3 -> pod4'])
const REFUSED = 'node3# ip route add 10.244.1.0/24 via 192.168.1.11: RTNETLINK answers: File exists'

function tried(changes: Partial<Tried> = {}): Tried {
  return {all: ALL, failing: new Set([...FDB.pairs, ...ROUTE.pairs]), still: new Set(), refused: [[], []], ...changes}
}

test('each fix is credited with the pairs of its own diagnosis', (t) => {
  const [fdb, route] = [FDB, ROUTE].map((mended, index) => trialOf(mended, index, tried({still: new Set(ROUTE.pairs)}), []))
  t.deepEqual([fdb?.turned, fdb?.failing, route?.turned, route?.failing], [2, 2, 0, 2])
  t.deepEqual([fdb?.passing, fdb?.total], [3, 5])
  t.deepEqual(route?.evidence, ['pod1 -> pod4 still fails', 'pod4 -> pod1 still fails'])
  const whole = trialOf(FDB, 0, tried(), [])
  t.deepEqual([whole.verdict, whole.turned, whole.refused], ['pass', 2, undefined])
})

test('a refused line belongs to the fix that it is of, and what turned is not to the credit of a fix that was refused whole', (t) => {
  const both = tried({refused: [[], [REFUSED]]})
  const [fdb, route] = [trialOf(FDB, 0, both, []), trialOf(ROUTE, 1, both, [])]
  t.deepEqual([fdb.verdict, fdb.turned, fdb.refused], ['pass', 2, undefined])
  t.deepEqual([route.verdict, route.turned, route.refused], ['fail', 0, [REFUSED]])
  // What was not refused of it may have done it.
  const half = trialOf(FDB, 0, tried({refused: [['node1# bridge fdb del ...: No such file or directory'], []]}), [])
  t.deepEqual([half.verdict, half.turned, half.refused?.length], ['fail', 2, 1])
})

test('a fix is known to mend nothing where the copy had the fault and kept it', (t) => {
  const of = (mended: Mended, changes: Partial<Tried>) => mendsNothing({...mended, tried: trialOf(mended, 0, tried(changes), [])})
  t.true(of(FDB, {still: new Set(FDB.pairs)}))
  t.false(of(FDB, {}))
  t.false(of(FDB, {still: new Set(['pod3 -> pod1'])}), 'one of two')
  t.false(of(FDB, {failing: new Set(), still: new Set(['pod3 -> pod4'])}), 'the fault is not in the copy')
  t.true(of({...ROUTE, pairs: []}, {refused: [[REFUSED]]}), 'refused, whatever it is for')
  t.false(mendsNothing(FDB), 'not tried')
  t.false(mendsNothing({...FDB, tried: {verdict: 'unknown', turned: 0, failing: 0, passing: 0, total: 0, evidence: ['no namespaces']}}))
})
