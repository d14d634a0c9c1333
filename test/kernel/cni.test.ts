// The CNI plugin podwire-bridge, called as a container runtime calls it, on a node with nothing but a bridge.
import {readFileSync} from 'node:fs'
import type {ExecutionContext} from 'ava'
import {type BareNode, bareNode} from './tools/bare-node.ts'
import {
  answerOf,
  attachment,
  CniError,
  exec,
  type Interface,
  type Network,
  type NetworkList,
  network,
  PLUGINS,
  type Result,
} from './tools/cni-caller.ts'
import {LOCAL, onEach, type Runner} from './tools/runners.ts'

const FOLDER = new URL('../../fixtures/cni/', import.meta.url)
const PLUGIN = readFileSync(new URL('podwire-bridge', FOLDER), 'utf8')
const NODE1: NetworkList = JSON.parse(readFileSync(new URL('node1/10-podwire.conflist', FOLDER), 'utf8'))
const [PODWIRE = {type: ''}] = NODE1.plugins
const IPAM = PODWIRE.ipam as object

/** node1's own list in one version alone, with changes to its plugin. */
function list(cniVersion: string, changes: object = {}): NetworkList {
  return {cniVersion, name: NODE1.name, plugins: [{...PODWIRE, ...changes}]}
}

async function node(runner: Runner, ...containers: readonly string[]): Promise<BareNode> {
  const on = await bareNode(runner)
  await on.put('podwire-bridge', PLUGIN)
  for (const container of containers) await on.type(`ip netns add ${container}`)
  return on
}

/** All that an attachment consists of on the node: host-local's files, our notes, and interfaces. */
async function left(on: BareNode): Promise<{addresses: string[]; notes: string[]; interfaces: string[]}> {
  const files = async (folder: string, name: string) =>
    (await on.type(`find /run/podwire/${folder} -type f -name '${name}' -printf '%f\\n' 2>/dev/null || :`))
      .split('\n')
      .filter(Boolean)
      .sort()
  const links: Link[] = JSON.parse(await on.type('ip -j link'))
  return {
    addresses: await files('addresses', '[0-9]*'),
    notes: await files('attachments', '*'),
    interfaces: links
      .map(({ifname}) => ifname)
      .filter((name) => name !== 'lo' && name !== 'v-net-0')
      .sort(),
  }
}

const NOTHING = {addresses: [], notes: [], interfaces: []}

interface Link {
  readonly ifname: string
  readonly address: string
  readonly mtu: number
  readonly master?: string
  readonly flags: readonly string[]
}

async function linkOf(on: BareNode, {name, sandbox}: Interface): Promise<Link | undefined> {
  return JSON.parse(await on.type(`${sandbox ? `nsenter --net=${sandbox} ` : ''}ip -j link show dev ${name}`))[0]
}

/** The plugin's error, and nothing but an error object of the specification's shape. */
async function refused(t: ExecutionContext, call: Promise<unknown>, code: number, says: string | RegExp): Promise<void> {
  const error = await t.throwsAsync(call, {instanceOf: CniError})
  t.is(error.code, code, error.message)
  t.true(typeof says === 'string' ? error.message.includes(says) : says.test(error.message), error.message)
  t.regex(error.cniVersion ?? '', /^\d+\.\d+\.\d+$/)
}

function callOn(on: BareNode, env: Readonly<Record<string, string>>, input: string): Promise<Result | undefined> {
  return exec(on, 'podwire-bridge', env, input).then(answerOf)
}

const ADD_POD1 = {CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'pod1', CNI_NETNS: '/run/netns/pod1', CNI_IFNAME: 'eth0'}

