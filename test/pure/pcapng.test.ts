// Captures: what tcpdump writes is read in any pieces, merged in time, and written as pcapng that others read.
import test from 'ava'
import {bothWays} from '../../harness/both-ways.ts'
import {frameWords} from '../../harness/capture/frame.ts'
import {merge} from '../../harness/capture/merge.ts'
import {type Packet, pcapReader} from '../../harness/capture/pcap.ts'
import {pcapngHeader, pcapngPacket} from '../../harness/capture/pcapng.ts'
import {tapName, tapsAlong, tapsAt} from '../../harness/capture/taps.ts'
import type {Facts} from '../../harness/facts/facts.ts'
import {packetText, tally} from '../../harness/report/capture.ts'
import {changedAt} from '../tools/changed-facts.ts'
import {readPcapng} from '../tools/pcapng.ts'
import {MTU, PLACES, recordedFacts} from '../tools/recorded.ts'

const SECOND = 1_000_000_000n
const INTERFACES = [
  {name: 'pod1/veth-pod1', linkType: 1},
  {name: 'node1/eth0', linkType: 1},
]

function packet(time: bigint, bytes = Buffer.from('abcde'), length = bytes.length): Packet {
  return {time, bytes, length}
}

/** A savefile as pcap-savefile(5) has it. */
function savefile(packets: readonly Packet[], {little = true, nano = true, linkType = 1} = {}): Buffer {
  const number = (value: number) => {
    const bytes = Buffer.alloc(4)
    if (little) bytes.writeUInt32LE(value)
    else bytes.writeUInt32BE(value)
    return bytes
  }
  const version = little ? Buffer.from([2, 0, 4, 0]) : Buffer.from([0, 2, 0, 4])
  const head = Buffer.concat([number(nano ? 0xa1b23c4d : 0xa1b2c3d4), version, ...[0, 0, 262_144, linkType].map(number)])
  return Buffer.concat([
    head,
    ...packets.flatMap(({time, bytes, length}) => {
      const fraction = Number(time % SECOND) / (nano ? 1 : 1000)
      return [...[Number(time / SECOND), fraction, bytes.length, length].map(number), bytes]
    }),
  ])
}

test('what was written as pcapng is read back: interfaces by name, packets to the nanosecond', (t) => {
  const time = 1_790_000_000n * SECOND + 123_456_789n
  const cut = packet(time + 1n, Buffer.from('abc'), 1500)
  const file = Buffer.concat([pcapngHeader(INTERFACES), pcapngPacket(0, packet(time)), pcapngPacket(1, cut)])
  const {interfaces, packets} = readPcapng(file)
  t.deepEqual(
    interfaces,
    INTERFACES.map((each) => ({...each, resolution: 9})),
  )
  t.deepEqual(packets, [
    {interface: 0, ...packet(time)},
    {interface: 1, ...cut},
  ])
})

test('every length of a packet and of a name keeps the blocks in shape, and a cut file is found out', (t) => {
  for (let length = 0; length < 9; length++) {
    const name = 'x'.repeat(length)
    const file = Buffer.concat([pcapngHeader([{name, linkType: 101}]), pcapngPacket(0, packet(1n, Buffer.alloc(length, 1)))])
    t.is(readPcapng(file).interfaces[0]?.name, name)
    t.is(readPcapng(file).packets[0]?.bytes.length, length)
    t.throws(() => readPcapng(file.subarray(0, file.length - 4)))
  }
})

test('a savefile is read in whatever pieces it comes, in either byte order and resolution', (t) => {
  const packets = [packet(5n * SECOND + 7000n), packet(6n * SECOND, Buffer.alloc(0)), packet(7n * SECOND + 1000n, Buffer.from('xy'), 90)]
  for (const format of [{}, {little: false}, {nano: false}, {little: false, nano: false}, {linkType: 101}]) {
    const file = savefile(packets, format)
    for (const size of [1, 3, 17, file.length]) {
      const reader = pcapReader()
      const read: Packet[] = []
      for (let at = 0; at < file.length; at += size) read.push(...reader.read(file.subarray(at, at + size)))
      t.deepEqual(read, packets, JSON.stringify({...format, size}))
      t.is(reader.linkType, format.linkType ?? 1)
    }
  }
})

