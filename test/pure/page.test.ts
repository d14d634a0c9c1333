// What the page works out for itself, without a browser: marks of the square, what a filter lets pass, devices on a way, what a
// stage changed, a folded picture.
import test from 'ava'
import {bothWays} from '../../harness/both-ways.ts'
import {matrixOf, turnsBetween} from '../../harness/checks/matrix.ts'
import type {MatrixRow, Passage, Probe} from '../../harness/model.ts'
import {marksOf, turnOf, wordsOf} from '../../harness/page/cell.ts'
import {changesBetween} from '../../harness/page/changes.ts'
import {crosses, lineBetween} from '../../harness/page/detour.ts'
import {passes} from '../../harness/page/filter.ts'
import {folded, shownSpaces} from '../../harness/page/fold.ts'
import {countsOf, endOf, matrixOfRows, SIGNS, shadeOf} from '../../harness/page/matrix.ts'
import {passedBy, stepsOf} from '../../harness/page/path.ts'
import {reachedWords, wholeOf} from '../../harness/page/reached.ts'
import {createStore, END} from '../../harness/page/store.ts'
import {undoneOf} from '../../harness/page/undone.ts'
import type {CommandDocument} from '../../harness/report/document.ts'
import {documentOf} from '../../harness/report/ended.ts'
import {pack} from '../../harness/report/pack.ts'
import {type Packed, type Rows, Table, unpack} from '../../harness/report/rows.ts'
import {viewOf} from '../../harness/report/view.ts'
import {type Point, spaceId} from '../../harness/topology/boxes.ts'
import {topologyOf} from '../../harness/topology/build.ts'
import {withoutRoute, withRoute} from '../tools/changed-facts.ts'
import {manyPods} from '../tools/many.ts'
import {PLACES, recordedFacts, recordedProbes} from '../tools/recorded.ts'
import {RUNS} from '../tools/runs.ts'

const at = (name: string) => PLACES.findIndex((place) => place.name === name)
const POD1_POD3 = {from: 'pod1', to: 'pod3', address: '10.244.2.2'}
const SMALL = {protocol: 'icmp', size: 'small', mtu: 1500} as const

test('a mark is small packets and full ones together, the heavier of two addresses', (t) => {
  const healthy = recordedProbes('healthy')
  const changed = healthy.map((probe) => {
    const {from, to, protocol, size} = probe
    if (from !== 'pod1') return probe
    if (to === 'pod2' && protocol === 'tcp' && size === 'full') return {...probe, answered: false}
    if (to === 'pod3' && protocol === 'udp') return {...probe, answered: null}
    return to === 'pod4' ? {...probe, answered: false} : probe
  })
  const matrix = endOf(PLACES, [...changed, ...healthy.filter(({to}) => to === 'pod4')]).matrix
  const marks = (to: string) => matrix.layers.map((layer) => matrix.mark(at('pod1'), at(to), layer))
  t.deepEqual(marks('pod2'), ['pass', 'small', 'pass'])
  t.deepEqual(marks('pod3'), ['pass', 'pass', 'unknown'])
  t.deepEqual(marks('pod4'), ['fail', 'fail', 'fail'])
  t.deepEqual(countsOf(matrix, 'all'), {none: 0, pass: 39, small: 1, nat: 0, unknown: 1, fail: 1})
  t.deepEqual(countsOf(endOf(PLACES, healthy).matrix, 'all'), {none: 0, pass: 42, small: 0, nat: 0, unknown: 0, fail: 0})
})

