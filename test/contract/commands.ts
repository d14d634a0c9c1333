// The contract: what run() gives back for lines that end by themselves.
import {createHash} from 'node:crypto'
import {NODE_ENVIRONMENT} from '../../harness/session.ts'
import type {Cases} from './suite.ts'

const TEN_MEGABYTES = 10 * 1024 * 1024

export const COMMANDS: Cases = {
  async 'a line gives its exit code'(t, {fleet}) {
    for (const [line, code] of Object.entries({
      true: 0,
      false: 1,
      'exit 7': 7,
      'exit 255': 255,
      'no-such-command': 127,
      'kill -9 $BASHPID': 137,
    })) {
      const {node, command, exitCode, cause, duration, startedAt} = await fleet.run('node1', line)
      t.deepEqual({node, command, exitCode, cause}, {node: 'node1', command: line, exitCode: code, cause: undefined})
      t.true(duration >= 0 && startedAt > 0, `${duration} ms, begun ${startedAt}`)
    }
  },

  async 'a line takes the time that it takes'(t, {fleet}) {
    const {duration} = await fleet.run('node1', 'sleep 0.2')
    t.true(duration >= 190, `${duration} ms`)
  },

  async 'standard output and standard error stay apart'(t, {fleet}) {
    const {stdout, stderr} = await fleet.run('node1', 'echo out; echo err >&2; echo more; echo worse >&2')
    t.is(stdout.toString(), 'out\nmore\n')
    t.is(stderr.toString(), 'err\nworse\n')
  },

  async 'output comes as it was written: all byte values, and none'(t, {fleet}) {
    const every = Buffer.from(Array.from({length: 256}, (_, value) => value))
    const line = `printf '${[...every].map((value) => `\\x${value.toString(16).padStart(2, '0')}`).join('')}'`
    t.deepEqual((await fleet.run('node1', line)).stdout, every)
    t.deepEqual((await fleet.run('node1', `${line} >&2`)).stderr, every)
    t.is((await fleet.run('node1', 'printf "no newline"')).stdout.toString(), 'no newline')
    t.is((await fleet.run('node1', 'printf "no newline" >&2')).stderr.toString(), 'no newline')
    const empty = await fleet.run('node1', ':')
    t.is(empty.stdout.length + empty.stderr.length, 0)
  },

  async 'random bytes come as they were written'(t, {fleet}) {
    const {stdout} = await fleet.run('node1', 'head -c 300000 /dev/urandom | tee /run/random')
    const {stdout: sum} = await fleet.run('node1', 'sha256sum </run/random; rm /run/random')
    t.is(`${createHash('sha256').update(stdout).digest('hex')}  -\n`, sum.toString())
  },

  async 'output that looks like the framing is output'(t, {fleet}) {
    const fake = `\x01${'0'.repeat(24)} 0 1700000000.000000\n\x01${'f'.repeat(24)}`
    const line = `printf '\\001%024d 0 1700000000.000000\\n\\001ffffffffffffffffffffffff' 0`
    const both = await fleet.run('node1', `${line}; ${line} >&2; exit 4`)
    t.deepEqual([both.exitCode, both.stdout.toString(), both.stderr.toString()], [4, fake, fake])
  },

  async 'ten megabytes come whole on standard output, on standard error, and on both at once'(t, {fleet}) {
    const filled = (word: string) => Buffer.alloc(TEN_MEGABYTES, `${word}\n`)
    const write = (word: string) => `yes ${word} | head -c ${TEN_MEGABYTES}`
    const out = await fleet.run('node1', write('wire'))
    t.true(out.stdout.equals(filled('wire')), `${out.stdout.length} bytes`)
    const err = await fleet.run('node1', `${write('fail')} >&2`)
    t.true(err.stderr.equals(filled('fail')), `${err.stderr.length} bytes`)
    const both = await fleet.run('node1', `${write('wire')} & ${write('fail')} >&2; wait`)
    t.true(both.stdout.equals(filled('wire')), `${both.stdout.length} bytes`)
    t.true(both.stderr.equals(filled('fail')), `${both.stderr.length} bytes`)
    t.is((await fleet.run('node1', 'head -c 10485760 /dev/zero')).stdout.length, TEN_MEGABYTES) // one line of it
  },

  async 'a line is read as a shell reads it, whatever its quotes, backslashes and newlines'(t, {fleet}) {
    const read = async (line: string) => (await fleet.run('node1', line)).stdout.toString()
    t.is(
      await read(`echo 'single "$HOME"' "double 'x'" back\\\\slash $'tab\\tit\\'s'`),
      `single "$HOME" double 'x' back\\slash tab\tit's\n`,
    )
    t.is(await read('for word in a b\ndo\n  echo "$word"\ndone'), 'a\nb\n')
    t.is(await read("cat <<'END'\n$HOME 'quoted' \\n\nEND\necho after"), "$HOME 'quoted' \\n\nafter\n")
    t.is(await read('cat <<END\n$((40 + 2))\nEND'), '42\n')
    t.is(await read('echo one \\\n  two # a comment'), 'one two\n')
    t.is(await read("echo 'ünïcode ✓'"), 'ünïcode ✓\n')
    t.is(await read('true\necho second; '), 'second\n')
  },

  async 'a line that bash cannot read is refused, and ends no frame'(t, {fleet}) {
    for (const line of ["echo 'unfinished", 'echo "unfinished', ') ; echo escaped; (', 'done', "'; echo escaped; '", 'if true']) {
      const {exitCode, stdout, stderr} = await fleet.run('node1', line)
      t.not(exitCode, 0, line)
      t.is(stdout.toString(), '', line)
      t.not(stderr.toString(), '', line)
    }
    t.is((await fleet.run('node1', 'echo next')).stdout.toString(), 'next\n')
  },

  async 'what a line does to its shell stays in that line'(t, {fleet}) {
    const before = (await fleet.run('node1', 'pwd')).stdout.toString()
    for (const line of [
      'cd /tmp',
      'exit 3',
      'exec true',
      'exec >/dev/null 2>&1',
      'exec >&- 2>&-',
      'set -eu',
      'leak=1',
      'trap "echo trapped" EXIT',
      'umask 777',
      'shopt -s nullglob',
    ]) {
      await fleet.run('node1', line)
      const {stdout, stderr} = await fleet.run('node1', 'pwd; [ ! -v leak ] && echo unset $-; umask; echo err >&2')
      t.regex(stdout.toString(), new RegExp(`^${before}unset [^eu]*\n0022\n$`), line)
      t.is(stderr.toString(), 'err\n', line)
    }
  },

  async 'a line that reads its standard input meets its end'(t, {fleet}) {
    const {exitCode, stdout} = await fleet.run('node1', 'cat; read -r word || echo "nothing: $?"')
    t.deepEqual([exitCode, stdout.toString()], [0, 'nothing: 1\n'])
  },

  async 'every line has the environment of a node, and nothing of podwire’s own'(t, {fleet}) {
    process.env.PODWIRE_CONTRACT = 'leaked'
    const {stdout} = await fleet.run('node2', `printf '%s\\n' "$PATH" "$HOME" "$LANG" "\${PODWIRE_CONTRACT-unset}"`)
    t.deepEqual(stdout.toString().trim().split('\n'), [NODE_ENVIRONMENT.PATH, NODE_ENVIRONMENT.HOME, NODE_ENVIRONMENT.LANG, 'unset'])
  },

  async 'a hundred lines at once on a node: each has its own result, in order'(t, {fleet}) {
    await fleet.run('node1', 'rm -f /run/order')
    const ended: number[] = []
    const results = await Promise.all(
      Array.from({length: 100}, async (_, i) => {
        const result = await fleet.run('node1', `echo ${i} | tee -a /run/order; echo "complaint ${i}" >&2; exit ${i}`)
        ended.push(i)
        return result
      }),
    )
    for (const [i, {exitCode, stdout, stderr}] of results.entries()) {
      t.deepEqual([exitCode, stdout.toString(), stderr.toString()], [i, `${i}\n`, `complaint ${i}\n`])
    }
    const order = results.map((_, i) => i)
    t.deepEqual(ended, order)
    t.is((await fleet.run('node1', 'cat /run/order')).stdout.toString(), order.map((i) => `${i}\n`).join(''))
  },

  async 'nodes, and the two shells of a node, run side by side'(t, {fleet}) {
    const waiting = fleet.run('node1', 'until [ -e /run/go ]; do sleep 0.02; done; rm /run/go')
    t.is((await fleet.run('node2', 'echo node2')).stdout.toString(), 'node2\n')
    t.is((await fleet.run('node1', 'touch /run/go', {shell: 'observer'})).exitCode, 0)
    t.is((await waiting).exitCode, 0)
  },

  async 'no line runs on a node that is not there'(t, {fleet}) {
    const {node, exitCode, cause, stderr} = await fleet.run('node9', 'true')
    t.deepEqual({node, exitCode, cause}, {node: 'node9', exitCode: null, cause: 'session-lost'})
    t.regex(stderr.toString(), /node9/)
    await t.throwsAsync(async () => fleet.stream('node9', ['true']), {instanceOf: RangeError})
    await t.throwsAsync(async () => fleet.copy('node9', Buffer.alloc(1), '/run/x'), {instanceOf: RangeError})
  },
}
