// The contract: lines that do not end by themselves, that end their shell, or that leave something running.
import type {Fleet} from '../../harness/driver.ts'
import type {Cases} from './suite.ts'

/** Waits on the node until a process has ended; one that nobody has collected yet (a zombie) has. */
async function gone(fleet: Fleet, node: string, pids: readonly string[]): Promise<boolean> {
  const runs = (pid: string) => `[ -e /proc/${pid}/stat ] && ! grep -q ') Z ' /proc/${pid}/stat`
  const line = pids.map((pid) => `while ${runs(pid)}; do sleep 0.05; done 2>/dev/null`).join('; ')
  return (await fleet.run(node, line, {shell: 'observer', timeLimit: 20_000})).exitCode === 0
}

const shellOf = async (fleet: Fleet, node: string) => (await fleet.run(node, 'echo $$')).stdout.toString()

export const HANGS: Cases = {
  async 'a line that hangs is killed alone after its time limit, with what it started'(t, {fleet}) {
    const shell = await shellOf(fleet, 'node1')
    const hung = await fleet.run('node1', 'echo begun; echo so far >&2; sleep 1000 & echo $!; sh -c "echo \\$\\$; sleep 1000; true"', {
      timeLimit: 700,
    })
    t.deepEqual([hung.exitCode, hung.cause], [null, 'time-limit'])
    const [begun, ...pids] = hung.stdout.toString().trim().split('\n')
    t.is(begun, 'begun')
    t.is(pids.length, 2)
    t.is(hung.stderr.toString(), 'so far\n')
    t.true(await gone(fleet, 'node1', pids))
    t.is(await shellOf(fleet, 'node1'), shell)
  },

  async 'a line that lives through SIGTERM is killed all the same'(t, {fleet}) {
    const shell = await shellOf(fleet, 'node1')
    const hung = await fleet.run('node1', `trap '' TERM INT HUP; echo $BASHPID; while :; do sleep 1; done`, {timeLimit: 700})
    t.deepEqual([hung.exitCode, hung.cause], [null, 'time-limit'])
    t.true(await gone(fleet, 'node1', [hung.stdout.toString().trim()]))
    t.is(await shellOf(fleet, 'node1'), shell)
  },

  async 'a line that never stops writing is killed, and its output stays in its result'(t, {fleet}) {
    const hung = await fleet.run('node1', 'while :; do echo flood; echo flood >&2; sleep 0.001; done', {timeLimit: 700})
    t.is(hung.cause, 'time-limit')
    t.regex(hung.stdout.toString(), /^(flood\n)+$/)
    const next = await fleet.run('node1', 'echo next')
    t.deepEqual([next.exitCode, next.stdout.toString(), next.stderr.toString()], [0, 'next\n', ''])
  },

  async 'a hang holds up its own lines and nothing else; those after it run'(t, {fleet}) {
    const ended: string[] = []
    const note = (name: string) => () => void ended.push(name)
    const hung = fleet.run('node1', 'sleep 1000', {timeLimit: 2000})
    const after = fleet.run('node1', 'echo after')
    await Promise.all([
      hung.then(note('hung')),
      after.then(note('after')),
      fleet.run('node1', 'true', {shell: 'observer'}).then(note('observer')),
      fleet.run('node2', 'true').then(note('node2')),
    ])
    t.deepEqual([...ended.slice(0, 2).sort(), ...ended.slice(2)], ['node2', 'observer', 'hung', 'after'])
    t.is((await after).stdout.toString(), 'after\n')
  },

  async 'a line that kills its shell loses the session, and the next line has a new one'(t, {fleet}) {
    const lost = await fleet.run('node1', 'echo begun; kill -9 $$')
    t.deepEqual([lost.exitCode, lost.cause], [null, 'session-lost'])
    const next = await fleet.run('node1', 'echo next; exit 5')
    t.deepEqual([next.exitCode, next.cause, next.stdout.toString()], [5, undefined, 'next\n'])
  },

  async 'a line that stops its shell is given up after its time limit, and the next line has a new shell'(t, {fleet}) {
    const stopped = await fleet.run('node1', 'echo $$; kill -STOP $$', {timeLimit: 700})
    t.deepEqual([stopped.exitCode, stopped.cause], [null, 'time-limit'])
    t.true(stopped.duration < 10_000)
    const next = await fleet.run('node1', 'echo next; exit 5')
    t.deepEqual([next.exitCode, next.stdout.toString()], [5, 'next\n'])
  },

  async 'lines that wait behind one that kills its shell still run, each once'(t, {fleet}) {
    await fleet.run('node1', 'rm -f /run/once')
    const [lost, ...others] = await Promise.all(
      ['kill -9 $$', 'echo 1 >>/run/once', 'echo 2 >>/run/once'].map((line) => fleet.run('node1', line)),
    )
    t.is(lost?.cause, 'session-lost')
    t.deepEqual(
      others.map(({exitCode}) => exitCode),
      [0, 0],
    )
    t.is((await fleet.run('node1', 'cat /run/once')).stdout.toString(), '1\n2\n')
  },

  async 'a line does not wait for what it leaves running'(t, {fleet}) {
    const {exitCode, stdout} = await fleet.run('node1', 'sleep 1000 & echo $!')
    t.is(exitCode, 0)
    const pid = stdout.toString().trim()
    t.is((await fleet.run('node1', `kill -0 ${pid}`)).exitCode, 0)
    t.is((await fleet.run('node1', `kill ${pid}`)).exitCode, 0)
    t.true(await gone(fleet, 'node1', [pid]))
  },

  async 'what a line leaves writing never gets between the observer’s lines'(t, {fleet}) {
    const begun = await fleet.run('node1', '(until [ -e /run/quiet ]; do echo late; echo late >&2; sleep 0.01; done) & echo now')
    t.regex(begun.stdout.toString(), /^(late\n)*now\n(late\n)*$/)
    for (let i = 0; i < 5; i++) {
      const {stdout, stderr, exitCode} = await fleet.run('node1', `sleep 0.1; echo mine; exit ${i}`, {shell: 'observer'})
      t.deepEqual([exitCode, stdout.toString(), stderr.toString()], [i, 'mine\n', ''])
    }
    // In the shell that it was started from the next line's own output and exit code are still there.
    const next = await fleet.run('node1', 'echo mine; exit 6')
    t.is(next.exitCode, 6)
    t.regex(next.stdout.toString(), /^(late\n)*mine\n(late\n)*$/)
    await fleet.run('node1', 'touch /run/quiet', {shell: 'observer'})
  },

  async 'what was written between two lines is in neither'(t, {fleet}) {
    await fleet.run('node2', '(until [ -e /run/now ]; do sleep 0.01; done; echo late; touch /run/written) &')
    await fleet.run('node2', 'touch /run/now; until [ -e /run/written ]; do sleep 0.01; done', {shell: 'observer'})
    t.is((await fleet.run('node2', 'echo next')).stdout.toString(), 'next\n')
  },
}
