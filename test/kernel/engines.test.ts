// Labs on several engines: three of them on one wire, each in namespaces of its own, joined to a swarm.
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import type {Engine} from '../../harness/drivers/docker/engine.ts'
import {LAB_LABEL} from '../../harness/drivers/docker/labels.ts'
import {missingEngines, type PrivateEngines, privateEngines} from '../tools/engines.ts'
import {eventually} from '../tools/eventually.ts'
import {hangingProxy} from './tools/hanging-proxy.ts'
import {type Begun, type Ended, type Home, makeHome} from './tools/home.ts'
import {readResult} from './tools/result.ts'
import {asRoot} from './tools/runners.ts'
import {threeNodesAnd} from './tools/scenarios.ts'
import {mistakesIn} from './tools/schema.ts'

const missing = await missingEngines()
const onEngines = missing === undefined ? test.serial : test.serial.skip
const title = (words: string) => (missing === undefined ? words : `${words} (${missing})`)

let private_: PrivateEngines
let home: Home

test.serial.before('three engines', async (t) => {
  t.timeout(1_800_000, 'waiting for a turn at the engines')
  if (missing !== undefined) return
  private_ = await privateEngines()
  home = makeHome(asRoot)
})

test.serial.after.always('the engines go', async () => {
  await home?.[Symbol.asyncDispose]()
  await private_?.[Symbol.asyncDispose]()
})

test.serial.afterEach.always('what a test that failed left does not fail the next', async (t) => {
  if (missing !== undefined || t.passed) return
  for (const n of [1, 2, 3]) await private_.start(n)
  await home.podwire(['down', '--all'])
  await home.podwire(['clean'])
})

const list = () => private_.addresses.join(',')

/** Names of what the engines that answer have of labs. */
async function leftOn(engines = private_.engines): Promise<string[]> {
  const found = await Promise.all(
    engines.map(async ({docker}) => {
      const filters = {label: [LAB_LABEL]}
      const [containers, networks] = await Promise.all([docker.listContainers({all: true, filters}), docker.listNetworks({filters})])
      return [...containers.flatMap(({Names}) => Names), ...networks.map(({Name}) => Name)]
    }),
  )
  return [...new Set(found.flat())]
}

const SLOW = threeNodesAnd('      touch /run/waiting; until [ -e /run/go-on ]; do sleep 0.05; done')

onEngines(
  title('three-nodes passes all its checks with a node on each engine, at the MTU of their network, and leaves nothing'),
  async (t) => {
    const ended = await home.podwire(['run', 'three-nodes', '--engines', list(), '--json'])
    t.is(ended.code, 0, ended.stderr)
    const result = readResult(ended)
    t.deepEqual(mistakesIn(result, 'result'), [])
    t.is(result.driver.name, 'docker')
    for (const [index, address] of private_.addresses.entries())
      t.regex(result.driver.description, new RegExp(`node${index + 1} on Docker [^;]* at ${address}`))
    t.is(result.mtu, 1450)
    t.deepEqual(
      result.checks.map(({check, verdict, pairs}) => [check, verdict, pairs.length]),
      [
        ['reach', 'pass', 252],
        ['no-nat', 'pass', 252],
        ['unique-address', 'pass', 21],
      ],
    )
    t.is(result.lost, undefined)
    t.deepEqual(await leftOn(), [])
  },
)

onEngines(title('a lab is kept across engines: placed, listed, asked, checked, diagnosed, removed'), async (t) => {
  const [first, second, third] = private_.addresses
  const up = await home.podwire(['up', 'three-nodes', '--engines', `${first},${second},node1=${third}`, '--name', 'kept', '--json'])
  t.is(up.code, 0, up.stderr)
  const {description} = readResult(up).driver
  t.regex(description, new RegExp(`node2 on [^;]*${first}; node3 on [^;]*${second}; node1 on [^;]*${third}`))
  const listed = JSON.parse((await home.podwire(['ls', '--json'])).stdout) as {labs: {lab: string; description: string}[]}
  t.deepEqual(mistakesIn(listed, 'labs'), [])
  t.deepEqual(
    listed.labs.map(({lab, description}) => ({lab, description})),
    [{lab: 'kept', description}],
  )
  t.is(await private_.docker(3, 'ps', '--format', '{{.Names}}'), 'kept-node1')
  t.is((await home.podwire(['exec', 'node1', '--', 'uname', '-n'])).stdout, 'node1\n')
  t.is((await home.podwire(['exec', 'pod1', '--', 'ping', '-c1', '-W5', '10.244.2.2'])).code, 0)
  t.is((await home.podwire(['check'])).code, 0)
  t.is((await home.podwire(['diagnose', '--no-trial'])).code, 0)
  t.is((await home.podwire(['clean'])).stdout, 'nothing was left\n') // and nothing that is kept is taken for left over
  t.is((await home.podwire(['check'])).code, 0)
  const down = await home.podwire(['down'])
  t.is(down.code, 0, down.stderr)
  t.deepEqual(await leftOn(), [])
})

