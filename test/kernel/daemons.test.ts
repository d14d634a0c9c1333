// Daemons of a lab: started in their turn, awaited, their words kept, and gone with the lab however it ends. And what a scenario
// needs that is not there.
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {eventually} from '../tools/eventually.ts'
import {engineTurn} from './tools/engine-turn.ts'
import {makeHome} from './tools/home.ts'
import {ownMachine} from './tools/own-machine.ts'
import {readResult} from './tools/result.ts'
import {ALL, asRoot, LOCAL, onEach} from './tools/runners.ts'
import {mistakesIn} from './tools/schema.ts'

/** One node with a pod, and these lines from line 8 of the file; without a claim of its own it claims that true is true. */
function scenarioWith(lines: string, more = ''): string {
  return `import {daemon, on, runs, scenario, stage} from 'podwire'

export default scenario({
  title: 'daemons',
  underlay: '192.168.1.0/24',
  nodes: {node1: '192.168.1.11'}, pods: {pod1: {node: 'node1', address: '10.244.1.2'}},${more}
  steps: [
${lines}
  ],
  checks: [runs('node1')\`true\`.holds()],
})
`
}

const ECHO = 'socat TCP-LISTEN:8080,fork,reuseaddr EXEC:cat'

onEach(ALL, 'a daemon is there when the next line runs, in its place’s namespace, and what it says is kept', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  const file = home.write(
    'daemons.ts',
    scenarioWith(`    ...stage('a pod'), ...on('node1')\`
      ip netns add pod1
      ip -n pod1 link set lo up
    \`,
    daemon('pod1', 'echo')\`echo hello from the pod; exec ${ECHO}\`.readyWhen\`ss -Hltn | grep -q :8080\`,
    daemon('node1', 'plain')\`echo here; exec sleep 4242\`,
    ...on('node1')\`
      readlink /proc/$(cat /run/podwire/echo.pid)/exe | grep -q socat
      ! ss -Hltn | grep -q :8080
      grep -qx here /run/podwire/plain.log
    \`,
    runs('pod1')\`echo word | socat -t 1 - TCP:127.0.0.1:8080\`.prints('word'),`),
  )
  const out = join(home.folder, 'out')
  const ended = await home.podwire(['run', file, '--driver', runner.driver, '--out', out])
  t.is(ended.code, 0, ended.stdout + ended.stderr)
  t.regex(ended.stdout, /node1# echo here; exec sleep 4242 /)
  t.is(readFileSync(join(out, 'daemons.pod1.echo.log'), 'utf8'), 'hello from the pod\n')
  t.is(readFileSync(join(out, 'daemons.node1.plain.log'), 'utf8'), 'here\n')
  for (const name of ['daemons.json', 'daemons.pod1.echo.log', 'daemons.node1.plain.log']) t.true(existsSync(join(out, name)), name)
})

onEach(LOCAL, 'a daemon that ends before it is ready is told with its own words', async (t, runner) => {
  await using home = makeHome(runner)
  const file = home.write('ends.ts', scenarioWith("    daemon('node1', 'bad')`echo no such thing; exit 3`.readyWhen`false`,"))
  const {code, stderr} = await home.podwire(['run', file, '--driver', 'local'])
  t.is(code, 1)
  t.regex(stderr, /error\[step-failed\]: node1 refused a step/)
  t.regex(stderr, /bad ended before it was ready/)
  t.regex(stderr, /no such thing/)
})

onEach(LOCAL, 'a daemon that is not ready in time is told so', async (t, runner) => {
  await using home = makeHome(runner)
  const file = home.write('late.ts', scenarioWith("    daemon('node1', 'late')`echo up; exec sleep 4242`.readyWhen`false`,"))
  const {code, stderr} = await home.podwire(['run', file, '--driver', 'local', '--time-limit', '0.5'])
  t.is(code, 1)
  t.regex(stderr, /late was not ready within 0\.5 s/)
})