test('what is translated reaches and is marked, as records and as packed columns; a filter for failures finds it', (t) => {
  const probes = recordedProbes('healthy').map((probe): Probe => {
    const {from, to, protocol, request, reply} = probe
    const seen = ({seen, ...passage}: Passage, changes: object): Passage => ({...passage, ...(seen && {seen: {...seen, ...changes}})})
    if (from === 'pod1' && to === 'pod3' && protocol === 'tcp') return {...probe, request: seen(request, {source: '192.168.1.11'})}
    if (from === 'pod1' && to === 'pod4') return {...probe, reply: seen(reply, {destinationPort: 1})}
    // Who was seen by nobody was translated by nobody that is known of.
    return from === 'pod2' && to === 'pod3' ? {...probe, reply: {...(reply.sent && {sent: reply.sent})}} : probe
  })
  const packed = unpack(JSON.parse(JSON.stringify(pack({probes}))) as Packed) as {readonly probes: Rows<Probe>}
  if (!(packed.probes instanceof Table)) return t.fail('it is a table')
  for (const rows of [probes, packed.probes]) {
    const matrix = endOf(PLACES, rows).matrix
    const marks = (to: string) => matrix.layers.map((layer) => matrix.mark(at('pod1'), at(to), layer))
    t.deepEqual(marks('pod3'), ['pass', 'nat', 'pass'])
    t.deepEqual(marks('pod4'), ['nat', 'nat', 'nat'])
    t.deepEqual(countsOf(matrix, 'all'), {none: 0, pass: 40, small: 0, nat: 2, unknown: 0, fail: 0})
    t.true(passes(matrix, {layer: 'all', verdict: 'fail', text: ''})(at('pod1'), at('pod4')))
  }
})

test('small packets that arrive translated, and full ones that do not, are small packets only', (t) => {
  const cut = recordedProbes('masquerade').map((probe) => (probe.size === 'full' ? {...probe, answered: false} : probe))
  const matrix = endOf(PLACES, cut).matrix
  t.is(matrix.mark(at('pod1'), at('pod3'), 'tcp'), 'small')
})

/** A store of a run with these rounds after its stages, and these probes at the end. */
async function storeOf(rounds: readonly (readonly MatrixRow[])[], probes: readonly Probe[] = recordedProbes('healthy')) {
  const run = RUNS.passing()
  const stages = rounds.map((matrix, index) => {
    const title = `part ${index + 1}`
    return {stage: index + 1, title, checks: [], probing: 1, matrix, ...turnsBetween(rounds[index - 1], matrix)}
  })
  const scenario = {...run.scenario, stages: stages.map(({title}) => ({title, steps: [], readdressed: {}, claims: []}))}
  return createStore(await viewOf(documentOf({...run, scenario, history: [], outcome: {...run.outcome, probes, stages}})))
}

/** All pairs in small packets, as they were recorded: those that `fails` names fail. */
function round(family: 4 | 6, fails: (from: string, to: string) => boolean = () => false): MatrixRow[] {
  const rows = matrixOf(recordedProbes('healthy').filter(({size}) => size === 'small'))
  return rows.map((row) => ({...row, family, verdict: fails(row.from, row.to) ? 'fail' : 'pass'}))
}

type PageStore = Awaited<ReturnType<typeof storeOf>>

function saidOf(store: PageStore, from: string, to: string) {
  const matrix = store.matrix.value
  if (!matrix) throw new Error('nobody was asked')
  return {
    words: wordsOf(store, matrix, at(from), at(to)),
    signs: marksOf(store, matrix, at(from), at(to)).map(({mark}) => SIGNS[mark]),
    turn: turnOf(store, from, to),
    shade: shadeOf(matrix, at(from), at(to), 'all'),
  }
}

const all = () => true

