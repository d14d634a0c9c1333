// podwire ui over a lab that runs: what changes there is seen without being asked for, wherever it changes.
import type {ExecutionContext} from 'ava'
import {eventually} from '../tools/eventually.ts'
import {endNode} from './tools/dying.ts'
import type {Home} from './tools/home.ts'
import {beginUi, enter, homeOfLab, type Look, openSocket, type Socket} from './tools/live.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'

const ALL_PAIRS = 42
/** Who is asked makes no difference. */
const ONE = LOCAL.filter(({missing}) => missing === undefined).slice(0, 1)

async function exec(t: ExecutionContext, home: Home, place: string, command: string): Promise<string> {
  const {code, stdout, stderr} = await home.podwire(['exec', place, '--', 'sh', '-c', command])
  t.is(code, 0, `${place}# ${command}: ${stderr}`)
  return stdout
}

/** All changes that were told, a line each: `node1 - ip [ROUTE]...` */
function changesOf({told}: Socket): string[] {
  return told
    .flatMap((one) => (one.kind === 'changes' ? one.changes : []))
    .map(({node, netns, tool, line}) => `${node} ${netns} ${tool} ${line}`)
}

const heard = (page: Socket, words: RegExp) =>
  eventually(
    () => changesOf(page),
    (lines) => lines.some((line) => words.test(line)),
  )

onEach(ALL, 'what is typed turns the matrix, and turns it back', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  const session = await enter(live)
  using page = await openSocket(live, session, '/live')
  const first = await page.until(t, ({reaching}) => reaching.size === ALL_PAIRS, 'at first')
  t.is(first.document.verdict, 'pass')
  t.is(first.document.lab, 'live')

  await exec(t, home, 'node2', 'ip route del 10.244.1.0/24')
  const isThere = ({document}: Look) => document.facts?.node2?.routes.some(({to}) => to === '10.244.1.0/24')
  t.true(isThere(first))
  const broken = await page.until(t, (look) => look.reaching.size === 34 && !isThere(look), 'a route is deleted')
  t.false(broken.reaching.has('pod1 -> pod3'))
  t.true(broken.reaching.has('pod1 -> pod4'))
  t.true((await heard(page, /^node2 - ip \[ROUTE\]Deleted 10\.244\.1\.0\/24 via 192\.168\.1\.11 dev eth0/)).length > 0)

  using shell = await openSocket(live, session, '/shell?place=node2&rows=24&columns=80')
  await eventually(shell.text, (text) => text.endsWith('node2# '))
  shell.socket.send(Buffer.from('ip route add 10.244.1.0/24 via 192.168.1.11\r'))
  await page.until(t, ({reaching}) => reaching.size === ALL_PAIRS, 'it is added again')

  // In a pod, and what is no route.
  for (const [place, breaks, mends, pair, words] of [
    ['pod4', 'ip route del default', 'ip route add default via 10.244.3.1', 'pod4 -> pod1', /^node3 pod4 ip \[ROUTE\]Deleted default/],
    [
      'node1',
      'sysctl -w net.ipv4.ip_forward=0',
      'sysctl -w net.ipv4.ip_forward=1',
      'pod1 -> pod3',
      /^node1 - ip \[NETCONF\]inet eth0 forwarding off/,
    ],
    [
      'pod2',
      'nft "add table ip t; add chain ip t c { type filter hook input priority 0; policy drop; }"',
      'nft delete table ip t',
      'pod1 -> pod2',
      /^node1 pod2 nft add chain ip t c/,
    ],
    ['node3', 'ip link set v-net-0 down', 'ip link set v-net-0 up', 'pod1 -> pod4', /^node3 - ip \[LINK\]\d+: v-net-0:/],
  ] as const) {
    await exec(t, home, place, breaks)
    t.true(
      (await heard(page, words)).some((line) => words.test(line)),
      `${place}: ${breaks}\n${changesOf(page).join('\n')}`,
    )
    await page.until(t, ({reaching}) => !reaching.has(pair), `${place}: ${breaks}`)
    await exec(t, home, place, mends)
    await page.until(t, ({reaching}) => reaching.size === ALL_PAIRS, `${place}: ${mends}`)
  }
})

