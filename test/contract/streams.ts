// The contract: stream(), a command beside the others with its own standard streams, and copy(), a file on a node.
import {randomBytes} from 'node:crypto'
import {buffer, text} from 'node:stream/consumers'
import type {CommandStream} from '../../harness/driver.ts'
import type {Cases} from './suite.ts'

async function all({stdout, stderr, exit}: CommandStream): Promise<{out: string; err: string; code: number | null}> {
  if (!stdout || !stderr) throw new Error('a stream without pipes')
  const [out, err, code] = await Promise.all([text(stdout), text(stderr), exit])
  return {out, err, code}
}

function firstOf({stdout}: CommandStream): Promise<string> {
  return new Promise((resolve) => stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())))
}

export const STREAMS: Cases = {
  async 'a stream carries ten megabytes in and out, until its standard input ends'(t, {fleet}) {
    const stream = await fleet.stream('node1', ['cat'])
    const content = randomBytes(10 * 1024 * 1024)
    const back = stream.stdout && buffer(stream.stdout)
    stream.stdin?.end(content)
    t.true(content.equals((await back) ?? Buffer.alloc(0)))
    t.is(await stream.exit, 0)
  },

  async 'a stream’s end of input is seen, and what it says afterwards arrives'(t, {fleet}) {
    const stream = await fleet.stream('node1', ['sh', '-c', 'wc -c; echo counted >&2; exit 7'])
    stream.stdin?.end('12345')
    const {out, err, code} = await all(stream)
    t.deepEqual([out.trim(), err, code], ['5', 'counted\n', 7])
  },

  async 'a stream talks both ways while it runs'(t, {fleet}) {
    const stream = await fleet.stream('node1', ['cat'])
    for (const word of ['one', 'two']) {
      stream.stdin?.write(word)
      t.is(await firstOf(stream), word)
    }
    stream.stdin?.end()
    t.is(await stream.exit, 0)
  },

  async 'a stream takes its words as they are: no shell in between'(t, {fleet}) {
    const words = ['a b', '$HOME', "it's", '*', '"', '', '\\', 'new\nline']
    const {out, code} = await all(await fleet.stream('node1', ['printf', '%s|', ...words]))
    t.deepEqual([out, code], [words.map((word) => `${word}|`).join(''), 0])
  },

  async 'a bash on a node is not the first, and reads no file of the user’s'(t, {fleet}) {
    const {out} = await all(await fleet.stream('node2', ['bash', '-c', 'echo "$SHLVL"']))
    t.is(out, '2\n')
  },

  async 'a stream runs on its node, with the environment of a node'(t, {fleet}) {
    const {out} = await all(await fleet.stream('node2', ['sh', '-c', 'uname -n; echo "$HOME"']))
    t.is(out, 'node2\n/root\n')
  },

  async 'a program that is not there gives 127'(t, {fleet}) {
    t.is((await all(await fleet.stream('node1', ['no-such-program']))).code, 127)
  },

  async 'kill() ends a stream and what it started'(t, {fleet}) {
    const stream = await fleet.stream('node1', ['sh', '-c', 'sleep 1000 & echo $!; wait'])
    const pid = (await firstOf(stream)).trim()
    t.is((await fleet.run('node1', `kill -0 ${pid}`)).exitCode, 0)
    stream.kill()
    t.is(await stream.exit, 137)
    const ended = `while [ -e /proc/${pid}/stat ] && ! grep -q ') Z ' /proc/${pid}/stat; do sleep 0.05; done 2>/dev/null`
    t.is((await fleet.run('node1', ended, {timeLimit: 20_000})).exitCode, 0)
    stream.kill() // of what has ended, harmless
  },

  async 'kill() sends the signal that it is told, also to what has stopped'(t, {fleet}) {
    const stream = await fleet.stream('node1', ['sh', '-c', 'trap "exit 9" TERM; echo begun; kill -STOP $$; exit 1'])
    t.is(await firstOf(stream), 'begun\n')
    stream.kill('SIGTERM')
    t.is(await stream.exit, 9)
  },

  async 'streams and lines run side by side, each with its own input and output'(t, {fleet}) {
    const [a, b] = await Promise.all([fleet.stream('node1', ['cat']), fleet.stream('node1', ['cat'])])
    const [outs, line] = [Promise.all([all(a), all(b)]), fleet.run('node1', 'echo line')]
    b.stdin?.end('for b')
    t.is((await line).stdout.toString(), 'line\n')
    a.stdin?.end('for a')
    t.deepEqual(
      (await outs).map(({out, code}) => [out, code]),
      [
        ['for a', 0],
        ['for b', 0],
      ],
    )
  },

  async 'copy() writes a file with its folders, byte by byte, for its owner to run'(t, {fleet}) {
    const content = randomBytes(100_000)
    await fleet.copy('node1', content, "/run/copied/here and there/it's")
    const {stdout} = await fleet.run('node1', `cat "/run/copied/here and there/it's"`)
    t.true(stdout.equals(content))
    await fleet.copy('node1', Buffer.from('#!/bin/sh\necho "runs as $0"\n'), '/run/copied/script')
    t.is((await fleet.run('node1', '/run/copied/script')).stdout.toString(), 'runs as /run/copied/script\n')
    t.is((await fleet.run('node1', 'stat -c %a /run/copied/script')).stdout.toString(), '700\n')
    t.not((await fleet.run('node2', 'cat /run/copied/script')).exitCode, 0)
  },

  async 'copy() replaces what was there, also by less and by nothing'(t, {fleet}) {
    for (const content of ['a longer one', 'short', '']) {
      await fleet.copy('node1', Buffer.from(content), '/run/replaced')
      t.is((await fleet.run('node1', 'cat /run/replaced')).stdout.toString(), content)
    }
  },

  async 'copy() says when it cannot'(t, {fleet}) {
    await t.throwsAsync(fleet.copy('node1', Buffer.from('x'), '/proc/podwire/x'))
  },
}
