// The framing that keeps the commands of one long-lived shell apart. The shell here is a plain bash of this machine; the
// contract suite asks more of the same on nodes.
import {once} from 'node:events'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import test from 'ava'
import {openSession} from '../../harness/session.ts'
import {eventually} from '../tools/eventually.ts'
import {localShell} from '../tools/local-shell.ts'

const LIMIT = 60_000 // for hangs alone

/** A file's text; empty where there is none. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

for (const pieces of [undefined, 1, 7]) {
  const how = pieces === undefined ? 'as it comes' : `in pieces of ${pieces}`
  test(`a command’s exit code, output and complaints stay its own, read ${how}`, async (t) => {
    const {session} = localShell(t, pieces)
    const lines = [
      'echo out; echo err >&2; exit 3',
      'printf "no newline"',
      ':',
      `printf '\\001\\n\\001%024d 9 1.5\\n' 0; printf '\\001' >&2`,
      'printf "\\n\\n"',
      "echo 'unfinished",
      'echo next',
    ]
    const results = await Promise.all(lines.map((line) => session.run(line, LIMIT)))
    t.deepEqual(
      results.map(({exitCode, stdout}) => [exitCode, stdout.toString()]),
      [
        [3, 'out\n'],
        [0, 'no newline'],
        [0, ''],
        [0, `\x01\n\x01${'0'.repeat(24)} 9 1.5\n`],
        [0, '\n\n'],
        [results[5]?.exitCode ?? null, ''],
        [0, 'next\n'],
      ],
    )
    t.not(results[5]?.exitCode, 0)
    t.deepEqual(
      results.filter((_, index) => index !== 5).map(({stderr}) => stderr.toString()),
      ['err\n', '', '', '\x01', '', ''],
    )
    t.true(results.every(({duration}) => duration >= 0))
  })

  test(`bytes come as they were written, read ${how}`, async (t) => {
    const {session} = localShell(t, pieces)
    const every = Buffer.from(Array.from({length: 256}, (_, value) => value))
    const line = `printf '${[...every].map((value) => `\\x${value.toString(16).padStart(2, '0')}`).join('')}'`
    const {stdout, stderr} = await session.run(`${line}; ${line} >&2`, LIMIT)
    t.deepEqual([stdout, stderr], [every, every])
  })
}

test('one shell serves all commands, and nothing of one is left for the next', async (t) => {
  const {session, shells} = localShell(t)
  for (const line of ['cd /usr; x=1; exit 9', 'exec true', 'exec >&- 2>&-', 'set -eu; false', 'trap "echo trapped" EXIT; set +m'])
    await session.run(line, LIMIT)
  t.is((await session.run('pwd; [ ! -v x ] && echo unset', LIMIT)).stdout.toString(), `${process.cwd()}\nunset\n`)
  t.is(shells.length, 1)
})

test('a command that hangs is killed alone, with what it started, and the shell stays', async (t) => {
  const {session, shells} = localShell(t)
  const shell = (await session.run('echo $$', LIMIT)).stdout.toString()
  const hung = await session.run('echo begun; sleep 1000 & trap "" TERM; sleep 1000; sleep 1000', 400)
  t.deepEqual([hung.exitCode, hung.cause, hung.stdout.toString()], [null, 'time-limit', 'begun\n'])
  t.is((await session.run('echo $$', LIMIT)).stdout.toString(), shell)
  t.is(shells.length, 2) // the second killed the command
})

test('a shell that dies loses its command alone; the next has a new shell', async (t) => {
  const {session, shells} = localShell(t)
  const lost = await session.run('echo begun; kill -9 $$', LIMIT)
  t.deepEqual([lost.exitCode, lost.cause], [null, 'session-lost'])
  t.is((await session.run('echo next', LIMIT)).stdout.toString(), 'next\n')
  t.is(shells.length, 2)
})

test('a shell that dies between two commands is replaced', async (t) => {
  const {session, shells} = localShell(t)
  await session.run('true', LIMIT)
  const [shell] = shells
  if (!shell) return t.fail()
  const closed = once(shell, 'close')
  shell.kill('SIGKILL')
  await closed
  t.is((await session.run('exit 4', LIMIT)).exitCode, 4)
})

test('a shell that cannot be opened loses the session, in the opener’s words', async (t) => {
  const session = openSession('here', () => Promise.reject(new Error('no such node')))
  const {node, command, exitCode, cause, stderr} = await session.run('true', LIMIT)
  t.deepEqual(
    {node, command, exitCode, cause, stderr: stderr.toString()},
    {node: 'here', command: 'true', exitCode: null, cause: 'session-lost', stderr: 'no such node'},
  )
})

test('a session that is closed gives back what runs, what waits and what comes as disposed', async (t) => {
  const {session, shells} = localShell(t)
  await session.run('true', LIMIT)
  const ended = Promise.all([session.run('sleep 1; sleep 1000', LIMIT), session.run('echo never', LIMIT)])
  await session.close()
  await session.close()
  for (const {exitCode, cause} of [...(await ended), await session.run('true', LIMIT)]) t.deepEqual([exitCode, cause], [null, 'disposed'])
  t.is(shells.length, 1)
})

test('a session that is closed where its node stays kills what it runs, and only that', async (t) => {
  const {session} = localShell(t)
  const left = (await session.run('sleep 1000 & echo $!', LIMIT)).stdout.toString().trim()
  const folder = mkdtempSync(join(tmpdir(), 'podwire-test-'))
  t.teardown(() => rmSync(folder, {recursive: true}))
  const hung = session.run(`echo $BASHPID >${folder}/pid; sleep 1000; true`, LIMIT)
  const pid = await eventually(
    () => textOf(`${folder}/pid`),
    (text) => text !== '',
  )
  await sleep(100) // the session has read by now that it began
  await session.close(true)
  t.is((await hung).cause, 'disposed')
  const ended = (id: string) => !/\) [^ZX]/.test(textOf(`/proc/${id}/stat`))
  t.true(
    await eventually(
      () => ended(pid),
      (gone) => gone,
    ),
  )
  t.false(ended(left))
})

test('what a command leaves writing is not in the output of the next, once that has begun after it', async (t) => {
  const {session} = localShell(t)
  await session.run('{ echo late; echo late; } & wait; true', LIMIT)
  t.is((await session.run('echo next', LIMIT)).stdout.toString(), 'next\n')
})
