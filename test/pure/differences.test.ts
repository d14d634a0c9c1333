// What counts as a change since the lab worked, and whom it concerns.
import test from 'ava'
import {concerns} from '../../harness/diagnose/concerns.ts'
import {differences} from '../../harness/diagnose/difference.ts'
import type {Difference} from '../../harness/diagnose/differences/change.ts'
import type {DrawnFacts} from '../../harness/facts/drawing.ts'
import type {Facts, LinkFacts, NamespaceFacts} from '../../harness/facts/facts.ts'
import type {Place} from '../../harness/model.ts'
import {link, namespace} from '../tools/facts.ts'

const node = (name: string, address: string): Place => ({kind: 'node', name, node: name, netns: undefined, address, addresses: [address]})
const pod = (name: string, on: string, address: string): Place => ({...node(name, address), kind: 'pod', node: on, netns: name})
const PLACES = [
  node('node1', '192.168.1.11'),
  node('node2', '192.168.1.12'),
  pod('pod1', 'node1', '10.244.1.2'),
  pod('pod3', 'node2', '10.244.2.2'),
]

/** node2 with one device, and node1 with what it knows. */
function facts(device: LinkFacts, known: Partial<NamespaceFacts> = {}): Facts {
  return new Map([
    ['node1', namespace([], [], known)],
    ['node2', namespace([device], [])],
  ])
}

function seen(was: LinkFacts, is: LinkFacts, known: Partial<NamespaceFacts> = {}): string[] {
  return differences(facts(was, known), facts(is, known), PLACES.slice(0, 2)).map(({cause, object}) => `${cause} ${object}`)
}

test('a link-local address that the kernel made up for a device goes with that device, and not by itself', (t) => {
  const tun = (index: number, ...own: readonly string[]): LinkFacts => {
    const made = link('flannel0', {kind: 'tun', mac: '', index, addresses: ['10.244.2.0/32']})
    const addresses = own.map((address) => ({address, prefixLength: 64, scope: 'link'}))
    return {...made, addresses: [...made.addresses, ...addresses]}
  }
  t.deepEqual(seen(tun(7, 'fe80::1'), tun(9, 'fe80::2')), [])
  t.deepEqual(seen(tun(7, 'fe80::1'), tun(7, 'fe80::2')), ['address-missing flannel0'])
  t.deepEqual(seen(tun(7, 'fe80::1'), tun(7)), ['address-missing flannel0'])
  t.deepEqual(seen(tun(7, 'fe80::1'), tun(9)), ['address-missing flannel0'])
})

test('a tunnel’s end with another MAC is a fault where somebody has the old one fixed', (t) => {
  const [was, is] = ['0a:58:0a:f4:02:00', '0a:58:0a:f4:02:77'] as const
  const vxlan = (mac: string) => link('flannel.1', {kind: 'vxlan', mac})
  const entry = (state: string) => ({address: '10.244.2.0', dev: 'flannel.1', mac: was, state, proxy: false})
  t.deepEqual(seen(vxlan(was), vxlan(is)), [])
  t.deepEqual(seen(vxlan(was), vxlan(is), {neighbours: [entry('STALE')]}), [])
  t.deepEqual(seen(vxlan(was), vxlan(is), {neighbours: [entry('PERMANENT')]}), [`neighbour-wrong flannel.1 ${is}`])
  const fixed = {mac: was, dev: 'flannel.1', remote: '192.168.1.12', permanent: true, local: false}
  t.deepEqual(seen(vxlan(was), vxlan(is), {fdb: [fixed]}), [`neighbour-wrong flannel.1 ${is}`])
})

test('what is drawn otherwise concerns its own ends, and everybody on a switch where it is a port to a router', (t) => {
  const port = (object: string, settings: string): DrawnFacts => ({object, settings, line: ''})
  const own = (name: string, on: string, address: string) =>
    port(`${on} ${name}`, ` -- lsp-set-addresses ${name} '0a:00:00:00:00:01 ${address}'`)
  const [pod1, pod3] = [own('pod1', 'ls1', '10.244.1.2'), own('pod3', 'ls2', '10.244.2.2')]
  const world = {places: PLACES, mtu: 1500, facts: new Map([['node1', namespace([], [], {drawn: [pod1, pod3]})]])}
  const touched = (change: Partial<Difference>) => {
    const difference = {kind: 'drawn', place: 'node1', ...change} as Difference
    const pairs = [
      ['pod1', 'pod3'],
      ['pod1', 'node1'],
      ['node1', 'node2'],
    ] as const
    return pairs.filter(([from, to]) => concerns(world, {from, to}, difference)).map((pair) => pair.join(' '))
  }
  t.deepEqual(touched({drawn: [pod3, own('pod3', 'ls2', '10.244.2.9')]}), ['pod1 pod3'])
  t.deepEqual(touched({drawn: [own('pod3', 'ls2', '10.244.2.9'), pod1]}), ['pod1 pod3', 'pod1 node1'])
  const router = ' -- lsp-set-type ls2-lr0 router -- lsp-set-addresses ls2-lr0 router -- lsp-set-options ls2-lr0 router-port=lr0-ls2'
  t.deepEqual(touched({drawn: [port('ls2 ls2-lr0', router)]}), ['pod1 pod3'])
  t.deepEqual(touched({drawn: [port('lr0 192.168.1.12 10.244.2.254', '')]}), ['node1 node2'])
  t.deepEqual(touched({drawn: [port('lr0 192.168.1.0/24 10.244.2.254', '')]}), ['pod1 node1', 'node1 node2'])
  // A device that is no port of it any more is at the machine of whoever is behind it.
  t.deepEqual(touched({kind: 'switch', place: 'node2', logical: 'pod3'}), ['pod1 pod3', 'node1 node2'])
  t.is(touched({kind: 'route', place: 'node2'}).length, 3)
})
