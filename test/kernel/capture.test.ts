// `podwire capture`: packets of a running lab in a file that tcpdump and Wireshark read.
import {spawnSync} from 'node:child_process'
import {chownSync, existsSync, readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import type {ExecutionContext} from 'ava'
import {frameWords} from '../../harness/capture/frame.ts'
import {eventually} from '../tools/eventually.ts'
import {type ReadCapture, readPcapng} from '../tools/pcapng.ts'
import {engineTurn} from './tools/engine-turn.ts'
import {type Begun, type Home, makeHome} from './tools/home.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'

/** What others' readers make of a file; tshark where there is one. */
function assertReadable(t: ExecutionContext, file: string, packets: number): void {
  for (const [command, ...argv] of [
    ['tcpdump', '-n', '-r', file],
    ['tshark', '-n', '-r', file],
  ] as const) {
    const {status, stdout, stderr, error} = spawnSync(command, argv, {encoding: 'utf8'})
    if (error && command === 'tshark') continue
    t.is(status, 0, stderr)
    t.notRegex(stderr, /truncated|cut short/)
    t.is(stdout.split('\n').filter((line) => line !== '').length, packets, command)
  }
}

/** A capture into a file that listens at everything by now: its header is written. */
async function capturing(home: Home, file: string, ...argv: readonly string[]): Promise<Begun> {
  const begun = home.begin(['capture', ...argv, '-w', file])
  await Promise.race([begun.ended, eventually(() => existsSync(file) && statSync(file).size > 0, Boolean)])
  return begun
}

function ping(home: Home, from: string, address: string, count: number): Promise<{code: number | null}> {
  return home.podwire(['exec', from, '--', 'ping', '-c', String(count), '-i', '0.2', '-W', '2', address])
}

/** Each interface's packets of a kind, as words without what differs from lab to lab. */
function seen({interfaces, packets}: ReadCapture, place: string): string[] {
  return packets
    .filter((packet) => interfaces[packet.interface]?.name.startsWith(`${place}/`))
    .map(({bytes}) => frameWords(1, bytes))
    .filter(({text}) => / icmp echo /.test(text)) // the kernels themselves solicit routers and neighbours
    .map(({text}) => text)
}

const REQUEST = '10.244.1.2 > 10.244.2.2  icmp echo request'
const REPLY = '10.244.2.2 > 10.244.1.2  icmp echo reply'

onEach(ALL, 'every hop of a path is in one file, merged in time, each packet with the place and device that saw it', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver])).code, 0)
  const file = join(home.folder, 'path.pcapng')
  const begun = await capturing(home, file, 'pod1', 'pod3', '--filter', 'icmp', '--count', '32', '--seconds', '30')
  t.is((await ping(home, 'pod1', '10.244.2.2', 2)).code, 0)
  const {code, stdout, stderr} = await begun.ended
  t.is(code, 0, stderr)
  t.is(stdout, '')
  const read = readPcapng(readFileSync(file))
  t.is(read.packets.length, 32, stderr)
  assertReadable(t, file, 32)
  for (const name of ['pod1/veth-pod1', 'node1/eth0', 'node1/v-net-0', 'node2/eth0', 'node2/v-net-0', 'pod3/veth-pod3'])
    t.true(
      read.interfaces.some((each) => each.name === name),
      name,
    )
  t.false(read.interfaces.some(({name}) => /node3|pod2|pod4/.test(name)))
  t.deepEqual(seen(read, 'pod1'), [REQUEST, REPLY, REQUEST, REPLY])
  t.deepEqual(seen(read, 'pod3'), [REQUEST, REPLY, REQUEST, REPLY])
  const times = read.packets.map(({time}) => time)
  t.deepEqual(
    times,
    times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
  )
  // By the clock of this same machine, and to better than a microsecond.
  t.true(Math.abs(Number(times[0]) / 1e6 - Date.now()) < 60_000)
  t.true(times.some((time) => time % 1000n !== 0n))
})

onEach(ALL, 'a path that is cut shows where the packets end; a filter that nothing passes leaves an empty file', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver])).code, 0)
  t.is((await home.podwire(['exec', 'node2', '--', 'sysctl', '-qw', 'net.ipv4.ip_forward=0'])).code, 0)
  const [file, empty] = [join(home.folder, 'cut.pcapng'), join(home.folder, 'empty.pcapng')]
  const both = [
    await capturing(home, file, 'pod1', 'pod3', '--filter', 'icmp'),
    await capturing(home, empty, 'pod1', 'pod3', '--filter', 'tcp port 7'),
  ]
  t.is((await ping(home, 'pod1', '10.244.2.2', 2)).code, 1)
  for (const {process} of both) process.kill('SIGINT')
  for (const {ended} of both) t.is((await ended).code, 130)
  const read = readPcapng(readFileSync(file))
  t.deepEqual(seen(read, 'pod1'), [REQUEST, REQUEST])
  t.deepEqual(seen(read, 'node2'), [REQUEST, REQUEST])
  t.deepEqual(seen(read, 'pod3'), [], 'the place that was meant is watched, and saw nothing')
  t.true(read.interfaces.some(({name}) => name === 'pod3/veth-pod3'))
  t.is(readPcapng(readFileSync(empty)).packets.length, 0)
  assertReadable(t, empty, 0)
})

