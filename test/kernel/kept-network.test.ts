// A ready network that is kept: its daemons live, a trace goes through its switches and says so, a diagnosis is silent, and of what
// podwire breaks names the cause with a fix that has been tried on a copy, whose daemons take it up.
import {loadScenario} from '../../harness/scenario/load.ts'
import {type Ended, type Home, makeHome} from './tools/home.ts'
import {asRoot} from './tools/runners.ts'
import {onEachThatHas} from './tools/solutions.ts'

interface Traced {
  readonly verdict: string
  readonly exchanges: readonly {
    readonly predicted: {
      readonly reaches: boolean
      readonly forward: {readonly ended: string; readonly hops: readonly {place: string; flow?: string}[]}
    }
  }[]
}

interface Diagnosed {
  readonly failing: readonly string[]
  readonly diagnoses: readonly {
    readonly cause: string
    readonly where: {readonly node: string; readonly object: string}
    readonly fix: readonly {readonly where: string; readonly command: string}[]
    readonly tried?: {readonly verdict: string; readonly evidence: readonly string[]}
  }[]
}

async function told<T>(home: Home, ...argv: readonly string[]): Promise<{answer: T; ended: Ended}> {
  const ended = await home.podwire([...argv, '--json'])
  return {answer: JSON.parse(ended.stdout) as T, ended}
}

onEachThatHas([asRoot], await loadScenario('nsx-ovn'), 'kept, traced, broken, diagnosed and mended', async (t, runner) => {
  t.timeout(300_000) // for hangs
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'nsx-ovn', '--driver', 'local'])).code, 0)
  const {answer: trace} = await told<Traced>(home, 'trace', 'pod1', 'pod3')
  t.is(trace.verdict, 'pass')
  const {reaches, forward} = trace.exchanges[0]?.predicted ?? {}
  t.true(reaches)
  t.deepEqual(
    forward?.hops.map(({place, flow}) => [place, flow]),
    [
      ['pod1', undefined],
      ['node1', 'br-int: veth-pod1 -> eth0, routed (ttl 63), in geneve 2 to 192.168.1.12'],
      ['node2', 'br-int: ovn-node1-0 -> veth-pod3'],
      ['pod3', undefined],
    ],
  )
  const silent = await home.podwire(['diagnose', '--json'])
  t.is(silent.code, 0, silent.stdout)
  t.is((await home.podwire(['break', 'flow-missing', 'node3'])).code, 0)
  const broken = await told<Traced>(home, 'trace', 'pod1', 'pod4')
  t.is(broken.answer.exchanges[0]?.predicted.forward.ended, 'flow-missing')
  t.is(broken.ended.code, 1)
  const {answer, ended} = await told<Diagnosed>(home, 'diagnose')
  t.is(ended.code, 1)
  t.deepEqual(
    answer.diagnoses.map(({cause, where}) => [cause, where.node, where.object]),
    [['flow-missing', 'node3', 'br-int table=0']],
  )
  const [diagnosis] = answer.diagnoses
  t.deepEqual(diagnosis?.fix, [{where: 'node3', command: 'ovs-appctl bridge/reconnect br-int'}])
  t.is(diagnosis?.tried?.verdict, 'pass', diagnosis?.tried?.evidence.join('; '))
  t.is((await home.podwire(['heal'])).code, 0)
  t.is((await home.podwire(['diagnose', '--json'])).code, 0)
  t.is((await home.podwire(['down'])).code, 0)
})
