// Thirty pods on three nodes: every pair of places at once, in every protocol and size.
import {engineTurn} from './tools/engine-turn.ts'
import {makeHome} from './tools/home.ts'
import {pairsWith, withoutOwn} from './tools/labs.ts'
import {manyPods} from './tools/many-pods.ts'
import {readResult} from './tools/result.ts'
import {ALL, asRoot, LOCAL, onEach} from './tools/runners.ts'

const THIRTY = {node1: 10, node2: 10, node3: 10}
const PAIRS = 33 * 32

const MASQUERADE = `    ...stage('what should not be there'),
    ...on('node2')\`
      nft add table ip nat
      nft 'add chain ip nat postrouting { type nat hook postrouting priority 100; }'
      nft add rule ip nat postrouting oifname eth0 masquerade
    \`,
`

onEach(ALL, 'all 1056 pairs of 33 places are answered in every protocol and size, and nothing is translated', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  home.write('thirty-pods.ts', manyPods(THIRTY))
  const ended = await home.podwire(['run', './thirty-pods.ts', '--driver', runner.driver, '--patience', '5', '--json'])
  t.is(ended.code, 0, ended.stderr)
  const {verdict, probes, checks} = readResult(ended)
  t.is(verdict, 'pass')
  t.is(probes.length, PAIRS * 6)
  t.deepEqual(
    checks.map(({check, pairs}) => [check, pairs.length, pairsWith('fail', pairs).length, pairsWith('unknown', pairs).length]),
    [
      ['reach', PAIRS * 6, 0, 0],
      ['no-nat', PAIRS * 6, 0, 0],
      ['unique-address', PAIRS / 2, 0, 0],
    ],
  )
})

onEach(
  ALL,
  'a masquerade on node2 among thirty pods: all is answered, and no-nat names exactly what left node2 from its pods',
  async (t, runner) => {
    await using _ = await engineTurn(runner)
    await using home = makeHome(runner)
    home.write('thirty-pods.ts', manyPods(THIRTY, MASQUERADE))
    const ended = await home.podwire(['run', './thirty-pods.ts', '--driver', runner.driver, '--patience', '5', '--json'])
    t.is(ended.code, 1, ended.stderr)
    const {probes, checks} = readResult(ended)
    t.true(probes.every(({answered}) => answered === true))
    const noNat = withoutOwn(checks.find(({check}) => check === 'no-nat')?.pairs ?? [], 'node2')
    const own = Array.from({length: 10}, (_one, at) => `p2-${at + 1}`)
    const elsewhere = ['node1', 'node3', ...[1, 3].flatMap((node) => Array.from({length: 10}, (_one, at) => `p${node}-${at + 1}`))]
    const translated = own.flatMap((from) => elsewhere.map((to) => `${from} -> ${to}: icmp, tcp, udp`)).sort()
    t.is(translated.length, 220)
    t.deepEqual(pairsWith('fail', noNat), translated)
    t.deepEqual(pairsWith('unknown', noNat), [])
  },
)

interface Told {
  readonly pairs: number
  readonly failing: readonly string[]
  readonly diagnoses: readonly {readonly cause: string; readonly where: {readonly node: string}; readonly pairs: readonly string[]}[]
}

onEach(
  [LOCAL.find(({missing}) => missing === undefined) ?? asRoot],
  'one fault that breaks 220 pairs of thirty pods is one diagnosis with 220 pairs, and a second one is a second',
  async (t, runner) => {
    await using home = makeHome(runner)
    home.write('thirty-pods.ts', manyPods(THIRTY))
    t.is((await home.podwire(['up', './thirty-pods.ts', '--driver', runner.driver])).code, 0)
    const diagnosed = async () => {
      const {code, stdout, stderr} = await home.podwire(['diagnose', '--no-trial', '--json'])
      return {code, stderr, told: JSON.parse(stdout) as Told}
    }
    const names = ({diagnoses}: Told) => diagnoses.map(({cause, where, pairs}) => `${cause} ${where.node} ${pairs.length}`)
    const whole = await diagnosed()
    t.deepEqual([whole.code, whole.told.pairs, whole.told.failing, whole.told.diagnoses], [0, PAIRS, [], []], whole.stderr)
    // Ten pods and node1 itself no longer reach ten pods, nor these them.
    t.is((await home.podwire(['exec', 'node1', '--', 'ip', 'route', 'del', '10.244.2.0/24'])).code, 0)
    const one = await diagnosed()
    t.deepEqual(names(one.told), ['no-route node1 220'])
    t.deepEqual([...(one.told.diagnoses[0]?.pairs ?? [])].sort(), [...one.told.failing].sort())
    // One pod of node3 and everybody else, 32 each way.
    t.is((await home.podwire(['exec', 'p3-5', '--', 'ip', 'link', 'set', 'eth0', 'down'])).code, 0)
    const two = await diagnosed()
    t.is(two.code, 1)
    t.deepEqual(names(two.told), ['no-route node1 220', 'interface-down node3 64'])
    t.is(two.told.failing.length, 284)
  },
)
