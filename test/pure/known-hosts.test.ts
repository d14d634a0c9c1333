// known_hosts, held against what ssh-keygen itself writes and finds.
import {spawnSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test from 'ava'
import {
  addKnownHost,
  fingerprint,
  judgeHost,
  keyType,
  knownTypes,
  nameInKnownHosts,
  parseKnownHosts,
} from '../../harness/drivers/ssh/known-hosts.ts'

const ED = 'AAAAC3NzaC1lZDI1NTE5AAAAINAkgEfP3x8puUuXwAZ8PUvNAh4ocm8rn4ZbQ5U4cHMN'
const OTHER = 'AAAAC3NzaC1lZDI1NTE5AAAAID97fe0agquC9UuXwAZ8PUvNAh4ocm8rn4ZbQ5U4cHMN'
const RSA = 'AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7'
const key = (base64: string) => Buffer.from(base64, 'base64')
const judge = (text: string, name: string, base64 = ED) => judgeHost(parseKnownHosts(text, 'f'), name, key(base64)).verdict

test('a host is known by its key, by name, by pattern, by [name]:port, and in a list', (t) => {
  t.is(judge(`a,b.example ssh-ed25519 ${ED}`, 'b.example'), 'known')
  t.is(judge(`*.example ssh-ed25519 ${ED}`, 'b.example'), 'known')
  t.is(judge(`[a]:2222 ssh-ed25519 ${ED}`, '[a]:2222'), 'known')
  t.is(judge(`A ssh-ed25519 ${ED} a comment`, nameInKnownHosts('a', 22)), 'known')
  t.is(judge(`[a]:2222 ssh-ed25519 ${ED}`, 'a'), 'unknown')
  t.is(judge(`a ssh-ed25519 ${ED}`, '[a]:2222'), 'unknown')
  t.is(judge(`*.example,!b.example ssh-ed25519 ${ED}`, 'b.example'), 'unknown')
  t.is(judge(`# a ssh-ed25519 ${ED}\n\nnonsense\n`, 'a'), 'unknown')
})

test('another key of the same type is a changed one; of another type the host is unknown, and it is said by which it is known', (t) => {
  const changed = judgeHost(parseKnownHosts(`\na ssh-ed25519 ${OTHER}`, 'file'), 'a', key(ED))
  t.is(changed.verdict, 'changed')
  t.deepEqual('by' in changed && [changed.by.file, changed.by.line], ['file', 2])
  const unknown = judgeHost(parseKnownHosts(`a ssh-rsa ${RSA}`, 'f'), 'a', key(ED))
  t.deepEqual(unknown, {verdict: 'unknown', others: ['ssh-rsa'], authority: false})
  t.is(judge(`a ssh-ed25519 ${OTHER}\na ssh-ed25519 ${ED}`, 'a'), 'known')
  t.deepEqual(knownTypes(parseKnownHosts(`a ssh-rsa ${RSA}\n@revoked a ssh-dss x\nb ssh-ed25519 ${ED}`, 'f'), 'a'), ['ssh-rsa'])
})

test('a revoked key is refused wherever else it stands; an authority is no key of the host’s own', (t) => {
  t.is(judge(`a ssh-ed25519 ${ED}\n@revoked * ssh-ed25519 ${ED}`, 'a'), 'revoked')
  t.is(judge(`@revoked * ssh-ed25519 ${OTHER}\na ssh-ed25519 ${ED}`, 'a'), 'known')
  const found = judgeHost(parseKnownHosts(`@cert-authority * ssh-ed25519 ${ED}`, 'f'), 'a', key(ED))
  t.deepEqual(found, {verdict: 'unknown', others: [], authority: true})
})

test('names that ssh-keygen hashed are found, ours are found by ssh-keygen, and fingerprints are its own', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-known-'))
  t.teardown(() => rmSync(folder, {recursive: true}))
  const keygen = (...argv: string[]) => spawnSync('ssh-keygen', argv, {cwd: folder}).stdout.toString()
  keygen('-q', '-t', 'ed25519', '-N', '', '-f', 'key')
  const [, base64 = ''] = readFileSync(join(folder, 'key.pub'), 'utf8').split(' ')
  writeFileSync(join(folder, 'theirs'), `[host.example]:2222 ssh-ed25519 ${base64}\n`)
  keygen('-H', '-f', 'theirs')
  const theirs = readFileSync(join(folder, 'theirs'), 'utf8')
  t.true(theirs.startsWith('|1|'))
  t.is(judge(theirs, '[host.example]:2222', base64), 'known')
  t.is(judge(theirs, 'host.example', base64), 'unknown')
  addKnownHost(join(folder, 'ours'), '[host.example]:2222', key(base64), true)
  t.regex(keygen('-F', '[host.example]:2222', '-f', 'ours'), /found: line 1/)
  t.is(keygen('-F', 'host.example', '-f', 'ours'), '')
  t.true(keygen('-l', '-f', 'key.pub').includes(fingerprint(key(base64))))
  t.is(keyType(key(base64)), 'ssh-ed25519')
})
