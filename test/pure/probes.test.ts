// From recorded rows to probes: what each side used and saw, and nothing that was not observed.
import test from 'ava'
import {PACKET_SIZES, type Place, PROTOCOLS, type Probe} from '../../harness/model.ts'
import {allPairs} from '../../harness/probe/probe.ts'
import {readProbes} from '../../harness/probe/read.ts'
import type {Row} from '../../harness/probe/rows.ts'
import {PLACES, PROBED, recordedProbes, recordedRows} from '../tools/recorded.ts'

function probe(
  probes: readonly Probe[],
  from: string,
  to: string,
  protocol: Probe['protocol'] = 'icmp',
  size: Probe['size'] = 'small',
): Probe {
  const found = probes.find((each) => each.from === from && each.to === to && each.protocol === protocol && each.size === size)
  if (!found) throw new Error(`no probe ${from} ${to} ${protocol} ${size}`)
  return found
}

/** The recorded rows with some left out or changed; a function that gives nothing leaves a row out. */
function changed(change: (row: Row) => Row | undefined): Probe[] {
  return readProbes(
    recordedRows('healthy').flatMap((row) => change(row) ?? []),
    PROBED,
  )
}

/** The number by which rows tell of a pair. */
function numberOf(from: string, to: string): string {
  return String(PROBED.pairs.findIndex((pair) => pair.from === from && pair.to === to))
}

/** Whether a row is of pod1's exchange with pod3, of this kind. */
function isPod1ToPod3({kind, fields}: Row, which: 'heard' | 'result', protocol: string): boolean {
  const [number, of] = which === 'heard' ? [fields[2], fields[1]] : [fields[0], fields[1]]
  return kind === which && of === protocol && number === numberOf('pod1', 'pod3')
}

function withField(row: Row, index: number, value: string): Row {
  return {...row, fields: row.fields.map((field, at) => (at === index ? value : field))}
}

test('every ordered pair of places has a probe for each protocol and size', (t) => {
  const probes = recordedProbes('healthy')
  const names = new Set(probes.map(({from, to, protocol, size}) => `${from} ${to} ${protocol} ${size}`))
  t.is(names.size, PLACES.length * (PLACES.length - 1) * PROTOCOLS.length * PACKET_SIZES.length)
  t.is(probes.length, names.size)
  t.false(probes.some(({from, to}) => from === to))
})

test('a healthy lab answers everything, and every side saw what the other used', (t) => {
  for (const {answered, error, request, reply, from, to, rtt} of recordedProbes('healthy')) {
    t.deepEqual([answered, error], [true, undefined])
    t.deepEqual([request.seen, request.seenAt], [request.sent, to])
    t.deepEqual([reply.seen, reply.seenAt], [reply.sent, from])
    t.true(request.sent !== undefined && reply.sent !== undefined && rtt !== undefined && rtt >= 0)
  }
})

test('the time to live that arrived tells the hops', (t) => {
  const probes = recordedProbes('healthy')
  t.is(probe(probes, 'pod1', 'pod2').ttl, 64)
  t.is(probe(probes, 'pod1', 'pod3').ttl, 62)
  t.is(probe(probes, 'pod1', 'node2').ttl, 63)
})

test('a masqueraded request is answered, and its receiver saw another source', (t) => {
  for (const protocol of PROTOCOLS) {
    const {answered, request, reply} = probe(recordedProbes('masquerade'), 'pod1', 'pod3', protocol)
    t.true(answered)
    t.deepEqual([request.sent?.source, request.seen?.source, request.seenAt], ['10.244.1.2', '192.168.1.11', 'pod3'])
    t.deepEqual([reply.sent?.destination, reply.seen?.destination], ['192.168.1.11', '10.244.1.2'])
  }
})

test('where forwarding is off a request leaves, nobody sees it, and nobody answers', (t) => {
  for (const protocol of PROTOCOLS) {
    const {answered, error, request, reply} = probe(recordedProbes('forwarding-off'), 'pod1', 'pod3', protocol)
    t.deepEqual([answered, error], [false, 'no-answer'])
    t.is(request.seen, undefined)
    t.deepEqual(reply, {})
  }
})

test('what concerns a pod without its namespace was not observed', (t) => {
  const probes = recordedProbes('no-namespace')
  for (const {from, to, answered, error} of probes) {
    if (from !== 'pod3' && to !== 'pod3') t.true(answered)
    else t.deepEqual([answered, error], [null, 'pod3 has no namespace: pod-missing (ENOENT)'])
  }
})

test('what concerns a node that was lost was not observed, even where its rows were half there', (t) => {
  const lost: Row = {node: 'node2', kind: 'lost', fields: ['the probe ended with 137']}
  const rows = recordedRows('healthy').filter(({node}) => node !== 'node2')
  for (const {from, to, answered, error} of readProbes([...rows, lost], PROBED)) {
    const its = [from, to].some((name) => name === 'node2' || name === 'pod3')
    if (!its) t.true(answered)
    else if (answered !== true) t.deepEqual([answered, error], [null, 'node2: the probe ended with 137'])
  }
})

test('without any row nothing was observed', (t) => {
  t.true(readProbes([], PROBED).every(({answered, error}) => answered === null && error === 'no result'))
})