onEach(LOCAL, 'SIGKILL of podwire ends daemons too', async (t, runner) => {
  using machine = ownMachine(runner)
  const lines = `    ...on('node1')\`ip netns add pod1\`,
    daemon('node1', 'one')\`exec sleep 4242\`, daemon('pod1', 'two')\`trap "" TERM HUP; sleep 4243; sleep 4243\`,
    ...stage('long'), ...on('node1')\`
      sleep 20
    \`,`
  const file = machine.write('long.ts', scenarioWith(lines))
  const {code, output} = await machine.run(`
    cd /run; state >before
    podwire run ${file} --driver local >shown 2>&1 & pid=$!
    sleeping() { grep -qsz 4242 /proc/[0-9]*/cmdline && grep -qsz 4243 /proc/[0-9]*/cmdline && grep -qs long shown; }
    until_so sleeping
    kill -KILL $pid; wait $pid; [ $? = 137 ] || exit 93
    gone; state >after; diff before after || exit 94
  `)
  t.is(code, 0, output)
})

/** A machine of the local driver sees the test's folder. */
const long = (begun: string) => `    ...stage('a pod'), ...on('node1')\`ip netns add pod1\`,
    daemon('node1', 'plain')\`echo here; exec sleep 4242\`,
    ...stage('long'), ...on('node1')\`
      touch ${begun}; sleep 50
    \`,`

for (const quiet of [[], ['--quiet']])
  onEach(
    LOCAL,
    `SIGINT keeps what daemons have said, and says once where it was${quiet.length > 0 ? ', quiet or not' : ''}`,
    async (t, runner) => {
      await using home = makeHome(runner)
      const [out, marker] = [join(home.folder, 'out'), join(home.folder, 'begun')]
      const begun = home.begin(['run', home.write('long.ts', scenarioWith(long(marker))), '--driver', 'local', '--out', out, ...quiet])
      t.true(await eventually(() => existsSync(marker), Boolean))
      process.kill(begun.pid, 'SIGINT')
      const {code, stdout, stderr} = await begun.ended
      t.is(code, 130)
      t.is(readFileSync(join(out, 'long.node1.plain.log'), 'utf8'), 'here\n')
      t.true(existsSync(join(out, 'long.json')))
      t.is(stderr.match(/^interrupted at stage 2 of 2$/gm)?.length, 1, stderr)
      t.is((stdout + stderr).match(/interrupted/g)?.length, 1)
      t.notRegex(stdout + stderr, /sleep 50|while it ran/)
    },
  )

onEach(LOCAL, 'SIGINT waits for no log of a machine that does something else, and says so', async (t, runner) => {
  await using home = makeHome(runner)
  const [out, marker] = [join(home.folder, 'out'), join(home.folder, 'begun')]
  const lines = `    daemon('node1', 'plain')\`exec sleep 4242\`, ...stage('claimed'), ...on('node1')\`true\`,
    runs('node1')\`touch ${marker}; sleep 50\`.holds(),`
  const begun = home.begin(['run', home.write('long.ts', scenarioWith(lines)), '--driver', 'local', '--out', out])
  t.true(await eventually(() => existsSync(marker), Boolean))
  process.kill(begun.pid, 'SIGINT')
  const {code, stderr} = await begun.ended
  t.is(code, 130)
  t.regex(stderr, /^no .*long\.node1\.plain\.log: node1 did not give it in time$/m)
  t.regex(stderr, /^interrupted at stage 2 of 2$/m)
  t.false(existsSync(join(out, 'long.node1.plain.log')))
  t.true(existsSync(join(out, 'long.json')))
})

onEach(LOCAL, 'a kept lab keeps its daemons until it goes', async (t, runner) => {
  await using home = makeHome(runner)
  const file = home.write('kept.ts', scenarioWith("    ...on('node1')`ip netns add pod1`,\n    daemon('node1', 'stays')`exec sleep 4242`,"))
  t.is((await home.podwire(['up', file, '--driver', 'local', '--name', 'kept'])).code, 0)
  const {stdout} = await home.podwire(['exec', 'node1', '--', 'sh', '-c', 'tr "\\\\0" " " </proc/$(cat /run/podwire/stays.pid)/cmdline'])
  t.is(stdout.trim(), 'sleep 4242')
  t.is((await home.podwire(['down', 'kept'])).code, 0)
})

onEach([asRoot], 'what is needed and missing is told by its package before the first line, with exit 3', async (t, runner) => {
  await using home = makeHome(runner)
  const file = home.write('needs.ts', scenarioWith('', "\n  needs: {'no-such-tool': 'no-such-package', sh: 'dash'},"))
  const {code, stdout, stderr} = await home.podwire(['run', file, '--driver', 'local', '--json'])
  t.is(code, 3)
  const {problems} = JSON.parse(stdout) as {problems: {code: string; message: string; help: string[]}[]}
  t.is(problems[0]?.code, 'missing-tool')
  t.regex(problems[0]?.message ?? '', /needs needs no-such-tool, and its nodes have none/)
  t.regex(problems[0]?.help.join() ?? '', /apt-get install no-such-package,/)
  t.notRegex(stderr, /dash/)
})