onEach(ALL, 'the lab is down: the page is told, and podwire ui ends with a word of it', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  using page = await openSocket(live, await enter(live), '/live')
  await page.until(t, ({reaching}) => reaching.size === ALL_PAIRS, 'at first')
  t.is((await home.podwire(['down'])).code, 0)
  const ended = await live.begun.ended
  t.deepEqual([ended.code, ended.stderr], [0, 'lab live is down: the page has ended with it\n'])
  t.is(page.told.at(-1)?.kind, 'gone')
})

onEach(ALL, 'neither a page that is closed nor the end of podwire ui ends the lab, and nothing of it stays there', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const started = () =>
    exec(t, home, 'node1', 'ps -eo args= | grep -cE "^(ip -o monitor|nft monitor|tc monitor|perl -e|bash --norc --noprofile -i)"; true')
  t.is((await started()).trim(), '0')
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const live = await beginUi(t, home)
    const session = await enter(live)
    const page = await openSocket(live, session, '/live')
    await page.until(t, ({reaching}) => reaching.size === ALL_PAIRS, 'at first')
    using shell = await openSocket(live, session, '/shell?place=pod1')
    shell.socket.send(Buffer.from("sleep 1000 & echo 'it' sleeps\r"))
    await eventually(shell.text, (text) => text.includes('it sleeps'))
    t.true(Number(await started()) >= 11) // three monitors in each of three namespaces, their perl, a shell on its perl
    page.socket.terminate()
    t.is((await home.podwire(['check'])).code, 0) // beside it
    using again = await openSocket(live, session, '/live')
    await again.until(t, ({reaching}) => reaching.size === ALL_PAIRS, 'opened again')
    live.begun.process.kill(signal)
    const ended = await live.begun.ended
    t.deepEqual([ended.code, ended.signal], signal === 'SIGINT' ? [130, null] : [null, 'SIGKILL'])
    t.is((await eventually(started, (count) => count.trim() === '0')).trim(), '0', signal)
    t.is((await exec(t, home, 'node1', 'ps -eo args= | grep -c "^sleep 1000"; true')).trim(), '0', signal)
  }
  t.is((await home.podwire(['check'])).code, 0)
})

onEach(ALL, 'a node that dies is seen to, although podwire listens there, and the others are as they were', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  using page = await openSocket(live, await enter(live), '/live')
  await page.until(t, ({reaching}) => reaching.size === ALL_PAIRS, 'at first')
  await endNode(home, 'live', 'node2')
  // Both ways between node2 with its pod and the five others, and between the two.
  await page.until(t, ({reaching, document}) => reaching.size === ALL_PAIRS - 22 && document.facts?.node2 === null, 'node2 died')
  page.ask({kind: 'diagnose', id: 1, from: 'pod1', to: 'pod3'})
  const {document} = await page.until(t, ({document}) => (document.diagnoses ?? []).length > 0, 'diagnosed')
  t.deepEqual(
    document.diagnoses?.map(({cause, where}) => `${cause} at ${where.node}`),
    ['node-down at node2'],
  )
  const deaf = await eventually(
    () => page.told.flatMap((one) => (one.kind === 'deaf' && !one.again ? [one] : [])),
    (found) => found.length > 0,
  )
  t.deepEqual(
    deaf.map(({node, tool}) => [node, tool]),
    [['node2', undefined]],
  )
  t.regex(deaf[0]?.why ?? '', /^node2 is not running: /)
  await exec(t, home, 'node1', 'ip route del 10.244.3.0/24')
  await page.until(t, ({reaching}) => !reaching.has('pod1 -> pod4') && reaching.has('pod1 -> pod2'), 'a route is deleted')
})

