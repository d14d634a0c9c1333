// Three private engines on one wire (fixtures/engine/several.sh), for tests of labs that span them. One test file at a time
// has them: they are much for two cores.
import {execFile} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import {type Engine, findEngine} from '../../harness/drivers/docker/engine.ts'
import {requireEngines} from '../../harness/drivers/docker/engines.ts'
import {ensureImages} from '../../harness/drivers/docker/image.ts'
import {readPlacement} from '../../harness/drivers/docker/placement.ts'
import {lockNamed} from './docker-lock.ts'

const SCRIPT = fileURLToPath(new URL('../../fixtures/engine/several.sh', import.meta.url))

export interface PrivateEngines extends AsyncDisposable {
  /** unix:// addresses. */
  readonly addresses: readonly string[]
  readonly engines: readonly Engine[]
  /** ca.pem, cert.pem and key.pem, for tcp://172.30.250.N:2376 in the engines' own network. */
  readonly certificates: string
  /** What to put in front of a command that is to run in that network. */
  readonly enter: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** As if its machine was switched off. N is 1, 2 or 3. */
  stop(n: number): Promise<void>
  start(n: number): Promise<void>
  /** Makes them one swarm, the first its manager. */
  join(): Promise<void>
  /** Docker's own client, at an engine. */
  docker(n: number, ...argv: readonly string[]): Promise<string>
}

/** Why this machine cannot have them, or undefined. */
export async function missingEngines(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'engines are started by root'
  for (const command of ['dockerd', 'docker', 'openssl'])
    if (!(await works('sh', ['-c', `command -v ${command}`]))) return `${command} is not installed`
  return undefined
}

/** @param swarm whether they are one swarm, the first its manager */
export async function privateEngines({swarm = true}: {readonly swarm?: boolean} = {}): Promise<PrivateEngines> {
  await using stack = new AsyncDisposableStack()
  stack.use(await lockNamed('podwire-engines-tests'))
  const run = mkdtempSync('/run/podwire-engines-')
  const data = mkdtempSync(join(tmpdir(), 'podwire-engines-'))
  stack.defer(() => [run, data].forEach((folder) => void rmSync(folder, {recursive: true, force: true})))
  const env = {...process.env, PODWIRE_ENGINES: join(run, 'engines'), PODWIRE_ENGINES_DATA: join(data, 'engines')} as Record<string, string>
  const script = (...argv: readonly string[]) => promisify(execFile)(SCRIPT, argv, {env, timeout: 120_000})
  stack.defer(async () => void (await script('stop')))
  await script('start')
  const addresses = [1, 2, 3].map((n) => `unix://${env.PODWIRE_ENGINES}/${n}/docker.sock`)
  const engines = await requireEngines(readPlacement(addresses).endpoints)
  const ordinary = await findEngine()
  await ensureImages([...(ordinary ? [ordinary] : []), ...engines], () => undefined)
  const docker = async (n: number, ...argv: readonly string[]) => {
    const {stdout} = await promisify(execFile)('docker', ['--host', addresses[n - 1] ?? '', ...argv], {timeout: 60_000})
    return stdout.trim()
  }
  const makeSwarm = async () => {
    await docker(1, 'swarm', 'init')
    const token = await docker(1, 'swarm', 'join-token', '-q', 'worker')
    for (const n of [2, 3]) await docker(n, 'swarm', 'join', '--token', token, '172.30.250.1:2377')
  }
  if (swarm) await makeSwarm()
  const whole = stack.move()
  return {
    addresses,
    engines,
    certificates: join(env.PODWIRE_ENGINES ?? '', 'tls'),
    enter: [SCRIPT, 'enter'],
    env,
    stop: async (n) => void (await script('stop-one', String(n))),
    start: async (n) => void (await script('start-one', String(n))),
    docker,
    join: makeSwarm,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

async function works(file: string, argv: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)(file, argv)
    return true
  } catch {
    return false
  }
}
