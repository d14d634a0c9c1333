// What a run shows on its way: on a terminal, without one, with NO_COLOR, and with --quiet.
import {makeHome} from './tools/home.ts'
import {asRoot, LOCAL, onEach} from './tools/runners.ts'

/** The command on a terminal of this size (script(1)). */
const onTerminal = (columns: number, rows: number) => [
  'sh',
  '-c',
  `exec script -qfec "stty cols ${columns} rows ${rows}; $*" /dev/null`,
  'sh',
]
const RUN = ['run', 'three-nodes', '--driver', 'local']
const ESCAPE = '\u001b'

onEach(LOCAL, 'on a terminal a list of stages and probes is drawn and redrawn, and every line stays', async (t, runner) => {
  await using home = makeHome(runner)
  const {code, stdout} = await home.podwire(RUN, {through: onTerminal(100, 30), env: {TERM: 'xterm'}})
  t.is(code, 0, stdout)
  t.true(stdout.includes('0 of 9 lines'))
  t.regex(stdout, /probes: \d+ of 252 exchanges/)
  t.true(stdout.includes(`${ESCAPE}[`))
  t.is(stdout.split('ip route add 10.244.2.0/24 via 192.168.1.12').length, 3)
  // Nothing of the list is below the last line that ran.
  t.notRegex(stdout.slice(stdout.indexOf('The requirements')), /of \d+ lines|exchanges/)
  t.regex(stdout, / in all/)
})

onEach([asRoot], 'a terminal that wants no colours gets none; one that can only write on gets lines', async (t, runner) => {
  await using home = makeHome(runner)
  const plain = await home.podwire(RUN, {through: onTerminal(100, 30), env: {TERM: 'xterm', NO_COLOR: '1'}})
  t.true(plain.stdout.includes('0 of 9 lines'))
  t.false(new RegExp(`${ESCAPE}\\[[0-9;]+m`).test(plain.stdout))
  const dumb = await home.podwire(RUN, {through: onTerminal(100, 30), env: {TERM: 'dumb', NO_COLOR: '1'}})
  t.false(dumb.stdout.includes(ESCAPE))
  t.true(dumb.stdout.includes('ip netns add pod1'))
})

onEach(LOCAL, 'without a terminal there are lines and nothing to redraw; with --quiet the result alone', async (t, runner) => {
  await using home = makeHome(runner)
  const lines = await home.podwire(RUN)
  t.false(lines.stdout.includes(ESCAPE))
  t.regex(lines.stdout, /^driver local[\s\S]*node1# ip netns add pod1[\s\S]*The requirements/)
  t.notRegex(lines.stdout, /of \d+ lines|exchanges/)
  for (const options of [{}, {through: onTerminal(100, 30), env: {TERM: 'xterm', NO_COLOR: '1'}}]) {
    const quiet = await home.podwire([...RUN, '--quiet', '--report', 'tap=x.tap'], options)
    t.is(quiet.code, 0)
    t.is(quiet.stderr, '')
    t.regex(quiet.stdout, /^[┌│][\s\S]*The requirements[\s\S]* in all\r?\n$/)
    t.notRegex(quiet.stdout, /driver local|ip netns|exchanges|wrote/)
  }
})

onEach(LOCAL, 'a run that is interrupted on a terminal takes its list away', async (t, runner) => {
  await using home = makeHome(runner)
  home.write(
    'slow.ts',
    `import {on, reach, scenario} from 'podwire'

export default scenario({
  title: 'slow',
  underlay: '192.168.1.0/24',
  nodes: {node1: '192.168.1.11', node2: '192.168.1.12'},
  pods: {},
  steps: [...on('node1')\`
    echo first
    sleep 50
  \`],
  checks: [reach.all()],
})
`,
  )
  const begun = home.begin(['run', './slow.ts', '--driver', 'local'], {
    through: onTerminal(80, 24),
    env: {TERM: 'xterm', NO_COLOR: '1'},
    input: null,
  })
  await begun.shown(/1 of 2 lines/)
  begun.process.stdin?.write('\u0003') // Ctrl-C, as the terminal has it
  const {code, stdout} = await begun.ended
  t.is(code, 130, stdout)
  // The last that was drawn was erased: each of its rows, from the last one up.
  t.regex(stdout.slice(stdout.lastIndexOf('1 of 2 lines')), new RegExp(`(${ESCAPE}\\[(2K|1A|J|K|G|\\d+A)){3,}`))
})
