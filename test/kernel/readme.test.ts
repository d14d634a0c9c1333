// The README's commands, in its order, as a newcomer types them: in a fresh clone, without root; those of Docker as root,
// on private engines of their own, and so those of the page about several engines. What is shown as output is held against
// what they print.
//
//   UPDATE_README=1 npx ava test/kernel/readme.test.ts   prints each shown command's output, to copy from
import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {fileURLToPath} from 'node:url'
import test, {type ExecutionContext} from 'ava'
import {dockerLock} from '../tools/docker-lock.ts'
import {missingEngines, privateEngines} from '../tools/engines.ts'
import {NOBODY} from '../tools/podwire.ts'
import {KEPT} from './tools/home.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const ENGINES = readFileSync(join(ROOT, 'harness/drivers/docker/README.md'), 'utf8')

/** This very test is part of it. */
const NOT_RUN_HERE = ['make test']

interface Shown {
  readonly command: string
  /** The output that the README shows for it; `...` stands for any number of lines. */
  readonly output?: string[]
  readonly section: number
}

const commands = readCommands(README)

test('every command of sections 1 to 5 works without root, in a fresh clone, and prints what is shown', async (t) => {
  t.timeout(300_000)
  const home = mkdtempSync(join(tmpdir(), 'podwire-readme-'))
  t.teardown(() => rmSync(home, {recursive: true, force: true}))
  mkdirSync(join(home, '.run'), {mode: 0o700})
  if (NOBODY) execFileSync('chown', ['-R', `${NOBODY.uid}:${NOBODY.gid}`, home])
  writeFileSync(join(home, '.gitconfig'), '[safe]\n\tdirectory = *\n') // this checkout is another user's
  const clone = join(home, 'podwire')
  const env = {
    ...newcomer(home),
    DOCKER_HOST: 'unix:///nowhere/docker.sock', // so that auto means local, whatever engine the other tests use
    XDG_RUNTIME_DIR: join(home, '.run'), // the labs of other tests are not this newcomer's
  }
  const run = async (shown: Shown) => {
    const line = shown.command.replace('<this repository>', `file://${ROOT} podwire`)
    const {code, output} = await type(line, existsSync(clone) ? clone : home, env, NOBODY)
    const wanted = shown.command === 'npx podwire check' && shown.output ? 1 : 0
    t.is(code, wanted, `${line}\n${output}`)
    if (shown.output) assertShows(t, shown, output)
    if (line.startsWith('git clone')) execFileSync('cp', ['-al', join(ROOT, 'node_modules'), clone])
    if (line.startsWith('git clone')) writeFileSync(join(clone, 'two-pods.ts'), /```ts\n(.*?)```/s.exec(README)?.[1] ?? '')
  }
  const chosen = commands.filter(({section}) => section <= 5)
  t.true(chosen.length >= 10)
  try {
    for (const shown of chosen) await run(shown)
  } finally {
    await type('./harness/cli/podwire down --all', clone, env, NOBODY)
  }
})

test('every command of section 6 works, on an engine of its own', async (t) => {
  t.timeout(300_000)
  if (process.getuid?.() !== 0) {
    t.log('skipped: an engine is started by root')
    return t.not(process.env.CI, 'true')
  }
  const home = mkdtempSync(join(tmpdir(), 'podwire-readme-'))
  const env: Record<string, string> = {
    ...newcomer(home),
    PODWIRE_ENGINE_RUN: `/run/podwire-readme-${process.pid}`,
    PODWIRE_ENGINE_DATA: join(home, 'engine'),
  }
  const socket = `${env.PODWIRE_ENGINE_RUN}/docker.sock`
  // A system's own engine serves where there is one; it is shared with the other tests.
  await using _ = existsSync('/var/run/docker.sock') ? await dockerLock() : {[Symbol.asyncDispose]: async () => undefined}
  try {
    const chosen = commands.filter(({section, command}) => section === 6 && !NOT_RUN_HERE.includes(command))
    t.true(chosen.length >= 8)
    for (const shown of chosen) {
      const {code, output} = await type(shown.command, ROOT, env)
      t.is(code, 0, `${shown.command}\n${output}`)
      if (shown.output) assertShows(t, shown, output)
      if (existsSync(socket)) env.DOCKER_HOST = `unix://${socket}`
    }
    t.false(existsSync(socket))
  } finally {
    delete env.DOCKER_HOST
    await type('fixtures/engine/engine.sh stop', ROOT, env)
    rmSync(home, {recursive: true, force: true})
  }
})

