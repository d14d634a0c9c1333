// Which engines are meant by --engines: addresses, Docker contexts, and which node goes where. Files, and no engine.
import {createHash} from 'node:crypto'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test from 'ava'
import {EndpointError, endpointFor} from '../../harness/drivers/docker/endpoint.ts'
import {rangeFor} from '../../harness/drivers/docker/overlay.ts'
import {placeNodes, readPlacement} from '../../harness/drivers/docker/placement.ts'

const NOWHERE = {HOME: '/nowhere'}

/** A folder as Docker's client keeps it, with contexts by name and the files that each has as TLS material. */
function dockerConfig(contexts: Record<string, {host: string; skip?: boolean; material?: readonly string[]}>): {
  path: string
  remove(): void
} {
  const path = mkdtempSync(join(tmpdir(), 'podwire-docker-'))
  for (const [name, {host, skip = false, material = []}] of Object.entries(contexts)) {
    const id = createHash('sha256').update(name).digest('hex')
    mkdirSync(join(path, 'contexts/meta', id), {recursive: true})
    writeFileSync(
      join(path, 'contexts/meta', id, 'meta.json'),
      JSON.stringify({Name: name, Metadata: {}, Endpoints: {docker: {Host: host, SkipTLSVerify: skip}}}),
    )
    if (material.length > 0) mkdirSync(join(path, 'contexts/tls', id, 'docker'), {recursive: true})
    for (const file of material) writeFileSync(join(path, 'contexts/tls', id, 'docker', file), '')
  }
  return {path, remove: () => rmSync(path, {recursive: true})}
}

test('an address is taken as it is, and TLS by DOCKER_TLS_VERIFY or by its port', (t) => {
  t.deepEqual(endpointFor('unix:///run/a.sock', NOWHERE), {name: 'unix:///run/a.sock', url: 'unix:///run/a.sock'})
  t.deepEqual(endpointFor('ssh://me@far:2222', NOWHERE), {name: 'ssh://me@far:2222', url: 'ssh://me@far:2222'})
  t.deepEqual(endpointFor('tcp://far:2375', NOWHERE), {name: 'tcp://far:2375', url: 'tcp://far:2375'})
  t.deepEqual(endpointFor('far:2375', NOWHERE), {name: 'far:2375', url: 'tcp://far:2375'})
  t.deepEqual(endpointFor('tcp://far:2376', NOWHERE).tls, {verify: true})
  t.deepEqual(endpointFor('tcp://far:9999', {...NOWHERE, DOCKER_TLS_VERIFY: '1'}).tls, {verify: true})
})

test('TLS material is that of DOCKER_CERT_PATH, as far as it is there', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-certificates-'))
  t.teardown(() => rmSync(folder, {recursive: true}))
  for (const file of ['ca.pem', 'cert.pem', 'key.pem', 'other.pem']) writeFileSync(join(folder, file), '')
  const of = (path: string) => endpointFor('tcp://far:2376', {...NOWHERE, DOCKER_CERT_PATH: path}).tls
  t.deepEqual(of(folder), {ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), verify: true})
  rmSync(join(folder, 'ca.pem'))
  t.deepEqual(of(folder), {cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), verify: true})
})

test('a context is found by its name, where DOCKER_CONFIG says, with its own TLS material', (t) => {
  const {path, remove} = dockerConfig({
    rack: {host: 'tcp://rack:2376', material: ['ca.pem', 'cert.pem', 'key.pem']},
    plain: {host: 'ssh://me@plain'},
    careless: {host: 'tcp://careless:2376', skip: true},
  })
  t.teardown(remove)
  const env = {...NOWHERE, DOCKER_CONFIG: path}
  const {tls, ...rack} = endpointFor('rack', env)
  t.deepEqual(rack, {name: 'rack', url: 'tcp://rack:2376'})
  t.is(tls?.verify, true)
  t.regex(tls?.ca ?? '', new RegExp(`^${path}/contexts/tls/[0-9a-f]{64}/docker/ca\\.pem$`))
  t.deepEqual(endpointFor('plain', env), {name: 'plain', url: 'ssh://me@plain'})
  t.deepEqual(endpointFor('careless', env).tls, {verify: false})
  t.is(endpointFor('default', {...env, DOCKER_HOST: 'tcp://other:2375'}).url, 'tcp://other:2375')
  t.is(endpointFor('default', env).url, 'unix:///var/run/docker.sock')
})