onEach(LOCAL, 'cni: two containers are added and reach each other, and the result agrees with the kernel', async (t, runner) => {
  await using on = await node(runner, 'pod1', 'pod2')
  const podwire = network(on, NODE1)
  const result = await podwire.add(attachment('pod1'))
  await podwire.add(attachment('pod2'))
  await on.type('ip netns exec pod1 ping -c 1 -W 2 10.244.1.3; ip netns exec pod2 ping -c 1 -W 2 10.244.1.2')

  const [bridge, host, guest] = result.interfaces ?? []
  if (!bridge || !host || !guest) return t.fail('three interfaces')
  t.is(result.cniVersion, '1.1.0')
  t.is(bridge.name, 'v-net-0')
  t.deepEqual([guest.name, guest.sandbox, host.sandbox], ['eth0', '/run/netns/pod1', undefined])
  t.like(await linkOf(on, host), {address: host.mac, mtu: host.mtu, master: 'v-net-0'})
  t.like(await linkOf(on, guest), {address: guest.mac, mtu: guest.mtu})
  t.deepEqual(result.ips, [{address: '10.244.1.2/24', gateway: '10.244.1.1', interface: 2}])
  t.deepEqual(result.routes, [{dst: '0.0.0.0/0'}])
  t.deepEqual(result.dns, {})
  const [{addr_info: held}] = JSON.parse(await on.type('ip -n pod1 -j -4 addr show dev eth0'))
  t.like(held, [{local: '10.244.1.2', prefixlen: 24}])
  t.like(JSON.parse(await on.type('ip -n pod1 -j route show default')), [{gateway: '10.244.1.1', dev: 'eth0'}])

  // The twin: one end taken off the bridge.
  await on.type(`ip link set dev ${host.name} nomaster`)
  t.is((await on.run('ip netns exec pod1 ping -c 1 -W 1 10.244.1.3')).code, 1)
})

for (const [version, shape] of Object.entries({
  '0.4.0': {ip: {version: '4'}, keys: ['mac', 'name', 'sandbox']},
  '1.0.0': {ip: {}, keys: ['mac', 'name', 'sandbox']},
  '1.1.0': {ip: {}, keys: ['mac', 'mtu', 'name', 'sandbox']},
})) {
  onEach(LOCAL, `cni: the result has the shape of CNI ${version}, the version that was asked for`, async (t, runner) => {
    await using on = await node(runner, 'pod1')
    const result = await network(on, list(version)).add(attachment('pod1'))
    t.is(result.cniVersion, version)
    t.deepEqual(result.ips, [{address: '10.244.1.2/24', gateway: '10.244.1.1', interface: 2, ...shape.ip}])
    t.deepEqual(Object.keys(result.interfaces?.[2] ?? {}).sort(), shape.keys)
  })
}

onEach(LOCAL, "cni: the result is what the CNI project's own bridge plugin answers to the same configuration", async (t, runner) => {
  await using on = await node(runner, 'pod1', 'pod2')
  const shapeOf = ({interfaces = [], ips = [], ...rest}: Result) => ({
    ...rest,
    interfaces: interfaces.map(({sandbox}) => ({sandbox: sandbox?.replace('pod2', 'pod1')})),
    ips: ips.map(({address, ...more}) => ({address: address.replace('.1.3/', '.1.2/'), ...more})),
  })
  for (const version of ['0.4.0', '1.0.0']) {
    const [ours, theirs] = [network(on, list(version)), network(on, list(version, {type: 'bridge'}))]
    const [one, other] = [await ours.add(attachment('pod1')), await theirs.add(attachment('pod2'))]
    t.deepEqual(shapeOf(one), shapeOf(other))
    await on.type('ip netns exec pod1 ping -c 1 -W 2 $(ip -n pod2 -j -4 addr show dev eth0 | jq -r ".[0].addr_info[0].local")')
    await theirs.del(attachment('pod2'))
    await ours.del(attachment('pod1'))
    await on.type('rm -r /run/podwire/addresses') // the allocator goes on where it was
  }
})

