import test from 'ava'
import {contains, familyOf, isPrefix, isUsableHost, overlap} from '../../harness/address.ts'

test('a host address has a family, and what is none has none', (t) => {
  for (const host of ['192.168.1.11', '0.0.0.0', '255.255.255.255']) t.is(familyOf(host), 4, host)
  for (const host of ['::', '::1', 'fd00::11', '2001:db8:0:0:0:0:0:1', 'FE80::1']) t.is(familyOf(host), 6, host)
  for (const host of [
    '',
    '192.168.1',
    '192.168.1.256',
    '192.168.1.11/24',
    '192.168.1.11 ',
    '1.2.3.4.5',
    'node1',
    'fd00:::1',
    ':',
    '0x7f.0.0.1',
    '-1.0.0.0',
  ]) {
    t.is(familyOf(host), undefined, host)
  }
})

test('a prefix is in CIDR notation, without host bits', (t) => {
  for (const prefix of ['192.168.1.0/24', '10.0.0.0/8', '0.0.0.0/0', '10.244.1.2/32', '10.0.0.2/31', 'fd00::/64', '::/0'])
    t.true(isPrefix(prefix), prefix)
  for (const prefix of [
    '192.168.1.11/24',
    '192.168.1.0',
    '192.168.1.0/33',
    '192.168.1.0/',
    '192.168.1.0/-1',
    '/24',
    '',
    'fd00::1/64',
    'fd00::/129',
    'a/b',
    '192.168.1.0/24/24',
  ]) {
    t.false(isPrefix(prefix), prefix)
  }
})

test('a prefix contains its hosts and no others', (t) => {
  t.true(contains('192.168.1.0/24', '192.168.1.0'))
  t.true(contains('192.168.1.0/24', '192.168.1.255'))
  t.true(contains('10.0.0.0/8', '10.244.1.2'))
  t.true(contains('fd00::/64', 'fd00::ffff'))
  t.false(contains('192.168.1.0/24', '192.168.2.0'))
  t.false(contains('192.168.1.0/24', '192.168.0.255'))
  t.false(contains('192.168.1.0/25', '192.168.1.128'))
  t.false(contains('fd00::/64', 'fd00:0:0:1::'))
  t.false(contains('0.0.0.0/0', '::1'), 'families differ')
  t.false(contains('192.168.1.0/24', 'node1'))
  t.false(contains('nonsense', '192.168.1.1'))
})

test('prefixes overlap when they share an address', (t) => {
  for (const [a, b, both] of [
    ['10.244.0.0/16', '10.244.3.0/24', true],
    ['10.244.1.0/24', '10.244.1.0/24', true],
    ['10.244.1.0/24', '10.244.2.0/24', false],
    ['10.244.1.0/25', '10.244.1.128/25', false],
    ['0.0.0.0/0', '::/0', false],
    ['10.244.1.0/24', 'nonsense', false],
  ] as const) {
    t.is(overlap(a, b), both, `${a} ${b}`)
    t.is(overlap(b, a), both, `${b} ${a}`)
  }
})

test('an interface can hold every address of a network but, for IPv4, its first and last', (t) => {
  t.true(isUsableHost('192.168.1.0/24', '192.168.1.1'))
  t.true(isUsableHost('192.168.1.0/24', '192.168.1.254'))
  t.false(isUsableHost('192.168.1.0/24', '192.168.1.0'))
  t.false(isUsableHost('192.168.1.0/24', '192.168.1.255'))
  t.false(isUsableHost('192.168.1.0/24', '192.168.2.1'))
  t.true(isUsableHost('10.0.0.2/31', '10.0.0.2'))
  t.true(isUsableHost('10.0.0.2/31', '10.0.0.3'))
  t.true(isUsableHost('10.0.0.2/32', '10.0.0.2'))
  t.true(isUsableHost('fd00::/64', 'fd00::'))
})