onEach(LOCAL, 'namespaces that come are listened to, and none that goes is held', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  using page = await openSocket(live, await enter(live), '/live')
  await page.until(t, ({reaching}) => reaching.size === ALL_PAIRS, 'at first')
  await exec(t, home, 'node1', 'ip netns add extra')
  await page.until(t, ({document}) => document.facts?.['node1/extra'] != null, 'a namespace comes')
  await exec(t, home, 'node1', 'ip -n extra link set lo up')
  t.true((await heard(page, /^node1 extra ip \[LINK\]1: lo/)).some((line) => line.startsWith('node1 extra ')))
  await exec(t, home, 'node1', 'ip netns del extra')
  await page.until(t, ({document}) => !('node1/extra' in (document.facts ?? {})), 'it goes')
  // With the pod's namespace its cable goes, whoever listened in there.
  await exec(
    t,
    home,
    'node3',
    'ip netns del pod4; for i in $(seq 100); do ip link show veth-pod4-br >/dev/null 2>&1 || exit 0; sleep 0.1; done; exit 1',
  )
  await page.until(t, ({reaching, document}) => reaching.size === 30 && document.facts?.pod4 === null, 'a pod goes')
})

onEach(ONE, 'a thousand changes give a few looks, and the last is of what came last', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  using page = await openSocket(live, await enter(live), '/live')
  const {number} = await page.until(t, ({reaching}) => reaching.size === ALL_PAIRS, 'at first')
  const began = performance.now()
  const burst = 'for i in $(seq 500); do echo "route add 10.99.0.0/16 dev lo"; echo "route del 10.99.0.0/16"; done | ip -batch -'
  await exec(t, home, 'node1', `${burst}; ip route del 10.244.2.0/24`)
  const after = await page.until(t, ({reaching}) => reaching.size === 36, 'a route is deleted at last')
  const looks = after.number - number
  // Half a second of quiet or a look each at the very most, however slow the machine is.
  t.true(looks >= 1 && looks <= 2 + (performance.now() - began) / 100, `${looks} looks`)
  const named = changesOf(page).length
  const more = page.told.reduce((sum, one) => sum + (one.kind === 'changes' ? one.more : 0), 0)
  t.true(named <= 600 && named + more >= 1001, `${named} named, ${more} more`)
  t.log(`${looks} looks, ${named} changes named and ${more} counted`)
})

onEach(
  ONE,
  'a monitor that ends is told and started again; one that cannot be run is told, and changes are seen all the same',
  async (t, runner) => {
    await using home = await homeOfLab(t, runner)
    // What tc(8) would tell of is seen by looking alone.
    await exec(t, home, 'node2', 'mount --bind /dev/null "$(command -v tc)"')
    const live = await beginUi(t, home)
    using page = await openSocket(live, await enter(live), '/live')
    await page.until(t, ({reaching}) => reaching.size === ALL_PAIRS, 'at first')
    const deaf = () => page.told.flatMap((one) => (one.kind === 'deaf' ? [one] : []))
    await eventually(deaf, (found) => found.length >= 2)
    t.deepEqual(
      deaf()
        .map(({node, netns, tool, again}) => [node, netns, tool, again])
        .sort(),
      [
        ['node2', '-', 'tc', false],
        ['node2', 'pod3', 'tc', false],
      ],
    )
    t.regex(deaf()[0]?.why ?? '', /^exit 126: tc: Permission denied$/)

    // All machines of a local lab share their processes.
    const listening = `for i in $(seq 100); do [ "$(ps -eo args= | grep -c '^ip -o monitor')" = 7 ] && exit 0; sleep 0.1; done; exit 1`
    await exec(t, home, 'node1', 'kill -9 $(ps -eo pid=,args= | sed -n "s/^ *\\([0-9]*\\) ip -o monitor.*/\\1/p")')
    const killed = await eventually(deaf, (found) => found.filter(({again}) => again).length >= 7)
    t.deepEqual(
      killed
        .filter(({again}) => again)
        .map(({node, netns, tool, why}) => `${node} ${netns} ${tool} ${why}`)
        .sort(),
      ['node1 -', 'node1 pod1', 'node1 pod2', 'node2 -', 'node2 pod3', 'node3 -', 'node3 pod4'].map((where) => `${where} ip signal 9`),
    )
    await exec(t, home, 'node1', listening)
    await exec(t, home, 'node1', 'kill -9 $(ps -eo pid=,args= | sed -n "s/^ *\\([0-9]*\\) perl -e .*/\\1/p")')
    const all = await eventually(deaf, (found) => found.filter(({tool}) => tool === undefined).length >= 3)
    t.deepEqual(
      all
        .filter(({tool}) => tool === undefined)
        .map(({node, why, again}) => `${node} ${why} ${again}`)
        .sort(),
      ['node1 exit 137 true', 'node2 exit 137 true', 'node3 exit 137 true'],
    )
    await exec(t, home, 'node1', listening)
    await exec(t, home, 'node1', 'ip route del 10.244.2.0/24')
    await page.until(t, ({reaching}) => reaching.size === 36, 'a route is deleted')
    await heard(page, /^node1 - ip \[ROUTE\]Deleted 10\.244\.2\.0/)
  },
)

