// A path through a tunnel: beside the way of the packet stands the way of what carries it, in the trace, its text, its document and
// the picture.
import test from 'ava'
import {bothWays} from '../../harness/both-ways.ts'
import type {Facts, LinkFacts} from '../../harness/facts/facts.ts'
import type {Place} from '../../harness/model.ts'
import {carriedBy, passedBy, stepsOf} from '../../harness/page/path.ts'
import {traceJson, tracesText} from '../../harness/report/trace.ts'
import {traceTo} from '../../harness/trace.ts'
import {mistakesIn} from '../kernel/tools/schema.ts'
import {link, namespace, route} from '../tools/facts.ts'

const place = (name: string, address: string): Place => ({name, kind: 'node', node: name, netns: undefined, address, addresses: [address]})
const PLACES = [place('node1', '192.168.1.11'), place('node2', '192.168.1.12')]
const mac = (number: number) => `0a:58:0a:f4:0${number}:00`

/** Flannel's VXLAN on two nodes, whose bridges stand for pods. */
function flannel({up}: Pick<LinkFacts, 'up'> = {up: true}, entries = true): Facts {
  return new Map(
    [1, 2].map((number) => {
      const other = 3 - number
      const links = [
        link('eth0', {kind: 'veth', addresses: [`192.168.1.1${number}/24`], up: up || number === 1}),
        link('flannel.1', {
          kind: 'vxlan',
          mac: mac(number),
          mtu: 1450,
          addresses: [`10.244.${number}.0/32`],
          vxlan: {id: 1, port: 8472, learning: false, local: `192.168.1.1${number}`},
        }),
        link('cni0', {kind: 'bridge', addresses: [`10.244.${number}.1/24`]}),
      ]
      const routes = [
        route('192.168.1.0/24', {dev: 'eth0'}),
        route(`10.244.${other}.0/24`, {via: `10.244.${other}.0`, dev: 'flannel.1'}),
        route(`10.244.${number}.0/24`, {dev: 'cni0'}),
      ]
      const neighbours = [{address: `10.244.${other}.0`, dev: 'flannel.1', mac: mac(other), state: 'PERMANENT', proxy: false}]
      const fdb = [{mac: mac(other), dev: 'flannel.1', remote: `192.168.1.1${other}`, permanent: true, local: false}]
      return [`node${number}`, namespace(links, routes, {neighbours, fdb: entries ? fdb : []})]
    }),
  )
}

const waysIn = (facts: Facts) =>
  bothWays(facts, PLACES, {from: 'node1', to: 'node2', address: '10.244.2.1'}, {protocol: 'icmp', size: 'small', mtu: 1450})
const exchange = (facts: Facts) => ({ways: waysIn(facts), probe: undefined, conflicts: []})
const plain = (_: unknown, text: string) => text
const steps = (facts: Facts) => {
  const {forward} = waysIn(facts)
  const world = {facts, places: PLACES}
  return stepsOf(passedBy(world, forward), carriedBy(world, forward))
}

test('a hop through a tunnel has the neighbour and the entry that decided it, and the way of its UDP packets', (t) => {
  const [first] = traceTo(flannel(), PLACES, 'node1', '10.244.2.1').hops
  t.deepEqual(first?.neighbour, {address: '10.244.2.0', mac: mac(2), state: 'PERMANENT'})
  const [tunnel, ...others] = first?.tunnels ?? []
  t.deepEqual(others, [])
  t.deepEqual(
    [tunnel?.from, tunnel?.to, tunnel?.destination, tunnel?.entry],
    [{place: 'node1', dev: 'flannel.1'}, {place: 'node2', dev: 'flannel.1'}, '192.168.1.12', `${mac(2)} dev flannel.1 dst 192.168.1.12`],
  )
  t.is(tunnel?.outer.ended, 'delivered')
  t.deepEqual(
    tunnel?.outer.hops.map(({place, route}) => [place, route]),
    [
      ['node1', '192.168.1.0/24 dev eth0'],
      ['node2', undefined],
    ],
  )
  // Without an entry there is nothing that it could be put into.
  const [lost] = traceTo(flannel({up: true}, false), PLACES, 'node1', '10.244.2.1').hops
  t.deepEqual([lost?.neighbour?.state, lost?.tunnels], ['PERMANENT', undefined])
})

test('as text it stands below its hop; where it is stopped it is told how far it got, and once why', (t) => {
  t.is(
    tracesText({lab: 'x', exchanges: [exchange(flannel())]}, plain),
    `predicted from the facts, icmp, 84 bytes: reaches
  forward  10.244.1.0 -> 10.244.2.1   delivered
    node1  10.244.2.0/24 via 10.244.2.0 dev flannel.1
           in flannel.1  192.168.1.11 -> 192.168.1.12   delivered
             node1  192.168.1.0/24 dev eth0
             node2  holds 192.168.1.12
    node2  holds 10.244.2.1
  return   10.244.2.1 -> 10.244.1.0   delivered
    node2  10.244.1.0/24 via 10.244.1.0 dev flannel.1
           in flannel.1  192.168.1.12 -> 192.168.1.11   delivered
             node2  192.168.1.0/24 dev eth0
             node1  holds 192.168.1.11
    node1  holds 10.244.1.0
observed, icmp, small packet: nothing`,
  )
  const stopped = tracesText({lab: 'x', exchanges: [exchange(flannel({up: false}))]}, plain)
  t.is(
    stopped,
    `predicted from the facts, icmp, 84 bytes: does not reach
  forward  10.244.1.0 -> 10.244.2.1   interface down at node2
    node1  10.244.2.0/24 via 10.244.2.0 dev flannel.1
           in flannel.1  192.168.1.11 -> 192.168.1.12   interface down at node2
             node1  192.168.1.0/24 dev eth0
    node2  eth0 is down at node2
observed, icmp, small packet: nothing`,
  )
})

test('as a document it fits its schema, and not without the way', (t) => {
  const json = JSON.parse(JSON.stringify(traceJson({lab: 'x', exchanges: [exchange(flannel())]})))
  t.deepEqual(mistakesIn(json, 'trace'), [])
  const [tunnel] = json.exchanges[0].predicted.forward.hops[0].tunnels
  t.is(tunnel.outer.hops[0].route, '192.168.1.0/24 dev eth0')
  delete tunnel.outer
  t.not(mistakesIn(json, 'trace').length, 0)
})

test('in the picture the tunnel is passed, and the underlay below it; where that is stopped, as far as it gets', (t) => {
  const {ids, routed} = steps(flannel())
  t.deepEqual([...ids].filter((id) => !id.includes('\n')).sort(), [
    'node1 eth0',
    'node1 flannel.1',
    'node2 eth0',
    'node2 flannel.1',
    'underlay',
  ])
  t.true(ids.has('node1 flannel.1\nnode2 flannel.1'))
  t.deepEqual(routed, [
    ['node1 flannel.1', 'node1 eth0'],
    ['node2 eth0', 'node2 flannel.1'],
  ])
  const stopped = steps(flannel({up: false}))
  t.deepEqual([stopped.routed, stopped.last], [[['node1 flannel.1', 'node1 eth0']], 'node1 eth0'])
})
