// Steps that are refused or hang: told with the line and the kernel's own words, and the lab is removed.
import {engineTurn} from './tools/engine-turn.ts'
import {makeHome} from './tools/home.ts'
import {ALL, onEach} from './tools/runners.ts'
import {twoNodesWith} from './tools/scenarios.ts'

/** The bad line is line 9 of each file. */
const lines = (...bad: readonly string[]) =>
  twoNodesWith(['    ip link add v-net-0 type bridge', ...bad.map((line) => `    ${line}`)].join('\n'))

onEach(ALL, "a refused step: exit 1, the line, the kernel's words, and the steps after it do not run", async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  home.write('refused.ts', lines('ip route add 10.244.1.0/24 via 192.168.51.11', 'ip link add never type bridge'))
  const {code, stdout, stderr} = await home.podwire(['run', './refused.ts', '--driver', runner.driver], {env: {NO_COLOR: '1'}})
  t.is(code, 1, stderr)
  const told = stderr.split('\n')
  t.is(told[0], 'error[step-failed]: node2 refused a step, exit 2')
  t.is(told[1], '  --> refused.ts:9')
  t.is(told[2], '   |  ip route add 10.244.1.0/24 via 192.168.51.11')
  t.is(told[3], '   = kernel: Error: Nexthop has invalid gateway.')
  t.regex(stdout, /node2# ip route add 10\.244\.1\.0\/24 via 192\.168\.51\.11 +exit 2\n/)
  t.false(stdout.includes('never'))
})

onEach(ALL, 'a refused step of up keeps no lab', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  home.write('refused.ts', lines('false'))
  const {code, stderr} = await home.podwire(['up', './refused.ts', '--driver', runner.driver])
  t.is(code, 1)
  t.regex(stderr, /node2 refused a step, exit 1/)
  t.regex((await home.podwire(['ls'])).stdout, /^no lab is running/)
})

onEach(ALL, 'a step that hangs is killed alone after its time limit, and named', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  home.write('hung.ts', lines('cat /dev/zero >/dev/null', 'ip link add never type bridge'))
  const {code, stdout, stderr} = await home.podwire(['run', './hung.ts', '--driver', runner.driver, '--time-limit', '1.5'], {
    env: {NO_COLOR: '1'},
  })
  t.is(code, 1, stderr)
  const told = stderr.split('\n')
  t.regex(told[0] ?? '', /^error\[step-hung\]: node2 hung in a step, killed after its time limit of (1\.[5-9]|2\.\d) s$/)
  t.is(told[1], '  --> hung.ts:9')
  t.is(told[2], '   |  cat /dev/zero >/dev/null')
  t.regex(stdout, /node2# cat \/dev\/zero >\/dev\/null +killed after its time limit\n/)
  t.false(stdout.includes('never'))
})

onEach(ALL, 'a step that ends or kills its shell has refused, and says how', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  const endings = [
    ['exit 7', 'refused a step, exit 7'],
    ['kill -KILL $BASHPID', 'refused a step, exit 137'],
    ['kill -KILL $$', 'refused a step, its shell went away'],
  ] as const
  for (const [line, words] of endings) {
    home.write('killed.ts', lines(line))
    const {code, stderr} = await home.podwire(['run', './killed.ts', '--driver', runner.driver])
    t.is(code, 1, `${line}: ${stderr}`)
    t.true(stderr.includes(`node2 ${words}`), `${line}: ${stderr}`)
    t.true(stderr.includes('killed.ts:9'), line)
  }
})

onEach(ALL, 'a step that says very much is told by its first and last lines, and nothing of it is obeyed', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  home.write('loud.ts', lines("printf '\\e[2J\\n' >&2; seq 1 200000 >&2; false"))
  const {code, stderr} = await home.podwire(['run', './loud.ts', '--driver', runner.driver], {env: {NO_COLOR: '1'}})
  t.is(code, 1, stderr.slice(0, 1000))
  t.regex(stderr, /\n {3}= said: \\x1b\[2J\n {3}= said: 1\n[\s\S]* {3}= \.\.\. 199989 lines left out\n[\s\S]*= said: 200000\n/)
  t.false(stderr.includes('\x1b'))
  home.write('unknown.ts', lines('no-such-command'))
  const unknown = await home.podwire(['run', './unknown.ts', '--driver', runner.driver], {env: {NO_COLOR: '1'}})
  t.regex(unknown.stderr, /refused a step, exit 127\n[\s\S]*\n {3}= said: .*no-such-command: command not found\n/)
})