test('of two families a stage has two layers: each says for itself whether it reaches, and since when', async (t) => {
  const both = (six: (from: string, to: string) => boolean) => [...round(4), ...round(6, six)]
  const store = await storeOf([
    [...round(4, all), ...round(6, all)],
    both(all),
    both((from, to) => from === 'pod1' && to === 'pod3'),
    [...round(4, all), ...round(6)],
  ])
  const at2 = {words: 'IPv4 reaches, since this stage; IPv6 does not reach', signs: ['✓', '✗'], turn: 'gained', shade: 'partly'}
  store.go(2)
  t.deepEqual(saidOf(store, 'pod1', 'pod3'), at2)
  t.deepEqual(store.matrix.value?.layers, ['IPv4', 'IPv6'])
  store.filters.value = {...store.filters.value, layer: 'IPv4'}
  t.is(saidOf(store, 'pod1', 'pod3').words, 'reaches, since this stage')
  // A protocol that was chosen at the end is none of a stage's layers.
  store.filters.value = {...store.filters.value, layer: 'tcp'}
  t.deepEqual(saidOf(store, 'pod1', 'pod3'), at2)
  store.go(3)
  t.deepEqual(saidOf(store, 'pod1', 'pod3'), {...at2, words: 'IPv4 reaches; IPv6 does not reach', turn: 'stayed'})
  t.is(saidOf(store, 'pod1', 'pod2').words, 'IPv4 reaches; IPv6 reaches, since this stage')
  store.go(4)
  t.is(saidOf(store, 'pod1', 'pod3').words, 'IPv4 does not reach, no more since this stage; IPv6 reaches, since this stage')
  t.is(saidOf(store, 'pod1', 'pod3').turn, 'lost')
  const told = (moment: number) => reachedWords(store.reached.value.get(moment)?.shares ?? [])
  t.is(told(2), 'IPv4 42 of 42 pairs reach, IPv6 0 of 42 pairs reach')
  t.is(told(3), 'IPv4 42 of 42 pairs reach, IPv6 41 of 42 pairs reach')
  t.is(wholeOf(store.reached.value.get(2)?.shares ?? []), 0.5)
})

test('the end of a run in two families counts each for itself', async (t) => {
  const healthy = recordedProbes('healthy')
  const six = healthy.map((probe): Probe => ({...probe, family: 6, answered: !(probe.size === 'full' && probe.to === 'pod3')}))
  const store = await storeOf([[...round(4), ...round(6, (from) => from === 'pod1')]], [...healthy, ...six])
  const {shares = [], gained, lost} = store.reached.value.get(END) ?? {}
  t.is(reachedWords(shares), 'IPv4 42 of 42 pairs reach, IPv6 36 of 42 pairs reach')
  t.deepEqual([gained, lost], [6, 0])
  t.is(saidOf(store, 'pod1', 'pod2').words, 'reaches; did not reach by IPv6 after stage 1')
  t.is(saidOf(store, 'pod2', 'pod1').words, 'reaches')
})

test('a pair that is translated at a stage reaches and is marked, as records and as packed columns', async (t) => {
  const rows = matrixOf(recordedProbes('masquerade').filter(({size}) => size === 'small'))
  const store = await storeOf([rows])
  store.go(1)
  t.deepEqual(saidOf(store, 'pod1', 'pod3'), {
    words: 'reaches, but is translated, since this stage',
    signs: ['n'],
    turn: 'gained',
    shade: 'nat',
  })
  t.is(saidOf(store, 'pod3', 'pod1').words, 'reaches, since this stage')
  t.deepEqual(store.reached.value.get(1)?.shares, [{family: 'IPv4', reached: 42, total: 42}])
  const packed = unpack(JSON.parse(JSON.stringify(pack({matrix: rows}))) as Packed) as {readonly matrix: Rows<MatrixRow>}
  t.true(packed.matrix instanceof Table)
  t.deepEqual(countsOf(matrixOfRows(PLACES, packed.matrix), 'all'), {none: 0, pass: 34, small: 0, nat: 8, unknown: 0, fail: 0})
})

