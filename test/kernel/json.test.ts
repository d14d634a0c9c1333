// What every command prints with --json: one document by its schema, and nothing else on standard output.
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {engineTurn} from './tools/engine-turn.ts'
import {type Ended, makeHome} from './tools/home.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'
import {twoNodesWith} from './tools/scenarios.ts'
import {mistakesIn} from './tools/schema.ts'

/** No engine: `clean` and `doctor` look at this machine alone. */
const NO_ENGINE = {env: {DOCKER_HOST: 'unix:///nowhere/docker.sock'}}

const documentOf = ({stdout}: Ended) => JSON.parse(stdout) as {kind: string; [key: string]: unknown}

onEach(ALL, 'run, up, check and ls print documents by their schemas', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  for (const argv of [
    ['run', 'three-nodes'],
    ['up', 'three-nodes'],
  ]) {
    const ended = await home.podwire([...argv, '--driver', runner.driver, '--json'])
    t.deepEqual(mistakesIn(documentOf(ended), 'result'), [], argv.join(' '))
    t.is(ended.stderr, '')
  }
  await home.podwire(['exec', 'node2', '--', 'ip', 'route', 'del', '10.244.1.0/24'])
  const failed = await home.podwire(['check', '--json'])
  t.is(failed.code, 1)
  t.deepEqual(mistakesIn(documentOf(failed), 'result'), [])
  const ls = await home.podwire(['ls', '--json'])
  t.deepEqual(mistakesIn(documentOf(ls), 'labs'), [])
  t.is(documentOf(ls).kind, 'labs')
})

onEach(LOCAL, 'clean forgets the record of a lab that is gone, and says so', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local', '--name', 'lost'])).code, 0)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local', '--name', 'alive'])).code, 0)
  const record = [join(home.folder, 'labs/lost.json'), join(home.folder, 'podwire/labs/lost.json')].find((path) => existsSync(path)) ?? ''
  const {handle} = JSON.parse(readFileSync(record, 'utf8')) as {handle: {keeper: {pid: number}}}
  process.kill(handle.keeper.pid, 'SIGKILL')

  const cleaned = await home.podwire(['clean', '--json'], NO_ENGINE)
  t.is(cleaned.code, 0, cleaned.stderr)
  t.deepEqual(mistakesIn(documentOf(cleaned), 'cleaned'), [])
  t.deepEqual(documentOf(cleaned).removed, ['record of lab lost'])
  t.deepEqual(documentOf(cleaned).running, ['alive'])
  t.false(existsSync(record))
  t.is((await home.podwire(['clean'], NO_ENGINE)).stdout, 'nothing was left\n')
  t.is((await home.podwire(['check'])).code, 0)
})

onEach(LOCAL, 'doctor says what this machine can', async (t, runner) => {
  await using home = makeHome(runner)
  const ended = await home.podwire(['doctor', '--json'], NO_ENGINE)
  t.deepEqual(mistakesIn(documentOf(ended), 'doctor'), [], ended.stderr)
  t.is(ended.code, 0)
})

onEach(LOCAL, 'reports go where --out says, in every format that is asked for, json where none is', async (t, runner) => {
  await using home = makeHome(runner)
  const run = (...argv: readonly string[]) => home.podwire(['run', 'three-nodes', '--driver', 'local', ...argv])
  const written = (folder: string) => readdirSync(join(home.folder, folder)).sort()
  const both = await run('--report', 'json', '--report', 'text', '--out', 'results')
  t.is(both.code, 0, both.stderr)
  t.true(both.stderr.includes('results/three-nodes.json'))
  t.deepEqual(written('results'), ['three-nodes.json', 'three-nodes.txt'])
  t.deepEqual(mistakesIn(JSON.parse(readFileSync(join(home.folder, 'results/three-nodes.json'), 'utf8')), 'result'), [])
  t.true(readFileSync(join(home.folder, 'results/three-nodes.txt'), 'utf8').includes('The requirements'))
  t.true(both.stdout.includes('The requirements'))
  const alone = await run('--out', 'alone')
  t.deepEqual([alone.code, written('alone')], [0, ['three-nodes.json']], alone.stderr)
  t.true(alone.stdout.includes('The requirements'))
  const quiet = await run('--out', 'quiet', '--json')
  t.deepEqual([quiet.code, written('quiet')], [0, ['three-nodes.json']], quiet.stderr)
  t.deepEqual(JSON.parse(readFileSync(join(home.folder, 'quiet/three-nodes.json'), 'utf8')), documentOf(quiet))
})

onEach(LOCAL, '--report json without a folder has standard output for itself; text goes where errors go', async (t, runner) => {
  await using home = makeHome(runner)
  const json = await home.podwire(['run', 'three-nodes', '--driver', 'local', '--report', 'json'])
  t.deepEqual([json.code, json.stderr, mistakesIn(documentOf(json), 'result')], [0, '', []])
  const both = await home.podwire(['run', 'three-nodes', '--driver', 'local', '--report', 'json', '--report', 'text'])
  t.deepEqual([both.code, mistakesIn(documentOf(both), 'result')], [0, []])
  t.regex(both.stderr, /node1# ip netns add pod1[\s\S]*The requirements/)
})

onEach(LOCAL, 'a refused step, a hung one and a bad scenario are one document each with --json, and words as ever', async (t, runner) => {
  await using home = makeHome(runner)
  home.write('refused.ts', twoNodesWith("    printf '\\e[31mred\\n' >&2; false"))
  home.write('hung.ts', twoNodesWith('    sleep 60'))
  home.write('bad.ts', twoNodesWith('    true').replace("on('node2')", "on('nod2')"))
  const run = (name: string) => home.podwire(['run', `./${name}.ts`, '--driver', 'local', '--json', '--time-limit', '1'])
  const [refused, hung, bad] = await Promise.all([run('refused'), run('hung'), run('bad')])
  for (const [ended, exit, code] of [
    [refused, 1, 'step-failed'],
    [hung, 1, 'step-hung'],
    [bad, 2, 'unknown-node'],
  ] as const) {
    const document = documentOf(ended) as unknown as {exit: number; problems: {code: string; source: {line: number}}[]}
    t.deepEqual(mistakesIn(document, 'error'), [], ended.stdout)
    t.deepEqual([ended.code, document.exit, document.problems[0]?.code, document.problems[0]?.source.line], [exit, exit, code, 8])
    t.true(ended.stderr.startsWith(`error[${code}]: `), ended.stderr)
  }
  t.is((documentOf(refused).step as {stderr: string}).stderr, '\x1b[31mred\n')
  t.regex(refused.stderr, /= said: \\x1b\[31mred\n/)
  t.is((documentOf(hung).step as {cause: string}).cause, 'time-limit')
})

onEach(LOCAL, 'each command helps with examples', async (t, runner) => {
  await using home = makeHome(runner)
  const commands = ['run', 'up', 'down', 'ls', 'check', 'exec', 'shell', 'clean', 'doctor']
  const all = await Promise.all(commands.map((command) => home.podwire([command, '--help'])))
  for (const [index, {code, stdout}] of all.entries()) {
    t.is(code, 0, commands[index])
    t.regex(stdout, new RegExp(`Examples:\\n  podwire ${commands[index]}`), commands[index])
  }
  const help = await home.podwire(['--help'])
  t.is(help.code, 0)
  for (const command of commands) t.regex(help.stdout, new RegExp(`^  ${command} `, 'm'))
})
