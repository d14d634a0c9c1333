import test from 'ava'
import {sum} from '../../harness/checks/verdict.ts'

test('all passes are a pass', (t) => {
  t.is(sum(['pass']), 'pass')
  t.is(sum(['pass', 'pass']), 'pass')
})

test('one fail fails all, whatever is unknown beside it', (t) => {
  t.is(sum(['pass', 'fail']), 'fail')
  t.is(sum(['unknown', 'fail', 'pass']), 'fail')
})

test('short of a fail, one unknown leaves all unknown', (t) => {
  t.is(sum(['pass', 'unknown', 'pass']), 'unknown')
})

test('of nothing at all nothing is known: it is no pass', (t) => {
  t.is(sum([]), 'unknown')
})
