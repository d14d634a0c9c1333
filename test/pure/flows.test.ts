// What flow switches say of a packet, what is known of the switches, and what is known of programs.
import {readFileSync} from 'node:fs'
import test from 'ava'
import {entryFor, programsFrom} from '../../harness/facts/programs.ts'
import {switchesFrom, switchOf} from '../../harness/facts/switches.ts'
import {answerFrom} from '../../harness/trace/flows.ts'

const recorded = (name: string) => readFileSync(new URL(`../../fixtures/recorded/${name}`, import.meta.url), 'utf8')
const said = (name: string) => answerFrom(recorded(`flows/${name}.txt`))

test('a packet is routed by flows, put into a tunnel of the switch, and leaves by the device below', (t) => {
  const answer = said('geneve')
  t.is(answer?.outputs.length, 1)
  t.like(answer?.outputs[0], {
    device: 'eth0',
    source: '0a:00:00:00:02:01',
    destination: '0a:00:00:00:02:02',
    ttl: 63,
    tunnel: {source: '192.168.1.11', destination: '192.168.1.12', port: 6081, vni: 2, option: '0x10002', bytes: 58},
  })
  t.false(answer?.controller)
})

test('of several looks into the connections the last one counts', (t) => {
  t.is(recorded('flows/geneve.txt').match(/^Datapath actions: /gm)?.length, 2)
  t.is(answerFrom(recorded('flows/geneve.txt').split('=====')[0] ?? '')?.outputs.length, 0)
})

test('what comes out of a tunnel goes to its pod; the tunnel’s own packet is taken out', (t) => {
  t.deepEqual(said('from-tunnel')?.outputs, [{device: 'veth-pod3'}])
  t.like(said('tunnel-end'), {ends: 'genev_sys_6081', outputs: []})
})

test('a question for an address is answered by a flow, or handed to the controller', (t) => {
  t.like(said('arp-answered')?.outputs[0], {device: 'veth-pod1', answer: '0a:00:00:00:01:01'})
  t.like(said('controller'), {controller: true, outputs: []})
  t.false(said('arp-answered')?.controller)
})

test('a flow that drops is told from none that matches, and from one for whatever no other matched', (t) => {
  t.deepEqual(said('acl-drop')?.last, {
    words: 'br-int table=16 priority=2001,ip,reg0=0x200/0x200,metadata=0x1,nw_src=10.244.1.3,nw_dst=10.244.2.2',
    drops: true,
    remarks: [],
  })
  t.deepEqual(said('no-match')?.last, {words: 'sw table=2', drops: false, remarks: []})
  t.like(said('no-route')?.last, {words: 'br-int table=21 priority=0,metadata=0x4', drops: false})
})

test('a group shares out by a hash: without one no bucket is told', (t) => {
  t.is(said('group')?.outputs[0]?.device, 'up2')
  t.deepEqual(said('shared-out')?.outputs, [])
  t.deepEqual(said('shared-out')?.last?.remarks, ['no live bucket'])
})

test('what is refused is no answer', (t) => {
  t.is(answerFrom('ovs-vswitchd is not running\novs-appctl: cannot connect\n'), undefined)
})

test('a switch’s database gives its ports, their kinds and ends, and its controllers', (t) => {
  const switches = switchesFrom(recorded('flows/br-int.vsctl.txt').trim().split('\n'))
  t.deepEqual(switches.map(({bridge}) => bridge).sort(), ['br-int', 'br-phy'])
  t.deepEqual(switchOf(switches, 'veth-pod1')?.bridge, 'br-int')
  t.like(
    switches.flatMap(({ports}) => ports).find(({name}) => name === 'ovn-node2-0'),
    {type: 'geneve', remote: '192.168.1.12'},
  )
  t.is(switches.flatMap(({ports}) => ports).find(({name}) => name === 'mp1')?.type, 'internal')
  t.is(switchOf(switches, 'eth1'), undefined)
  const [sw] = switchesFrom(recorded('flows/sw.vsctl.txt').trim().split('\n'))
  t.like(sw, {bridge: 'sw', secure: true, controllers: [{target: 'tcp:172.31.0.110:6653', connected: true}]})
  t.deepEqual(switchesFrom(['!ovs-vsctl 1']), [])
})

test('a program’s maps are looked up by address: exactly, or by the longest prefix', (t) => {
  const [program] = programsFrom(recorded('programs.txt').trim().split('\n'))
  t.is(program?.name, 'from_pod')
  const map = (name: string) => program?.maps.find((each) => each.name === name)
  const [pods, nodes] = [map('pods'), map('nodes')]
  if (!pods || !nodes) return t.fail('the maps are there')
  t.is(nodes.pinned, '/run/cilium/bpf/nodes')
  t.deepEqual(entryFor(pods, '10.244.1.2')?.value.slice(0, 4), ['0x65', '0x00', '0x00', '0x00'])
  t.is(entryFor(pods, '10.244.2.2'), undefined)
  t.deepEqual(entryFor(nodes, '10.244.2.2')?.key.slice(0, 1), ['0x18'])
  t.deepEqual(entryFor(nodes, '192.168.1.12')?.key.slice(0, 1), ['0x20'])
  t.is(entryFor(nodes, '10.245.0.1'), undefined)
})
