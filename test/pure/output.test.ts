// What podwire does when its own output cannot be written.
import test from 'ava'
import {podwireAsNobody} from '../tools/podwire.ts'

const NOWHERE = {XDG_RUNTIME_DIR: '/nowhere', NO_COLOR: '1'}

for (const args of [['ls'], ['ls', '--json'], ['--help'], ['run', '--help']]) {
  test(`podwire ${args.join(' ')} to a device that is full: exit 3, and why`, async (t) => {
    const {code, stderr} = await podwireAsNobody(args, NOWHERE, '>/dev/full')
    t.is(code, 3)
    t.regex(stderr, /^error\[output\]: standard output cannot be written: ENOSPC.*\n {3}= help: .*\n$/)
    t.is((await podwireAsNobody(args, NOWHERE, '>/dev/full 2>&1')).code, 3)
  })
}

test('complaints that cannot be written change no exit code', async (t) => {
  for (const redirection of ['2>/dev/full', '>/dev/full 2>&1', '2>&-']) {
    t.is((await podwireAsNobody(['run', 'nothing'], NOWHERE, redirection)).code, 2, redirection)
    t.is((await podwireAsNobody(['nothing'], NOWHERE, redirection)).code, 2, redirection)
  }
  t.is((await podwireAsNobody(['ls'], NOWHERE, '2>/dev/full')).code, 0)
})