onEach(
  LOCAL,
  'cni: DEL takes the cable, the address and the note, again without complaint, and after the namespace is gone',
  async (t, runner) => {
    await using on = await node(runner, 'pod1', 'pod2')
    const podwire = network(on, NODE1)
    await podwire.add(attachment('pod1'))
    await podwire.add(attachment('pod2'))
    t.like(await left(on), {addresses: ['10.244.1.2', '10.244.1.3']})
    await podwire.del(attachment('pod1'))
    const {addresses, notes, interfaces} = await left(on)
    t.deepEqual([addresses, notes.length, interfaces.length], [['10.244.1.3'], 1, 1])
    t.is(await on.type('ip -n pod1 -o link show type veth'), '')
    await podwire.del(attachment('pod1'))
    await on.type('ip netns exec pod2 ping -c 1 -W 2 10.244.1.1') // the other one was left alone
    await on.type('ip netns del pod2')
    await podwire.del(attachment('pod2'))
    t.deepEqual(await left(on), NOTHING)
    // A runtime that restarted knows neither namespace nor result any more.
    const env = {CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'pod9', CNI_IFNAME: 'eth0'}
    t.is(await callOn(on, env, podwire.configurationOf(PODWIRE)), undefined)
  },
)

onEach(LOCAL, 'cni: CHECK agrees after ADD, and names what is broken later', async (t, runner) => {
  await using on = await node(runner, 'pod1')
  const podwire = network(on, NODE1)
  const pod1 = attachment('pod1')
  const {interfaces = []} = await podwire.add(pod1)
  const host = interfaces[1]?.name ?? ''
  await podwire.check(pod1)
  for (const [broken, mended, says] of [
    [
      'ip -n pod1 addr del 10.244.1.2/24 dev eth0',
      'ip -n pod1 addr add 10.244.1.2/24 dev eth0; ip -n pod1 route add default via 10.244.1.1',
      'eth0 has lost its address 10.244.1.2/24',
    ],
    ['ip -n pod1 route del default', 'ip -n pod1 route add default via 10.244.1.1', 'the container has lost its route to 0.0.0.0/0'],
    ['ip -n pod1 link set eth0 down', 'ip -n pod1 link set eth0 up; ip -n pod1 route add default via 10.244.1.1', 'eth0 is down'],
    [
      'ip -n pod1 link set eth0 address 02:00:00:00:00:01',
      `ip -n pod1 link set eth0 address ${interfaces[2]?.mac}`,
      'eth0 has another MAC',
    ],
    [`ip link set ${host} nomaster`, `ip link set ${host} master v-net-0`, `${host} is not on v-net-0`],
    [`ip link set ${host} down`, `ip link set ${host} up; ip -n pod1 link set eth0 up`, `${host} is down`],
  ] as const) {
    await on.type(broken)
    await refused(t, podwire.check(pod1), 102, says)
    await on.type(mended)
    await podwire.check(pod1)
  }
  await on.type('rm /run/podwire/addresses/podwire/10.244.1.2')
  await refused(t, podwire.check(pod1), 999, 'host-local') // the IPAM plugin's own error
  await on.type('ip netns del pod1')
  await refused(t, podwire.check(pod1), 3, 'does not exist')
  await refused(t, callOn(on, {...ADD_POD1, CNI_COMMAND: 'CHECK'}, podwire.configurationOf(PODWIRE)), 7, 'prevResult')
})

onEach(LOCAL, 'cni: a wrong environment is answered with code 4 and the variable, and changes nothing', async (t, runner) => {
  await using on = await node(runner, 'pod1')
  const input = network(on, NODE1).configurationOf(PODWIRE)
  await on.type('touch no-namespace')
  for (const [env, says] of [
    [{CNI_COMMAND: ''}, 'CNI_COMMAND'],
    [{...ADD_POD1, CNI_COMMAND: 'add'}, "CNI_COMMAND 'add'"],
    [{...ADD_POD1, CNI_COMMAND: 'UPDATE'}, "CNI_COMMAND 'UPDATE'"],
    [{...ADD_POD1, CNI_CONTAINERID: ''}, ': CNI_CONTAINERID ('],
    [{...ADD_POD1, CNI_CONTAINERID: '../pod1'}, ': CNI_CONTAINERID ('],
    [{...ADD_POD1, CNI_NETNS: ''}, ': CNI_NETNS ('],
    [{...ADD_POD1, CNI_IFNAME: ''}, ': CNI_IFNAME ('],
    [{...ADD_POD1, CNI_IFNAME: 'eth0:1'}, ': CNI_IFNAME ('],
    [{...ADD_POD1, CNI_IFNAME: 'sixteen-is-a-lot'}, ': CNI_IFNAME ('],
    [{...ADD_POD1, CNI_CONTAINERID: '', CNI_IFNAME: ''}, ': CNI_CONTAINERID CNI_IFNAME ('],
    [{...ADD_POD1, CNI_COMMAND: 'DEL', CNI_CONTAINERID: ''}, ': CNI_CONTAINERID ('],
    [{...ADD_POD1, CNI_NETNS: '/proc/self/ns/net'}, "the node's own"],
    [{...ADD_POD1, CNI_NETNS: '/run/podwire/no-namespace'}, 'no network namespace'],
  ] as const) {
    await refused(t, callOn(on, env, input), 4, says)
    t.deepEqual(await left(on), NOTHING)
  }
  await refused(t, callOn(on, {...ADD_POD1, CNI_NETNS: '/run/netns/pod9'}, input), 3, '/run/netns/pod9')
  t.deepEqual(await left(on), NOTHING)
  t.truthy(await callOn(on, ADD_POD1, input)) // the twin
})