test('what names no engine is refused with what would have', (t) => {
  const {path, remove} = dockerConfig({rack: {host: 'ssh://rack'}, attic: {host: 'ssh://attic'}})
  t.teardown(remove)
  writeFileSync(join(path, 'contexts/meta/broken'), 'no folder')
  const refused = (text: string, env: NodeJS.ProcessEnv = {...NOWHERE, DOCKER_CONFIG: path}) => {
    const error = t.throws(() => endpointFor(text, env), {instanceOf: EndpointError})
    return [error.message, error.mistaken?.known.toSorted() ?? error.help]
  }
  t.deepEqual(refused('rak'), ['there is no Docker context rak', ['attic', 'broken', 'default', 'rack']])
  t.deepEqual(refused('rak', NOWHERE), ['there is no Docker context rak', ['default']])
  t.is(
    refused('broken')[0],
    `the Docker context broken cannot be used: ENOTDIR: not a directory, open '${path}/contexts/meta/broken/meta.json'`,
  )
  t.deepEqual(refused('tpc://far:2375'), ['no engine is reached by tpc://', ['http', 'https', 'ssh', 'tcp', 'unix']])
  t.deepEqual(refused('/run/a.sock'), ['/run/a.sock is no address of an engine', ['did you mean unix:///run/a.sock?']])
  t.deepEqual(refused('unix://run/a.sock'), ['unix://run/a.sock has no path', ['it takes unix:///PATH, with three slashes']])
  t.deepEqual(refused('tcp://far'), ['tcp://far has no port', ['engines listen at 2376 with TLS, else at 2375']])
  t.deepEqual(refused('ssh://'), ['ssh:// has no host', ['it takes ssh://HOST']])
})

test('nodes are spread over the engines in turn, and one that is put somewhere is there', (t) => {
  const placed = (words: readonly string[]) => {
    const placement = readPlacement(words, NOWHERE)
    const names = placement.endpoints.map(({name}) => name)
    return [...placeNodes(['node1', 'node2', 'node3', 'host1'], placement).values()].map((index) => names[index])
  }
  const [a, b, c] = ['unix:///a', 'unix:///b', 'unix:///c']
  t.deepEqual(placed([a, b, c]), [a, b, c, a])
  t.deepEqual(placed([a, b, `node1=${c}`]), [c, a, b, a])
  t.deepEqual(placed([a, b, `node3=${a}`]), [a, b, a, a])
  t.deepEqual(placed([`node1=${a}`, `node2=${b}`]), [a, b, a, b])
  t.deepEqual(placed([a]), [a, a, a, a])
})

test('an engine that is given twice, and a node that is put on two, are refused', (t) => {
  const refused = (...words: readonly string[]) => t.throws(() => readPlacement(words, NOWHERE), {instanceOf: EndpointError}).message
  t.is(refused('unix:///a', 'unix:///b', 'unix:///a'), 'unix:///a is given twice')
  t.is(
    refused('unix:///var/run/docker.sock', 'default'),
    'unix:///var/run/docker.sock and default are one engine, unix:///var/run/docker.sock',
  )
  t.is(refused('node1=unix:///a', 'node1=unix:///b'), 'node1 is put on two engines')
  t.is(refused('unix:///a', ''), 'an engine without a name')
})

test('the engines’ own addresses are in a block that no node is in', (t) => {
  const three = ['192.168.1.11', '192.168.1.12', '192.168.1.13']
  t.is(rangeFor('192.168.1.0/24', three, 4), '192.168.1.240/28')
  t.is(rangeFor('192.168.1.0/24', [...three, '192.168.1.254'], 4), '192.168.1.224/28')
  t.is(rangeFor('192.168.1.0/24', three, 20), '192.168.1.224/27')
  t.is(rangeFor('192.168.1.0/28', three, 4), undefined)
})
