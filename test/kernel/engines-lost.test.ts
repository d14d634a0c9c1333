// What a lab on several engines becomes when one of them goes: stopped, hanging, or podwire itself with all of them.
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {ExecutionContext} from 'ava'
import type {Engine} from '../../harness/drivers/docker/engine.ts'
import {eventually} from '../tools/eventually.ts'
import {hangingProxy} from './tools/hanging-proxy.ts'
import type {Begun, Ended} from './tools/home.ts'
import {leftOn, type OnEngines, threeEngines} from './tools/on-engines.ts'
import {readResult} from './tools/result.ts'
import {threeNodesAnd} from './tools/scenarios.ts'
import {mistakesIn} from './tools/schema.ts'

const onEngines = await threeEngines({swarm: true})

const SLOW = threeNodesAnd('      touch /run/waiting; until [ -e /run/go-on ]; do sleep 0.05; done')

/** A podwire that has wired its lab and waits in a line on node2. */
async function inTheMiddle({home, list}: Pick<OnEngines, 'home' | 'list'>): Promise<Begun> {
  home.write('slow.ts', SLOW)
  const begun = home.begin([
    'run',
    './slow.ts',
    '--engines',
    list,
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
function assertWithoutNode2(t: ExecutionContext, home: OnEngines['home'], {code, stdout, stderr}: Ended): void {
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
  'an engine that stops in the middle of a run is named with its node, the others’ results stay, and clean takes the rest',
  async (t, {own, home, list}) => {
    const begun = await inTheMiddle({home, list})
    await own.stop(2)
    const ended = await begun.ended
    const [first, , third] = own.engines
    assertWithoutNode2(t, home, ended)
    t.regex(ended.stderr, /^warning\[engine-left\]: .*2\/docker\.sock.*\n {3}= help: .*podwire clean/m)
    t.deepEqual(await leftOn([first as Engine, third as Engine]), [`podwire-slow-${begun.pid}`])
    const early = await home.podwire(['clean'])
    t.is(early.code, 3, early.stdout)
    t.regex(early.stderr, /^warning\[engine-left\]: .*2\/docker\.sock does not answer/)
    await own.start(2)
    const clean = await home.podwire(['clean', '--json'])
    t.is(clean.code, 0, clean.stderr)
    const document = JSON.parse(clean.stdout) as {removed: string[]}
    t.deepEqual(mistakesIn(document, 'cleaned'), [])
    t.deepEqual(document.removed, [`network podwire-slow-${begun.pid}`])
    t.deepEqual(await leftOn(own.engines), [])
    t.is((await home.podwire(['clean'])).stdout, 'nothing was left\n')
  },
)

onEngines('an engine that hangs in the middle of a run is noticed, and no one waits for it', async (t, {own, home}) => {
  const [first, second, third] = own.addresses
  await using through = await hangingProxy(second?.slice('unix://'.length) ?? '', home.folder)
  const begun = await inTheMiddle({home, list: `${first},unix://${through.path},${third}`})
  through.hang()
  const ended = await begun.ended
  assertWithoutNode2(t, home, ended)
  t.regex(ended.stdout, /^node2 went away: the engine at unix:.*proxy\.sock says nothing: no answer in 10 s/m)
  t.regex(ended.stderr, /^warning\[engine-left\]: .*says nothing/m)
  through.resume()
  t.is((await home.podwire(['clean'])).code, 0)
  t.deepEqual(await leftOn(own.engines), [])
})

onEngines('an engine that takes connections and never answers is told before anything starts', async (t, {own, home}) => {
  const [first, second, third] = own.addresses
  await using through = await hangingProxy(third?.slice('unix://'.length) ?? '', home.folder)
  through.hang()
  const ended = await home.podwire(['run', 'three-nodes', '--engines', `${first},${second},unix://${through.path}`])
  t.is(ended.code, 3)
  t.is(ended.stdout, '')
  t.regex(ended.stderr, /^error\[no-engine\]: the engine at unix:.*proxy\.sock says nothing: no answer in 5 s\n/)
  t.deepEqual(await leftOn(own.engines), [])
})

onEngines('a kept lab lives on without one engine, says so, and is removed when the engine is back', async (t, {own, home, list}) => {
  t.is((await home.podwire(['up', 'three-nodes', '--engines', list, '--name', 'less'])).code, 0)
  await own.stop(3)
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
  await own.start(3)
  const clean = await home.podwire(['clean'])
  t.deepEqual([clean.code, clean.stdout], [0, 'removed record of lab less\n'], clean.stderr)
  t.deepEqual(await leftOn(own.engines), [])
})

onEngines('SIGKILL leaves no container that runs on any engine, and clean removes the rest', async (t, {own, home, list}) => {
  const begun = await inTheMiddle({home, list})
  begun.process.kill('SIGKILL')
  t.is((await begun.ended).signal, 'SIGKILL')
  const left = await eventually(
    () => leftOn(own.engines),
    (names) => names.length <= 1,
  )
  t.deepEqual(left, [`podwire-slow-${begun.pid}`])
  t.is((await home.podwire(['clean'])).code, 0)
  t.deepEqual(await leftOn(own.engines), [])
})

onEngines('SIGINT ends a lab on several engines with 130 and leaves nothing on any', async (t, {own, home, list}) => {
  const begun = await inTheMiddle({home, list})
  begun.process.kill('SIGINT')
  const {code, stderr} = await begun.ended
  t.is(code, 130)
  t.regex(
    stderr,
    /^wrote \S+\/slow\.json\nwrote \S+\/slow\.txt\ninterrupted (at stage \d of \d|during the checks)\n$/,
    'the reports of what there was, where it was, and no other word',
  )
  t.deepEqual(await leftOn(own.engines), [])
})
