// Labs that `podwire up` keeps: found again by ls, check and exec, alone or side by side, until `podwire down`.
import {engineTurn} from './tools/engine-turn.ts'
import {makeHome} from './tools/home.ts'
import {pairsWith} from './tools/labs.ts'
import {readResult} from './tools/result.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'

interface Listed {
  readonly labs: readonly {readonly lab: string; readonly driver: string; readonly scenario: string}[]
}

onEach(ALL, 'up keeps a lab that ls, check and exec find, until down', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  const up = await home.podwire(['up', 'three-nodes', '--driver', runner.driver, '--json'])
  t.is(up.code, 0, up.stderr)
  t.is(readResult(up).lab, 'three-nodes')
  t.is(readResult(up).history.length, 50)

  const {labs} = JSON.parse((await home.podwire(['ls', '--json'])).stdout) as Listed
  t.deepEqual(
    labs.map(({lab, driver}) => [lab, driver]),
    [['three-nodes', runner.driver]],
  )
  t.true(labs[0]?.scenario.endsWith('/scenarios/three-nodes.ts'))
  t.regex((await home.podwire(['ls'])).stdout, /three-nodes/)

  const twice = await home.podwire(['up', 'three-nodes', '--driver', runner.driver])
  t.is(twice.code, 2)
  t.regex(twice.stderr, /^error\[usage\]: a lab three-nodes is running already\n {3}= help: /)

  const check = await home.podwire(['check', '--json'])
  t.is(check.code, 0, check.stderr)
  t.is(readResult(check).probes.length, 252)

  const down = await home.podwire(['down'])
  t.is(down.code, 0, down.stderr)
  t.is(down.stdout, 'lab three-nodes is gone\n')
  t.deepEqual((JSON.parse((await home.podwire(['ls', '--json'])).stdout) as Listed).labs, [])
  t.regex((await home.podwire(['ls'])).stdout, /^no lab is running/)
  const again = await home.podwire(['down'])
  t.is(again.code, 2)
  t.regex(again.stderr, /no lab is running/)
})

onEach(ALL, 'check fails once exec broke a route, and passes once exec mended it', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver, '--name', 'mine'])).code, 0)
  t.is((await home.podwire(['exec', 'node2', '--', 'ip', 'route', 'del', '10.244.3.0/24'])).code, 0)
  const broken = await home.podwire(['check', 'mine', '--json'])
  t.is(broken.code, 1, broken.stderr)
  t.deepEqual(
    pairsWith('fail', readResult(broken).checks[0]?.pairs ?? []),
    ['node2 -> pod4', 'pod3 -> pod4', 'pod4 -> node2', 'pod4 -> pod3'].map((pair) => `${pair}: icmp, tcp, udp`),
  )
  const text = await home.podwire(['check', 'mine'])
  t.is(text.code, 1)
  t.true(text.stdout.includes('│ pod3      │ ✓✓✓  │ ✓✓✓  │  -   │ ✗✗✗  │  ✓✓✓  │  ✓✓✓  │  ✓✓✓  │'), text.stdout)
  t.is((await home.podwire(['exec', 'node2', '--', 'ip', 'route', 'add', '10.244.3.0/24', 'via', '192.168.1.13'])).code, 0)
  const mended = await home.podwire(['check', '--lab', 'mine', '--json'])
  t.is(mended.code, 0, mended.stderr)
})

onEach(LOCAL, 'two labs side by side: --lab says which, down ends one, down --all the rest', async (t, runner) => {
  await using home = makeHome(runner)
  const up = (name: string) => home.podwire(['up', 'three-nodes', '--driver', 'local', '--name', name, '--json'])
  const both = await Promise.all([up('left'), up('right')])
  t.deepEqual(
    both.map(({code}) => code),
    [0, 0],
  )

  const unsaid = await home.podwire(['exec', 'node1', 'true'])
  t.is(unsaid.code, 2)
  t.regex(unsaid.stderr, /2 labs are running\n.*--lab left or --lab right/)
  const mistyped = await home.podwire(['exec', '--lab', 'lefd', 'node1', 'true'])
  t.is(mistyped.code, 2)
  t.regex(mistyped.stderr, /no lab lefd is running\n.*did you mean left\?/)

  t.is((await home.podwire(['exec', '--lab', 'left', 'node1', 'ip', 'route', 'del', '10.244.2.0/24'])).code, 0)
  const [left, right] = await Promise.all([home.podwire(['check', 'left']), home.podwire(['check', 'right'])])
  t.is(left.code, 1)
  t.is(right.code, 0)

  t.is((await home.podwire(['down', 'left'])).code, 0)
  t.is((await home.podwire(['check'])).code, 0)
  const all = await home.podwire(['down', '--all'])
  t.is(all.code, 0)
  t.is(all.stdout, 'lab right is gone\n')
  const none = await home.podwire(['down', '--all'])
  t.is(none.code, 0)
  t.is(none.stdout, 'no lab is running\n')
})

onEach(LOCAL, 'a name that cannot be a lab: exit 2, and nothing is started', async (t, runner) => {
  await using home = makeHome(runner)
  for (const name of ['Upper', '../out', '-x', 'a'.repeat(41), '$(id)']) {
    const {code, stderr, stdout} = await home.podwire(['up', 'three-nodes', '--driver', 'local', `--name=${name}`])
    t.is(code, 2, name)
    t.regex(stderr, /cannot name a lab/)
    t.is(stdout, '')
  }
  t.deepEqual((JSON.parse((await home.podwire(['ls', '--json'])).stdout) as Listed).labs, [])
})
