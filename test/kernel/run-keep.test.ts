// `podwire run --keep`: a lab that failed stays under the scenario's name, one that passed goes.
import {engineTurn} from './tools/engine-turn.ts'
import {type Home, makeHome} from './tools/home.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'
import {threeNodesAnd, twoNodesWith} from './tools/scenarios.ts'

const CUT = threeNodesAnd('      ip route del 10.244.1.0/24')
const REFUSED = twoNodesWith('    ip link add v-net-0 type bridge\n    ip route add 10.9.0.0/16 via 10.8.0.1')

async function labs(home: Home): Promise<string[]> {
  const {stdout} = await home.podwire(['ls', '--json'])
  return (JSON.parse(stdout) as {labs: {lab: string}[]}).labs.map(({lab}) => lab)
}

onEach(ALL, 'a check that fails leaves the lab up, with the next command; check finds the same there', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  home.write('cut.ts', CUT)
  const {code, stdout, stderr} = await home.podwire(['run', './cut.ts', '--driver', runner.driver, '--keep'])
  t.is(code, 1, stderr)
  t.regex(
    stdout,
    /\nlab cut is kept, as it failed; next: podwire debug cut, podwire diagnose --lab cut, podwire shell node1 --lab cut, podwire down cut\n$/,
  )
  t.deepEqual(await labs(home), ['cut'])
  t.is((await home.podwire(['check'])).code, 1)
  t.is((await home.podwire(['exec', 'node2', '--', 'ip', 'route', 'add', '10.244.1.0/24', 'via', '192.168.1.11'])).code, 0)
  t.is((await home.podwire(['check'])).code, 0)
  const again = await home.podwire(['run', './cut.ts', '--driver', runner.driver, '--keep'])
  t.is(again.code, 2)
  t.regex(again.stderr, /a lab cut is running already\n.*podwire down cut, or run without --keep/)
})

onEach(LOCAL, 'a line that is refused leaves the lab up as it stands, and the message says so', async (t, runner) => {
  await using home = makeHome(runner)
  home.write('refused.ts', REFUSED)
  const {code, stderr} = await home.podwire(['run', './refused.ts', '--driver', 'local', '--keep'])
  t.is(code, 1)
  t.regex(stderr, /^error\[step-failed\]: node2 refused a step[\s\S]*= help: the lab is kept as it stands; next: podwire debug refused, /)
  t.deepEqual(await labs(home), ['refused'])
  t.regex((await home.podwire(['exec', 'node2', '--', 'ip', '-br', 'link'])).stdout, /v-net-0/)
  t.is((await home.podwire(['down'])).code, 0)
  const json = await home.podwire(['run', './refused.ts', '--driver', 'local', '--keep', '--json'])
  t.is(json.code, 1)
  t.regex(JSON.stringify(JSON.parse(json.stdout)), /the lab is kept as it stands/)
})

onEach(LOCAL, 'what passes is removed, and without --keep what fails is too', async (t, runner) => {
  await using home = makeHome(runner)
  home.write('cut.ts', CUT)
  const passed = await home.podwire(['run', 'three-nodes', '--driver', 'local', '--keep'])
  t.is(passed.code, 0, passed.stderr)
  t.notRegex(passed.stdout, /is kept/)
  t.deepEqual(await labs(home), [])
  const failed = await home.podwire(['run', './cut.ts', '--driver', 'local'])
  t.is(failed.code, 1)
  t.deepEqual(await labs(home), [])
  // The name is free again, and a document stays one document.
  const json = await home.podwire(['run', './cut.ts', '--driver', 'local', '--keep', '--json'])
  t.is(json.code, 1)
  t.is((JSON.parse(json.stdout) as {verdict: string}).verdict, 'fail')
  t.regex(json.stderr, /lab cut is kept/)
  const attached = await home.podwire(['run', 'three-nodes', '--driver', 'docker', '--attach', '--keep'])
  t.is(attached.code, 2)
  t.regex(attached.stderr, /--keep is of labs that podwire starts/)
})