test('a place where nothing could listen was not observed, for that protocol and family alone', (t) => {
  const rows = recordedRows('forwarding-off')
  const deaf = (family: string): Row => ({node: 'node2', kind: 'deaf', fields: ['pod3', 'udp', family, 'EADDRINUSE']})
  const probes = readProbes([...rows, deaf('4')], PROBED)
  t.deepEqual(
    [probe(probes, 'pod1', 'pod3', 'udp').answered, probe(probes, 'pod1', 'pod3', 'udp').error],
    [null, 'nothing could listen at pod3 (EADDRINUSE)'],
  )
  t.is(probe(probes, 'pod1', 'pod3', 'tcp').answered, false)
  t.is(probe(readProbes([...rows, deaf('6')], PROBED), 'pod1', 'pod3', 'udp').answered, false)
})

test('an answer from another place than the one that was meant is no answer', (t) => {
  const probes = changed((row) => (isPod1ToPod3(row, 'result', 'tcp') ? withField(row, 8, 'pod4') : row))
  t.deepEqual([probe(probes, 'pod1', 'pod3', 'tcp').answered, probe(probes, 'pod1', 'pod3', 'tcp').error], [false, 'answered by pod4'])
  t.true(probe(probes, 'pod1', 'pod4', 'tcp').answered)
})

test('a ping is answered by the place that saw it', (t) => {
  const probes = changed((row) => (isPod1ToPod3(row, 'heard', 'icmp') ? withField(row, 0, 'pod4') : row))
  const {answered, error, request} = probe(probes, 'pod1', 'pod3')
  t.deepEqual([answered, error, request.seenAt], [false, 'answered by pod4', 'pod4'])
  t.true(probe(probes, 'pod1', 'pod4').answered)
})

test('a ping that was answered and that nobody saw: its place did not answer, unless it could not take in all that it heard', (t) => {
  const unseen = (row: Row) => (isPod1ToPod3(row, 'heard', 'icmp') ? undefined : row)
  const {answered, error, request} = probe(changed(unseen), 'pod1', 'pod3')
  t.deepEqual([answered, error, request.seen], [false, 'answered, but pod3 saw no request', undefined])
  const rows = recordedRows('healthy').flatMap((row) => unseen(row) ?? [])
  const overrun: Row = {node: 'node2', kind: 'overrun', fields: ['pod3', '7']}
  const {answered: known, error: why} = probe(readProbes([...rows, overrun], PROBED), 'pod1', 'pod3')
  t.deepEqual([known, why], [null, 'pod3 could not take in all that it heard'])
})

test('a refusal and an ICMP error are told as the agent told them', (t) => {
  for (const outcome of ['ENETUNREACH', 'net-unreachable from 10.244.1.1']) {
    const probes = changed((row) => (isPod1ToPod3(row, 'result', 'icmp') ? withField(row, 3, outcome) : row))
    t.deepEqual([probe(probes, 'pod1', 'pod3').answered, probe(probes, 'pod1', 'pod3').error], [false, outcome])
  }
})

test('segments smaller than the MTU are no full packets, and a router that said so is named', (t) => {
  const smaller = (note: string) =>
    changed((row) => (isPod1ToPod3(row, 'result', 'tcp') ? withField(withField(row, 9, '1398'), 10, note) : row))
  const probes = smaller('-')
  t.is(probe(probes, 'pod1', 'pod3', 'tcp', 'full').error, 'segments of at most 1398 bytes, where 1448 fit the MTU of 1500')
  t.false(probe(probes, 'pod1', 'pod3', 'tcp', 'full').answered)
  t.true(probe(probes, 'pod1', 'pod3', 'tcp', 'small').answered)
  t.regex(
    probe(smaller('frag-needed 1450 from 10.244.1.1'), 'pod1', 'pod3', 'tcp', 'full').error ?? '',
    / \(frag-needed 1450 from 10\.244\.1\.1\)$/,
  )
})

test('whoever answers at an address that nobody is meant to have is told', (t) => {
  const pairs = [...PROBED.pairs]
  pairs[Number(numberOf('pod1', 'pod3'))] = {from: 'pod1', to: '10.244.2.2', address: '10.244.2.2'}
  const probes = readProbes(recordedRows('healthy'), {...PROBED, pairs})
  for (const protocol of PROTOCOLS) {
    const {answered, error} = probe(probes, 'pod1', '10.244.2.2', protocol)
    t.deepEqual([answered, error], [false, 'answered by pod3'])
  }
})

test('pairs: every two places, for each address of a family that both have', (t) => {
  const place = (name: string, ...addresses: string[]): Place => ({
    ...{name, kind: 'pod', node: 'node1', netns: name},
    ...{address: addresses[0] ?? '', addresses},
  })
  const places = [place('both', '10.244.1.2', 'fd00::2'), place('four', '10.244.1.3'), place('six', 'fd00::4')]
  t.deepEqual(allPairs(places), [
    {from: 'both', to: 'four', address: '10.244.1.3'},
    {from: 'both', to: 'six', address: 'fd00::4'},
    {from: 'four', to: 'both', address: '10.244.1.2'},
    {from: 'six', to: 'both', address: 'fd00::2'},
  ])
  t.is(PROBED.pairs.length, PLACES.length * (PLACES.length - 1))
})

test('one size alone is one probe for each pair and protocol', (t) => {
  const probes = readProbes(recordedRows('healthy'), {...PROBED, sizes: ['small']})
  t.is(probes.length, PROBED.pairs.length * PROTOCOLS.length)
  t.true(probes.every(({size, answered}) => size === 'small' && answered === true))
})
