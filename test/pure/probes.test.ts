// From recorded rows to probes: what each side used and saw, and nothing that was not observed.
import test from 'ava'
import {PACKET_SIZES, PROTOCOLS, type Probe} from '../../harness/model.ts'
import {readProbes} from '../../harness/probe/read.ts'
import type {Row} from '../../harness/probe/rows.ts'
import {MTU, PLACES, recordedProbes, recordedRows} from '../tools/recorded.ts'

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
    PLACES,
    MTU,
  )
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
    else t.deepEqual([answered, error], [null, 'pod3 has no namespace (ENOENT)'])
  }
})

test('what concerns a node that was lost was not observed, even where its rows were half there', (t) => {
  const lost: Row = {node: 'node2', kind: 'lost', fields: ['the probe ended with 137']}
  const rows = recordedRows('healthy').filter(({node}) => node !== 'node2')
  for (const {from, to, answered, error} of readProbes([...rows, lost], PLACES, MTU)) {
    const its = [from, to].some((name) => name === 'node2' || name === 'pod3')
    if (!its) t.true(answered)
    else if (answered !== true) t.deepEqual([answered, error], [null, 'node2: the probe ended with 137'])
  }
})

test('without any row nothing was observed', (t) => {
  t.true(readProbes([], PLACES, MTU).every(({answered, error}) => answered === null && error === 'no result'))
})

test('a place where nothing could listen was not observed, for that protocol alone', (t) => {
  const deaf: Row = {node: 'node1', kind: 'deaf', fields: ['pod1', 'udp', 'EADDRNOTAVAIL']}
  const rows = recordedRows('forwarding-off')
  const probes = readProbes([...rows, {...deaf, fields: ['pod3', 'udp', 'EADDRNOTAVAIL']}], PLACES, MTU)
  t.deepEqual(
    [probe(probes, 'pod1', 'pod3', 'udp').answered, probe(probes, 'pod1', 'pod3', 'udp').error],
    [null, 'nothing could listen at pod3 (EADDRNOTAVAIL)'],
  )
  t.is(probe(probes, 'pod1', 'pod3', 'tcp').answered, false)
})

test('an answer from another place than the one that was meant is no answer', (t) => {
  const probes = changed((row) => {
    const [from, to] = row.fields
    return row.kind === 'tcp' && from === 'pod1' && to === 'pod3'
      ? {...row, fields: row.fields.map((field, index) => (index === 7 ? 'pod4' : field))}
      : row
  })
  t.deepEqual([probe(probes, 'pod1', 'pod3', 'tcp').answered, probe(probes, 'pod1', 'pod3', 'tcp').error], [false, 'answered by pod4'])
  t.true(probe(probes, 'pod1', 'pod4', 'tcp').answered)
})

test('segments smaller than the MTU are no full packets', (t) => {
  const probes = changed((row) => {
    const [from, to] = row.fields
    return row.kind === 'tcp' && from === 'pod1' && to === 'pod3'
      ? {...row, fields: row.fields.map((field, index) => (index === 8 ? '1398' : field))}
      : row
  })
  t.regex(probe(probes, 'pod1', 'pod3', 'tcp', 'full').error ?? '', /1398 bytes.*1448.*1500/)
  t.false(probe(probes, 'pod1', 'pod3', 'tcp', 'full').answered)
  t.true(probe(probes, 'pod1', 'pod3', 'tcp', 'small').answered)
})

test('an audit that could not be read leaves the pings answered and unseen', (t) => {
  for (const broken of ['', '{"nftables": [', 'nft: not found']) {
    const probes = changed((row) => (row.kind === 'audit' && row.fields[0] === 'pod3' ? {...row, fields: ['pod3', broken]} : row))
    const {answered, request} = probe(probes, 'pod1', 'pod3')
    t.deepEqual([answered, request.seen], [true, undefined])
    t.true(request.sent !== undefined)
  }
})