onEngines(title('a default route through an engine’s own bridge is out of the lab, and no way to a pod'), async (t) => {
  t.is((await home.podwire(['up', 'three-nodes', '--engines', list(), '--name', 'leaving'])).code, 0)
  // What an overlay network that is not internal gives every node: a second interface, and a default route by it.
  for (const n of [1, 2]) await private_.docker(n, 'network', 'connect', 'docker_gwbridge', `leaving-node${n}`)
  const gateway = await private_.docker(2, 'network', 'inspect', 'docker_gwbridge', '--format', '{{(index .IPAM.Config 0).Gateway}}')
  const type = async (line: string) => t.is((await home.podwire(['exec', 'node2', '--', 'sh', '-c', line])).code, 0, line)
  await type(`ip route replace default via ${gateway} dev eth1`)
  t.is((await home.podwire(['check'])).code, 0) // by itself it changes nothing
  await type('ip route del 10.244.1.0/24')
  const check = await home.podwire(['check', '--json'])
  t.is(check.code, 1)
  const reach = readResult(check).checks.find(({check}) => check === 'reach')
  t.deepEqual(
    [...new Set(reach?.pairs.filter(({from, to, verdict}) => from === 'pod3' && to === 'pod1').map(({verdict}) => verdict))],
    ['fail'],
  )
  const trace = await home.podwire(['trace', 'pod3', 'pod1'])
  t.regex(trace.stdout, /leaves lab at node2/)
  const diagnosis = JSON.parse((await home.podwire(['diagnose', 'pod3', 'pod1', '--no-trial', '--json'])).stdout) as {
    diagnoses: {cause: string; where: string}[]
  }
  t.deepEqual(
    diagnosis.diagnoses.map(({cause}) => cause),
    ['leaves-lab'],
  )
  t.is((await home.podwire(['down'])).code, 0)
})

onEngines(title('full MTU is that of the engines’ network: a node with less falls short of it'), async (t) => {
  t.is((await home.podwire(['up', 'three-nodes', '--engines', list(), '--name', 'sizes'])).code, 0)
  t.is((await home.podwire(['exec', 'node2', '--', 'ip', 'link', 'set', 'eth0', 'mtu', '1400'])).code, 0)
  const check = await home.podwire(['check', '--json'])
  t.is(check.code, 1)
  const {mtu, checks} = readResult(check)
  t.is(mtu, 1450)
  const failing = checks.find(({check}) => check === 'reach')?.pairs.filter(({verdict}) => verdict === 'fail') ?? []
  t.true(failing.length > 0)
  t.deepEqual([...new Set(failing.map(({size}) => size))], ['full'])
  const fixed = await home.podwire(['diagnose', '--fix', '--yes', '--no-trial'])
  t.regex(fixed.stdout, /mtu 1450/)
  t.is(fixed.code, 0, fixed.stdout)
  t.is((await home.podwire(['down'])).code, 0)
})

/** A podwire that has wired its lab and waits in a line on node2. */
async function inTheMiddle(engines = list()): Promise<Begun> {
  home.write('slow.ts', SLOW)
  const begun = home.begin([
    'run',
    './slow.ts',
    '--engines',
    engines,
    '--report',
    'json',
    '--report',
    'text',
    '--out',
    '.',
    '--time-limit',
    '200',
  ])
  await begun.shown(/a little more/)
  return begun
}

/** What was written of a run that lost node2: node1 and node3 are as they were, and nothing is claimed to be known of node2. */
function assertWithoutNode2(t: ExecutionContext, {code, stdout, stderr}: Ended): void {
  t.is(code, 1, stderr)
  t.regex(stdout, /^node2 went away: .*; what was found of the others stands$/m)
  const result = readResult({stdout: readFileSync(join(home.folder, 'slow.json'), 'utf8'), stderr})
  t.deepEqual(mistakesIn(result, 'result'), [])
  t.is(result.verdict, 'unknown')
  t.deepEqual(
    result.lost?.map(({node}) => node),
    ['node2'],
  )
  const [reach] = result.checks
  const verdicts = (there: boolean) => [
    ...new Set(
      reach?.pairs
        .filter(({from, to}) => [from, to].some((name) => ['node2', 'pod3'].includes(name)) !== there)
        .map(({verdict}) => verdict),
    ),
  ]
  t.deepEqual(verdicts(true), ['pass'])
  t.deepEqual(verdicts(false), ['unknown'])
  const lines = result.history.filter(({node}) => node !== 'node2')
  t.true(lines.length > 20)
  t.true(lines.every(({exitCode}) => exitCode === 0))
  const last = result.history.findLast(({node}) => node === 'node2')
  t.deepEqual([last?.exitCode, last?.cause], [null, 'node-lost'])
}

