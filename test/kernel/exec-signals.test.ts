// `podwire exec` and `podwire shell` and signals: they are the command's, and podwire ends when the command does. What is to
// hear a signal is a bash: dash loses one that comes while it starts another program (onsig in its trap.c).
import {setTimeout as sleep} from 'node:timers/promises'
import type {ExecutionContext} from 'ava'
import {eventually} from '../tools/eventually.ts'
import {engineTurn} from './tools/engine-turn.ts'
import {type Home, makeHome} from './tools/home.ts'
import {ALL, LOCAL, onEach, type Runner} from './tools/runners.ts'
import {twoNodesWith} from './tools/scenarios.ts'

async function lab(t: ExecutionContext, {driver}: Runner, home: Home): Promise<void> {
  home.write('small.ts', twoNodesWith('    ip netns add pod9'))
  t.is((await home.podwire(['up', './small.ts', '--driver', driver])).code, 0)
}

/** How many processes of this argument list run on a node. */
async function running(home: Home, node: string, args: string): Promise<number> {
  return Number((await home.podwire(['exec', node, '--', 'pgrep', '-c', '-x', '-f', args])).stdout)
}

onEach(ALL, 'a signal to exec is the command’s: podwire waits for its end and hands on its code', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  await lab(t, runner, home)
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    for (const place of ['node2', 'node2/pod9']) {
      const plain = home.begin(['exec', place, '--', 'bash', '-c', 'echo begun; sleep 1234; true'])
      await plain.shown(/begun/)
      plain.process.kill(signal)
      t.is((await plain.ended).code, 128 + number, `${place} ${signal}`)
    }
    const trap = `trap "echo heard; sleep 0.3; exit 9" ${signal.slice(3)}; echo begun; while :; do sleep 0.05; done`
    const trapping = home.begin(['exec', 'node2', '--', 'bash', '-c', trap])
    await trapping.shown(/begun/)
    trapping.process.kill(signal)
    const {code, stdout} = await trapping.ended
    t.deepEqual([code, stdout], [9, 'begun\nheard\n'], signal)
  }
  t.is(await running(home, 'node2', 'sleep 1234'), 0) // what the command started is of its group
})

onEach(ALL, 'a second signal kills the command', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  await lab(t, runner, home)
  const deaf = home.begin(['exec', 'node2', '--', 'bash', '-c', 'trap "echo heard" TERM; echo begun; while :; do sleep 0.1; done'])
  await deaf.shown(/begun/)
  deaf.process.kill('SIGTERM')
  await deaf.shown(/heard/)
  t.is(deaf.process.exitCode, null)
  deaf.process.kill('SIGTERM')
  t.is((await deaf.ended).code, 137)
})

onEach(ALL, 'a command that stops itself ends at a signal to exec', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  await lab(t, runner, home)
  const stopped = home.begin(['exec', 'node2', '--', 'sh', '-c', 'echo begun; kill -STOP $$; echo never'])
  await stopped.shown(/begun/)
  await sleep(200)
  stopped.process.kill('SIGTERM')
  const {code, stdout} = await stopped.ended
  t.deepEqual([code, stdout], [143, 'begun\n'])
})

onEach(LOCAL, 'SIGKILL to exec ends the command', async (t, runner) => {
  await using home = makeHome(runner)
  await lab(t, runner, home)
  const begun = home.begin(['exec', 'node2', '--', 'sh', '-c', 'echo begun; exec sleep 4321'])
  await begun.shown(/begun/)
  t.is(await running(home, 'node2', 'sleep 4321'), 1)
  begun.process.kill('SIGKILL')
  await begun.ended
  t.is(
    await eventually(
      () => running(home, 'node2', 'sleep 4321'),
      (count) => count === 0,
    ),
    0,
  )
})

/** Puts a terminal in front; what is written to the process is typed there. */
const TERMINAL = {input: null, through: ['sh', '-c', 'exec script -qe -c "$0 $*" /dev/null'], env: {TERM: 'dumb'}} as const

onEach(ALL, 'a command that is not there gives 127, one that cannot run 126, at a node and in a namespace', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  await lab(t, runner, home)
  for (const place of ['node2', 'node2/pod9']) {
    for (const [command, code] of [
      ['no-such-command', 127],
      ['/no/such/command', 127],
      ['/etc/passwd', 126],
      ['/etc', 126],
    ] as const) {
      const ended = await home.podwire(['exec', place, '--', command])
      t.is(ended.code, code, `${place}: ${command}`)
      t.true(ended.stderr.includes(command), ended.stderr)
    }
  }
  const none = await home.podwire(['exec', 'node2', '--'])
  t.is(none.code, 2)
})

onEach(ALL, 'Ctrl-C in a shell ends what runs there, and the shell lives', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  await lab(t, runner, home)
  const shell = home.begin(['shell', 'node2'], TERMINAL)
  await shell.shown(/node2# /)
  shell.process.stdin?.write('echo beg""un; sleep 1000\n')
  await shell.shown(/begun/)
  // Once it runs it has the terminal: what is typed while bash only starts it is for bash alone.
  await eventually(
    () => running(home, 'node2', 'sleep 1000'),
    (count) => count === 1,
  )
  shell.process.stdin?.write('\x03')
  await shell.shown(/\^C(.|\s)*node2# /)
  shell.process.stdin?.write('\x03')
  await shell.shown(/\^C(.|\s)*node2# \^C\s+node2# /)
  shell.process.stdin?.write('echo ali""ve $?\nexit 7\n')
  const {code, stdout} = await shell.ended
  t.is(code, 7, stdout)
  t.regex(stdout, /^alive 130/m)
})

onEach(ALL, 'Ctrl-C ends a command in the foreground, and podwire waits for one that goes on', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  await lab(t, runner, home)
  for (const [script, expected] of [
    ['echo beg""un; sleep 1000; true', 130],
    ['trap "" INT; echo beg""un; sleep 1; echo wait""ed; exit 9', 9],
  ] as const) {
    const begun = home.begin(['exec', 'node2', '--', 'bash', '-c', `'${script}'`], TERMINAL)
    await begun.shown(/begun/)
    begun.process.stdin?.write('\x03')
    const {code, stdout} = await begun.ended
    t.is(code, expected, stdout)
    t.is(/waited/.test(stdout), expected === 9)
  }
})