onEach(LOCAL, 'cni: a wrong configuration is answered with the code for it, and changes nothing', async (t, runner) => {
  await using on = await node(runner, 'pod1')
  const good = {...PODWIRE, name: 'podwire', cniVersion: '1.1.0'}
  for (const [input, code, says] of [
    ['', 6, 'no JSON object'],
    ['{"cniVersion": "1.1.0"', 6, 'no JSON object'],
    ['[]', 6, 'no JSON object'],
    [JSON.stringify(good).repeat(2), 6, 'no JSON object'],
    [{...good, cniVersion: '2.0.0'}, 1, '2.0.0'],
    [{...good, cniVersion: '0.3.1'}, 1, '0.3.1'],
    [{...good, cniVersion: undefined}, 1, '0.1.0'],
    [{...good, name: undefined}, 7, 'name'],
    [{...good, name: '../net'}, 7, 'name'],
    [{...good, bridge: undefined}, 7, 'bridge'],
    [{...good, bridge: 7}, 7, 'bridge'],
    [{...good, ipam: undefined}, 7, 'ipam.type'],
    [{...good, ipam: {type: '../../bin/true'}}, 7, 'ipam.type'],
    [{...good, ipMasq: true}, 2, 'ipMasq: true'],
    [{...good, birdge: 'v-net-0', vlan: 7}, 2, 'birdge: v-net-0, vlan: 7'],
    [{...good, bridge: 'br9'}, 100, 'br9'],
    [{...good, bridge: 'lo'}, 100, 'lo'],
    [{...good, ipam: {...IPAM, type: 'host-remote'}}, 104, 'no executable host-remote in CNI_PATH'],
    [{...good, ipam: {...IPAM, ranges: 'all'}}, 999, 'ranges'],
  ] as const) {
    await refused(t, callOn(on, ADD_POD1, typeof input === 'string' ? input : JSON.stringify(input)), code, says)
    t.deepEqual(await left(on), NOTHING, says)
  }
  await on.type('rm -rf attachments; touch attachments') // where a folder would have to be
  await refused(t, callOn(on, ADD_POD1, JSON.stringify(good)), 5, '/run/podwire/attachments')
  await on.type('rm attachments')
  t.deepEqual(await left(on), NOTHING)
  const more = {ipMasq: false, runtimeConfig: {}, args: {}, capabilities: {ips: true}, 'cni.dev/new': 1}
  t.truthy(await callOn(on, ADD_POD1, JSON.stringify({...good, ...more}))) // the twin
})

onEach(LOCAL, 'cni: a second ADD is refused, and so is an interface name that is taken; neither harms the first', async (t, runner) => {
  await using on = await node(runner, 'pod1')
  const podwire = network(on, NODE1)
  await podwire.add(attachment('pod1'))
  const before = await left(on)
  await refused(t, podwire.add(attachment('pod1')), 101, 'already')
  await refused(t, network(on, {...NODE1, name: 'other'}).add(attachment('pod1')), 101, 'already')
  t.deepEqual(await left(on), before)
  await podwire.check(attachment('pod1'))
  await podwire.add(attachment('pod1', 'net1')) // another name is another attachment
  await podwire.check(attachment('pod1', 'net1'))
})

