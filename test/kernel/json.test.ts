// What every command prints with --json: one document by its schema, and nothing else on standard output.
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {engineTurn} from './tools/engine-turn.ts'
import {type Ended, makeHome} from './tools/home.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'
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

onEach(LOCAL, 'reports go where --out says, as the document that --json prints', async (t, runner) => {
  await using home = makeHome(runner)
  const ended = await home.podwire(['run', 'three-nodes', '--driver', 'local', '--report', 'json', '--report', 'text', '--out', 'results'])
  t.is(ended.code, 0, ended.stderr)
  t.true(ended.stderr.includes('results/three-nodes.json'))
  t.deepEqual(mistakesIn(JSON.parse(readFileSync(join(home.folder, 'results/three-nodes.json'), 'utf8')), 'result'), [])
  t.true(ended.stdout.includes('The requirements'))
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