onEach(ALL, 'Ctrl-C ends it: the file is complete, and no tcpdump is left', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver])).code, 0)
  const file = join(home.folder, 'pod1.pcapng')
  const begun = await capturing(home, file, 'pod1')
  const listening = async () =>
    (await home.podwire(['exec', 'node1', '--', 'sh', '-c', 'cat /proc/[0-9]*/comm'])).stdout.includes('tcpdump')
  t.true(await listening())
  t.is((await ping(home, 'pod1', '10.244.2.2', 2)).code, 0)
  // Nothing is written before it was held back for a moment, and nothing of that is lost either.
  begun.process.kill('SIGINT')
  const {code, stderr} = await begun.ended
  t.is(code, 130, stderr)
  t.regex(stderr, /\nwrote .*pod1\.pcapng\n$/)
  const read = readPcapng(readFileSync(file))
  t.deepEqual(seen(read, 'pod1'), [REQUEST, REPLY, REQUEST, REPLY])
  assertReadable(t, file, read.packets.length)
  t.false(await eventually(listening, (still) => !still))
})

onEach(LOCAL, 'to a pipe it is written as it is captured, for Wireshark to read along', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  const begun = home.begin(['capture', 'node1', '--filter', 'icmp and host 10.244.2.2'])
  await begun.shown(/./) // the header, before any packet
  t.is((await ping(home, 'pod1', '10.244.2.2', 1)).code, 0)
  await begun.shown(/[\s\S]{1000}/)
  begun.process.kill('SIGINT')
  const {code, bytes} = await begun.ended
  t.is(code, 130)
  const read = readPcapng(bytes)
  t.deepEqual(
    read.interfaces.map(({name}) => name).filter((name) => /eth0|v-net-0/.test(name)),
    ['node1/eth0', 'node1/v-net-0'],
  )
  t.true(seen(read, 'node1').includes(REPLY))
  // Its reader may leave before it is through.
  const head = await home.podwire(['capture', 'node1', '--seconds', '20'], {through: ['sh', '-c', '"$0" "$@" | head -c 20 | wc -c']})
  t.is(head.stdout.trim(), '20')
})

onEach(LOCAL, 'at a terminal it is told a line each, and counted', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  const begun = home.begin(['capture', 'pod3', '--filter', 'icmp', '--count', '2', '--seconds', '60'], {
    through: ['sh', '-c', 'exec script -qe -c "$0 $*" /dev/null'],
    env: {TERM: 'dumb'},
  })
  await begun.shown(/capturing at pod3\/veth-pod3/)
  t.is((await ping(home, 'pod1', '10.244.2.2', 1)).code, 0)
  const {code, stdout} = await begun.ended
  t.is(code, 0, stdout)
  t.regex(stdout, /\d\d:\d\d:\d\d\.\d{6} {2}pod3\/veth-pod3 {2}10\.244\.1\.2 > 10\.244\.2\.2 {2}icmp echo request, 98 bytes/)
  t.regex(stdout, /2 packets at 1 device\r?\n {2}pod3\/veth-pod3 +2 packets {2}196 bytes: icmp 2/)
})

onEach(ALL, 'without tcpdump: exit 3, what is missing and how to get it, and no file', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver])).code, 0)
  // In the node's own mounts alone.
  const hidden = await home.podwire(['exec', 'node1', '--', 'sh', '-c', 'mount --bind /dev/null "$(command -v tcpdump)"'])
  if (runner.driver === 'docker' && hidden.code !== 0) return void t.pass('this engine lets nobody mount')
  t.is(hidden.code, 0, hidden.stderr)
  const file = join(home.folder, 'none.pcapng')
  for (const places of [['node1'], ['pod1'], ['pod1', 'pod3']]) {
    const {code, stdout, stderr} = await home.podwire(['capture', ...places, '-w', file])
    t.is(code, 3, stderr)
    t.is(stdout, '')
    t.regex(stderr, /error\[tool-missing\]: tcpdump is not on node1.*\n {3}= help: apt-get install tcpdump/)
    t.false(existsSync(file))
  }
  t.is((await home.podwire(['capture', 'node2', '--seconds', '0.3'])).code, 0, 'elsewhere it is')
})

onEach(LOCAL, 'places, filters, files and numbers that cannot be: exit 2, and a file that was there stays', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  const kept = home.write('kept.pcapng', 'mine')
  if (runner.user) chownSync(kept, runner.user.uid, runner.user.gid)
  for (const [argv, words] of [
    [['noode1'], /no place noode1 in this lab\n.*did you mean node1\?/],
    [['pod1', 'zebra'], /no place zebra in this lab/],
    [['pod1', '--filter', '((', '-w', kept], /no such filter: .*syntax error\n.*pcap-filter/],
    [['pod1', '--filter', '-w/tmp/elsewhere', '-w', kept], /no such filter: /],
    [['pod1', '-w', '/proc/none/pod1.pcapng'], /cannot be written/],
    [['pod1', '--count', '0'], /whole number above 0/],
    [['pod1', '--count', '1.5'], /whole number above 0/],
    [['pod1', '--seconds', '-1'], /number of seconds above 0/],
  ] as const) {
    const {code, stdout, stderr} = await home.podwire(['capture', ...argv])
    t.is(code, 2, `${argv.join(' ')}: ${stderr}`)
    t.is(stdout, '')
    t.regex(stderr, words)
  }
  t.is(readFileSync(kept, 'utf8'), 'mine')
  t.is((await home.podwire(['exec', 'node1', '--', 'ip', 'netns', 'del', 'pod1'])).code, 0)
  const gone = await home.podwire(['capture', 'pod1', '--seconds', '1'])
  t.is(gone.code, 3)
  t.regex(gone.stderr, /^error\[pod-missing\]: node1 has no network namespace pod1\n/)
})
