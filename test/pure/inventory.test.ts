// Which machine is which node: inventories, the command line and ssh_config, together.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {parseDestination} from '../../harness/drivers/ssh/config.ts'
import {InventoryError, machinesFrom, namesIn, parseInventory} from '../../harness/drivers/ssh/inventory.ts'

function folderOf(t: ExecutionContext, files: Readonly<Record<string, string>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-inventory-'))
  t.teardown(() => rmSync(folder, {recursive: true}))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return (name) => join(folder, name)
}

test('a machine is an object or [user@]host[:port]; what is not said is of the defaults, in YAML and in JSON', (t) => {
  const yaml = 'defaults: {user: admin, port: 2222, key: keys/id}\nnodes:\n  a: {host: h1, user: root, underlay: 10.0.0.1}\n  b: me@h2:22\n'
  const found = parseInventory(yaml, '/srv/machines.yaml')
  t.deepEqual(Object.fromEntries(found), {
    a: {host: 'h1', user: 'root', port: 2222, key: '/srv/keys/id', underlay: '10.0.0.1'},
    b: {host: 'h2', user: 'me', port: 22, key: '/srv/keys/id'},
  })
  t.deepEqual([...parseInventory('{"nodes": {"a": {"host": "h", "jump": "j"}}}', 'x.json')], [['a', {host: 'h', jump: 'j'}]])
})

for (const [text, says] of [
  ['nodes: {a: {hots: h}}', 'i:1: nodes.a.hots is not known; did you mean host?'],
  ['nodes: {a: {host: h, port: "22"}}', 'i:1: nodes.a.port cannot be right: a port is a number'],
  ['nodes: {a: {host: h, port: 70000}}', 'i:1: nodes.a.port cannot be right: a port is at most 65535'],
  ['nodes: {a: {host: h, underlay: there}}', 'i:1: nodes.a.underlay cannot be right: it takes an IP address'],
  ['nodes:\n  a:\n    host: h\n    prot: 22\n', 'i:4: nodes.a.prot is not known; did you mean port?'],
  ['nodes: {a: {user: u}}', 'i:1: nodes.a.host is missing'],
  ['nods: {a: h}', 'i:1: nods is not known; did you mean nodes?'],
  ['nodes: {a: "two words"}', 'i: a: two words is no [user@]host[:port]'],
] as const)
  test(`an inventory that is wrong is told: ${text}`, (t) => {
    t.is(t.throws(() => parseInventory(text, 'i'), {instanceOf: InventoryError})?.message, says)
  })

test('the command line goes before the inventory, which goes before ssh_config; its hosts are nodes by their names', (t) => {
  const at = folderOf(t, {
    config:
      'Host b\n  HostName 10.0.0.2\n  Port 22\nHost c\n  HostName 10.0.0.3\n  User carol\n  ProxyJump j@jump:99\nHost *\n  User all\n  IdentityFile ~/.ssh/%r-%h\n  UserKnownHostsFile /k/%h\n',
    inventory: 'nodes: {a: root@10.0.0.1, b: {host: b, port: 23}}\n',
  })
  const targets = machinesFrom({inventory: at('inventory'), config: at('config'), nodes: ['a=me@10.0.0.9']})
  const [a, b, c] = targets(['a', 'b', 'c'])
  t.deepEqual([a?.user, a?.host, a?.port], ['me', '10.0.0.9', 22])
  t.deepEqual([b?.user, b?.host, b?.port], ['all', '10.0.0.2', 23])
  t.deepEqual([c?.user, c?.host, c?.jumps.map(({user, host, port}) => `${user}@${host}:${port}`)], ['carol', '10.0.0.3', ['j@jump:99']])
  t.true(c?.keys[0]?.endsWith('/.ssh/carol-10.0.0.3'))
  t.is(c?.knownHosts[0], '/k/10.0.0.3')
  const error = t.throws(() => targets(['d']), {instanceOf: InventoryError})
  t.is(error?.message, 'nothing says which machine d is')
  t.deepEqual(namesIn({inventory: at('inventory'), nodes: ['x=h']}), ['a', 'b', 'x'])
})

test('included files count where they stand, and strict checking is never less than accept-new', (t) => {
  const at = folderOf(t, {more: 'Host *\n  User included\n  StrictHostKeyChecking no\n'})
  const config = folderOf(t, {config: `Include ${at('more')}\nHost *\n  User later\n`})('config')
  const [target] = machinesFrom({config, nodes: ['a=h']})(['a'])
  t.deepEqual([target?.user, target?.acceptNew], ['included', true])
})

test('destinations', (t) => {
  t.deepEqual(parseDestination('u@[2001:db8::1]:2222'), {host: '2001:db8::1', user: 'u', port: 2222})
  t.deepEqual(parseDestination('2001:db8::1'), {host: '2001:db8::1'})
  t.deepEqual(parseDestination('ssh://u@h:1'), {host: 'h', user: 'u', port: 1})
  for (const wrong of ['', 'a b', '-oProxyCommand=x', "h'", 'h:port']) t.throws(() => parseDestination(wrong), undefined, wrong)
})
