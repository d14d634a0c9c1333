// The course's net-script.sh on a node with nothing but a bridge.
import {readFileSync} from 'node:fs'
import {type BareNode, bareNode} from './tools/bare-node.ts'
import {LOCAL, onEach, type Runner} from './tools/runners.ts'

const NET_SCRIPT = readFileSync(new URL('../../fixtures/net-script/net-script.sh', import.meta.url), 'utf8')

async function node(runner: Runner): Promise<BareNode> {
  const bare = await bareNode(runner)
  await bare.put('net-script.sh', NET_SCRIPT)
  return bare
}

/** The addresses that host-local has given, the interfaces on the node. Both are what a failure could leave behind. */
async function left(on: BareNode): Promise<{addresses: string[]; interfaces: string[]}> {
  const addresses = await on.type("find /run/podwire/addresses -name '[0-9]*' -printf '%f\\n' 2>/dev/null || :")
  const links: {ifname: string}[] = JSON.parse(await on.type('ip -j link'))
  return {
    addresses: addresses.split('\n').filter(Boolean).sort(),
    interfaces: links.map(({ifname}) => ifname).filter((name) => name !== 'lo' && name !== 'v-net-0'),
  }
}

const NOTHING = {addresses: [], interfaces: []}

onEach(LOCAL, 'net-script: add wires two containers, and each reaches the other through the bridge', async (t, runner) => {
  await using on = await node(runner)
  await on.type('ip netns add pod1; ip netns add pod2')
  t.is(await on.type('./net-script.sh add pod1 pod1'), 'pod1 has 10.244.1.2/24 on v-net-0\n')
  t.is(await on.type('./net-script.sh add pod2 pod2'), 'pod2 has 10.244.1.3/24 on v-net-0\n')
  await on.type('ip netns exec pod1 ping -c 1 -W 2 10.244.1.3; ip netns exec pod2 ping -c 1 -W 2 10.244.1.2')
  await on.type('ip netns exec pod1 ping -c 1 -W 2 10.244.1.1')
  t.like(JSON.parse(await on.type('ip -n pod1 -j route show default'))[0], {gateway: '10.244.1.1', dev: 'veth-pod1'})
  t.deepEqual(await left(on), {addresses: ['10.244.1.2', '10.244.1.3'], interfaces: ['veth-pod1-br', 'veth-pod2-br']})

  // The twin: the course's sketch never brings up the host's end.
  await on.type('ip link set veth-pod2-br down')
  t.is((await on.run('ip netns exec pod1 ping -c 1 -W 1 10.244.1.3')).code, 1)
})

onEach(LOCAL, 'net-script: del takes the cable and the address, once, again, and after the namespace is gone', async (t, runner) => {
  await using on = await node(runner)
  await on.type('ip netns add pod1; ip netns add pod2; ./net-script.sh add pod1 pod1; ./net-script.sh add pod2 pod2')
  t.is(await on.type('./net-script.sh del pod1 pod1'), '')
  t.deepEqual(await left(on), {addresses: ['10.244.1.3'], interfaces: ['veth-pod2-br']})
  t.is(await on.type('ip -n pod1 -o link show type veth'), '')
  t.is(await on.type('./net-script.sh del pod1 pod1'), '')
  t.deepEqual(await left(on), {addresses: ['10.244.1.3'], interfaces: ['veth-pod2-br']})
  await on.type('ip netns del pod2; ./net-script.sh del pod2 pod2')
  t.deepEqual(await left(on), NOTHING)
  t.regex(await on.type('./net-script.sh add pod1 pod1'), /^pod1 has 10\.244\.1\.4\/24/) // host-local goes round its range
})

onEach(LOCAL, 'net-script: a container with a long name, a namespace by its path', async (t, runner) => {
  await using on = await node(runner)
  const container = '4b7d1c0e9f8a'.repeat(5)
  await on.type(`
    exec 3< <(exec unshare --net bash -c 'echo; exec sleep 100')
    pid=$!
    read -r <&3
    ./net-script.sh add ${container} /proc/$pid/ns/net
    ip netns add pod2
    ./net-script.sh add pod2 /run/netns/pod2
    ip netns exec pod2 ping -c 1 -W 2 10.244.1.2
    kill $pid`)
  const {interfaces} = await left(on)
  t.true(
    interfaces.every((name) => /^veth-([0-9a-f]{7}|pod2)-br$/.test(name)),
    interfaces.join(),
  )
  await on.type(`./net-script.sh del ${container} gone; ./net-script.sh del pod2 pod2`)
  t.deepEqual(await left(on), NOTHING)
})