test('what turned after the last stage is told of the end; full packets alone turn nothing', async (t) => {
  const probes = recordedProbes('healthy').map((probe) =>
    (probe.from === 'pod2' && probe.size === 'full') || (probe.from === 'pod3' && probe.to === 'pod4')
      ? {...probe, answered: false}
      : probe,
  )
  const store = await storeOf([round(4, all), round(4, (from, to) => from === 'pod1' && to === 'pod3')], probes)
  t.like(store.reached.value.get(END), {gained: 1, lost: 1, shares: [{reached: 35, total: 42}]})
  t.like(saidOf(store, 'pod1', 'pod3'), {words: 'reaches; did not reach after stage 2', turn: 'gained'})
  t.like(saidOf(store, 'pod3', 'pod4'), {words: 'does not reach; reached after stage 2', turn: 'lost'})
  t.like(saidOf(store, 'pod2', 'pod4'), {words: 'reaches with small packets only', turn: 'stayed'})
  const same = await storeOf([round(4)])
  t.like(same.reached.value.get(END), {gained: 0, lost: 0})
})

test('a filter: by verdict, by protocol, by names of places, of which a whole one means that place alone', (t) => {
  const rows = ['n1', 'n10', 'pod1'].flatMap((from) =>
    ['n1', 'n10', 'pod1']
      .filter((to) => to !== from)
      .map((to) => ({from, to, family: 4 as const, verdict: to === 'n10' ? ('fail' as const) : ('pass' as const)})),
  )
  const places = ['n1', 'n10', 'pod1'].map((name) => ({...PLACES[0], name}) as (typeof PLACES)[number])
  const matrix = matrixOfRows(places, rows)
  const found = (verdict: 'all' | 'fail', text: string) => {
    const allowed = passes(matrix, {layer: 'all', verdict, text})
    return [0, 1, 2].flatMap((from) =>
      [0, 1, 2].filter((to) => allowed(from, to)).map((to) => `${matrix.places[from]} ${matrix.places[to]}`),
    )
  }
  t.is(found('all', '').length, 6)
  t.deepEqual(found('fail', ''), ['n1 n10', 'pod1 n10'])
  t.deepEqual(found('all', 'n1 pod1'), ['n1 pod1', 'pod1 n1'])
  t.deepEqual(found('all', 'po -> n10'), ['n10 pod1', 'pod1 n10'])
})

test('a way passes the devices of its segments, the underlay, and routes between them', (t) => {
  const facts = recordedFacts()
  const world = {facts, places: PLACES}
  const {forward} = bothWays(facts, PLACES, POD1_POD3, SMALL)
  const {ids, routed, last} = stepsOf(passedBy(world, forward))
  t.deepEqual(
    [...ids].filter((id) => !id.includes('\n')),
    [
      ...['pod1 veth-pod1', 'node1 veth-pod1-br', 'node1 v-net-0', 'node1 eth0', 'underlay', 'node2 eth0'],
      ...['node2 v-net-0', 'node2 veth-pod3-br', 'pod3 veth-pod3'],
    ],
  )
  t.deepEqual(routed, [
    ['node1 v-net-0', 'node1 eth0'],
    ['node2 eth0', 'node2 v-net-0'],
  ])
  t.is(last, 'pod3 veth-pod3')
  const cut = withoutRoute('node1', '10.244.2.0/24')
  const stopped = stepsOf(passedBy({facts: cut, places: PLACES}, bothWays(cut, PLACES, POD1_POD3, SMALL).forward))
  t.deepEqual([stopped.last, stopped.routed], ['node1 v-net-0', []])
})

test('a line between two devices goes round the boxes that it would run over, and straight where there is none', (t) => {
  const box = (x: number, y: number, width = 100, height = 40) => ({x, y, width, height})
  const space = box(-20, -40, 900, 400)
  const [from, to, other] = [box(0, 60), box(300, 0), box(150, 20)]
  const ends = (line: readonly Point[]) => [line[0], line.at(-1)]
  const straight = lineBetween(from, to, [space, from, to])
  t.deepEqual(straight, [
    {x: 100, y: 80},
    {x: 300, y: 20},
  ])
  t.true(crosses(straight, other))
  const round = lineBetween(from, to, [space, from, to, other])
  t.deepEqual(ends(round), ends(straight))
  t.false(crosses(round, other))
  t.false([from, to].some((each) => crosses(round, each)))
  // Round all of several, and from the right to the left, too.
  const more = box(150, 62)
  t.false([other, more].some((each) => crosses(lineBetween(to, from, [to, from, other, more]), each)))
  // One below the other, with something between them and something beside that.
  const [above, below] = [box(0, 0), box(0, 120)]
  const beside = box(104, 0, 60, 200)
  t.false([beside, box(0, 60)].some((each) => crosses(lineBetween(above, below, [above, below, beside, box(0, 60)]), each)))
  // Where there is no way it is straight.
  const wall = box(101, -500, 198, 1000)
  t.is(lineBetween(from, to, [from, to, wall]).length, 2)
})