onEach(LOCAL, 'a pair is probed and diagnosed, for all pages that are open', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  await exec(t, home, 'node2', 'ip route del 10.244.1.0/24')
  const live = await beginUi(t, home)
  const session = await enter(live)
  using page = await openSocket(live, session, '/live')
  using other = await openSocket(live, session, '/live')
  await page.until(t, ({reaching}) => reaching.size === 34, 'at first')
  page.ask({kind: 'diagnose', id: 7, from: 'pod1', to: 'pod3'})
  for (const one of [page, other]) {
    const {document} = await one.until(t, ({document}) => (document.diagnoses ?? []).length > 0, 'diagnosed')
    const [diagnosis] = document.diagnoses ?? []
    t.like(diagnosis, {
      cause: 'no-route',
      where: {node: 'node2'},
      fix: [{where: 'node2', command: 'ip route add 10.244.1.0/24 via 192.168.1.11 dev eth0'}],
    })
    t.is(diagnosis?.tried?.verdict, 'pass')
  }
  await eventually(
    () => page.told,
    (told) => told.some((one) => one.kind === 'done'),
  )
  // What podwire itself does there to watch a packet is no change of the lab.
  t.deepEqual(
    changesOf(page).filter((line) => / nft /.test(line)),
    [],
  )
  t.deepEqual(
    page.told.filter(({kind}) => kind === 'done'),
    [{kind: 'done', id: 7}],
  )
  t.deepEqual(
    other.told.filter(({kind}) => kind === 'done'),
    [],
  )

  const before = page.look()?.document.probes
  page.ask({kind: 'probe', id: 8, from: 'pod1', to: 'pod2'})
  page.ask({kind: 'probe', id: 9, from: 'pod1', to: 'pod9'})
  const done = await eventually(
    () => page.told.filter(({kind}) => kind === 'done' || kind === 'refused'),
    (told) => told.length === 3,
  )
  t.deepEqual(done.slice(1), [
    {kind: 'done', id: 8},
    {kind: 'refused', id: 9, why: 'no place pod9 in this lab'},
  ])
  t.not(page.look()?.document.probes, before)

  // Mended, and its diagnosis is no more.
  await exec(t, home, 'node2', 'ip route add 10.244.1.0/24 via 192.168.1.11 dev eth0')
  const {document} = await page.until(t, ({reaching}) => reaching.size === ALL_PAIRS, 'mended')
  t.deepEqual(document.diagnoses, [])

  // What no page of podwire's would say.
  other.socket.send('{"kind":"run","command":"id"}')
  await eventually(
    () => other.socket.readyState,
    (state) => state === 3,
  )
  t.is(other.socket.readyState, 3)
  t.is(page.socket.readyState, 1)
})

onEach(LOCAL, 'two of them follow one lab', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const [one, other] = await Promise.all([beginUi(t, home), beginUi(t, home)])
  using page = await openSocket(one, await enter(one), '/live')
  using another = await openSocket(other, await enter(other), '/live')
  await exec(t, home, 'node2', 'ip route del 10.244.1.0/24')
  for (const each of [page, another]) await each.until(t, ({reaching}) => reaching.size === 34, 'a route is deleted')
})
