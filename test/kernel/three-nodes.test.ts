// The main job: the documents' recipe on real kernels, proven pair by pair, by the public face.

import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import test from 'ava'
import {engineTurn} from './tools/engine-turn.ts'
import {makeHome} from './tools/home.ts'
import {readResult} from './tools/result.ts'
import {ALL, onEach} from './tools/runners.ts'

const SCENARIO = fileURLToPath(new URL('../../scenarios/three-nodes.ts', import.meta.url))

/** Every literal line of the scenario file, as the screen should show it: node and command. */
function literalLines(): string[] {
  const lines: string[] = []
  let node: string | undefined
  for (const line of readFileSync(SCENARIO, 'utf8').split('\n')) {
    const opened = /^\s*\.\.\.on\('(\w+)'\)`$/.exec(line)
    if (opened) node = opened[1]
    else if (/^\s*`,$/.test(line)) node = undefined
    else if (node !== undefined) lines.push(`${node}# ${line.trim()}`)
  }
  return lines
}

onEach(ALL, 'three nodes reach one another from every place to every place, without NAT', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  const ended = await home.podwire(['run', 'three-nodes', '--driver', runner.driver, '--json'])
  t.is(ended.code, 0, ended.stderr)
  const {verdict, probes, checks, requirements, history, driver} = readResult(ended)
  t.is(verdict, 'pass')
  t.is(driver.name, runner.driver)

  t.is(probes.length, 252) // 7 places, 6 others each, 3 protocols, 2 sizes
  t.true(probes.every(({answered}) => answered === true))
  t.deepEqual(
    checks.map((check) => [check.check, check.verdict, check.pairs.length]),
    [
      ['reach', 'pass', 252],
      ['no-nat', 'pass', 252],
      ['unique-address', 'pass', 21],
    ],
  )
  t.true(checks.every(({pairs}) => pairs.every((pair) => pair.verdict === 'pass')))
  t.deepEqual(
    requirements.map(({id, verdict: of, passed, total}) => [id, of, passed, total]),
    [
      ['unique-address', 'pass', 6, 6],
      ['node-subnet', 'pass', 3, 3],
      ['same-node', 'pass', 2, 2],
      ['other-nodes', 'pass', 10, 10],
      ['pods-no-nat', 'pass', 12, 12],
      ['nodes-no-nat', 'pass', 24, 24],
      ['cluster-wide', 'pass', 18, 18],
      ['pods-directly', 'pass', 12, 12],
      ['node-agents', 'pass', 8, 8],
    ],
  )

  // What each receiver saw is what the sender used, and both are there to be looked at.
  for (const {request, reply, to, from} of probes) {
    t.truthy(request.sent)
    t.deepEqual(request.seen, request.sent)
    t.is(request.seenAt, to)
    t.truthy(reply.sent)
    t.deepEqual(reply.seen, reply.sent)
    t.is(reply.seenAt, from)
  }

  // Two nodes forward between pods of different nodes, none between pods of one.
  const ttls = new Map(probes.filter(({protocol}) => protocol === 'icmp').map(({from, to, ttl}) => [`${from} -> ${to}`, ttl]))
  t.is(ttls.get('pod1 -> pod2'), 64)
  t.is(ttls.get('pod2 -> pod1'), 64)
  t.is(ttls.get('pod1 -> node1'), 64)
  t.is(ttls.get('pod1 -> node2'), 63)
  t.is(ttls.get('node3 -> pod3'), 63)
  for (const pair of ['pod1 -> pod3', 'pod3 -> pod1', 'pod2 -> pod4', 'pod4 -> pod2', 'pod3 -> pod4', 'pod4 -> pod3'])
    t.is(ttls.get(pair), 62, pair)

  t.deepEqual(history.map(({node, command}) => `${node}# ${command}`).sort(), literalLines().sort())
  t.true(history.every(({exitCode}) => exitCode === 0))
})

onEach(
  ALL,
  'the screen says which driver ran and why, then every line to the letter, then the matrix and the requirements',
  async (t, runner) => {
    await using _ = await engineTurn(runner)
    await using home = makeHome(runner)
    const {code, stdout, stderr} = await home.podwire(['run', 'three-nodes', '--driver', runner.driver])
    t.is(code, 0, stderr)
    const lines = stdout.split('\n')
    t.regex(lines[0] ?? '', new RegExp(`^driver ${runner.driver} \\(asked for\\): .`))
    if (runner.driver === 'local') t.true(lines[0]?.endsWith(runner.title.replace('local ', '')))
    const shown = lines.map((line) => /^ {3}(node\d# .*?) {2,}[\d.]+ m?s$/.exec(line)?.[1]).filter((line) => line !== undefined)
    t.deepEqual(shown, literalLines())
    t.true(stdout.includes('│ pod4      │ ✓✓✓  │ ✓✓✓  │ ✓✓✓  │  -   │  ✓✓✓  │  ✓✓✓  │  ✓✓✓  │'))
    t.true(stdout.includes('ttl 64 for 2 pairs of pods, ttl 62 for 10 pairs of pods'))
    t.true(stdout.includes('all nodes communicate with all Pods, and vice versa, without NAT: 24 of 24 pairs'))
    t.is(stderr, '')
  },
)

test('the scenario has lines to compare with', (t) => {
  t.is(literalLines().length, 50)
})