test('what a stage changed is told a line each, and what stayed is not', (t) => {
  const facts = recordedFacts()
  t.deepEqual(changesBetween(facts, facts), [])
  t.deepEqual(changesBetween(facts, withoutRoute('node2', '10.244.1.0/24')), [
    {place: 'node2', sign: '-', text: 'route 10.244.1.0/24 via 192.168.1.11 dev eth0'},
  ])
  const route = {family: 4, to: '10.9.0.0/16', dev: 'eth0', metric: 5, type: 'unicast', table: 'main'} as const
  t.deepEqual(
    changesBetween(facts, withRoute('node2', route)).map(({sign, text}) => `${sign} ${text}`),
    ['+ route 10.9.0.0/16 dev eth0 metric 5'],
  )
  const gone = changesBetween(facts, new Map([...facts, ['pod1', undefined]]))
  t.deepEqual(gone, [{place: 'pod1', sign: '-', text: 'is gone, or cannot be asked'}])
  const come = changesBetween(new Map(), new Map([['pod1', facts.get('pod1')]])).map(({text}) => text)
  t.true(come.includes('10.244.1.2/24 on veth-pod1') && come.includes('is there'), come.join())
})

test('a folded picture keeps the chosen pods and the machines, in their order, and none over another', async (t) => {
  const {facts, scenario} = manyPods(60)
  const world = {facts: facts?.end ?? new Map(), places: [...scenario.pods, ...scenario.nodes].map((each) => place(each))}
  const topology = topologyOf(world, scenario.underlay)
  const {layouts} = await viewOf(documentOf(manyPods(60)))
  const whole = layouts.end
  if (!whole) return t.fail('nothing was laid out')
  const chosen = shownSpaces(topology, new Set(['p1-9', 'p3-17']))
  const small = folded(topology, whole, chosen)
  t.deepEqual([...chosen].sort(), ['p1-9', 'p3-17'])
  const boxes = new Map(small.boxes)
  for (const id of ['p1-9 veth-p1-9', 'node1 veth-p1-9-br', spaceId('node2'), spaceId('p3-17'), 'node3 v-net-0']) t.true(boxes.has(id), id)
  for (const id of [spaceId('p1-1'), 'p1-1 veth-p1-1', 'node1 veth-p1-1-br']) t.false(boxes.has(id), id)
  t.true(small.height < whole.height / 5, `${small.height} of ${whole.height}`)
  const before = new Map(whole.boxes)
  const devices = small.boxes.filter(([id]) => topology.spaces.some((space) => space.devices.some((device) => device.id === id)))
  for (const [id, box] of devices) {
    t.true(before.get(id)?.height === box.height, id)
    for (const [other, {x, y, width, height}] of devices)
      if (id < other)
        t.true(box.x + box.width <= x || x + width <= box.x || box.y + box.height <= y || y + height <= box.y, `${id} over ${other}`)
  }
  t.is(shownSpaces(topology, new Set(['nobody'])).size, 6)
})

function place({name, node = name, address}: {readonly name: string; readonly node?: string; readonly address: string}) {
  const kind = node === name ? ('node' as const) : ('pod' as const)
  return {name, kind, node, netns: kind === 'pod' ? name : undefined, address, addresses: [address]}
}

