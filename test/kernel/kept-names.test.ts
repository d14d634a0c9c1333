// Names and records of kept labs: none is given twice, and no lab is kept that nothing can find or remove.
import {chmodSync, existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {engineTurn} from './tools/engine-turn.ts'
import {type Home, makeHome} from './tools/home.ts'
import {ownMachine} from './tools/own-machine.ts'
import {ALL, asRoot, LOCAL, onEach} from './tools/runners.ts'
import {threeNodesAnd, twoNodesWith} from './tools/scenarios.ts'
import {mistakesIn} from './tools/schema.ts'

const SMALL = twoNodesWith('    ip link add v0 type bridge')

/** A file beside the records; root's and a user's are elsewhere. */
function besideRecords(home: Home, name: string): string {
  return [join(home.folder, 'labs', name), join(home.folder, 'podwire/labs', name)].find((path) => existsSync(path)) ?? ''
}

onEach(ALL, 'a lab is found by what was kept of its scenario: its file is neither needed nor run again', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  const file = home.write('small.ts', SMALL)
  t.is((await home.podwire(['up', './small.ts', '--driver', runner.driver])).code, 0)
  for (const change of [() => writeFileSync(file, "throw new Error('run again')"), () => rmSync(file)]) {
    change()
    const {labs} = JSON.parse((await home.podwire(['ls', '--json'])).stdout) as {labs: {scenario: string}[]}
    t.is(labs[0]?.scenario, file)
    t.is((await home.podwire(['exec', 'node2', '--', 'ip', 'link', 'show', 'v0'])).code, 0)
    const check = await home.podwire(['check'])
    t.is(check.code, 0, check.stderr)
  }
  const record = JSON.parse(readFileSync(besideRecords(home, 'small.json'), 'utf8')) as {history: unknown}
  t.deepEqual(record.history, [{node: 'node2', command: 'ip link add v0 type bridge'}])
  t.is((await home.podwire(['exec', 'node1', '--', 'sh', '-c', 'exit 7'])).code, 7)
  const journal = readFileSync(besideRecords(home, 'small.journal'), 'utf8').trimEnd().split('\n')
  t.is(journal.length, 3)
  t.like(JSON.parse(journal[2] ?? ''), {place: 'node1', argv: ['sh', '-c', 'exit 7'], exitCode: 7})

  const down = await home.podwire(['down', '--json'])
  t.deepEqual(mistakesIn(JSON.parse(down.stdout), 'removed'), [])
  t.deepEqual((JSON.parse(down.stdout) as {removed: unknown}).removed, ['small'])
  t.is(besideRecords(home, 'small.journal'), '')
})

onEach(LOCAL, 'of two that take a name at once, one is told before anything starts, and nothing is left', async (t, runner) => {
  using machine = ownMachine(runner)
  const small = machine.write('small.ts', SMALL)
  const {code, output} = await machine.run(`
    cd /run; state >before
    for round in 1 2 3; do
      pids=(); for i in 1 2 3; do podwire up ${small} --driver local --name same >shown$i 2>errors$i & pids+=($!); done
      codes=; for pid in \${pids[@]}; do wait $pid; codes+=" $?"; done
      [ "$(tr ' ' '\\n' <<<"$codes" | sort | xargs)" = '0 2 2' ] || { echo "codes $codes"; cat shown* errors*; exit 92; }
      [ "$(cat errors* | grep -c 'a lab same is .* already\\|a lab same is just starting')" = 2 ] || { cat errors*; exit 93; }
      [ "$(cat shown* | grep -c 'driver local')" = 1 ] || exit 95
      (podwire down same) || exit 96
      gone; state >after; diff before after || exit 94
    done
  `)
  t.is(code, 0, output)
})

onEach(LOCAL, 'an up that is killed or interrupted gives its name back', async (t, runner) => {
  using machine = ownMachine(runner)
  const slow = machine.write('slow.ts', threeNodesAnd('      sysctl -w net.ipv4.ip_forward=0'))
  const {code, output} = await machine.run(`
    cd /run
    for signal in KILL TERM; do
      podwire up ${slow} --driver local --name same --patience 20 >shown 2>&1 & pid=$!
      until_so probing
      (podwire up three-nodes --driver local --name same >second 2>&1); [ $? = 2 ] || { cat second; exit 92; }
      kill -$signal $pid; wait $pid
      (podwire clean >cleaned 2>&1) || exit 95
      [ $signal = TERM ] || grep -q 'removed record of lab same' cleaned || { cat cleaned; exit 96; }
      (podwire up three-nodes --driver local --name same >second 2>&1) || { cat second; exit 93; }
      (podwire down) || exit 94
      gone
    done
  `)
  t.is(code, 0, output)
})

onEach(LOCAL, 'records that cannot be written: exit 3 before anything starts', async (t, runner) => {
  if (runner === asRoot) {
    using machine = ownMachine(runner)
    const {code, output} = await machine.run(`
      cd /run; mount -t tmpfs -o ro tmpfs /run/home; mkdir podwire; mount -t tmpfs -o ro,mode=755 tmpfs podwire
      (podwire up three-nodes --driver local >shown 2>errors); [ $? = 3 ] || { cat shown errors; exit 92; }
      [ ! -s shown ] && grep -q '^error\\[state-folder\\]: .*read-only' errors || { cat errors; exit 93; }
      gone
    `)
    t.is(code, 0, output)
    return
  }
  await using home = makeHome(runner)
  chmodSync(home.folder, 0o555)
  const {code, stdout, stderr} = await home.podwire(['up', 'three-nodes', '--driver', 'local'], {env: {NO_COLOR: '1'}})
  t.deepEqual([code, stdout], [3, ''])
  t.regex(
    stderr,
    /^error\[state-folder\]: podwire cannot keep its records in \S+: EACCES.*\n {3}= help: set XDG_RUNTIME_DIR to a folder of yours/,
  )
  chmodSync(home.folder, 0o755)
})

onEach(LOCAL, 'a kept lab whose nodes were killed is forgotten with all that was left of it', async (t, runner) => {
  using machine = ownMachine(runner)
  const {code, output} = await machine.run(`
    cd /run; state >before
    (podwire up three-nodes --driver local >/dev/null) || exit 92
    (podwire exec node1 -- sh -c 'kill -KILL -1') || exit 93
    ! alone || exit 95 # the lab's process 1 and its keeper are there
    [ "$(podwire ls --json | tr -d ' \\n')" = '{"format":1,"kind":"labs","labs":[]}' ] || exit 96
    gone; state >after; diff before after || exit 94
  `)
  t.is(code, 0, output)
})