test('what is no savefile is refused, and a part of a packet is no packet', (t) => {
  t.throws(() => pcapReader().read(Buffer.from('tcpdump: eth0: No such device exists\n')), {message: /not a packet capture/})
  const file = savefile([packet(1n)])
  t.deepEqual(pcapReader().read(file.subarray(0, file.length - 1)), [])
  const reader = pcapReader()
  t.is(reader.linkType, undefined)
  t.deepEqual(reader.read(file.subarray(0, 23)), [])
  t.is(reader.linkType, undefined)
  const huge = Buffer.concat([savefile([]), Buffer.alloc(16, 0xff)])
  t.throws(() => pcapReader().read(huge), {message: /is none/})
})

test('packets of several devices come out in the order of their time, whichever pipe was quicker', (t) => {
  const merged = merge()
  const add = (tap: number, time: bigint, now: number) => merged.add({...packet(time), tap}, now)
  add(0, 10n, 0)
  add(0, 30n, 0)
  add(1, 20n, 100)
  add(1, 40n, 200)
  t.deepEqual(merged.release(299), [], 'all are held for a moment')
  t.deepEqual(
    merged.release(300).map(({tap, time}) => [tap, time]),
    [
      [0, 10n],
      [1, 20n],
      [0, 30n],
    ],
  )
  add(0, 35n, 310)
  t.deepEqual(
    merged.rest().map(({time}) => time),
    [35n, 40n],
  )
  t.deepEqual(merged.rest(), [])
})

test('a packet that comes later than is waited for is not lost, only late', (t) => {
  const merged = merge()
  merged.add({...packet(20n), tap: 0}, 0)
  t.is(merged.release(1000).length, 1)
  merged.add({...packet(10n), tap: 1}, 1001)
  t.deepEqual(
    merged.rest().map(({time}) => time),
    [10n],
  )
})

test('a frame in words', (t) => {
  const ethernet = (type: string, rest: string) => Buffer.from(`020000000002020000000001${type}${rest}`.replaceAll(' ', ''), 'hex')
  const ipv4 = (protocol: string, rest: string) => `45 00 0054 0000 4000 40 ${protocol} 0000 0af40102 0af40202 ${rest}`.replaceAll(' ', '')
  const words = (frame: Buffer, linkType = 1) => frameWords(linkType, frame).text
  t.is(words(ethernet('0800', ipv4('01', '0800'))), '10.244.1.2 > 10.244.2.2  icmp echo request')
  t.is(words(ethernet('0800', ipv4('01', '0301'))), '10.244.1.2 > 10.244.2.2  icmp unreachable')
  const tcp = `9c40 5136 ${'00'.repeat(8)} 50 12`
  t.is(words(ethernet('0800', ipv4('06', tcp))), '10.244.1.2.40000 > 10.244.2.2.20790  tcp syn ack')
  t.is(words(ethernet('8100', `0001 0800 ${ipv4('06', tcp)}`)), '10.244.1.2.40000 > 10.244.2.2.20790  tcp syn ack')
  const arp = (operation: string) => ethernet('0806', `0001 0800 06 04 ${operation} 020000000001 0af40102 000000000000 0af40101`)
  t.is(words(arp('0001')), 'arp who has 10.244.1.1? tell 10.244.1.2')
  t.is(words(arp('0002')), 'arp 10.244.1.2 is at 02:00:00:00:00:01')
  const address = (last: string) => `fd000000000000000000000000000${last}`.padStart(32, '0')
  const ipv6 = `60000000 0040 3a 40 ${address('001')} ${address('002')} 80 00`
  t.is(words(ethernet('86dd', ipv6)), 'fd00::1 > fd00::2  icmp echo request')
  t.is(words(Buffer.from(ipv6.replaceAll(' ', ''), 'hex'), 101), 'fd00::1 > fd00::2  icmp echo request')
  t.is(words(Buffer.from(ipv4('01', '0000'), 'hex'), 12), '10.244.1.2 > 10.244.2.2  icmp echo reply')
  const inner = ethernet('0800', ipv4('01', '0800')).toString('hex')
  const vxlan = ethernet('0800', ipv4('11', `c000 12b5 0066 0000 08000000 00000a00 ${inner}`))
  t.is(words(vxlan), '10.244.1.2 > 10.244.2.2  vxlan 10: 10.244.1.2 > 10.244.2.2  icmp echo request')
  t.is(frameWords(1, vxlan).kind, 'vxlan')
})

