// How engines are reached (tcp with TLS, ssh, Docker contexts), what of them makes no lab, and the swarm that podwire makes
// where it is told to. The engines are in no swarm at first.
import {execFileSync, spawn} from 'node:child_process'
import {chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {PrivateEngines} from '../tools/engines.ts'
import {eventually} from '../tools/eventually.ts'
import {leftOn, type OnEngines, threeEngines} from './tools/on-engines.ts'
import {readResult} from './tools/result.ts'
import {threeNodesAnd} from './tools/scenarios.ts'
import {mistakesIn} from './tools/schema.ts'

const onEngines = await threeEngines({swarm: false})

const PLAIN = {NO_COLOR: '1'}

async function refused({home}: OnEngines, ...argv: readonly string[]): Promise<[number | null, string[]]> {
  const {code, stdout, stderr} = await home.podwire(['run', 'three-nodes', ...argv], {env: PLAIN})
  if (stdout !== '') throw new Error(stdout)
  return [code, stderr.trim().split('\n')]
}

/** inactive, or active, of each engine; and which have Docker's bridge for overlay networks. */
async function swarmsOf({engines}: PrivateEngines): Promise<string[]> {
  return Promise.all(
    engines.map(async ({docker}) => {
      const {Swarm} = (await docker.info()) as {Swarm: {LocalNodeState: string}}
      const bridged = (await docker.listNetworks()).some(({Name}) => Name === 'docker_gwbridge')
      return `${Swarm.LocalNodeState}${bridged ? ' docker_gwbridge' : ''}`
    }),
  )
}

const NONE = ['inactive', 'inactive', 'inactive']

onEngines('engines in no swarm: exit 3, which, and both ways out', async (t, given) => {
  const [code, [message, ...help]] = await refused(given, '--engines', given.list)
  t.is(code, 3)
  t.is(message, `error[not-in-swarm]: ${given.own.addresses.map((address) => `${address} is in no swarm`).join('; ')}`)
  t.is(help.length, 2)
  t.regex(help.join('\n'), /docker swarm join-token worker[\s\S]*--swarm-init/)
  t.deepEqual(await swarmsOf(given.own), NONE)
})

onEngines('doctor looks at every engine side by side, and says what each lacks', async (t, {own, home, list}) => {
  const look = async (engines: string) => {
    const {code, stdout} = await home.podwire(['doctor', '--engines', engines, '--json'])
    const document = JSON.parse(stdout) as {ready: boolean; items: {id: string; state: string; what: string}[]}
    t.deepEqual(mistakesIn(document, 'doctor'), [])
    return {code, ...document}
  }
  const without = await look(`${list},unix:///nowhere.sock`)
  t.is(without.code, 3)
  t.deepEqual(
    without.items.map(({id, state}) => `${id} ${state}`),
    ['engine-1 missing', 'engine-2 missing', 'engine-3 missing', 'engine-4 missing'],
  )
  t.regex(without.items[0]?.what ?? '', /in no swarm; the node image is there/)
  t.regex(without.items[3]?.what ?? '', /^unix:\/\/\/nowhere\.sock: .*ENOENT/)
  await joined(own, async () => {
    const whole = await look(list)
    t.is(whole.code, 0)
    t.deepEqual(
      whole.items.map(({id, state}) => `${id} ${state}`),
      ['engine-1 ok', 'engine-2 ok', 'engine-3 ok', 'swarm ok'],
    )
  })
})

onEngines('--swarm-init makes a swarm for the lab, and the engines are in none afterwards', async (t, {own, home, list}) => {
  const ended = await home.podwire(['run', 'three-nodes', '--engines', list, '--swarm-init', '--json'])
  t.is(ended.code, 0, ended.stderr)
  t.is(readResult(ended).verdict, 'pass')
  t.deepEqual(await leftOn(own.engines), [])
  t.deepEqual(await swarmsOf(own), NONE)
})

onEngines('a kept lab leaves the swarm that was made for it when it goes', async (t, {own, home, list}) => {
  const up = await home.podwire(['up', 'three-nodes', '--engines', list, '--swarm-init'])
  t.is(up.code, 0, up.stderr)
  t.deepEqual(await swarmsOf(own), ['active docker_gwbridge', 'active docker_gwbridge', 'active docker_gwbridge'])
  t.is((await home.podwire(['down'])).code, 0)
  t.deepEqual(await swarmsOf(own), NONE)
})

onEngines('a swarm whose podwire was killed goes with clean, and one that somebody else made does not', async (t, {own, home, list}) => {
  home.write('slow.ts', threeNodesAnd('      until [ -e /run/go-on ]; do sleep 0.05; done'))
  const begun = home.begin(['run', './slow.ts', '--engines', list, '--swarm-init'])
  await begun.shown(/a little more/)
  begun.process.kill('SIGKILL')
  await begun.ended
  const clean = await home.podwire(['clean'])
  t.is(clean.code, 0, clean.stderr)
  t.regex(clean.stdout, /^removed swarm of /m)
  t.deepEqual(await swarmsOf(own), NONE)
  await joined(own, async () => {
    t.is((await home.podwire(['clean'])).stdout, 'nothing was left\n')
    t.true((await swarmsOf(own)).every((state) => state.startsWith('active')))
  })
})

onEngines('--swarm-init has an engine join the swarm that is there, and leave it, off its list', async (t, {own, home}) => {
  const [first, second] = own.addresses
  await own.docker(1, 'swarm', 'init')
  try {
    const ended = await home.podwire(['run', 'three-nodes', '--engines', `${first},${second}`, '--swarm-init', '--json'])
    t.is(ended.code, 0, ended.stderr)
    t.deepEqual(await swarmsOf(own), ['active docker_gwbridge', 'inactive', 'inactive'])
    t.is((await own.docker(1, 'node', 'ls', '-q')).split('\n').length, 1)
  } finally {
    await leave(own, 1)
  }
})

onEngines('engines of different swarms: exit 3, and which two', async (t, given) => {
  const {own} = given
  const [first, second] = own.addresses
  for (const n of [1, 2]) await own.docker(n, 'swarm', 'init')
  try {
    const [code, [message]] = await refused(given, '--engines', `${first},${second}`)
    t.deepEqual([code, message], [3, `error[other-swarm]: ${second} is in another swarm than ${first}`])
  } finally {
    await leave(own, 1, 2)
  }
})

onEngines('what makes no lab of engines in one swarm is refused, each for its reason', async (t, given) => {
  const {own, home, list} = given
  const [first, second, third] = own.addresses
  await joined(own, async () => {
    const alias = join(home.folder, 'alias.sock')
    symlinkSync(second?.slice('unix://'.length) ?? '', alias)
    t.deepEqual((await refused(given, '--engines', `${list},unix://${alias}`)).flat().slice(0, 2), [
      3,
      `error[engine-twice]: ${second} and unix://${alias} are one engine`,
    ])
    t.deepEqual((await refused(given, '--engines', `${first},${first}`)).flat().slice(0, 2), [2, `error[usage]: ${first} is given twice`])
    t.deepEqual((await refused(given, '--engines', `${second},${third}`)).flat().slice(0, 2), [
      3,
      `error[no-manager]: none of these engines is a manager of its swarm: ${second}, ${third}`,
    ])
    t.deepEqual((await refused(given, '--engines', `${list},nod1=${first}`)).flat(), [
      2,
      'error[usage]: nod1 is no node of three-nodes',
      '   = help: did you mean node1?',
    ])
    t.is((await refused(given, '--engines', list, '--driver', 'local')).flat()[1], 'error[usage]: --engines are of the docker driver')
    t.is((await refused(given, '--swarm-init')).flat()[1], 'error[usage]: --swarm-init is of labs on several engines')
    await own.docker(3, 'network', 'create', '--subnet', '192.168.0.0/16', 'theirs')
    t.deepEqual((await refused(given, '--engines', list)).flat(), [
      3,
      `error[subnet-taken]: 192.168.1.0/24 is taken on ${third}: network theirs has 192.168.0.0/16`,
      '   = help: remove it (docker network rm theirs), use another engine, or --driver local',
    ])
    await own.docker(3, 'network', 'rm', 'theirs')
    const six = await home.podwire(['run', 'dual-stack', '--engines', list], {env: PLAIN})
    t.is(six.code, 3)
    t.regex(six.stderr, /^error\[overlay-ipv6\]: dual-stack has IPv6 addresses on nodes of different engines/)
    t.deepEqual(await leftOn(own.engines), [])
    t.is((await home.podwire(['clean'])).stdout, 'nothing was left\n')
  })
})

onEngines('engines by tcp with TLS, by Docker contexts and by ssh, each in turn and all at once', async (t, {own, home}) => {
  await joined(own, async () => {
    const inside = {through: [...own.enter, 'sh', '-c', 'mount --bind "$0" /root && exec "$@"', sshHome(home.folder)]}
    const tls = {PODWIRE_ENGINES: own.env.PODWIRE_ENGINES ?? '', DOCKER_CERT_PATH: own.certificates, ...PLAIN}
    const run = (engines: string, env: Record<string, string> = tls) =>
      home.podwire(['run', 'three-nodes', '--engines', engines, '--json'], {...inside, env})
    const byTcp = [1, 2, 3].map((n) => `tcp://172.30.250.${n}:2376`).join(',')
    const first = await run(byTcp)
    t.is(first.code, 0, first.stderr)
    t.regex(readResult(first).driver.description, /node2 on Docker \S+ at tcp:\/\/172\.30\.250\.2:2376/)

    // The twins: without a certificate, and with an authority that has not signed the engine's.
    const bare = await run(byTcp, {...tls, DOCKER_CERT_PATH: '/nowhere'})
    t.is(bare.code, 3)
    t.regex(bare.stderr, /^error\[no-engine\]: no Docker engine answers at tcp:\/\/172\.30\.250\.1:2376: .*certificate/)

    const config = join(home.folder, 'docker')
    const context = (name: string, host: string) =>
      execFileSync('docker', ['context', 'create', name, '--docker', host], {
        env: {...process.env, DOCKER_HOST: '', DOCKER_CONFIG: config},
        stdio: 'pipe',
      })
    const files = ['ca', 'cert', 'key'].map((file) => `${file}=${own.certificates}/${file}.pem`).join(',')
    context('rack-1', `host=tcp://172.30.250.1:2376,${files}`)
    context('rack-2', `host=${own.addresses[1]}`)
    await using server = await sshServer(own, home.folder)
    const mixed = await run(`rack-1,rack-2,${server.address}`, {PODWIRE_ENGINES: tls.PODWIRE_ENGINES, DOCKER_CONFIG: config, ...PLAIN})
    t.is(mixed.code, 0, mixed.stderr)
    t.is(readResult(mixed).verdict, 'pass')
    t.regex(readResult(mixed).driver.description, /node3 on Docker \S+ at ssh:\/\/root@172\.30\.250\.254:2222$/)

    const unknown = await run('rack-1,rack-22', {...tls, DOCKER_CONFIG: config})
    t.is(unknown.code, 2)
    t.regex(unknown.stderr, /^error\[usage\]: there is no Docker context rack-22\n {3}= help: did you mean rack-2\?/)

    // Another server under a known address: OpenSSH refuses it, and says so.
    writeFileSync(
      join(home.folder, 'root/.ssh/known_hosts'),
      readFileSync(join(home.folder, 'root/.ssh/known_hosts'), 'utf8').replace(/AAAA\S+/, OTHER_KEY),
    )
    const changed = await run(`rack-1,${server.address}`, {...tls, DOCKER_CONFIG: config})
    t.is(changed.code, 3)
    t.regex(changed.stderr, /^error\[no-engine\]: no Docker engine answers at ssh:.*Host key verification failed/)
  })
  t.deepEqual(await leftOn(own.engines), [])
})

/** Some Ed25519 key. */
const OTHER_KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl'

/** A home folder for root, with a key and without known hosts. */
function sshHome(folder: string): string {
  const ssh = join(folder, 'root/.ssh')
  mkdirSync(ssh, {recursive: true, mode: 0o700})
  chmodSync(join(folder, 'root'), 0o700)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(ssh, 'id_ed25519')])
  return join(folder, 'root')
}

