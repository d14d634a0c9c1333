// Which Docker engine is meant, and whether it answers.
import {existsSync} from 'node:fs'
import Docker from 'dockerode'
import {MachineError} from '../../driver.ts'
import {ENGINE_SOCKETS} from './sockets.ts'

export interface Engine {
  readonly docker: Docker
  /** Its address, or its context's name. */
  readonly where: string
  /** For people: `Docker 20.10.24 at unix:///var/run/docker.sock`. */
  readonly description: string
}

const ANSWER_LIMIT = 5_000

/** The engine of DOCKER_HOST when that is set, else the first of ENGINE_SOCKETS that answers. Undefined when none does. */
export async function findEngine(): Promise<Engine | undefined> {
  // Without options docker-modem reads DOCKER_HOST and its companions itself, ssh:// and TLS material with them.
  if (process.env.DOCKER_HOST) return asked(new Docker({timeout: 0}), process.env.DOCKER_HOST)
  for (const socketPath of ENGINE_SOCKETS.filter((path) => existsSync(path))) {
    const engine = await asked(new Docker({socketPath}), `unix://${socketPath}`)
    if (engine) return engine
  }
  return undefined
}

/** @throws MachineError when no engine answers */
export async function requireEngine(): Promise<Engine> {
  const engine = await findEngine()
  if (engine) return engine
  const where = process.env.DOCKER_HOST ? `at ${process.env.DOCKER_HOST} (DOCKER_HOST)` : `at ${ENGINE_SOCKETS.join(' or ')}`
  throw new MachineError('no-engine', `no Docker engine answers ${where}`, [
    'start yours, start a private one (make engine), or use --driver local',
  ])
}

/** Undefined when nobody listens there, or not to us: the caller says what to do. */
async function asked(docker: Docker, where: string): Promise<Engine | undefined> {
  const answer = await ask(docker, where)
  return 'why' in answer ? undefined : answer
}

/** Who answers there, or why nobody does. */
export async function ask(docker: Docker, where: string): Promise<Engine | {why: string}> {
  try {
    const version = await within(docker.version(), where)
    return {docker, where, description: `Docker ${version.Version} at ${where}`}
  } catch (error) {
    return {why: error instanceof Error ? error.message.trim() : String(error)}
  }
}

/**
 * An answer, if it comes in time: an engine that hangs takes connections and never answers.
 * @param limit milliseconds
 * @throws MachineError `engine-silent`
 */
export async function within<T>(answer: Promise<T>, where: string, limit = ANSWER_LIMIT): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new MachineError('engine-silent', `the engine at ${where} says nothing: no answer in ${limit / 1000} s`, [SILENT_HELP]))
    }, limit)
  })
  try {
    return await Promise.race([answer, silence])
  } finally {
    clearTimeout(timer)
  }
}

const SILENT_HELP = 'see whether it hangs there (docker info), or leave it out'

/** The HTTP status of an engine's refusal (Docker Engine API); undefined when it is none. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined
}

/** Ignores that something is gone already, or about to go: 404 and 409 of the Docker Engine API. */
export async function gone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal
  } catch (error) {
    if (![304, 404, 409].includes(statusOf(error) ?? 0)) throw error
  }
}