onEach([asRoot], 'what is built from a Go module and missing is told by the target that builds it, with exit 3', async (t, runner) => {
  await using home = makeHome(runner)
  const file = home.write('needs.ts', scenarioWith('', "\n  needs: {'no-such-agent': 'example.com/no-such/agent'},"))
  const {code, stderr} = await home.podwire(['run', file, '--driver', 'local'])
  t.is(code, 3)
  t.regex(stderr, /error\[missing-tool\]: needs needs no-such-agent, and its nodes have none/)
  t.regex(stderr, /make setup-solutions, which builds example\.com\/no-such\/agent where Go is there, for --driver local/)
  t.notRegex(stderr, /apt-get/)
})

onEach([asRoot], 'a device that cannot be opened is told before the first line, with exit 3', async (t, runner) => {
  await using home = makeHome(runner)
  const file = home.write('device.ts', scenarioWith('', "\n  devices: ['/dev/no-such-device', '/dev/null'],"))
  const {code, stderr} = await home.podwire(['run', file, '--driver', 'local'])
  t.is(code, 3)
  t.false(existsSync('/dev/no-such-device'))
  t.regex(stderr, /error\[missing-device\]: device needs \/dev\/no-such-device, which its nodes cannot open/)
})

onEach(LOCAL, 'a claim that takes a time tells it', async (t, runner) => {
  await using home = makeHome(runner)
  const lines = `    ...stage('soon'), ...on('node1')\`
      (sleep 0.4; touch /run/there) >/dev/null 2>&1 &
    \`,
    runs('node1')\`test -e /run/there\`.holds().within(20_000),`
  const ended = await home.podwire(['run', home.write('soon.ts', scenarioWith(lines)), '--driver', 'local', '--json'])
  t.is(ended.code, 0, ended.stderr)
  const [check] = readResult(ended).stages[0]?.checks ?? []
  t.true((check?.convergence?.after ?? 0) >= 400)
  t.true((check?.convergence?.looks ?? 0) > 1)
})

const TWO_NODES = `import {daemon, reach, scenario} from 'podwire'

export default scenario({
  title: 'idle',
  underlay: '192.168.1.0/24',
  nodes: {node1: '192.168.1.11', node2: '192.168.1.12'}, pods: {},
  steps: [daemon('node2', 'idle')\`sleep 4242\`],
  checks: [reach.all()],
})
`

onEach(ALL, 'a daemon that has ended without a pair failing is no diagnosis, and is noted with what starts it again', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  const up = await home.podwire(['up', home.write('idle.ts', TWO_NODES), '--driver', runner.driver])
  t.is(up.code, 0, up.stderr)
  const looked = async () => {
    const {code, stdout} = await home.podwire(['diagnose', '--json'])
    const document = JSON.parse(stdout) as {diagnoses: unknown[]; ended: {place: string; name: string; start: {command: string}[]}[]}
    t.deepEqual([code, mistakesIn(document, 'diagnosis'), document.diagnoses], [0, [], []])
    return document.ended
  }
  const exec = async (...argv: string[]) => t.is((await home.podwire(['exec', 'node2', '--', ...argv])).code, 0)
  t.deepEqual(await looked(), [])
  await exec('bash', '-c', 'pid=$(cat /run/podwire/idle.pid); kill $pid; while [ -e /proc/$pid/exe ]; do sleep 0.02; done')
  const [ended, ...more] = await looked()
  t.deepEqual([ended?.place, ended?.name, more], ['node2', 'idle', []])
  const {code, stdout, stderr} = await home.podwire(['diagnose'])
  t.deepEqual([code, stdout], [0, '✓ all 2 pairs work, and nothing is translated\n'])
  t.regex(
    stderr,
    /^note: node2: the daemon idle has ended \(there is no process \d+ any more\), and no pair that was looked at fails by it$/m,
  )
  await exec('bash', '-c', ended?.start[0]?.command ?? 'exit 1')
  t.deepEqual(await looked(), [])
})
