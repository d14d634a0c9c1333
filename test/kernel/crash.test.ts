// However podwire ends, and whenever: nothing of its lab is left on the machine.
import {ownMachine} from './tools/own-machine.ts'
import {LOCAL, onEach} from './tools/runners.ts'
import {threeNodesAnd} from './tools/scenarios.ts'

/** Probing takes seconds when node2 drops what it should forward. */
const SLOW = threeNodesAnd('      sysctl -w net.ipv4.ip_forward=0')

/** What is awaited on the screen before the signal, so that it meets the stage that is meant. */
const STAGES = [
  ['before anything is shown', 'true'],
  ['when the nodes are there', "grep -qs '^driver local' shown"],
  ['in the middle of the steps', "grep -qs '^4\\. ' shown"],
  ['while it probes', 'probing'],
] as const

for (const [when, stage] of STAGES) {
  onEach(LOCAL, `SIGKILL ${when} leaves nothing`, async (t, runner) => {
    using machine = ownMachine(runner)
    const slow = machine.write('slow.ts', SLOW)
    const {code, output} = await machine.run(`
      cd /run/home; state >../before
      podwire run ${slow} --driver local --patience 20 >../shown 2>&1 & pid=$!
      cd /run; reached() { ${stage}; }; until_so reached
      kill -KILL $pid || { cat shown; exit 92; }
      wait $pid; [ $? = 137 ] || exit 93
      gone; state >after; diff before after || exit 94
    `)
    t.is(code, 0, output)
  })
}

onEach(LOCAL, 'SIGKILL at any time leaves nothing', async (t, runner) => {
  using machine = ownMachine(runner)
  const {code, output} = await machine.run(`
    cd /run; state >before
    for delay in 0.05 0.10 0.14 0.17 0.20 0.23 0.26 0.29 0.32 0.36 0.40 0.46; do
      podwire run three-nodes --driver local >shown 2>&1 & pid=$!
      sleep $delay; kill -KILL $pid; wait $pid
      gone; state >after; diff before after || exit 94
    done
  `)
  t.is(code, 0, output)
})

for (const signal of ['INT', 'TERM', 'HUP']) {
  onEach(LOCAL, `SIG${signal} ends the steps and the probing with 130, without a word of error, and leaves nothing`, async (t, runner) => {
    using machine = ownMachine(runner)
    const slow = machine.write('slow.ts', SLOW)
    const {code, output} = await machine.run(`
      cd /run; state >before
      for stage in "grep -qs '^driver local' shown" 'probing'; do
        : >shown
        podwire run ${slow} --driver local --patience 20 >shown 2>errors & pid=$!
        until_so eval "$stage"
        kill -${signal} $pid; wait $pid; code=$?
        [ $code = 130 ] || { echo "$stage: exit $code"; cat shown errors; exit 92; }
        grep -qxE 'interrupted (before anything ran|at stage [0-9]+ of [0-9]+|during the checks)' errors && [ $(wc -l <errors) = 1 ] || { cat errors; exit 93; }
        gone; state >after; diff before after || exit 94
      done
    `)
    t.is(code, 0, output)
  })
}

onEach(LOCAL, 'a reader that goes away ends the run, and leaves nothing', async (t, runner) => {
  using machine = ownMachine(runner)
  const slow = machine.write('slow.ts', SLOW)
  const {code, output} = await machine.run(`
    cd /run; state >before
    { (podwire run ${slow} --driver local --patience 20); echo $? >code; } 2>errors | head -n 1 >first
    until_so test -s code
    grep -q '^driver local' first || exit 92
    [ "$(cat code)" != 0 ] || exit 93
    gone; state >after; diff before after || exit 94
  `)
  t.is(code, 0, output)
})