onEach(LOCAL, "cni: a full subnet is the IPAM plugin's own error and leaves no cable", async (t, runner) => {
  await using on = await node(runner, 'pod1', 'pod2')
  const tiny = network(on, list('1.1.0', {ipam: {...IPAM, ranges: [[{subnet: '10.244.1.0/30', gateway: '10.244.1.1'}]]}}))
  await tiny.add(attachment('pod1'))
  const before = await left(on)
  await refused(t, tiny.add(attachment('pod2')), 999, 'no IP addresses available')
  t.deepEqual(await left(on), before)
  await tiny.del(attachment('pod1'))
  t.is((await tiny.add(attachment('pod2'))).ips?.[0]?.address, '10.244.1.2/30')
})

onEach(LOCAL, 'cni: a step that the kernel refuses undoes those before it, and its words are in the error', async (t, runner) => {
  await using on = await node(runner, 'pod1')
  const away = {...IPAM, routes: [{dst: '10.9.0.0/16', gw: '10.8.0.1'}]}
  await refused(t, network(on, list('1.1.0', {ipam: away})).add(attachment('pod1')), 103, /ip route add 10\.9\.0\.0\/16.*gateway/)
  t.deepEqual(await left(on), NOTHING)
  t.is(await on.type('ip -n pod1 -o link show type veth'), '')
  await network(on, list('1.1.0', {ipam: {...IPAM, routes: [{dst: '10.9.0.0/16', gw: '10.244.1.9'}]}})).add(attachment('pod1'))
  t.like(JSON.parse(await on.type('ip -n pod1 -j route show 10.9.0.0/16')), [{gateway: '10.244.1.9'}])
})

onEach(LOCAL, 'cni: an IPv6 range beside the IPv4 one', async (t, runner) => {
  await using on = await node(runner, 'pod1')
  if ((await on.run('ip addr add fd00:10:244:1::1/64 dev v-net-0 nodad')).code !== 0) {
    t.pass('this machine has no IPv6')
    return
  }
  const ranges = [[{subnet: '10.244.1.0/24'}], [{subnet: 'fd00:10:244:1::/64'}]]
  const both = network(on, list('0.4.0', {ipam: {...IPAM, ranges, routes: [{dst: '0.0.0.0/0'}, {dst: '::/0'}]}}))
  const {ips} = await both.add(attachment('pod1'))
  t.deepEqual(
    ips?.map(({address, version}) => [address, version]),
    [
      ['10.244.1.2/24', '4'],
      ['fd00:10:244:1::2/64', '6'],
    ],
  )
  await on.type('ip netns exec pod1 ping -c 1 -W 2 fd00:10:244:1::1')
  await both.check(attachment('pod1'))
  await on.type('ip -n pod1 -6 route del default')
  await refused(t, both.check(attachment('pod1')), 102, '::/0')
})

onEach(LOCAL, 'cni: many ADDs side by side get an address each, and as many DELs leave nothing', async (t, runner) => {
  const containers = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6']
  await using on = await node(runner, ...containers)
  const podwire = network(on, NODE1)
  const results = await Promise.all(containers.map((container) => podwire.add(attachment(container))))
  t.is(new Set(results.map(({ips}) => ips?.[0]?.address)).size, containers.length)
  await on.type('fping -q $(seq -f 10.244.1.%g 2 7)')
  await Promise.all(containers.map((container) => podwire.del(attachment(container))))
  t.deepEqual(await left(on), NOTHING)
})

/** An IPAM plugin that has given the address and does not come back. */
const SLOW = `#!/bin/bash
[ "$CNI_COMMAND" = ADD ] || exec /usr/lib/cni/host-local
/usr/lib/cni/host-local
echo >/run/podwire/given
exec sleep 2
`