onEach(LOCAL, 'net-script: each mistake is told, and none leaves anything behind', async (t, runner) => {
  await using on = await node(runner)
  await on.type('ip netns add pod1')
  for (const [line, code, says] of [
    ['./net-script.sh', 2, 'usage'],
    ['./net-script.sh add pod1', 2, 'usage'],
    ['./net-script.sh replace pod1 pod1', 2, "'replace' is neither add nor del"],
    ['./net-script.sh add ../pod1 pod1', 2, "'../pod1' is no name for a container"],
    ['./net-script.sh add pod1 pod9', 1, "there is no namespace 'pod9'"],
    ['./net-script.sh add pod1 /proc/self/ns/net', 1, "the node's own namespace"],
    ['BRIDGE=br9 ./net-script.sh add pod1 pod1', 1, "this node has no bridge 'br9'"],
    ['BRIDGE=lo ./net-script.sh add pod1 pod1', 1, "this node has no bridge 'lo'"],
    ['SUBNET=10.244.1.0 ./net-script.sh add pod1 pod1', 1, "no address for 'pod1': invalid CIDR"],
    ['GATEWAY=10.9.9.9 ./net-script.sh add pod1 pod1', 2, 'invalid gateway'],
  ] as const) {
    const {code: exit, stdout, stderr} = await on.run(line)
    t.is(exit, code, `${line}\n${stderr}`)
    t.true(stderr.includes(says), `${line}\n${stderr}`)
    t.is(stdout, '', line)
    t.deepEqual(await left(on), NOTHING, line)
  }
  await on.type('./net-script.sh add pod1 pod1') // nothing stands in its way
})

onEach(LOCAL, 'net-script: a second add of the same container is refused and takes nothing from the first', async (t, runner) => {
  await using on = await node(runner)
  await on.type('ip netns add pod1; ./net-script.sh add pod1 pod1')
  const before = await left(on)
  const {code, stderr} = await on.run('./net-script.sh add pod1 pod1')
  t.is(code, 1)
  t.is(stderr, "net-script: 'pod1' is added already\n")
  t.deepEqual(await left(on), before)
  await on.type('ip netns exec pod1 ping -c 1 -W 2 10.244.1.1')
})

onEach(LOCAL, 'net-script: a step that the kernel refuses half way, and a full subnet, undo the steps before', async (t, runner) => {
  await using on = await node(runner)
  await on.type('ip netns add pod1; ip netns add pod2; ip netns add pod3')
  await on.type('ip -n pod1 link add veth-pod1 type bridge') // the container has the name already: the second step
  t.not((await on.run('./net-script.sh add pod1 pod1')).code, 0)
  t.deepEqual(await left(on), NOTHING)
  await on.type('ip -n pod1 link del veth-pod1; ip -n pod1 link add other type bridge; ip -n pod1 link set other up')
  await on.type('ip -n pod1 route add default dev other') // the last step
  t.not((await on.run('./net-script.sh add pod1 pod1')).code, 0)
  t.deepEqual(await left(on), NOTHING)

  const tiny = {env: {SUBNET: '10.244.1.0/30'}} // .1 is the bridge's, .2 is all there is
  await on.type('./net-script.sh add pod2 pod2', tiny)
  const {code, stderr} = await on.run('./net-script.sh add pod3 pod3', tiny)
  t.is(code, 1)
  t.true(stderr.includes('no IP addresses available in range set: 10.244.1.1-10.244.1.2'), stderr)
  t.deepEqual(await left(on), {addresses: ['10.244.1.2'], interfaces: ['veth-pod2-br']})
})

onEach(LOCAL, 'net-script: many adds side by side get an address each', async (t, runner) => {
  await using on = await node(runner)
  await on.type(`
    for pod in p1 p2 p3 p4 p5 p6 p7 p8; do ip netns add $pod; done
    adds=()
    for pod in p1 p2 p3 p4 p5 p6 p7 p8; do ./net-script.sh add $pod $pod & adds+=($!); done
    for add in "\${adds[@]}"; do wait $add || exit; done`)
  const {addresses, interfaces} = await left(on)
  t.is(addresses.length, 8)
  t.is(interfaces.length, 8)
  await on.type('fping -q $(seq -f 10.244.1.%g 2 9)')
})

onEach(LOCAL, 'net-script: an add that is ended half way undoes its steps; after one that is killed, del does', async (t, runner) => {
  await using on = await node(runner)
  // An allocator that has given the address and does not come back; its name comes first in PATH.
  await on.put(
    'slow/host-local',
    '#!/bin/bash\n/usr/lib/cni/host-local\n[ $CNI_COMMAND != ADD ] || { echo >/run/podwire/given; exec sleep 2; }\n',
  )
  await on.type('ip netns add pod1')
  const ended = (signal: string) => `
    PATH=/run/podwire/slow:$PATH ./net-script.sh add pod1 pod1 &
    until [ -e given ]; do sleep 0.02; done
    rm given
    kill -${signal} $!
    wait $!
    [ $? != 0 ]`
  await on.type(ended('TERM'))
  t.deepEqual(await left(on), NOTHING)
  await on.type(ended('KILL'))
  t.deepEqual(await left(on), {addresses: ['10.244.1.3'], interfaces: ['veth-pod1-br']}) // the twin: nobody undid these
  await on.type('./net-script.sh del pod1 pod1')
  t.deepEqual(await left(on), NOTHING)
})
