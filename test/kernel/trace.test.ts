// The trace against the kernel: small labs drawn at random, wired and broken by literal lines, and every pair's predicted
// ending held against what packets do. `make test-deep` holds ten times as many.
import {holdAgainstKernel} from './tools/against-kernel.ts'
import {asRoot, onEach} from './tools/runners.ts'

onEach([asRoot], 'in 50 random labs packets end as the trace says', async (t) => {
  const {counterexample, compared, undecided} = await holdAgainstKernel(1, 50)
  t.is(counterexample, undefined, counterexample)
  t.log(`${compared} exchanges, ${undecided} of which facts do not decide`)
  t.true(compared > 4000)
  t.true(undecided < compared / 8, `${undecided} of ${compared}`)
})
