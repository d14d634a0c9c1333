// `podwire trace`: the way of a packet and of its reply, predicted from a running lab's facts and observed on it.
import {engineTurn} from './tools/engine-turn.ts'
import {makeHome} from './tools/home.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'
import {mistakesIn} from './tools/schema.ts'

interface Traced {
  readonly verdict: string
  readonly exchanges: readonly {
    readonly size: string
    readonly predicted: {
      readonly reaches: boolean
      readonly forward: {readonly ended: string; readonly at: string; readonly hops: readonly {readonly place: string}[]}
      readonly back: {readonly ended: string; readonly at: string} | null
    }
    readonly observed: {readonly answered: boolean | null; readonly request: {readonly seenAt?: string}}
    readonly conflicts: readonly string[]
  }[]
}

onEach(
  ALL,
  'a pair that reaches is traced both ways; with its route back deleted it ends there, and the packets agree',
  async (t, runner) => {
    await using _ = await engineTurn(runner)
    await using home = makeHome(runner)
    t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver])).code, 0)
    const whole = await home.podwire(['trace', 'pod1', 'pod3'])
    t.is(whole.code, 0, whole.stderr + whole.stdout)
    t.is(
      whole.stdout.replace(/after \S+ ms/, 'after 0.1 ms'),
      `predicted from the facts, icmp, 84 bytes: reaches
  forward  10.244.1.2 -> 10.244.2.2   delivered
    pod1   default via 10.244.1.1 dev veth-pod1
    node1  10.244.2.0/24 via 192.168.1.12 dev eth0
    node2  10.244.2.0/24 dev v-net-0
    pod3   holds 10.244.2.2
  return   10.244.2.2 -> 10.244.1.2   delivered
    pod3   default via 10.244.2.1 dev veth-pod3
    node2  10.244.1.0/24 via 192.168.1.11 dev eth0
    node1  10.244.1.0/24 dev v-net-0
    pod1   holds 10.244.1.2
observed, icmp, small packet: answered after 0.1 ms
    pod3   saw the request, source 10.244.1.2 (unchanged), ttl 62
    pod1   saw the reply, source 10.244.2.2 (unchanged)
`,
    )
    t.is((await home.podwire(['exec', 'node2', '--', 'ip', 'route', 'del', '10.244.1.0/24'])).code, 0)
    for (const protocol of ['icmp', 'tcp', 'udp']) {
      const cut = await home.podwire(['trace', 'pod1', '10.244.2.2', '--protocol', protocol, '--json'])
      t.is(cut.code, 1, cut.stderr)
      const document = JSON.parse(cut.stdout) as Traced
      t.deepEqual(mistakesIn(document, 'trace'), [])
      t.is(document.verdict, 'fail')
      for (const {predicted, observed, conflicts} of document.exchanges) {
        t.false(predicted.reaches)
        t.deepEqual([predicted.forward.ended, predicted.forward.at], ['delivered', 'pod3'])
        t.deepEqual([predicted.back?.ended, predicted.back?.at], ['no-route', 'node2'])
        t.is(observed.answered, false)
        if (protocol !== 'tcp') t.is(observed.request.seenAt, 'pod3')
        t.deepEqual(conflicts, [], protocol)
      }
    }
    t.is((await home.podwire(['trace', 'pod1', 'pod2'])).code, 0, 'others are as they were')
  },
)

onEach(LOCAL, 'full packets alone that do not pass: exit 1, and told apart from small ones', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  t.is((await home.podwire(['exec', 'node1', '--', 'ip', 'link', 'set', 'eth0', 'mtu', '1400'])).code, 0)
  const {code, stdout} = await home.podwire(['trace', 'pod1', 'pod3', '--patience', '0.3'])
  t.is(code, 1, stdout)
  t.regex(stdout, /84 bytes: reaches\n/)
  t.regex(stdout, /1500 bytes: does not reach\n.* mtu too small at node1\n/)
  t.regex(stdout, /small packet: answered[\s\S]*full packet: not answered/)
  t.notRegex(stdout, /conflict/)
})

onEach(LOCAL, 'what the facts do not tell is a conflict, and said', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  // A queue that holds nothing.
  t.is((await home.podwire(['exec', 'node1', '--', 'tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'pfifo', 'limit', '0'])).code, 0)
  const {code, stdout} = await home.podwire(['trace', 'pod1', 'pod3', '--patience', '0.3'])
  t.is(code, 1, stdout)
  // Either the facts have the queue that drops it by now, or they let it pass and nobody saw it.
  t.regex(stdout, /tc drop at node1|conflict: the facts bring the request to pod3, and nobody saw it/)
})

onEach(LOCAL, 'places and addresses that are not there', async (t, runner) => {
  await using home = makeHome(runner)
  const none = await home.podwire(['trace', 'pod1', 'pod3'])
  t.is(none.code, 2)
  t.regex(none.stderr, /no lab is running/)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  for (const [argv, words] of [
    [['noode1', 'pod3'], /no place noode1 in this lab\n.*did you mean node1\?/],
    [['pod1', 'zebra'], /no place zebra in this lab\n.*there is pod1, pod2/],
    [['pod1', 'pod1'], /from pod1 to pod1 there is no way/],
    [['pod1', 'pod3', '--protocol', 'sctp'], /icmp, tcp, udp/],
    [['pod1', 'pod3', '--lab', 'three-nods'], /did you mean three-nodes\?/],
  ] as const) {
    const {code, stdout, stderr} = await home.podwire(['trace', ...argv])
    t.is(code, 2, stderr)
    t.is(stdout, '')
    t.regex(stderr, words)
  }
  const json = await home.podwire(['trace', 'noode1', 'pod3', '--json'])
  t.is(json.code, 2)
  t.deepEqual(mistakesIn(JSON.parse(json.stdout), 'error'), [])
  const nobody = await home.podwire(['trace', 'pod1', '10.244.9.9'])
  t.is(nobody.code, 1, nobody.stderr)
  t.regex(nobody.stdout, /no route at node1\n/)
  // A pod that died is told of as such.
  t.is((await home.podwire(['exec', 'node2', '--', 'ip', 'netns', 'del', 'pod3'])).code, 0)
  const gone = await home.podwire(['trace', 'pod1', 'pod3', '--patience', '0.3'])
  t.is(gone.code, 1, gone.stderr)
  t.regex(gone.stdout, /pod missing at pod3\n/)
})
