// The node image: built once from fixtures/node-image, and named by the hash of what it is made of.
import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import {createReadStream, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import type Docker from 'dockerode'
import {MachineError} from '../../driver.ts'
import {isGoModule, packagesOf} from '../../packages.ts'
import {inTurn} from '../../turn.ts'
import {type Engine, statusOf} from './engine.ts'

const FIXTURES = fileURLToPath(new URL('../../../fixtures/', import.meta.url))
const DOCKERFILE = join(FIXTURES, 'node-image/Dockerfile')
const ROOTFS = join(FIXTURES, 'node-image/rootfs.sh')
const SOURCES = join(FIXTURES, 'node-image/sources.pl')
const BASE_IMAGE = 'debian:bookworm-slim'
/** Milliseconds without a word about the base image, some 30 MB: one that comes slowly is told of again and again. */
const REGISTRY_PATIENCE = 15_000

type Progress = (line: string) => void

/** `lean` is what every node has; `full` has besides what scenarios name under `needs`. */
export type Variant = 'lean' | 'full'

const REPOSITORY: Readonly<Record<Variant, string>> = {lean: 'podwire-node', full: 'podwire-node-full'}

/** The leaner of the two that has these commands. What neither has is missed by the scenario that needs it. */
export function variantFor(tools: readonly string[]): Variant {
  const every = packagesOf('node').map(({command}) => command)
  return tools.every((tool) => every.includes(tool)) ? 'lean' : 'full'
}

export function packagesIn(variant: Variant): string[] {
  const groups = variant === 'lean' ? ['node'] : ['node', 'solutions']
  const names = groups.flatMap(packagesOf).map(({name}) => name)
  return [...new Set(names)].filter((name) => !isGoModule(name))
}

/** podwire-node:HASH, the hash being of all that the image is made of. */
function imageName(variant: Variant): string {
  const hash = createHash('sha256')
  for (const part of [packagesIn(variant).join(' '), ...[DOCKERFILE, ROOTFS, SOURCES].map((file) => readFileSync(file))])
    hash.update(part).update('\0')
  return `${REPOSITORY[variant]}:${hash.digest('hex').slice(0, 12)}`
}

export async function hasImage(docker: Docker, variant: Variant = 'lean'): Promise<boolean> {
  try {
    await docker.getImage(imageName(variant)).inspect()
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw error
  }
}

/**
 * The image's name, after building it where it is missing: by the Dockerfile where the engine reaches a registry, else
 * from the same packages by mmdebstrap. Podwires that build at once take turns, and the second finds it there.
 * @throws MachineError when neither way works
 */
export async function ensureImage(docker: Docker, progress: Progress, variant: Variant = 'lean'): Promise<string> {
  const name = imageName(variant)
  const packages = packagesIn(variant)
  if (await hasImage(docker, variant)) return name
  return inTurn(join(FIXTURES, 'node-image'), async () => {
    if (await hasImage(docker, variant)) return name
    progress(`making the node image ${name}; this happens once`)
    const registry = await buildByDockerfile(docker, name, packages, progress)
    if (registry !== undefined) await buildByMmdebstrap(docker, name, packages, registry, progress)
    await docker.getImage(name).tag({repo: REPOSITORY[variant], tag: 'latest'}) // what docker-compose.yml names
    return name
  })
}

/**
 * The image on every engine: made on one where none has it, and copied from there to the others, side by side and without a
 * registry. Engines of another kind of processor have one made for them.
 * @throws MachineError
 */
export async function ensureImages(engines: readonly Engine[], progress: Progress, variant: Variant = 'lean'): Promise<string> {
  const name = imageName(variant)
  const kinds = await Promise.all(
    engines.map(async ({docker}) => ({docker, kind: (await docker.version()).Arch, has: await hasImage(docker, variant)})),
  )
  for (const same of Map.groupBy(kinds, ({kind}) => kind).values()) {
    const source = same.find(({has}) => has) ?? same[0]
    if (!source) continue
    if (!source.has) await ensureImage(source.docker, progress, variant)
    const lacking = same.filter((each) => each !== source && !each.has)
    if (lacking.length > 0) progress(`copying the node image ${name} to ${lacking.length} of ${engines.length} engines; this happens once`)
    await Promise.all(lacking.map(({docker}) => copyImage(source.docker, docker, name)))
  }
  return name
}

async function copyImage(from: Docker, to: Docker, name: string): Promise<void> {
  const stream = await to.loadImage((await from.getImage(name).get()) as NodeJS.ReadableStream, {quiet: true})
  await finished(to, stream)
}

/** Undefined when it worked, else why it did not. */
async function buildByDockerfile(
  docker: Docker,
  name: string,
  packages: readonly string[],
  progress: Progress,
): Promise<string | undefined> {
  try {
    await pullBase(docker)
    progress(`building it from ${BASE_IMAGE}`)
    const stream = await docker.buildImage(
      {context: join(FIXTURES, 'node-image'), src: ['Dockerfile']},
      {t: name, buildargs: {PACKAGES: packages.join(' ')}},
    )
    await finished(docker, stream)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/**
 * A firewall that swallows packets makes the engine wait for minutes, and no message tells of it.
 * @param patience milliseconds
 */
export async function pullBase(docker: Docker, patience = REGISTRY_PATIENCE): Promise<void> {
  const abort = new AbortController()
  const limit = setTimeout(() => abort.abort(), patience)
  try {
    const stream = await docker.pull(BASE_IMAGE, {abortSignal: abort.signal})
    stream.on('data', () => limit.refresh())
    await finished(docker, stream)
  } catch (error) {
    if (abort.signal.aborted) throw new Error(`no word from the registry for ${patience / 1000} s`)
    throw error
  } finally {
    clearTimeout(limit)
  }
}

async function buildByMmdebstrap(
  docker: Docker,
  name: string,
  packages: readonly string[],
  registry: string,
  progress: Progress,
): Promise<void> {
  progress('no registry answers; building it from this machine’s Debian packages')
  const scratch = mkdtempSync(join(tmpdir(), 'podwire-image-'))
  try {
    const tar = join(scratch, 'rootfs.tar')
    await promisify(execFile)(ROOTFS, [tar, ...packages], {maxBuffer: 2 ** 24})
    const [repo, tag] = name.split(':')
    const stream = await docker.importImage(createReadStream(tar) as unknown as string, {repo, tag})
    await finished(docker, stream)
  } catch (error) {
    const words = error instanceof Error ? error.message.trim() : String(error)
    throw new MachineError('image', `the node image cannot be made: ${words}`, [
      `the registry way ended with: ${registry}`,
      'reach a registry from the engine, or install mmdebstrap (apt-get install mmdebstrap); or use --driver local',
    ])
  } finally {
    rmSync(scratch, {recursive: true, force: true})
  }
}

/** Waits for the end of an engine's progress stream; its last message may be an error. */
async function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null, output?: {error?: string}[]) => {
      const told = output?.find((line) => line.error !== undefined)?.error
      if (error || told !== undefined) reject(error ?? new Error(told))
      else resolve()
    })
  })
}