onEach(LOCAL, 'cni: an ADD that is ended half way undoes its steps; after one that is killed, DEL does', async (t, runner) => {
  await using on = await node(runner, 'pod1')
  await on.put('slow', SLOW)
  const slow = network(on, list('1.1.0', {ipam: {...IPAM, type: 'slow'}}))
  const [plugin = PODWIRE] = list('1.1.0', {ipam: {...IPAM, type: 'slow'}}).plugins
  const ended = (signal: string) =>
    on.run(
      `cat >configuration
      ./podwire-bridge <configuration &
      until [ -e given ]; do sleep 0.02; done
      rm given
      kill -${signal} $!
      wait $!`,
      {env: {...ADD_POD1, CNI_PATH: PLUGINS}, input: slow.configurationOf(plugin)},
    )
  await refused(t, ended('TERM').then(answerOf), 103, 'interrupted')
  t.deepEqual(await left(on), NOTHING)
  t.is((await ended('KILL')).code, 137)
  t.like(await left(on), {addresses: ['10.244.1.3']}) // the twin: nobody undid this one
  t.is((await left(on)).interfaces.length, 1)
  await slow.del(attachment('pod1'))
  t.deepEqual(await left(on), NOTHING)
})

onEach(LOCAL, 'cni: GC takes away what the runtime no longer knows of, and nothing else', async (t, runner) => {
  await using on = await node(runner, 'pod1', 'pod2')
  const podwire = network(on, NODE1)
  for (const name of ['pod1', 'pod2']) await podwire.add(attachment(name))
  await podwire.gc([attachment('pod1'), attachment('pod2')])
  t.deepEqual((await left(on)).addresses, ['10.244.1.2', '10.244.1.3'])
  await on.type('ip netns del pod2') // it died while no runtime looked
  await podwire.gc([attachment('pod1')])
  const {addresses, notes, interfaces} = await left(on)
  t.deepEqual([addresses, notes.length, interfaces.length], [['10.244.1.2'], 1, 1])
  await podwire.check(attachment('pod1'))
  await network(on, {...NODE1, name: 'other'}).gc([]) // another network has its own
  await podwire.check(attachment('pod1'))
  const without = callOn(on, {CNI_COMMAND: 'GC'}, podwire.configurationOf(PODWIRE))
  await refused(t, without, 7, 'cni.dev/valid-attachments') // missing is not the same as none
  await podwire.gc([])
  t.deepEqual(await left(on), NOTHING)
  const older: Network = network(on, list('1.0.0'))
  await refused(t, older.gc([]), 1, 'GC is of CNI 1.1.0')
})

onEach(LOCAL, 'cni: STATUS is ready with a bridge that is up and an IPAM plugin, and 50 without', async (t, runner) => {
  await using on = await node(runner)
  const podwire = network(on, NODE1)
  await podwire.status()
  await on.type('ip link set v-net-0 down')
  await refused(t, podwire.status(), 50, 'v-net-0')
  await on.type('ip link set v-net-0 up')
  await podwire.status()
  await refused(t, network(on, list('1.1.0', {ipam: {type: 'host-remote'}})).status(), 50, 'host-remote')
  await refused(t, network(on, list('1.0.0')).status(), 1, 'STATUS is of CNI 1.1.0')
})

/** An IPAM plugin of CNI 1.1.0, which Debian's host-local is not; it writes down what it is told. */
const MODERN = `#!/bin/bash
configuration=$(cat)
echo "$CNI_COMMAND $(jq -r .cniVersion <<<"$configuration")" >>/run/podwire/told
case $CNI_COMMAND in
  VERSION) echo '{"cniVersion": "1.1.0", "supportedVersions": ["1.0.0", "1.1.0"]}' ;;
  STATUS | GC) [ ! -e /run/podwire/ill ] || { echo '{"code": 51, "msg": "out of order"}'; exit 1; } ;;
  *) CNI_COMMAND=$CNI_COMMAND exec /usr/lib/cni/host-local <<<"$(jq '.cniVersion = "1.0.0"' <<<"$configuration")" ;;
esac
`