/** An SSH server in the engines' network, where `docker` means the third engine. Its key is known, its client's authorized. */
async function sshServer(own: PrivateEngines, folder: string): Promise<AsyncDisposable & {address: string}> {
  const [there, key] = [join(folder, 'server'), join(folder, 'server/host')]
  mkdirSync(join(there, '.ssh'), {recursive: true, mode: 0o700})
  chmodSync(there, 0o700)
  writeFileSync(join(there, '.ssh/authorized_keys'), readFileSync(join(folder, 'root/.ssh/id_ed25519.pub')), {mode: 0o600})
  const made = execFileSync('dropbearkey', ['-t', 'ed25519', '-f', key], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']})
  const [, publicKey = ''] = /^(ssh-ed25519 \S+)/m.exec(made) ?? []
  writeFileSync(join(folder, 'root/.ssh/known_hosts'), `[172.30.250.254]:2222 ${publicKey}\n`)
  const words = ['dropbear', '-F', '-E', '-e', '-s', '-r', key, '-P', join(there, 'pid'), '-p', '172.30.250.254:2222']
  const [script = '', enter = ''] = own.enter
  const server = spawn(script, [enter, 'unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /root && exec "$@"', there, ...words], {
    env: {...process.env, ...own.env, DOCKER_HOST: own.addresses[2] ?? ''},
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  server.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()))
  await eventually(
    () => said,
    (words) => words.includes('Not backgrounding'),
  )
  return {
    address: 'ssh://root@172.30.250.254:2222',
    async [Symbol.asyncDispose]() {
      server.kill()
      await ended
    },
  }
}

/** While all three are one swarm, the first its manager. */
async function joined(own: PrivateEngines, work: () => Promise<void>): Promise<void> {
  await own.join()
  try {
    await work()
  } finally {
    await leave(own, 3, 2, 1)
  }
}

async function leave(own: PrivateEngines, ...numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    await own.docker(n, 'swarm', 'leave', '--force')
    await own.docker(n, 'network', 'rm', 'docker_gwbridge')
  }
}