onEngines(
  title('an engine that stops in the middle of a run is named with its node, the others’ results stay, and clean takes the rest'),
  async (t) => {
    t.timeout(200_000)
    const begun = await inTheMiddle()
    await private_.stop(2)
    const ended = await begun.ended
    const [first, , third] = private_.engines
    assertWithoutNode2(t, ended)
    t.regex(ended.stderr, /^warning\[engine-left\]: .*2\/docker\.sock.*\n {3}= help: .*podwire clean/m)
    t.deepEqual(await leftOn([first as Engine, third as Engine]), [`podwire-slow-${begun.pid}`])
    const early = await home.podwire(['clean'])
    t.is(early.code, 3, early.stdout)
    t.regex(early.stderr, /^warning\[engine-left\]: .*2\/docker\.sock does not answer/)
    await private_.start(2)
    const clean = await home.podwire(['clean', '--json'])
    t.is(clean.code, 0, clean.stderr)
    const document = JSON.parse(clean.stdout) as {removed: string[]}
    t.deepEqual(mistakesIn(document, 'cleaned'), [])
    t.deepEqual(document.removed, [`network podwire-slow-${begun.pid}`])
    t.deepEqual(await leftOn(), [])
    t.is((await home.podwire(['clean'])).stdout, 'nothing was left\n')
  },
)

onEngines(title('an engine that hangs in the middle of a run is noticed, and no one waits for it'), async (t) => {
  t.timeout(200_000)
  const [first, second, third] = private_.addresses
  await using through = await hangingProxy(second?.slice('unix://'.length) ?? '', home.folder)
  const begun = await inTheMiddle(`${first},unix://${through.path},${third}`)
  through.hang()
  const ended = await begun.ended
  assertWithoutNode2(t, ended)
  t.regex(ended.stdout, /^node2 went away: the engine at unix:.*proxy\.sock says nothing: no answer in 10 s/m)
  t.regex(ended.stderr, /^warning\[engine-left\]: .*says nothing/m)
  through.resume()
  t.is((await home.podwire(['clean'])).code, 0)
  t.deepEqual(await leftOn(), [])
})

onEngines(title('an engine that takes connections and never answers is told before anything starts'), async (t) => {
  const [first, second, third] = private_.addresses
  await using through = await hangingProxy(third?.slice('unix://'.length) ?? '', home.folder)
  through.hang()
  const ended = await home.podwire(['run', 'three-nodes', '--engines', `${first},${second},unix://${through.path}`])
  t.is(ended.code, 3)
  t.is(ended.stdout, '')
  t.regex(ended.stderr, /^error\[no-engine\]: the engine at unix:.*proxy\.sock says nothing: no answer in 5 s\n/)
  t.deepEqual(await leftOn(), [])
})

onEngines(title('a kept lab lives on without one engine, says so, and is removed when the engine is back'), async (t) => {
  t.timeout(200_000)
  t.is((await home.podwire(['up', 'three-nodes', '--engines', list(), '--name', 'less'])).code, 0)
  await private_.stop(3)
  const check = await home.podwire(['check', '--json', '--patience', '1'])
  t.is(check.code, 1, check.stderr)
  const result = readResult(check)
  t.deepEqual(
    result.lost?.map(({node}) => node),
    ['node3'],
  )
  t.is((await home.podwire(['exec', 'pod1', '--', 'ping', '-c1', '-W5', '10.244.2.2'])).code, 0)
  const down = await home.podwire(['down'])
  t.is(down.code, 3)
  t.regex(down.stderr, /^error\[engine-left\]: the lab is not gone from every engine: .*3\/docker\.sock/)
  await private_.start(3)
  const clean = await home.podwire(['clean'])
  t.deepEqual([clean.code, clean.stdout], [0, 'removed record of lab less\n'], clean.stderr)
  t.deepEqual(await leftOn(), [])
})

onEngines(title('SIGKILL leaves no container that runs on any engine, and clean removes the rest'), async (t) => {
  t.timeout(200_000)
  const begun = await inTheMiddle()
  begun.process.kill('SIGKILL')
  t.is((await begun.ended).signal, 'SIGKILL')
  const left = await eventually(
    () => leftOn(),
    (names) => names.length <= 1,
  )
  t.deepEqual(left, [`podwire-slow-${begun.pid}`])
  t.is((await home.podwire(['clean'])).code, 0)
  t.deepEqual(await leftOn(), [])
})

onEngines(title('SIGINT ends a lab on several engines with 130 and leaves nothing on any'), async (t) => {
  const begun = await inTheMiddle()
  begun.process.kill('SIGINT')
  const {code, stderr} = await begun.ended
  t.deepEqual([code, stderr], [130, ''])
  t.deepEqual(await leftOn(), [])
})