test('a newer view leaves what was chosen as it is; a moment that is no more becomes the last', async (t) => {
  const facts = recordedFacts()
  const run = {...RUNS.passing(), facts: {stages: new Map([[1, facts]]), end: facts}}
  const stages = [{stage: 1, title: 'x', checks: []}]
  const view = await viewOf(documentOf({...run, outcome: {...run.outcome, stages}}))
  const store = createStore(view)
  store.choose('pod1', 'pod3')
  store.go(1)
  t.is(store.ways.value?.forward.ended, 'delivered')
  const cut = {stages: new Map<number, typeof facts>(), end: withoutRoute('node1', '10.244.2.0/24')}
  store.show(await viewOf(documentOf({...run, history: [], facts: cut, outcome: {...run.outcome, stages: []}})))
  t.deepEqual(store.pair.value, {from: 'pod1', to: 'pod3'})
  t.is(store.moment.value, END)
  t.is(store.ways.value?.forward.ended, 'no-route')
  store.patch({probes: []})
  t.deepEqual(store.probes.value, [])
})

test('of two addresses of a place the way to the one that does not work is shown, until another is chosen', async (t) => {
  const run = RUNS.passing()
  const six = 'fd00:10:244:2::2'
  const probes = recordedProbes('healthy').flatMap((probe): Probe[] =>
    probe.to === 'pod3' ? [probe, {...probe, family: 6, address: six, answered: probe.from !== 'pod1'}] : [probe],
  )
  const store = createStore(await viewOf(documentOf({...run, outcome: {...run.outcome, probes}})))
  store.choose('pod1', 'pod3')
  t.is(store.address.value, six)
  store.choose('pod2', 'pod3')
  t.is(store.address.value, '10.244.2.2')
  store.choose('pod1', 'pod3')
  store.lens.value = {...store.lens.value, address: '10.244.2.2'}
  t.is(store.address.value, '10.244.2.2')
})

test('every diagnosis of a pair is shown, at the end alone, and none of another pair’s', async (t) => {
  const run = RUNS.failing()
  const [first] = run.diagnosed ?? []
  t.truthy(first)
  if (!first) return
  const second = {...first, diagnosis: {...first.diagnosis, cause: 'filter-drop' as const, pairs: ['pod1 -> pod3']}}
  const stages = [{stage: 1, title: 'x', checks: []}]
  const both = {...run, diagnosed: [first, second], outcome: {...run.outcome, stages}}
  const store = createStore(await viewOf(documentOf(both)))
  const told = (from: string, to: string) => {
    store.choose(from, to)
    return store.diagnoses.value.map(({cause}) => cause)
  }
  t.deepEqual(told('pod1', 'pod3'), [first.diagnosis.cause, 'filter-drop'])
  t.deepEqual(told('pod2', 'pod3'), [first.diagnosis.cause])
  t.deepEqual(told('pod1', 'pod2'), [])
  store.go(1)
  t.deepEqual(told('pod1', 'pod3'), [])
})

test('of a run that was cut short the lines that had not ended are told, each as often as it is declared', (t) => {
  const step = (command: string) => ({node: 'node1', command})
  const stages = [
    {title: 'one', steps: [step('true'), step('true')]},
    {title: 'two', steps: [step('sleep 1'), step('true'), step('sleep 1')]},
  ]
  const ran = (...commands: readonly string[]) => commands.map((command) => step(command) as CommandDocument)
  const undone = (one: readonly CommandDocument[], two: readonly CommandDocument[]) =>
    undoneOf(
      stages as unknown as Parameters<typeof undoneOf>[0],
      new Map([
        [1, one],
        [2, two],
      ]),
    )
  t.like(undone(ran('true'), []), {number: 1, steps: [step('true')]})
  t.like(undone(ran('true', 'true'), ran('true', 'sleep 1')), {number: 2, title: 'two', steps: [step('sleep 1')]})
  t.is(undone(ran('true', 'true'), ran('sleep 1', 'true', 'sleep 1')), undefined)
})
