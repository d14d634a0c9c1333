// Which devices a frame gets to without being routed, and what keeps it back.
import test from 'ava'
import type {Facts, LinkFacts, NamespaceFacts} from '../../harness/facts/facts.ts'
import type {Place} from '../../harness/model.ts'
import {blockIn, type Port, peerOf, segmentOf, type World} from '../../harness/trace/segment.ts'
import {link, namespace} from '../tools/facts.ts'

const PORT = {state: 'forwarding', isolated: false, hairpin: false, learning: true, flood: true, broadcast: true, multicast: true}

function pod(name: string): Place {
  return {name, kind: 'pod', node: 'node1', netns: name, address: '', addresses: []}
}

function node(name: string): Place {
  return {name, kind: 'node', node: name, netns: undefined, address: '', addresses: []}
}

const PLACES = [pod('pod1'), pod('pod2'), node('node1'), node('node2')]

/** Two pods on a bridge of node1, which is with node2 on the underlay; one device may be changed. */
function world(
  changes: Readonly<Record<string, Partial<LinkFacts>>> = {},
  netnsNames = new Map([1, 2].map((at) => [at, `pod${at}`])),
): World {
  const device = (name: string, index: number, more: Partial<LinkFacts>) => ({...link(name), index, ...more, ...changes[name]})
  const host = (at: number) =>
    device(`veth-pod${at}-br`, 10 + at, {kind: 'veth', master: 'br0', port: PORT, peer: {index: 20 + at, netnsId: at}})
  const inside = (at: number) => namespace([device(`veth-pod${at}`, 20 + at, {kind: 'veth', peer: {index: 10 + at, netnsId: 0}})], [])
  const machine = (links: readonly LinkFacts[]): NamespaceFacts => namespace(links, [], {netnsNames})
  const facts: Facts = new Map([
    ['pod1', inside(1)],
    ['pod2', inside(2)],
    ['node1', machine([device('br0', 5, {kind: 'bridge'}), host(1), host(2), device('eth0', 2, {}), device('br9', 6, {kind: 'bridge'})])],
    ['node2', machine([device('eth0', 2, {})])],
  ])
  return {facts, places: PLACES}
}

function port({facts}: World, place: string, name: string): Port {
  const found = facts.get(place)?.links.find((each) => each.name === name)
  if (!found) throw new Error(`no ${name} at ${place}`)
  return {place, link: found}
}

function reached(from: World, place: string, name: string, lax = false): string[] {
  return segmentOf(from, port(from, place, name), lax).map(({ports}) => `${ports.at(-1)?.place} ${ports.at(-1)?.link.name}`)
}

test('from a pod: its host end, the bridge, the other ports and their pods, but not the underlay', (t) => {
  t.deepEqual(reached(world(), 'pod1', 'veth-pod1'), ['node1 veth-pod1-br', 'node1 br0', 'node1 veth-pod2-br', 'pod2 veth-pod2'])
  t.deepEqual(reached(world(), 'node1', 'eth0'), ['node2 eth0'])
})

test('a way is told device by device', (t) => {
  const way = segmentOf(world(), port(world(), 'pod1', 'veth-pod1')).find(({ports}) => ports.at(-1)?.place === 'pod2')
  t.deepEqual(
    way?.ports.map(({link: {name}}) => name),
    ['veth-pod1', 'veth-pod1-br', 'br0', 'veth-pod2-br', 'veth-pod2'],
  )
})

test('a device that is down, a port that does not forward, a port on another bridge: nothing gets there', (t) => {
  for (const changes of [{up: false}, {port: {...PORT, state: 'listening'}}]) {
    const here = world({'veth-pod2-br': changes})
    t.deepEqual(reached(here, 'pod1', 'veth-pod1'), ['node1 veth-pod1-br', 'node1 br0'])
    t.true(reached(here, 'pod1', 'veth-pod1', true).includes('pod2 veth-pod2'))
  }
  t.deepEqual(reached(world({'veth-pod2-br': {master: 'br9'}}), 'pod1', 'veth-pod1'), ['node1 veth-pod1-br', 'node1 br0'])
  t.deepEqual(reached(world({br0: {up: false}}), 'pod1', 'veth-pod1'), ['node1 veth-pod1-br'])
  t.deepEqual(reached(world({'veth-pod1': {up: false}}), 'pod1', 'veth-pod1'), [])
})

test('two isolated ports do not reach one another, and both reach the bridge', (t) => {
  const isolated = {port: {...PORT, isolated: true}}
  const both = world({'veth-pod1-br': isolated, 'veth-pod2-br': isolated})
  t.deepEqual(reached(both, 'pod1', 'veth-pod1'), ['node1 veth-pod1-br', 'node1 br0'])
  t.true(reached(both, 'node1', 'br0').includes('pod2 veth-pod2'))
  t.true(reached(world({'veth-pod1-br': isolated}), 'pod1', 'veth-pod1').includes('pod2 veth-pod2'))
})

test('what keeps a frame back is named by its device and place', (t) => {
  const blockOn = (changes: Readonly<Record<string, Partial<LinkFacts>>>) => {
    const here = world(changes)
    const way = segmentOf(here, port(here, 'pod1', 'veth-pod1'), true).find(({ports}) => ports.at(-1)?.place === 'pod2')
    const block = blockIn(here, way?.ports ?? [])
    return block && [block.cause, block.at, block.object]
  }
  t.is(blockOn({}), undefined)
  t.deepEqual(blockOn({'veth-pod2-br': {up: false}}), ['peer-down', 'node1', 'veth-pod2-br'])
  t.deepEqual(blockOn({'veth-pod2': {up: false}}), ['interface-down', 'pod2', 'veth-pod2'])
  t.deepEqual(blockOn({br0: {up: false}}), ['bridge-down', 'node1', 'br0'])
  t.deepEqual(blockOn({'veth-pod2-br': {port: {...PORT, state: 'learning'}}}), ['stp-listening', 'node1', 'veth-pod2-br'])
  const isolated = {port: {...PORT, isolated: true}}
  t.deepEqual(blockOn({'veth-pod1-br': isolated, 'veth-pod2-br': isolated}), ['port-isolated', 'node1', 'veth-pod2-br'])
})

test('the other end of a veth pair is in the namespace of that number, and no other', (t) => {
  t.is(peerOf(world(), port(world(), 'node1', 'veth-pod1-br'))?.place, 'pod1')
  t.is(peerOf(world(), port(world(), 'pod2', 'veth-pod2'))?.place, 'node1')
  // The number of pod1's namespace stands for another one: its end is not there.
  const elsewhere = world({}, new Map([[1, 'pod2']]))
  t.is(peerOf(elsewhere, port(elsewhere, 'node1', 'veth-pod1-br')), undefined)
  t.is(peerOf(world(), port(world(), 'node1', 'eth0')), undefined)
})