onEach(
  LOCAL,
  'cni: every command is handed on to the IPAM plugin, in a version that it speaks, and so are its errors',
  async (t, runner) => {
    await using on = await node(runner, 'pod1')
    await on.put('modern', MODERN)
    const told = async () => (await on.type('cat told; : >told')).split('\n').filter((line) => line && !line.startsWith('VERSION'))
    const podwire = network(on, list('1.1.0', {ipam: {...IPAM, type: 'modern'}}))
    await podwire.add(attachment('pod1'))
    await podwire.check(attachment('pod1'))
    await podwire.status()
    await podwire.gc([attachment('pod1')])
    await podwire.del(attachment('pod1'))
    t.deepEqual(await told(), ['ADD 1.1.0', 'CHECK 1.1.0', 'STATUS 1.1.0', 'GC 1.1.0', 'DEL 1.1.0'])
    await network(on, list('1.0.0', {ipam: {...IPAM, type: 'modern'}})).add(attachment('pod1'))
    t.deepEqual(await told(), ['ADD 1.0.0'])
    await on.type('touch ill')
    await refused(t, podwire.status(), 51, 'out of order')
    await refused(t, podwire.gc([]), 51, 'out of order')
    t.deepEqual(await left(on), NOTHING) // what could go went all the same

    await on.put('mute', '#!/bin/bash\necho hello\n')
    await refused(t, network(on, list('1.1.0', {ipam: {type: 'mute'}})).add(attachment('pod1')), 104, 'hello')
  },
)

onEach(LOCAL, 'cni: VERSION answers in the version it is asked in, and lists what the plugin knows', async (t, runner) => {
  await using on = await node(runner)
  const supportedVersions = ['0.4.0', '1.0.0', '1.1.0']
  for (const cniVersion of ['1.0.0', '1.1.0', '0.3.0']) {
    const {code, stdout} = await exec(on, 'podwire-bridge', {CNI_COMMAND: 'VERSION'}, JSON.stringify({cniVersion}))
    t.is(code, 0)
    t.deepEqual(JSON.parse(stdout), {cniVersion, supportedVersions})
  }
  const {stdout} = await exec(on, 'podwire-bridge', {CNI_COMMAND: 'VERSION'}, '')
  t.deepEqual(JSON.parse(stdout), {cniVersion: '1.1.0', supportedVersions})
})

/** A plugin that has an interface of its own in the result, before ours. */
const FIRST = `#!/bin/bash
[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion": "1.0.0", "interfaces": [{"name": "dummy0", "sandbox": "'$CNI_NETNS'"}],
  "ips": [{"address": "192.0.2.1/32", "interface": 0}], "routes": [{"dst": "192.0.2.0/24"}], "dns": {"domain": "test"}}'
`

onEach(LOCAL, 'cni: in a chain, what came before is in the result too, and what comes after takes ours', async (t, runner) => {
  await using on = await node(runner, 'pod1')
  await on.put('first', FIRST)
  const last = {type: 'tuning', sysctl: {'net.ipv4.conf.eth0.arp_ignore': '1'}} // of the CNI project
  const chain = network(on, {
    cniVersion: '1.0.0',
    name: 'podwire',
    plugins: [{type: 'first'}, {...PODWIRE, dns: {nameservers: ['192.0.2.53']}}, last],
  })
  const {interfaces, ips, routes, dns} = await chain.add(attachment('pod1'))
  t.deepEqual(
    interfaces?.map(({name}) => name).filter((name) => !name.startsWith('veth')),
    ['dummy0', 'v-net-0', 'eth0'],
  )
  t.deepEqual(
    ips?.map(({address, interface: number}) => [address, number]),
    [
      ['192.0.2.1/32', 0],
      ['10.244.1.2/24', 3],
    ],
  )
  t.deepEqual(
    routes?.map(({dst}) => dst),
    ['192.0.2.0/24', '0.0.0.0/0'],
  )
  t.deepEqual(dns, {domain: 'test', nameservers: ['192.0.2.53']})
  t.is(await on.type('ip netns exec pod1 sysctl -n net.ipv4.conf.eth0.arp_ignore'), '1\n')
  await on.type('ip -n pod1 route add 192.0.2.0/24 dev eth0') // first only said so
  await chain.check(attachment('pod1'))
  await on.type('ip netns exec pod1 sysctl -w net.ipv4.conf.eth0.arp_ignore=0')
  await t.throwsAsync(chain.check(attachment('pod1')), {instanceOf: CniError})
  await chain.del(attachment('pod1'))
  t.deepEqual(await left(on), NOTHING)
})
