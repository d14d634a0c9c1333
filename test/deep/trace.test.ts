// 500 labs drawn at random, as in test/kernel/trace.test.ts. SEED=n draws others.
import test from 'ava'
import {holdAgainstKernel} from '../kernel/tools/against-kernel.ts'
import {asRoot} from '../kernel/tools/runners.ts'

const first = Number(process.env.SEED ?? 100)

for (let seed = first; seed < first + 10; seed++) {
  const title = `in 50 random labs packets end as the trace says, seed ${seed}`
  if (asRoot.missing !== undefined) test.serial.skip(`${title} (${asRoot.missing})`, () => undefined)
  else
    test.serial(title, async (t) => {
      t.timeout(600_000) // for hangs alone
      const {counterexample, compared, undecided} = await holdAgainstKernel(seed, 50)
      t.is(counterexample, undefined, counterexample)
      t.log(`${compared} exchanges, ${undecided} of which facts do not decide`)
      t.true(undecided < compared / 8, `${undecided} of ${compared}`)
    })
}