test('every command of the page about several engines works, on three engines of one swarm', async (t) => {
  t.timeout(1_800_000) // tests of other files may have the engines first
  const missing = await missingEngines()
  if (missing !== undefined) {
    t.log(`skipped: ${missing}`)
    return t.not(process.env.CI, 'true')
  }
  await using engines = await privateEngines()
  const home = mkdtempSync(join(tmpdir(), 'podwire-readme-'))
  const env = newcomer(home)
  const labs = join(home, 'labs')
  mkdirSync(labs, {mode: 0o700})
  try {
    for (const [index, name] of ['one', 'two', 'three'].entries())
      execFileSync('docker', ['context', 'create', name, '--docker', `host=${engines.addresses[index]}`], {env, stdio: 'pipe'})
    const chosen = readCommands(ENGINES)
    t.is(chosen.length, 5)
    t.is(chosen.filter(({output}) => output !== undefined).length, 2)
    for (const shown of chosen) {
      const {code, output} = await type(shown.command, ROOT, env, {}, aloneWith(labs))
      t.is(code, 0, `${shown.command}\n${output}`)
      if (shown.output) assertShows(t, shown, output)
    }
  } finally {
    rmSync(home, {recursive: true, force: true})
  }
})

test('the sections whose commands are not run are none', (t) => {
  t.deepEqual(
    commands.filter(({section}) => section > 6).map(({command}) => command),
    NOT_RUN_HERE,
  )
})

test('a line that a command does not print is found out', (t) => {
  t.false(shows(['two', '...', 'one'], 'one\ntwo\nthree'))
  t.true(shows(['one', '...', 'three'], 'one\ntwo\nthree'))
  t.false(shows(['one', 'three'], 'one\ntwo\nthree'))
})

function assertShows(t: ExecutionContext, {command, output = []}: Shown, printed: string): void {
  if (process.env.UPDATE_README) t.log(`${command}\n${printed}`)
  else t.true(shows(output, printed), `the README shows something else than ${command} printed:\n${printed}`)
}

/** True when the lines are printed in this order, one right after the other but for `...`. Times differ from run to run. */
function shows(lines: readonly string[], printed: string): boolean {
  const wanted = lines.map(normal)
  const got = printed.split('\n').map(normal)
  const from = (line: number, at: number): boolean => {
    if (line === wanted.length) return true
    if (wanted[line] === '...')
      return Array.from({length: got.length - at + 1}, (_, skip) => at + skip).some((next) => from(line + 1, next))
    return got[at] === wanted[line] && from(line + 1, at + 1)
  }
  return got.some((_, start) => from(0, start))
}

function normal(line: string): string {
  return line
    .replace(/\d+(\.\d+)? (ms|s)\b/g, 'TIME')
    .replace(/\bDocker \S+ at (\w+) \(\w+:\/\/[^)]*\)/g, 'Docker VERSION at $1')
    .replace(/\bat (\w+) \(\w+:\/\/[^)]*\)/g, 'at $1')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Commands are indented by four spaces; `<!-- output: COMMAND -->` and a fenced block after it is what one prints. */
function readCommands(markdown: string): Shown[] {
  const found: Shown[] = []
  let section = 0
  let fenced = false
  const lines = markdown.split('\n')
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('```')) fenced = !fenced
    section = Number(/^## (\d+)\./.exec(line)?.[1] ?? section)
    if (fenced || !line.startsWith('    ')) continue
    const rest = lines.slice(index + 1)
    const next = rest.findIndex((later) => later.startsWith('    ') || later.startsWith('## '))
    const mark = rest.slice(0, next).indexOf(`<!-- output: ${line.trim()} -->`)
    const open = mark < 0 ? -1 : rest.indexOf('```', mark)
    const output = open < 0 ? undefined : rest.slice(open + 1, rest.indexOf('```', open + 1))
    found.push({command: line.trim(), section, ...(output && {output})})
  }
  return found
}

function newcomer(home: string): Record<string, string> {
  return {
    HOME: home,
    PATH: process.env.PATH?.replace(/[^:]*node_modules\/\.bin:?/g, '') ?? '',
    LANG: 'C.UTF-8',
    npm_config_update_notifier: 'false',
  }
}

/** Root's kept labs are root's on this machine: a folder in their place is for what is run with it alone. */
function aloneWith(labs: string): string[] {
  mkdirSync(KEPT, {recursive: true, mode: 0o700})
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `mount --bind "$0" ${KEPT} && exec "$@"`, labs]
}

async function type(
  line: string,
  cwd: string,
  env: Record<string, string>,
  user: {uid?: number; gid?: number} = {},
  through: readonly string[] = [],
) {
  const [file = '', ...argv] = [...through, 'sh', '-c', `{ ${line}\n} 2>&1`]
  const child = spawn(file, argv, {cwd, env, ...user, stdio: ['ignore', 'pipe', 'inherit'], timeout: 200_000})
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return {code: code as number | null, output}
}
