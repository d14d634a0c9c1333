// podwire scenarios that is interrupted: what was under way has neither passed nor failed.

import {makeHome} from '../tools/home.ts'
import {asRoot, onEach} from '../tools/runners.ts'

onEach([asRoot], 'scenarios that are under way when podwire is interrupted are told as interrupted, none as failed', async (t, runner) => {
  await using home = makeHome(runner)
  const begun = home.begin(['scenarios', '--driver', runner.driver])
  await begun.shown(/^pass /m)
  process.kill(begun.pid, 'SIGINT')
  const {code, stdout, stderr} = await begun.ended
  t.is(code, 130, stderr)
  t.notRegex(stdout + stderr, /^(fail|unknown) /m)
  t.notRegex(stdout, /│/)
  const passed = [...stdout.matchAll(/^pass +([a-z-]+)/gm)].map(([, name]) => name)
  const interrupted = [...stdout.matchAll(/^interrupted ([a-z-]+)$/gm)].map(([, name]) => name)
  t.true(interrupted.length > 0, stdout)
  t.deepEqual(
    interrupted.filter((name) => passed.includes(name)),
    [],
  )
})