test('a frame that is cut short or strange is said to be, whatever its bytes', (t) => {
  t.is(frameWords(1, Buffer.alloc(3)).text, 'cut short')
  t.is(frameWords(101, Buffer.alloc(0)).text, 'cut short')
  t.is(frameWords(113, Buffer.alloc(60)).text, 'link type 113')
  t.regex(frameWords(1, Buffer.alloc(60, 0xff)).text, /type 0xffff/)
  let seed = 1
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(
      Array.from({length: round % 70}, () => {
        seed = (seed * 48_271) % 2_147_483_647
        return seed & 255
      }),
    )
    if (bytes.length > 13) bytes.writeUInt16BE([0x800, 0x86dd, 0x806, 0x8100][round % 4] ?? 0, 12)
    t.is(typeof frameWords(1, bytes).text, 'string')
  }
})

test('a path is tapped at every device it may cross, and at no other pod’s cable', (t) => {
  const along = (facts: Facts, to: string, address: string) => {
    const ways = bothWays(facts, PLACES, {from: 'pod1', to, address}, {protocol: 'icmp', size: 'small', mtu: MTU})
    const {taps, left} = tapsAlong(ways, facts, PLACES)
    return {names: taps.map(tapName), left}
  }
  const {names, left} = along(recordedFacts(), 'pod3', '10.244.2.2')
  t.deepEqual(
    names.map((name) => name.split('/')[0]).filter((name, index, all) => all.indexOf(name) === index),
    ['pod1', 'node1', 'node2', 'pod3'],
  )
  t.true(names.includes('node1/eth0') && names.includes('node1/v-net-0'))
  t.false(names.some((name) => name.includes('pod2') || name.endsWith('/lo')))
  t.deepEqual(left, [])
  // To the neighbour the other pod's cable is on the way.
  t.true(along(recordedFacts(), 'pod2', '10.244.1.3').names.some((name) => name.startsWith('pod2/')))
  // Where the way ends early the place that was meant is watched all the same.
  const cut = changedAt('node1', () => ({routes: []}))
  t.true(along(cut, 'pod3', '10.244.2.2').names.includes('pod3/veth-pod3'))
  const down = changedAt('node2', ({links}) => ({links: links.map((link) => (link.name === 'eth0' ? {...link, up: false} : link))}))
  t.deepEqual(along(down, 'pod3', '10.244.2.2').left, ['node2/eth0 is down'])
})

test('one place is tapped at all its devices that are up; one that is gone is said to be', (t) => {
  const spot = {place: 'node1', node: 'node1', netns: undefined}
  const {taps} = tapsAt(spot, recordedFacts())
  t.true(['node1/eth0', 'node1/v-net-0'].every((name) => taps.map(tapName).includes(name)))
  t.deepEqual(tapsAt({...spot, place: 'pod9'}, recordedFacts()), {taps: [], left: ['pod9 could not be asked for its devices']})
})

test('packets are told a line each, and counted by device and kind', (t) => {
  const counted = tally(INTERFACES)
  const seen = {...packet(1_790_000_000n * SECOND + 123_456_789n, Buffer.alloc(60), 98), tap: 1}
  t.regex(packetText(seen, INTERFACES), /^\d\d:\d\d:\d\d\.123456 {2}node1\/eth0 {6}00:.* 98 bytes$/)
  counted.count(seen)
  counted.count(seen)
  t.is(counted.text(), '2 packets at 2 devices\n  pod1/veth-pod1       0 packets\n  node1/eth0           2 packets  196 bytes: other 2')
})
